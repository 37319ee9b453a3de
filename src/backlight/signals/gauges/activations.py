"""What flows forward: mean, spread, zeros and flat ends of x(i+1)."""

import math

import torch
from torch import Tensor

from ...records import Layer
from ..numbers import numbers_of
from ..registry import Meaning, signal
from ..roles import FLAT_ENDS, RECTIFIERS

FLAT_MARGIN = 0.01
"""An activation counts as saturated within 1 % of its range from a flat end: its slope there is below 4 % of the
largest (σ′ = σ(1−σ) ≤ 0.0099 against 0.25)."""


@signal("y_mean", needs=("y",), meaning=Meaning("mean of the output x(i+1)", scale="even"))
def y_mean(layer: Layer) -> float | None:
    """Where does the output lie? Mean of x(i+1)."""
    return numbers_of(layer).y_mean if layer.y is not None and layer.y.is_floating_point() else None


@signal("y_std", needs=("y",), meaning=Meaning("spread of the output x(i+1)"))
def y_std(layer: Layer) -> float | None:
    """How widely is the output spread? Standard deviation of x(i+1) over rows and units."""
    if layer.y is None or not layer.y.is_floating_point():
        return None
    return math.hypot(numbers_of(layer).row_std, numbers_of(layer).means_std)


@signal(
    "row_std",
    needs=("y",),
    meaning=Meaning(
        "difference of the output x(i+1) between rows",
        unit="× its size",
        low=0.01,
        ends=(1e-8, 1),
        source="Below 1 % all rows look the same to the layers above (Daneshmand et al. 2020).",
        beside=("y_mean", "y_std"),
    ),
)
def row_std(layer: Layer) -> float | None:
    """Does the output still tell rows apart? Root mean square, over units, of the spread over rows."""
    y = layer.y
    if y is None or not y.is_floating_point() or y.dim() < 2 or len(y) < 2:
        return None
    return numbers_of(layer).row_std


@signal(
    "zero_share",
    needs=("y",),
    meaning=Meaning(
        "zeros in the output x(i+1)",
        scale="share",
        high=0.85,
        source="Half are zero at the start; up to 85 % of true zeros do not hurt (Glorot, Bordes, Bengio 2011).",
    ),
)
def zero_share(layer: Layer) -> Tensor | None:
    """How much of a rectifier's output is zero? Share of zeros in x(i+1)."""
    if layer.y is None or layer.kind not in RECTIFIERS:
        return None
    return 1 - torch.count_nonzero(layer.y) / layer.y.numel()


@signal(
    "saturation",
    needs=("y",),
    meaning=Meaning(
        "outputs x(i+1) in the flat ends of the activation",
        scale="share",
        high=0.3,
        source="Where 30 % of a layer's units sit there, its gradient fades (Glorot & Bengio 2010).",
    ),
)
def saturation(layer: Layer) -> Tensor | None:
    """How much of the output lies in the flat ends of the activation? Share of x(i+1)."""
    if layer.y is None or layer.kind not in FLAT_ENDS or not layer.y.is_floating_point():
        return None
    return in_flat_ends(layer.y, layer.kind).float().mean()


def in_flat_ends(y: Tensor, kind: str) -> Tensor:
    """Mask of the values within `FLAT_MARGIN` of the range from either flat end."""
    low, high = FLAT_ENDS[kind]
    margin = FLAT_MARGIN * (high - low)
    return torch.logical_or(y < low + margin, y > high - margin)
