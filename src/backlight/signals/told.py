"""How much of the target one feature of few values (a category, a flag) tells alone."""

import numpy as np

FEWEST_EACH = 5
"""Rows of a value on average, below which the values are too many: each row's own name tells everything."""
FEW_CLASSES = 50
"""A target of at most this many values is counted class by class."""


def told_by_value(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """For each column of `x` (n, columns) the part of `y` (n) that its values tell, from 0 to 1; nan for many values.

    Of classes: (p − q) / (1 − q), where p is the share of rows that have the commonest class of their value, and q the
    share of the commonest class of all (Goodman and Kruskal's lambda, 1954). Of a measured target: the variance between
    values over the whole variance (the correlation ratio η²).
    """
    told = np.full(x.shape[1], np.nan)
    if not np.isfinite(y).all() or len(np.unique(y)) < 2:
        return told
    _, codes = np.unique(y, return_inverse=True)
    for column in range(x.shape[1]):
        values, places = np.unique(x[:, column], return_inverse=True)
        if 1 < len(values) <= len(x) / FEWEST_EACH:
            told[column] = _classes(places, codes) if codes.max() < FEW_CLASSES else _measured(places, y)
    return told


def _classes(places: np.ndarray, codes: np.ndarray) -> float:
    table = np.zeros((places.max() + 1, codes.max() + 1))
    np.add.at(table, (places, codes), 1)
    commonest = table.sum(0).max()
    return float((table.max(1).sum() - commonest) / (len(codes) - commonest))


def _measured(places: np.ndarray, y: np.ndarray) -> float:
    counts = np.bincount(places)
    means = np.bincount(places, y) / np.maximum(counts, 1)
    return float((counts * (means - y.mean()) ** 2).sum() / max(((y - y.mean()) ** 2).sum(), 1e-30))
