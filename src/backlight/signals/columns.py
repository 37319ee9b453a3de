"""Running statistics of columns over many batches."""

import numpy as np


class RunningColumns:
    """Mean, spread and extremes of each column, updated batch by batch (Chan, Golub & LeVeque 1983)."""

    def __init__(self) -> None:
        self.rows = 0
        self.mean = np.zeros(0)
        self.squares = np.zeros(0)
        self.low = np.zeros(0)
        self.high = np.zeros(0)
        self.non_finite = 0

    def update(self, values: np.ndarray) -> None:
        """Add rows of shape (n, columns); values that are not finite are counted and left out as the column's mean.

        Of numbers whose squares leave float64's range the spread is infinite.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            self._add(values.astype(np.float64, copy=False))

    def _add(self, values: np.ndarray) -> None:
        bad = ~np.isfinite(values)
        if bad.any():
            self.non_finite += int(bad.sum())
            values = np.where(bad, self.mean if self.rows else 0.0, values)
        n, mean = len(values), values.mean(0)
        squares = ((values - mean) ** 2).sum(0)
        if self.rows == 0:
            self.mean, self.squares, self.low, self.high = mean, squares, values.min(0), values.max(0)
        else:
            delta, total = mean - self.mean, self.rows + n
            self.squares = self.squares + squares + delta**2 * self.rows * n / total
            self.mean = self.mean + delta * n / total
            self.low, self.high = np.minimum(self.low, values.min(0)), np.maximum(self.high, values.max(0))
        self.rows += n

    @property
    def std(self) -> np.ndarray:
        """Standard deviation of each column."""
        return np.sqrt(self.squares / max(1, self.rows))
