"""Two models on the same held-out rows: what differs, whether chance explains it, how many rows would settle it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.stats import binom, norm

from ..records import Metric, Task
from .bootstrap import Score, resampled_means
from .scores import contributions, probability_of_truth

Word = Literal["better", "no-difference", "worse"]

LEVEL = 0.01
"""Chance of calling two models different that are not: a user compares many pairs, and one in a hundred may mislead."""
POWER = 0.8
"""Chance of seeing a difference of the size found with the rows that `rows_to_settle` asks for (Cohen 1988)."""


@dataclass(frozen=True)
class Paired:
    """The second model against the first, on the same rows."""

    rows: int
    differences: dict[str, Metric]
    """Second minus first in every score, with 95 % bootstrap intervals over the rows, which are drawn in pairs."""
    verdict: Word
    """Of the second, by the mean loss of a row (log-loss; squared error for values)."""
    p_value: float
    """Of that difference in loss, the accident of training counted in."""
    row_error: float
    """Standard error of the difference in loss from the choice of rows."""
    training_error: float
    """Standard error of it from the accident of training: seeds and the choice of training rows."""
    rows_to_settle: int | None
    """Further held-out rows that would settle it; 0 where it is settled, None where no number of rows would."""
    only_first_right: int | None
    """Rows that the first model alone has right; None for values."""
    only_second_right: int | None
    mcnemar: float | None
    """Mid-p value of McNemar's test of the errors (Fagerland, Lydersen, Laake 2013)."""


def compare_paired(
    task: Task,
    truth: np.ndarray,
    first: Sequence[np.ndarray],
    second: Sequence[np.ndarray],
    *,
    trained: int,
    seed: int = 0,
) -> Paired:
    """Hold the second model against the first.

    The verdict is by the mean loss of a row, which uses the whole probability: models of equal accuracy differ in it.
    Two trainings of one configuration differ too, by their seeds and by the choice of their training rows. Where a
    side has several trainings, their spread says how much; where each has one, it is taken as Var(d)/trained, d the
    difference of the losses of a row: the variance from n training rows is then to that from m held-out rows as m to
    n (Nadeau, Bengio 2003, "Inference for the Generalization Error", the corrected variance (1/m + 1/n) σ²).

    Parameters
    ----------
    truth:
        Class codes (n,), or values (n,).
    first, second:
        Predictions of each training of one model: probabilities (n, classes), or values (n,).
    trained:
        Rows that a model was trained on.
    """
    scored = [[contributions(task, truth, prediction) for prediction in side] for side in (first, second)]
    loss = 0 if task.kind == "regression" else 1
    losses = [np.stack([columns[:, loss] for columns, _ in side]) for side in scored]  # (trainings, rows) of each side
    d = losses[1].mean(0) - losses[0].mean(0)
    n, spread = len(d), float(d.var(ddof=1)) if len(d) > 1 else 0.0
    training = _training_variance(losses, spread, trained)
    error = math.sqrt(spread / n + training)
    z = float(d.mean()) / error if error else 0.0
    p_value = float(2 * norm.sf(abs(z)))
    settled = p_value < LEVEL
    only = None if task.kind == "regression" else _only_one_right(truth, first, second)
    return Paired(
        rows=n,
        differences=_differences(scored, seed),
        verdict=("better" if z < 0 else "worse") if settled else "no-difference",
        p_value=p_value,
        row_error=math.sqrt(spread / n),
        training_error=math.sqrt(training),
        rows_to_settle=0 if settled else _rows_to_settle(float(d.mean()), spread, training, n),
        only_first_right=None if only is None else only[0],
        only_second_right=None if only is None else only[1],
        mcnemar=None if only is None else mcnemar(*only),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Mid-p value that both models err equally often, from the rows that only one of them has right."""
    n, few = only_first + only_second, min(only_first, only_second)
    if not n:
        return 1.0
    return float(min(1.0, 2 * binom.cdf(few, n, 0.5) - binom.pmf(few, n, 0.5)))


def _training_variance(losses: Sequence[np.ndarray], spread: float, trained: int) -> float:
    """Variance of the difference in mean loss from training anew."""
    if all(len(side) > 1 for side in losses):
        return sum(float(side.mean(1).var(ddof=1)) / len(side) for side in losses)
    return spread / max(1, trained)


def _rows_to_settle(difference: float, spread: float, training: float, rows: int) -> int | None:
    """Rows beyond these at which the difference found would be significant with probability `POWER`."""
    reach = float(norm.ppf(1 - LEVEL / 2) + norm.ppf(POWER))
    room = (difference / reach) ** 2 - training
    if room <= 0:
        return None
    return max(1, math.ceil(spread / room) - rows)


def _differences(scored: Sequence[Sequence[tuple[np.ndarray, dict[str, Score]]]], seed: int) -> dict[str, Metric]:
    """Second minus first in each score, both from the same resampled rows, mean over the trainings of a side."""
    every = [*scored[0], *scored[1]]
    widths = np.cumsum([0, *(columns.shape[1] for columns, _ in every)])
    means = resampled_means(np.hstack([columns for columns, _ in every]), seed=seed, resamples=1000)
    differences = {}
    for name in every[0][1]:
        if any(name not in scores for _, scores in every):
            continue
        values, resampled = [], []
        for (columns, scores), (start, end) in zip(every, pairwise(widths), strict=True):
            values.append(float(scores[name].of_means(columns.mean(0))))
            resampled.append(scores[name].of_means(means[:, start:end]))
        split = len(scored[0])
        value = float(np.mean(values[split:]) - np.mean(values[:split]))
        drawn = np.mean(resampled[split:], axis=0) - np.mean(resampled[:split], axis=0)
        if any(scores[name].biased for _, scores in every):
            drawn = drawn + (value - drawn.mean())
        if math.isfinite(value):
            low, high = np.percentile(drawn[np.isfinite(drawn)], (2.5, 97.5))
            differences[name] = Metric(value, min(float(low), value), max(float(high), value))
    return differences


def _only_one_right(truth: np.ndarray, first: Sequence[np.ndarray], second: Sequence[np.ndarray]) -> tuple[int, int]:
    """Rows that only the first, and only the second side has right by its mean prediction."""
    mine, theirs = (np.mean(side, axis=0).argmax(1) == truth for side in (first, second))
    return int((mine & ~theirs).sum()), int((theirs & ~mine).sum())


@dataclass(frozen=True)
class Group:
    """Rows of one value of a column, or of one class, and how the probability of the right class changed there."""

    column: str
    value: str
    rows: int
    change: float
    """Mean change of the probability of the right class (of the absolute error, for values), second minus first."""
    rest: float
    """The same over all other rows."""


FEWEST_ROWS = 30
"""Rows of a group below which its mean is not told apart from the others."""


def changed_groups(
    task: Task, truth: np.ndarray, first: np.ndarray, second: np.ndarray, groups: Sequence[tuple[str, str, np.ndarray]]
) -> list[Group]:
    """Groups in which the change differs from that of the other rows, largest first.

    By Welch's test, at a false discovery rate of 5 % over all groups (Benjamini, Hochberg 1995): of many groups looked
    at, some would differ by chance. A group of the rows that another of its column leaves, as one of two classes,
    says the same mirrored and is left out.

    groups: column, value, mask of rows (n,).
    """
    change = gain(task, truth, second) - gain(task, truth, first)
    found = []
    for place, (column, value, mask) in enumerate(groups):
        if any(name == column and np.array_equal(other, ~mask) for name, _, other in groups[:place]):
            continue
        inside, outside = change[mask], change[~mask]
        if min(len(inside), len(outside)) < FEWEST_ROWS:
            continue
        error = math.sqrt(inside.var(ddof=1) / len(inside) + outside.var(ddof=1) / len(outside))
        p = float(2 * norm.sf(abs(inside.mean() - outside.mean()) / error)) if error else 1.0
        found.append((p, Group(column, value, len(inside), float(inside.mean()), float(outside.mean()))))
    found.sort(key=lambda pair: pair[0])
    kept = [i for i, (p, _) in enumerate(found, 1) if p <= 0.05 * i / len(found)]
    notable = [group for _, group in found[: max(kept, default=0)]]
    return sorted(notable, key=lambda group: -abs(group.change - group.rest))


def gain(task: Task, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """What is good of each row (n,): p(right class), or minus the absolute error."""
    if task.kind == "regression":
        return -np.abs(prediction - truth)
    return probability_of_truth(truth, prediction)
