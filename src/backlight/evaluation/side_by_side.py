"""Two ways of training, side by side over several seeds: the paired difference on the same held-out rows."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm, t

from ..records import Metric, Task
from .scores import contributions, probability_of_truth

LEVEL = 0.95
LEAST_PROBABILITY = 1e-3
"""Below it a probability of the right class counts as this: some hundred rows cannot tell one in a thousand from one in
a billion, and a single such row would outweigh all others."""


def judged(losses: np.ndarray, constant: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted losses (n,) of one training, as they count in a comparison.

    A network that gives no finite numbers, or does worse than the constant answer does on these rows, is counted as
    that answer, which nobody would do without: one training in five that runs away to 10¹⁰ must not hide what the
    other four show.

    constant: the loss of each row under the constant answer. weights: of the rows, with mean 1.
    """
    bound = constant * weights
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


def difference(task: Task, first: np.ndarray, second: np.ndarray) -> Metric:
    """Second minus first, with its 95 % interval over seeds and rows; below zero where the second is better.

    Rows and seeds are crossed (every seed meets every row): Var ≈ σ²_seeds/S + σ²_rows/n, each estimated from the means
    over the other, which counts their interaction twice and so errs on the safe side. The few seeds get Student's t.

    Parameters
    ----------
    first, second:
        Losses of rows (seeds, n), as `row_losses` gives them. For values the difference is told in root mean squares:
        √a − √b = (a − b) / (√a + √b).
    """
    d = second - first
    seeds, rows = d.shape
    spread = d.mean(axis=1).std(ddof=1) / seeds**0.5 if seeds > 1 else np.inf
    noise = d.mean(axis=0).std(ddof=1) / rows**0.5 if rows > 1 else np.inf
    reach = float(np.hypot(t.ppf((1 + LEVEL) / 2, max(1, seeds - 1)) * spread, norm.ppf((1 + LEVEL) / 2) * noise))
    value, scale = float(d.mean()), 1.0
    if task.kind == "regression":
        scale = 1 / max(float(first.mean() ** 0.5 + second.mean() ** 0.5), 1e-300)
    return Metric(value * scale, (value - reach) * scale, (value + reach) * scale)
