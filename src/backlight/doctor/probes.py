"""Two quick predictors from the features themselves: is there anything to learn?"""

from dataclasses import dataclass

import numpy as np

NEIGHBOURS = 15
RIDGE = 1.0
FEW_CLASSES = 50
"""A target of at most this many classes is predicted class by class."""


@dataclass(frozen=True)
class Probe:
    """How well two quick predictors tell the target of held-out rows."""

    rows: int
    skill: dict[str, float] | None
    """Standard errors by which each beats a constant; None where there are too few rows, or nothing to tell."""
    agreement: float | None = None
    """Share of the nearest neighbours that have the row's own target; None for a target of many values."""
    apart: float | None = None
    """How far the target of neighbours with another one lies, beside that of any rows with another: near 1 where the
    values are names, below where they have an order that the features know."""


def probe(x: np.ndarray, y: np.ndarray, *, classes: bool) -> Probe:
    """Ask both predictors."""
    values = np.unique(y)
    if len(x) < 2 * NEIGHBOURS or len(values) < 2 or not np.isfinite(y).all():
        return Probe(len(x), None)
    agreement, apart = likeness(x, y) if len(values) <= FEW_CLASSES else (None, None)
    return Probe(len(x), skill(x, y, classes and len(values) <= FEW_CLASSES), agreement, apart)


def skill(x: np.ndarray, y: np.ndarray, classes: bool) -> dict[str, float]:
    """Standard errors by which two held-out predictors beat a constant: ridge regression, nearest neighbours.

    Each row is predicted from the others only. Below about 2 the predictor found nothing.
    """
    x = _standard(x)
    targets = (y[:, None] == np.unique(y)[None, :]).astype(float) if classes else y[:, None].astype(float)
    return {"ridge": _beats(_ridge(x, targets), targets), "neighbours": _beats(_neighbours(x, targets), targets)}


def likeness(x: np.ndarray, y: np.ndarray) -> tuple[float, float | None]:
    """(agreement, apart) of a target of few values, as in `Probe`; apart is None where all neighbours agree."""
    near = np.abs(y[_nearest(_standard(x))] - y[:, None])
    others = np.abs(y[:, None] - y[None, :])
    different = near[near > 0]
    return float((near == 0).mean()), float(different.mean() / others[others > 0].mean()) if different.size else None


def _standard(x: np.ndarray) -> np.ndarray:
    """Columns with mean 0 and spread 1; what is not finite counts as 0 before."""
    x = np.where(np.isfinite(x), x, 0.0).astype(np.float64)
    return (x - x.mean(0)) / np.where(x.std(0) > 0, x.std(0), 1.0)


def _ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Leave-one-out predictions in closed form: ŷᵢ = yᵢ − eᵢ / (1 − Hᵢᵢ)."""
    n, d = x.shape
    kernel = x @ x.T / d + 1.0
    hat = kernel @ np.linalg.inv(kernel + RIDGE * np.eye(n) * max(1.0, n / d) * 0.1)
    predicted = hat @ y
    return y - (y - predicted) / np.clip(1 - np.diag(hat), 1e-6, None)[:, None]


def _neighbours(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean target of the nearest rows."""
    return y[_nearest(x)].mean(1)


def _nearest(x: np.ndarray) -> np.ndarray:
    """Indices (n, NEIGHBOURS) of the nearest rows, the row itself left out."""
    squares = (x**2).sum(1)
    distance = squares[:, None] + squares[None, :] - 2 * x @ x.T
    np.fill_diagonal(distance, np.inf)
    return np.argpartition(distance, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]


def _beats(predicted: np.ndarray, y: np.ndarray) -> float:
    """Correlation of held-out predictions with the target, in standard errors (Fisher): largest over columns."""
    n, best = len(y), 0.0
    constant = (y.sum(0) - y) / (n - 1)
    for column in range(y.shape[1]):
        p, t = predicted[:, column] - constant[:, column], y[:, column]
        if p.std() > 0 and t.std() > 0:
            best = max(best, float(np.corrcoef(p, t)[0, 1]) * (n - 3) ** 0.5 / max(1.0, y.shape[1] ** 0.25))
    return best
