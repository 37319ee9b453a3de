"""What the network receives: statistics of x(0) over the observed rows."""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from .columns import RunningColumns
from .facts import InputFacts
from .thinning import thinned
from .told import told_by_order, told_by_value

FINGERPRINT_VALUES = 256
"""Values of a row that its fingerprint is made from, evenly spaced."""
MOST_ROWS = 200_000
"""Fingerprints kept."""
SAMPLE_ROWS = 2000
SAMPLE_VALUES = 1024
"""Rows, and values of each, kept for asking whether x tells the target."""

REPEATED = 0.1
"""Share of rows that occur in another place of the same batch."""


class InputStatistics:
    """Accumulates `InputFacts`."""

    def __init__(self) -> None:
        self._columns = RunningColumns()
        self._seen: set[float] = set()
        self._rows = 0
        self._repeated = 0
        self._integers = True
        self._first: Tensor | None = None
        self._shape: tuple[int, ...] = ()
        self._dtype = torch.float32
        self._cross = np.zeros(0)
        self._target = RunningColumns()
        self.names: tuple[str, ...] = ()
        self.unclipped: Callable[[np.ndarray], np.ndarray] | None = None
        """Undoes the clip of features (n, features), where the source has clipped them: it blurs what lies apart."""
        self.sample: list[tuple[np.ndarray, np.ndarray]] = []
        self._sampled = 0
        self._one_target = True
        self._codes_again: bool | None = None
        self.alone = True
        """Whether rows of x(0) are all that the program hands over: not one of two that are compared."""
        self.given = math.inf
        """Values of a row as the program handed them to the network, where that is known."""

    @property
    def rows(self) -> int:
        """Rows observed, repeats included."""
        return self._rows

    @property
    def drawn(self) -> bool:
        """Whether rows of codes come several times in one batch: as states of a game do, equal rows of different
        examples, so that the number of examples is not that of different rows."""
        return self._integers and self._repeated > REPEATED * self._rows

    @property
    def distinct_rows(self) -> int:
        """Different rows observed."""
        return len(self._seen)

    def update(self, x: Tensor, target: Tensor | None) -> None:
        """Add the rows of one observed batch."""
        x = x.detach()
        if x.is_complex() or not x.numel() or x.layout != torch.strided:
            return
        self._shape, self._dtype = tuple(x.shape[1:]), x.dtype
        part = thinned(x) if x.dim() > 2 else x
        columns = _as_array(_as_columns(part))
        if self._columns.rows and columns.shape[1] != len(self._columns.mean):
            return
        self._columns.update(columns)
        if self._integers and x.is_floating_point():
            self._integers = all(bool((values == values.round()).all()) for values in (part, x))
        new = self._count_rows(x)
        if target is not None and self._codes_again is not False:
            self._codes_again = _are_the_same_codes(x, target)
        y = _as_number(target, len(x))
        single = target is not None and target.numel() == len(x)
        if y is not None and single and x.dim() == 2 and np.isfinite(columns).all() and np.isfinite(y).all():
            self._update_correlation(columns, y)
        if y is not None:
            self._one_target = self._one_target and (single or _is_one_hot(target))
            self._keep_sample(x, y, new)

    def _count_rows(self, x: Tensor) -> np.ndarray:
        prints = fingerprints(x)
        self._rows += len(prints)
        self._repeated += len(prints) - len(np.unique(prints))
        rows = prints.tolist()
        new = np.array([row not in self._seen for row in rows], dtype=bool)
        if len(self._seen) < MOST_ROWS:
            self._seen.update(rows)
        return new

    def _update_correlation(self, columns: np.ndarray, y: np.ndarray) -> None:
        if self._cross.size == 0:
            self._cross = np.zeros(columns.shape[1])
            self._origin = columns.mean(0), float(y.mean())
        x_origin, y_origin = self._origin
        with np.errstate(over="ignore", invalid="ignore"):  # of numbers near the end of float64's range
            self._cross += (columns - x_origin).T @ (y - y_origin)
        self._target.update(y[:, None])

    def _keep_sample(self, x: Tensor, y: np.ndarray, new: np.ndarray) -> None:
        if self._sampled >= SAMPLE_ROWS or not new.any():
            return
        rows = _evenly(_as_rows(x), SAMPLE_VALUES).float().cpu().numpy()[new]
        self.sample.append((rows, y[new]))
        self._sampled += int(new.sum())

    def _correlation(self) -> np.ndarray:
        n = self._target.rows
        if n < 2 or n != self._columns.rows:
            return np.zeros(0)
        x_origin, y_origin = self._origin
        covariance = self._cross / n - (self._columns.mean - x_origin) * (self._target.mean[0] - y_origin)
        scale = self._columns.std * self._target.std[0]
        return np.divide(covariance, scale, out=np.zeros_like(covariance), where=(scale > 0) & np.isfinite(scale))

    @np.errstate(over="ignore", invalid="ignore")  # of numbers near the end of float64's range
    def facts(self, *, classes: bool = False) -> InputFacts | None:
        """The statistics so far; None before the first batch. Of classes the order is not asked."""
        c = self._columns
        if not c.rows:
            return None
        told, order = self._told(classes)
        return InputFacts(
            shape=self._shape,
            dtype=str(self._dtype).removeprefix("torch."),
            floating=self._dtype.is_floating_point,
            rows=self.rows,
            distinct_rows=self.distinct_rows,
            repeated_in_batch=self._repeated,
            minimum=float(c.low.min()),
            maximum=float(c.high.max()),
            mean=float(c.mean.mean()),
            std=float(np.sqrt((c.std**2 + (c.mean - c.mean.mean()) ** 2).mean())),
            non_finite=c.non_finite,
            integers=self._integers,
            column_mean=c.mean,
            column_std=c.std,
            column_low=c.low,
            column_high=c.high,
            columns_are_features=len(self._shape) == 1 and self._shape[0] <= self.given,
            target_correlation=self._correlation(),
            target_told=told,
            target_order=order,
            target_is_input=bool(self._codes_again),
            names=self.names if len(self.names) == len(c.mean) else (),
        )

    def _told(self, classes: bool) -> tuple[np.ndarray, np.ndarray]:
        """What each feature tells by value and by order; empty where the columns are no features or a row has several
        targets."""
        if len(self._shape) != 1 or not self.sample or not self._one_target or self._shape[0] > SAMPLE_VALUES:
            return np.zeros(0), np.zeros(0)
        x, y = (np.concatenate(parts) for parts in zip(*self.sample, strict=True))
        x = x if self.unclipped is None else self.unclipped(x)
        return told_by_value(x, y), np.zeros(0) if classes else told_by_order(x, y)


def fingerprints(x: Tensor) -> np.ndarray:
    """One float64 a row: the same for equal rows, different for others. Draws no random number."""
    values = _evenly(_as_rows(x), FINGERPRINT_VALUES).double().nan_to_num(1e9, 2e9, -2e9)
    # summed row by row: a product with a matrix rounds a row by its place in the batch
    return (values * _weights(values.shape[1], x.device)).sum(1).cpu().numpy()


@functools.lru_cache(maxsize=8)
def _weights(columns: int, device: torch.device) -> Tensor:
    return torch.cos(torch.arange(1, columns + 1, dtype=torch.float64, device=device) * 1.7)


def _as_rows(x: Tensor) -> Tensor:
    """(n, values); a plain column of codes has one value a row."""
    return x.flatten(1) if x.dim() > 1 else x.unsqueeze(1)


def _evenly(rows: Tensor, most: int) -> Tensor:
    return rows[:, :: max(1, -(-rows.shape[1] // most))]


def _as_columns(x: Tensor) -> Tensor:
    """(n, columns): features, channels of images, or the last axis of sequences."""
    if x.dim() <= 1:
        return x.reshape(-1, 1).double()
    if x.dim() == 4:
        return x.movedim(1, -1).reshape(-1, x.shape[1])
    return x.reshape(-1, x.shape[-1])


def _as_array(x: Tensor) -> np.ndarray:
    """As float64: NumPy has no bfloat16, and sums of the largest float32 values leave its range."""
    return x.double().cpu().numpy()


def _are_the_same_codes(x: Tensor, target: Tensor) -> bool:
    """Whether the target is, place by place, the codes of the input, of which rows have several."""
    codes = not x.is_floating_point() and not target.is_floating_point() and x.dim() > 1
    return codes and x.numel() == target.numel() > len(x) and bool((x.flatten() == target.flatten()).all())


def _is_one_hot(target: Tensor | None) -> bool:
    """Whether each row of the target marks one class."""
    if target is None or target.dim() != 2 or target.shape[1] < 2:
        return False
    return bool(((target == 0) | (target == 1)).all()) and bool((target.sum(1) == 1).all())


def _as_number(target: Tensor | None, rows: int) -> np.ndarray | None:
    """The target as one number a row: a class code or a value; None for several values a row."""
    if target is None or len(target) != rows:
        return None
    if target.dim() == 2 and target.shape[1] > 1:
        one_hot = bool(((target == 0) | (target == 1)).all())
        if not one_hot and not target.is_floating_point():  # a class for each place of a sequence
            return None
        codes = target.argmax(1) if one_hot else target[:, 0]
        return codes.double().cpu().numpy()
    return target.reshape(rows, -1)[:, 0].double().cpu().numpy() if target.numel() == rows else None
