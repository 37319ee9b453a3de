"""What the figures of an evaluation are drawn from, small enough for a JSON file."""

import numpy as np
from sklearn.metrics import confusion_matrix, roc_curve

from .scores import confidence, equal_mass_bins, probability_of_truth

ROC_POINTS = 200
SCATTER_POINTS = 2000
CONFIDENCE_BINS = 20
RESIDUAL_LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def confusion(truth: np.ndarray, prediction: np.ndarray) -> list[list[int]]:
    """Counts, rows true, columns predicted."""
    return confusion_matrix(truth, prediction.argmax(axis=1), labels=np.arange(prediction.shape[1])).tolist()


def calibration(truth: np.ndarray, prediction: np.ndarray) -> list[dict[str, float]]:
    """Bins of equally many rows: mean probability beside the share that came true."""
    probability, observed = confidence(truth, prediction)
    bins = equal_mass_bins(probability)
    return [
        {
            "low": float(probability[inside].min()),
            "high": float(probability[inside].max()),
            "rows": int(inside.sum()),
            "predicted": float(probability[inside].mean(dtype=np.float64)),
            "observed": float(observed[inside].mean()),
        }
        for inside in (bins == number for number in range(bins.max() + 1))
    ]


def roc(truth: np.ndarray, prediction: np.ndarray) -> list[list[float]] | None:
    """The ROC curve of class 1, thinned evenly along its length; None where only one class occurs."""
    if truth.min() == truth.max():
        return None
    false_positive, true_positive, _ = roc_curve(truth, prediction[:, 1])
    if len(false_positive) > ROC_POINTS:
        length = false_positive + true_positive
        chosen = np.unique(np.searchsorted(length, np.linspace(0, length[-1], ROC_POINTS)))
        false_positive, true_positive = false_positive[chosen], true_positive[chosen]
    return np.column_stack([false_positive, true_positive]).round(6).tolist()


def confidence_histogram(truth: np.ndarray, prediction: np.ndarray) -> list[dict[str, float]]:
    """How many rows have which probability of the right class, in bins of equal width."""
    counts, edges = np.histogram(probability_of_truth(truth, prediction), bins=CONFIDENCE_BINS, range=(0, 1))
    return [
        {"low": float(low), "high": float(high), "rows": int(rows)}
        for low, high, rows in zip(edges[:-1].round(6), edges[1:].round(6), counts, strict=True)
    ]


def scatter(truth: np.ndarray, prediction: np.ndarray, *, seed: int) -> list[list[float]]:
    """Pairs [true, predicted] of at most 2,000 rows drawn at random."""
    rows = np.arange(len(truth))
    if len(rows) > SCATTER_POINTS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, SCATTER_POINTS, replace=False))
    return np.column_stack([truth[rows], prediction[rows]]).astype(np.float64).tolist()


def residual_quantiles(truth: np.ndarray, prediction: np.ndarray) -> dict[str, float]:
    """Quantiles of predicted − true by level."""
    values = np.quantile(prediction.astype(np.float64) - truth, RESIDUAL_LEVELS)
    return {str(level): float(value) for level, value in zip(RESIDUAL_LEVELS, values, strict=True)}
