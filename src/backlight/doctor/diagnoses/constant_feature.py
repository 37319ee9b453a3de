"""D105: features that never vary."""

from collections.abc import Iterator

import numpy as np

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_ROWS = 50
"""Rows below which a feature may be constant by chance."""
PADDING = 0.5
"""Share of constant features above which they look like the empty border of a picture or unused one-hot columns."""


@diagnosis(
    "D105",
    "constant-feature",
    needs=("inputs",),
    treatments=("drop-constant",),
    explains=("vanishing-gradient", "unlearnable-target"),
)
def constant_feature(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Some features have one and the same value in every row, or all rows are the same.

    What it sees
    Columns of x(0) whose smallest and largest value over the observed rows agree (of 50 rows at least).

    Why it hurts
    A constant feature tells nothing and acts as a second bias of another size; all rows alike mean that the data
    is lost on its way (a wrong index, an embedding fed with fractions).

    When it is wrong
    Borders of pictures and columns of rare categories are constant in a small part of the data: a constant at the
    lowest (or highest) value that most features share is left out.

    Example
    A column with the year in data of one year.

    Treatment
    Drop it.

    References
    scikit-learn, `VarianceThreshold`.
    """
    x = run.inputs
    assert x is not None
    rows = run.probe.rows if run.probe is not None else x.distinct_rows
    if x.rows >= FEWEST_ROWS and x.distinct_rows == 1:
        yield Seen(
            "error",
            f"All {x.rows} observed rows are the same: nothing in x(0) tells them apart.",
            "Look at how rows are read and indexed.",
            evidence={"rows": x.rows, "distinct_rows": 1},
        )
        return
    constant = np.flatnonzero(x.column_low == x.column_high) if x.columns_are_features else np.zeros(0, int)
    share = len(constant) / max(1, len(x.column_low))
    telling = constant[x.column_low[constant] != x.shared_end] if share < PADDING else constant
    if x.rows < FEWEST_ROWS or not len(telling):
        yield RuledOut(
            f"{len(constant)} of {len(x.column_low)} features are constant over {rows} rows,"
            f" {len(constant) - len(telling)} of them at the value that most features end at."
        )
        return
    constant = telling
    yield Seen(
        "note" if share < PADDING else "warning",
        f"{len(constant)} of {len(x.column_low)} features never vary (first: column {constant[0]}).",
        "Drop them.",
        evidence={"columns": constant[:20].tolist(), "rows": x.rows},
    )
