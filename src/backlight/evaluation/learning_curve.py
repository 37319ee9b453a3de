"""What the scores of trainings on growing numbers of rows say: forecasts, and what lacks. Plain numbers in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import t as student

from ..records import Metric
from .power_law import PowerLaw, fit_power_law, pooled_spread

LEAST_SIZES = 3
"""Sizes that a law of three parameters needs at least."""
WORTHWHILE = 0.03
"""Share of the error that twice the rows must take away for more data to be what lacks."""
WIDE_GAP = 0.25
"""Share of the validation loss by which the training loss lies lower, above which the network learns by heart."""
NARROW_GAP = 0.10
"""The same share, below which the network fits the rows that it has no better than new ones."""

Lack = Literal["data", "regularisation", "capacity", "nothing clear"]

ERRORS = {"accuracy": True, "probability_of_right_class": True, "roc_auc": True, "r2": True}
"""Scores of which 1 − score is the error that falls by a law; others are errors themselves."""

LAWLESS = {"probability_of_right_class"}
"""Scores that a network may lose in while it learns: they are not proper (Gneiting, Raftery 2007), and the best answer
to them is to be sure of whatever is likelier."""


@dataclass(frozen=True)
class Point:
    """Trainings on one number of rows."""

    rows: int
    value: float
    """Mean score."""
    low: float
    high: float
    """95 % interval of that mean on these held-out rows."""
    values: tuple[float, ...]
    """Of each training."""


@dataclass(frozen=True)
class Forecast:
    """What one training on more rows should reach on the same held-out rows."""

    rows: int
    value: float
    low: float
    high: float


def to_error(metric: str, value: np.ndarray | float) -> np.ndarray:
    """A score on the scale where less is better and 0 is perfect."""
    return 1 - np.asarray(value) if metric in ERRORS else np.asarray(value)


from_error = to_error  # 1 − (1 − s) = s


def points(metric: str, found: Mapping[int, Sequence[float]]) -> tuple[Point, ...]:
    """One point a size, ascending. The spread between trainings is pooled over the sizes."""
    if not found:
        return ()
    sizes = sorted(found)
    values = [np.asarray(found[rows], float) for rows in sizes]
    spread, freedom = pooled_spread(np.array(sizes, float), values)
    margin = student.ppf(0.975, freedom) if freedom else np.nan
    made = []
    for rows, part, noise in zip(sizes, values, spread, strict=True):
        value, half = float(part.mean()), float(margin * noise / np.sqrt(len(part))) if freedom else 0.0
        low, high = value - half, value + half
        if metric in ERRORS:
            high = min(high, 1.0)
        made.append(Point(rows, value, low, high, tuple(map(float, part))))
    return tuple(made)


def begun(metric: str, measured: Sequence[Point], constant: float) -> tuple[Point, ...]:
    """The points from the first on that all of its trainings have a better score than the best constant answer.

    Networks that still answer all rows alike tell nothing of what more rows will bring once they do not.
    """
    bound = float(to_error(metric, constant))
    if np.isnan(bound):  # the score of a constant is not defined
        return tuple(measured)
    better = [bool((to_error(metric, np.array(point.values)) < bound).all()) for point in measured]
    return tuple(measured[better.index(True) :]) if True in better else ()


def perfect(metric: str, measured: Sequence[Point]) -> bool:
    """Whether no training on any number of rows errs: there is nothing left that could fall."""
    return all(not to_error(metric, np.array(point.values)).any() for point in measured)


def law_of(
    metric: str,
    measured: Sequence[Point],
    *,
    pool: int,
    epochs: Mapping[int, float] | None = None,
    passes: float | None = None,
    seed: int = 0,
) -> PowerLaw | None:
    """The law through the points; None where there are too few of them, no training was repeated, or none errs at all.

    epochs: passes of the trainings, by rows. passes: those of a training on all rows.
    """
    if len(measured) < LEAST_SIZES or all(len(point.values) < 2 for point in measured) or perfect(metric, measured):
        return None
    errors = [to_error(metric, np.array(point.values)) for point in measured]
    rows = np.array([point.rows for point in measured], float)
    seen = None if epochs is None else rows * np.array([epochs[point.rows] for point in measured])
    lawful = metric not in LAWLESS
    return fit_power_law(rows, errors, pool=pool, seen=seen, passes=passes, lawful=lawful, seed=seed)


def forecast(metric: str, law: PowerLaw, rows: int) -> Forecast:
    """Median and 95 % interval of one training on that many rows."""
    return Forecast(rows, *_quantiles(from_error(metric, law.training(rows))))


def limit(metric: str, law: PowerLaw) -> Metric:
    """Where the curve flattens: the score at infinitely many rows."""
    return Metric(*_quantiles(from_error(metric, law.a)))


def gain_of_doubling(law: PowerLaw, rows: int) -> Metric:
    """Share of the error that twice the rows take away, with its 95 % interval."""
    before = np.maximum(law.curve(rows), 1e-12)
    return Metric(*_quantiles((before - law.curve(2 * rows)) / before))


def what_lacks(gain: float, train_loss: float, validation_loss: float) -> Lack:
    """The rule: twice the rows take away 3 % of the error or more: data. Else the gap between the losses decides.

    The gap is (validation − train) / validation, both measured in eval mode at the epoch that was kept, on the largest
    subset: 25 % or more, regularisation; below 10 %, capacity (or what the columns can tell); between, nothing clear.
    """
    if gain >= WORTHWHILE:
        return "data"
    gap = (validation_loss - train_loss) / validation_loss if validation_loss > 0 else 0.0
    if gap >= WIDE_GAP:
        return "regularisation"
    return "capacity" if gap < NARROW_GAP else "nothing clear"


def worth_of_augmentation(metric: str, law: PowerLaw, rows: int, without: Sequence[float]) -> Metric:
    """Rows that augmentation replaces at `rows`: they, less those at which the curve with it has the score without it.

    without: scores of trainings on `rows` rows without augmentation.
    """
    plain = to_error(metric, np.array(without))
    spread = law.noise / np.sqrt(len(plain))
    with np.errstate(invalid="ignore"):
        equal = law.rows_for(float(plain.mean()) + spread * law.luck)
    return Metric(*_quantiles(rows - np.minimum(equal, 100.0 * rows)))


def _quantiles(draws: np.ndarray) -> tuple[float, float, float]:
    low, middle, high = np.quantile(draws, (0.025, 0.5, 0.975))
    return float(middle), float(low), float(high)
