"""Two ways of training, side by side over several seeds: the paired difference on the same held-out rows."""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from ..records import Metric, Task
from .scores import contributions, probability_of_truth

LEVEL = 0.95
WORST = 2.0
"""Times the loss of the constant answer that a training counts as at most: one in five that runs away to 10¹⁰ must not
hide what the other four show, and one that learned by heart must still be told from one that learned nothing."""
LEAST_PROBABILITY = 1e-3
"""Below it a probability of the right class counts as this: some hundred rows cannot tell one in a thousand from one in
a billion, and a single such row would outweigh all others."""


def judged(losses: np.ndarray, constant: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted losses (n,) of one training, as they count in a comparison.

    A network that gives no finite numbers, or has more than `WORST` times the loss of the constant answer on these
    rows, is counted as that.

    constant: the loss of each row under the constant answer. weights: of the rows, with mean 1.
    """
    bound = WORST * constant * weights
    found = losses * weights if np.isfinite(losses).all() else bound
    return found if found.mean() < bound.mean() else bound


def row_losses(task: Task, truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Loss of each row (n,): log-loss, or the squared error in the target's units; infinite where it is no number."""
    if not np.isfinite(prediction).all():
        return np.full(len(truth), np.inf)
    if task.kind == "regression":
        return contributions(task, truth, prediction)[0][:, 0]
    return -np.log(np.maximum(probability_of_truth(truth, prediction), LEAST_PROBABILITY))


def constant_losses(task: Task, trained: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Loss of each held-out row (n,) under the best constant of the training rows: class shares, or the mean."""
    if task.kind == "regression":
        return row_losses(task, truth, np.full(len(truth), trained.mean(dtype=np.float64)))
    counts = np.bincount(trained, minlength=len(task.classes)) + 0.5
    return row_losses(task, truth, np.tile(counts / counts.sum(), (len(truth), 1)))


def balanced(truth: np.ndarray) -> np.ndarray:
    """Weights of rows (n,) with mean 1 that let each class count as much as any other."""
    _, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    return len(truth) / (len(counts) * counts[codes])


def difference(task: Task, first: np.ndarray, second: np.ndarray, *, crossed: bool) -> Metric:
    """Second minus first, with its 95 % interval over seeds and rows; below zero where the second is better.

    Parameters
    ----------
    first, second:
        Losses of rows (seeds, n), as `row_losses` gives them. For values the difference is told in root mean squares:
        √a − √b = (a − b) / (√a + √b).
    crossed:
        Whether all seeds meet the same rows; else each holds out others (cross-fitting).
    """
    d = second - first
    reach = _reach_crossed(d) if crossed else _reach_apart(d)
    value, scale = float(d.mean()), 1.0
    if task.kind == "regression":
        scale = 1 / max(float(first.mean() ** 0.5 + second.mean() ** 0.5), 1e-300)
    return Metric(value * scale, (value - reach) * scale, (value + reach) * scale)


def _reach_apart(d: np.ndarray) -> float:
    """Half the interval where each seed has rows of its own: Student's t over the means of the seeds.

    Those means differ by rows as well as by seeds, so that nothing is to be added. Training rows that seeds share make
    them alike; Nadeau and Bengio (2003) widen the interval for it, for the error of one method. In the difference of
    two it hardly shows: with 8 parts, "better" was said of equal methods in 2.0 to 2.6 % of 1,500 simulated sets, and
    in 0.3 to 0.6 % with their correction (two-layer ridge regressions, alike or of equal expected loss).
    """
    seeds = len(d)
    if seeds < 2:
        return float("inf")
    return float(t.ppf((1 + LEVEL) / 2, seeds - 1) * d.mean(axis=1).std(ddof=1) / seeds**0.5)


def _reach_crossed(d: np.ndarray) -> float:
    """Half the interval where every seed meets every row: two-way analysis of variance without replication.

    Var(mean) = (MS_seeds + MS_rows − MS_rest) / (seeds · n), since each of the first two holds the third once
    (Searle, Casella, McCulloch: Variance Components, 1992, chapter 4), with Satterthwaite's degrees of freedom (1946).
    """
    seeds, rows = d.shape
    if seeds < 2 or rows < 2:
        return float("inf")
    by_seed, by_row = d.mean(axis=1), d.mean(axis=0)
    rest = d - by_seed[:, None] - by_row + d.mean()
    free = np.array([seeds - 1, rows - 1, (seeds - 1) * (rows - 1)])
    squares = np.array([rows * by_seed.var() * seeds, seeds * by_row.var() * rows, (rest**2).sum()]) / free
    total = max(squares[0] + squares[1] - squares[2], squares[0], squares[1])
    freedom = total**2 / max(float((squares**2 / free).sum()), 1e-300)
    return float(t.ppf((1 + LEVEL) / 2, max(1.0, freedom)) * (total / d.size) ** 0.5)
