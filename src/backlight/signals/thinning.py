"""Large activations are read at evenly spaced rows and places: a mean over so many numbers is exact enough."""

import math
from dataclasses import replace

from torch import Tensor

from ..records import Layer, Step

MOST_VALUES = 2**15
"""Values of one x(i+1) or v(i+1) that signals read. A standard deviation estimated from so many is off by 0.4 %."""
FEWEST_ROWS = 32
"""Rows that are kept while places (of images and sequences) can be left out instead."""
LINES = 4
"""Lines of an image that are read before columns are left out: memory comes in lines, and skipping values within
one saves little time."""


def thinned(values: Tensor, most: int = MOST_VALUES) -> Tensor:
    """Every k-th row and place of (n, …), all units, at most about `most` values; as it is where there are fewer."""
    if values.numel() <= most or values.dim() < 2:
        return values
    rows = min(math.ceil(values.numel() / most), max(1, len(values) // FEWEST_ROWS))
    values = values[::rows]
    if values.dim() == 4 and values.numel() > most:  # (n, units, height, width)
        values = _fewer_places(values, most)
    elif values.dim() == 3 and values.numel() > most:  # (n, places, units)
        values = values[:, :: math.ceil(values.numel() / most)]
    if values.numel() > most and len(values) > 2:
        values = values[:: min(math.ceil(values.numel() / most), len(values) // 2)]
    return values.contiguous()


def _fewer_places(images: Tensor, most: int) -> Tensor:
    """(n, units, height, width) → (n, units, lines, columns), evenly spaced, the border left out."""
    n, units, height, width = images.shape
    places = max(1, most // (n * units))
    lines = min(LINES, height, places)
    apart = math.ceil(height / lines), math.ceil(width / min(width, places // lines))
    return images[:, :, apart[0] // 2 :: apart[0], apart[1] // 2 :: apart[1]]


def thin(step: Step) -> Step:
    """The step with thinned x(i+1) and v(i+1).

    A step whose loss is no number is left whole: there the place of the first such number counts.
    """
    if not math.isfinite(step.loss):
        return step
    return replace(step, layers=tuple(_thin(layer) for layer in step.layers))


def _thin(layer: Layer) -> Layer:
    y, v = layer.y, layer.v_out
    if (y is None or y.numel() <= MOST_VALUES) and (v is None or v.numel() <= MOST_VALUES):
        return layer
    return replace(
        layer,
        y=thinned(y) if y is not None else None,
        v_out=thinned(v) if v is not None else None,
        v_shape=layer.v_shape or (tuple(v.shape) if v is not None else ()),
    )
