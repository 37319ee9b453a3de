"""D107: a feature that is the target."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

SAME = 0.999
"""Correlation with the target above which a feature says the same thing."""
SAME_VARIANCE = 0.998
"""Part of a measured target that the values of a category or flag tell alone: the square of the same."""
SAME_CLASS = 0.98
"""Part of the classes that the values of one feature tell alone. The most that an honest one told in the sixteen data
sets of Holte (1993) is 0.967: the odour of mushrooms, 98.4 % right where the commonest class is 51.8 %. A copy of the
target with one wrong entry in two hundred, of two classes as frequent, tells 0.99."""
SAME_ORDER = 0.99
"""Excess of pairs in the target's order over those out of it. A series an hour ago (air pressure in Beijing, whole
hectopascals) has 0.979 with the present one; a copy on any monotone scale has 1."""
FEWEST_ROWS = 100


@dataclass(frozen=True)
class _Told:
    """What each feature (n) tells of the target in one way of asking, and from where it is the same thing."""

    each: np.ndarray
    limit: float
    says: str

    @property
    def most(self) -> float:
        return float(self.each.max(initial=0.0))


@diagnosis("D107", "leaking-feature", needs=("inputs", "targets"), treatments=("drop-leaking",))
def leaking_feature(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """One feature alone says what the target is.

    What it sees
    Over 100 rows or more, for each feature: Pearson's correlation with a target that is no class or one of two, held
    against 0.999; how far the order of rows by the feature is that by a measured target (Somers' d, on which the scale
    has no effect), held against 0.99; and how much of the target its values tell alone, where it has few or its numbers
    lie around as few points as there are classes: 98 % of classes (beyond guessing the commonest one), or 99.8 % of the
    variance. Of sequences of codes, whether the target at each place is the very code that stands there, where no layer
    draws a row together into one vector, as those of an autoencoder do.

    Why it hurts
    Such a feature is nearly always made from the target (a copy, a result known only afterwards): the score is
    perfect in training and the network useless when the feature is not there yet.

    When it is wrong
    In exercises where the target is one of the inputs by construction; where the last value of a slow series honestly
    tells the next one.

    Example
    `price_with_tax` beside the target `price`; the shelf of a document beside its topic.

    Treatment
    Ask when the feature becomes known; drop it if that is after the target.

    References
    Kaufman, Rosset, Perlich: Leakage in data mining (2011). Holte: Very simple classification rules perform well on
    most commonly used datasets (1993).
    """
    x, t = run.inputs, run.targets
    assert x is not None and t is not None
    if x.target_is_input and x.distinct_rows >= FEWEST_ROWS and not _drawn_together(run):
        yield Seen(
            "warning",
            f"The target at each place is the code that stands there in the input ({x.distinct_rows} rows): the network"
            " has only to hand it on.",
            "Shift the target by one place (x[:, :-1] against x[:, 1:]) where the next one is to be predicted.",
            evidence={"rows": x.distinct_rows},
        )
        return
    classes = bool(run.is_classification)
    named = t.classes > 2 and t.integers and classes
    none = np.zeros(0)
    correlation = _Told(none if named else np.abs(x.target_correlation), SAME, "correlation {:.4f}")
    order = _Told(
        none if classes else np.nan_to_num(x.target_order), SAME_ORDER, "its order is that of the target: {:.4f}"
    )
    values = _Told(
        np.nan_to_num(x.target_told), SAME_CLASS if classes else SAME_VARIANCE, "its values tell {:.1%} of it"
    )
    asked = (correlation, order, values)
    same = next((one for one in asked if one.most >= one.limit), None)
    if same is None or max(one.each.size for one in asked) < 2 or x.distinct_rows < FEWEST_ROWS:
        yield RuledOut(
            f"Correlation of a feature with the target: {_most(correlation)}; of its order with the target's:"
            f" {_most(order)}; a feature of few values tells {values.most:.1%} of it (limit {values.limit:.1%})."
        )
        return
    feature = int(same.each.argmax())
    column = f"Column {x.names[feature]!r}" if x.names else f"Feature {feature}"
    yield Seen(
        "warning",
        f"{column} alone gives the target ({same.says.format(same.most)}; limit {same.limit:g}).",
        "Ask whether this feature is known before the target; drop it if not.",
        evidence={
            "feature": feature,
            "column": x.names[feature] if x.names else None,
            "correlation": correlation.most,
            "threshold": correlation.limit,
            "order": order.most,
            "threshold_order": order.limit,
            "told": values.most,
            "threshold_told": values.limit,
        },
    )


def _drawn_together(run: RunFacts) -> bool:
    """Whether a layer with a weight reads one vector for each row."""
    rows = run.layers[0].x_rows if run.layers else 0
    return any(len(layer.x_shape) == 1 and layer.x_rows == rows for layer in run.multiplying)


def _most(told: _Told) -> str:
    return f"{told.most:.3f} at most (limit {told.limit:g})" if told.each.size else "not asked of these classes"
