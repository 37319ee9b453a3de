"""D107: a feature that is the target."""

from collections.abc import Iterator

import numpy as np

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

SAME = 0.999
"""Correlation with the target above which a feature says the same thing."""
FEWEST_ROWS = 100


@diagnosis("D107", "leaking-feature", needs=("inputs", "targets"), treatments=("drop-leaking",))
def leaking_feature(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """One feature alone says what the target is.

    What it sees
    Pearson's correlation of each feature with the target, held against 0.999, over 100 rows or more.

    Why it hurts
    Such a feature is nearly always made from the target (a copy, a result known only afterwards): the score is
    perfect in training and the network useless when the feature is not there yet.

    When it is wrong
    In exercises where the target is one of the inputs by construction.

    Example
    `price_with_tax` beside the target `price`.

    Treatment
    Ask when the feature becomes known; drop it if that is after the target.

    References
    Kaufman, Rosset, Perlich: Leakage in data mining (2011).
    """
    x, t = run.inputs, run.targets
    assert x is not None and t is not None
    if t.classes > 2 and t.integers and run.is_classification:
        yield RuledOut("The target has more than two classes: a correlation has no meaning.")
        return
    r = np.abs(x.target_correlation)
    if r.size < 2 or x.distinct_rows < FEWEST_ROWS or r.max() < SAME:
        yield RuledOut(f"Largest correlation of a feature with the target: {r.max() if r.size else float('nan'):.3f}.")
        return
    yield Seen(
        "warning",
        f"Feature {int(r.argmax())} alone gives the target (correlation {r.max():.4f}).",
        "Ask whether this feature is known before the target; drop it if not.",
        evidence={"feature": int(r.argmax()), "correlation": float(r.max()), "threshold": SAME},
    )
