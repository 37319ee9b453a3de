"""Tables whose columns are the pixels of a picture."""

from dataclasses import dataclass
from math import isqrt
from typing import Literal

import numpy as np
import polars as pl

from .cells import number_matrix

LEAST_SIDE = 8
SAMPLE = 1_000
"""Training rows from which the resemblance of neighbours is judged."""
CLOSER = 0.15
"""How much more neighbours have to correlate than distant pixels. Measured: digits 0.2 and more, MNIST 0.4 and more,
tables of unordered columns 0.0."""

Order = Literal["planar", "interleaved"]


@dataclass(frozen=True)
class Pixels:
    """The columns that are pixels, row by row, and what brings their values to 0–255."""

    columns: tuple[str, ...]
    channels: int
    side: int
    order: Order
    """planar: all of one colour first; interleaved: red, green and blue of each pixel together."""
    factor: float

    def images(self, frame: pl.DataFrame) -> np.ndarray:
        """uint8 (n, channels, side, side); a missing pixel is black."""
        values = np.nan_to_num(number_matrix(frame, list(self.columns))) * self.factor
        pixels = np.rint(values).clip(0, 255).astype(np.uint8)
        return np.ascontiguousarray(_shaped(pixels, self.channels, self.side, self.order))


def find_pixels(train: pl.DataFrame, names: list[str], *, certain: bool = False) -> Pixels | None:
    """The pixels of a table with k² or 3·k² columns of whole numbers from 0 to 255 (or shares of 1).

    They are taken as a picture if pixels beside and below each other resemble each other far more than distant ones do.
    With `certain`, only the number of columns and their range are looked at.
    """
    shape = _shape(len(names))
    schema = train.schema
    if shape is None or not all(schema[name].is_numeric() for name in names):
        return None
    step = max(1, train.height // SAMPLE)
    values = number_matrix(train.gather_every(step), names)
    factor = _factor(values)
    if factor is None:
        return None
    channels, side = shape
    orders: tuple[Order, ...] = ("planar", "interleaved") if channels > 1 else ("planar",)
    closer = {order: _closeness(_shaped(values, channels, side, order)) for order in orders}
    best = max(orders, key=lambda order: closer[order])
    if closer[best] < CLOSER and not certain:
        return None
    return Pixels(tuple(names), channels, side, best, factor)


def _shape(count: int) -> tuple[int, int] | None:
    """(channels, side) of that many columns."""
    for channels in (1, 3):
        side = isqrt(count // channels)
        if side >= LEAST_SIDE and channels * side * side == count:
            return channels, side
    return None


def _factor(values: np.ndarray) -> float | None:
    """What brings the values to 0–255; None if they are no brightnesses."""
    low, high = (values.min(), values.max()) if values.size else (-1, 0)
    if not (low >= 0 and 0 < high <= 255):  # false for nan, too: pictures have no holes
        return None
    top = next(top for top in (1, 16, 255) if high <= top)
    factor = 255 / top
    steps = values * factor if top == 1 else values
    return factor if np.allclose(steps, np.rint(steps), atol=1e-3) else None


def _shaped(values: np.ndarray, channels: int, side: int, order: Order) -> np.ndarray:
    """(n, columns) → (n, channels, side, side)."""
    if order == "interleaved":
        return values.reshape(-1, side, side, channels).transpose(0, 3, 1, 2)
    return values.reshape(-1, channels, side, side)


def _closeness(images: np.ndarray) -> float:
    """Mean correlation of neighbours, minus that of pixels half a side away: the lesser of across and down.

    Down is what tells a picture from a curve, whose values go on from one row's end to the next row's start.
    """
    half = images.shape[-1] // 2
    spread = images.std(axis=0)
    z = (images - images.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return min(_correlation(z, axis, 1) - _correlation(z, axis, half) for axis in (2, 3))


def _correlation(z: np.ndarray, axis: int, distance: int) -> float:
    """Mean correlation of pixels `distance` apart, constant pixels left out."""
    length = z.shape[axis]
    first, second = z.take(range(length - distance), axis), z.take(range(distance, length), axis)
    alive = (first.std(axis=0) > 0) & (second.std(axis=0) > 0)
    return float((first * second).mean(axis=0)[alive].mean()) if alive.any() else 0.0
