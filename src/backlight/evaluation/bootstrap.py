"""Bootstrap intervals of every score at once, in bounded memory.

Each score is a function of means over rows of a few per-row contributions. A resample is a vector of row counts, so
all resamples of all scores are one matrix product: counts (resamples, rows) @ contributions (rows, columns).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..records import Metric

CHUNK = 2_000_000
"""Counts held in memory at once (16 MB)."""
WORK = 200_000_000
"""Bound on resamples × rows: about four seconds on one core. Beyond it fewer resamples are drawn, never below 200."""
FEWEST = 200


@dataclass(frozen=True)
class Score:
    """One metric as a function of the means of the contributions."""

    of_means: Callable[[np.ndarray], np.ndarray]
    """Means (…, columns) → values (…)."""
    lower: float = -np.inf
    upper: float = np.inf
    biased: bool = False
    """True for a score that resampling inflates (a sum of absolute values): its resampled values are shifted so that
    their mean is the score itself."""


def intervals(
    contributions: np.ndarray, scores: dict[str, Score], *, seed: int = 0, resamples: int = 1000
) -> dict[str, Metric]:
    """Value and 95 % percentile interval (Efron and Tibshirani 1993, ch. 13) of each score.

    `contributions` has shape (rows, columns). A score that is not finite (such as R² of a constant target) is left out.
    """
    means = contributions.mean(axis=0)
    resampled = resampled_means(contributions, seed=seed, resamples=resamples)
    metrics = {}
    for name, score in scores.items():
        with np.errstate(divide="ignore", invalid="ignore"):
            value, values = float(score.of_means(means)), score.of_means(resampled)
        if np.isfinite(value):
            metrics[name] = _interval(value, values[np.isfinite(values)], score)
    return metrics


def resampled_means(contributions: np.ndarray, *, seed: int, resamples: int) -> np.ndarray:
    """Means of the contributions over rows drawn with replacement: (resamples, columns)."""
    rows = len(contributions)
    resamples = max(min(resamples, FEWEST), min(resamples, WORK // rows))
    random = np.random.default_rng(seed)
    chunk = max(1, CHUNK // rows)
    parts = []
    for first in range(0, resamples, chunk):
        size = min(chunk, resamples - first)
        drawn = random.integers(rows, size=(size, rows)) + np.arange(size)[:, None] * rows
        counts = np.bincount(drawn.ravel(), minlength=size * rows).reshape(size, rows)
        parts.append(counts.astype(np.float64) @ contributions / rows)
    return np.concatenate(parts)


def _interval(value: float, values: np.ndarray, score: Score) -> Metric:
    if not len(values):
        return Metric(value, value, value)
    if score.biased:
        values = values + (value - values.mean())
    low, high = np.clip(np.percentile(values, (2.5, 97.5)), score.lower, score.upper)
    return Metric(value, min(float(low), value), max(float(high), value))
