"""D107: a feature that is the target."""

from collections.abc import Iterator

import numpy as np

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

SAME = 0.999
"""Correlation with the target above which a feature says the same thing."""
TOLD = 0.998
"""Part of the target that the values of a category or flag tell alone: the square of the same."""
FEWEST_ROWS = 100


@diagnosis("D107", "leaking-feature", needs=("inputs", "targets"), treatments=("drop-leaking",))
def leaking_feature(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """One feature alone says what the target is.

    What it sees
    Pearson's correlation of each feature with the target, held against 0.999, over 100 rows or more; for more than two
    classes, and for categories, how much of the target the values of one feature tell alone, held against 99.8 %.

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
    named = t.classes > 2 and t.integers and bool(run.is_classification)
    none = np.zeros(0)
    r = none if named else np.abs(x.target_correlation)
    told = np.nan_to_num(x.target_told)
    best, most = max(r, default=0.0), max(told, default=0.0)
    if max(r.size, told.size) < 2 or x.distinct_rows < FEWEST_ROWS or (best < SAME and most < TOLD):
        why = "not asked of more than two classes" if named else f"{best:.3f} at most"
        yield RuledOut(
            f"Correlation of a feature with the target: {why} (limit {SAME:g}); a feature of few values tells"
            f" {most:.1%} of it at most (limit {TOLD:.1%})."
        )
        return
    feature = int(r.argmax()) if best >= SAME else int(told.argmax())
    how = f"correlation {best:.4f}" if best >= SAME else f"its values tell {most:.1%} of it"
    column = f"Column {x.names[feature]!r}" if x.names else f"Feature {feature}"
    yield Seen(
        "warning",
        f"{column} alone gives the target ({how}).",
        "Ask whether this feature is known before the target; drop it if not.",
        evidence={
            "feature": feature,
            "column": x.names[feature] if x.names else None,
            "correlation": float(best),
            "threshold": SAME,
            "told": float(most),
            "threshold_told": TOLD,
        },
    )
