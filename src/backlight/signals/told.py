"""How much of the target one feature tells alone: by its values (a category, a flag, a code), or by its order."""

import numpy as np

FEWEST_EACH = 5
"""Rows of a value on average, below which the values are too many: each row's own name tells everything."""
FEW_CLASSES = 50
"""A target of at most this many values is counted class by class."""
FEWEST_OTHERS = 10
"""Rows outside the commonest class, below which a value tells them by luck."""
NEAR = 0.002
"""Share of a number's variance that is left around as few points as there are classes, up to which it is a code with
some noise: beside one value for each of two classes that is Pearson's correlation of 0.999."""


def told_by_value(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each column of `x` (n, columns) the part of `y` (n) that its values tell, from 0 to 1; nan for many values.

    Of classes: (p − q) / (1 − q), where p is the share of rows that have the commonest class among the other rows of
    their value, and q the share of the commonest class of all (Goodman and Kruskal's lambda, 1954, leaving one out).
    Numbers that lie around as few points as there are classes count as that many values. Of a measured target: the
    variance between values over the whole variance (the correlation ratio η²).
    """
    told = np.full(x.shape[1], np.nan)
    if not np.isfinite(y).all() or len(np.unique(y)) < 2:
        return told
    _, codes = np.unique(y, return_inverse=True)
    classes = codes.max() + 1
    for column in range(x.shape[1]):
        values, places = np.unique(x[:, column], return_inverse=True)
        if len(values) > len(x) / FEWEST_EACH:
            points = _points(x[:, column], classes) if classes <= FEW_CLASSES else None
            if points is not None:
                told[column] = _classes(points, codes)
        elif len(values) > 1:
            told[column] = _classes(places, codes) if classes <= FEW_CLASSES else _measured(places, y)
    return told


def told_by_order(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each column of `x` (n, columns) how well its order, up or down, is that of a measured `y` (n), from 0 to 1.

    The excess of pairs in order over those out of order, among the pairs whose y differs (Somers' d, 1962). No monotone
    scaling of either changes it. nan for fewer than three values of y, and where a value is not finite.
    """
    order = np.full(x.shape[1], np.nan)
    if not np.isfinite(y).all() or len(np.unique(y)) < 3:
        return order
    from scipy.stats import kendalltau  # 0.7 s that classes do not need

    untied = _untied(y)
    for column in np.flatnonzero(np.isfinite(x).all(axis=0) & (x.max(axis=0) > x.min(axis=0))):
        tau = kendalltau(x[:, column], y, method="asymptotic").statistic
        order[column] = min(1.0, abs(tau) * np.sqrt(_untied(x[:, column]) / untied))
    return order


def _untied(values: np.ndarray) -> int:
    """Pairs of rows with different values."""
    _, counts = np.unique(values, return_counts=True)
    return (len(values) ** 2 - int((counts**2).sum())) // 2


def _points(column: np.ndarray, points: int) -> np.ndarray | None:
    """Which of so many points each value (n) lies at, cut at the widest gaps; None where it is spread between them."""
    if not np.isfinite(column).all():
        return None
    ordered = np.sort(column)
    edges = ordered[1:][np.sort(np.argsort(np.diff(ordered))[-(points - 1) :])]
    places = np.searchsorted(edges, column, side="right")
    return places if _measured(places, column) >= 1 - NEAR else None


def _classes(places: np.ndarray, codes: np.ndarray) -> float:
    table = np.zeros((places.max() + 1, codes.max() + 1))
    np.add.at(table, (places, codes), 1)
    others = len(codes) - table.sum(0).max()
    if others < FEWEST_OTHERS:
        return float("nan")
    second, most = np.partition(table, -2, axis=1)[:, -2:].T
    return float((most[most - 1 > second].sum() - len(codes) + others) / others)


def _measured(places: np.ndarray, y: np.ndarray) -> float:
    counts = np.bincount(places)
    means = np.bincount(places, y) / np.maximum(counts, 1)
    return float((counts * (means - y.mean()) ** 2).sum() / max(((y - y.mean()) ** 2).sum(), 1e-30))
