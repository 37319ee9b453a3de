"""The parameters themselves."""

import torch
from torch import Tensor

from ...records import Layer
from ..numbers import numbers_of, whole_norm
from ..registry import Meaning, signal

LARGEST_SIDE = 512
"""Weights with a longer side are not decomposed: the singular values would cost more than the step."""


@signal("parameter_norm", needs=("parameters",), meaning=Meaning("norm of the parameters"))
def parameter_norm(layer: Layer) -> float | None:
    """How large are the layer's parameters? Norm of θ(i)."""
    return whole_norm(numbers_of(layer).parameters.values()) if layer.parameters else None


@signal(
    "conditioning",
    needs=("parameters",),
    every=8,
    cost="high",
    meaning=Meaning("condition of the weight", unit="largest over smallest singular value", ends=(1, 1e6)),
)
def conditioning(layer: Layer) -> Tensor | None:
    """Does the weight pass all directions alike? Largest over smallest singular value of W as a matrix."""
    weights = [p for p in layer.parameters.values() if p.dim() >= 2]
    if not weights:
        return None
    matrix = weights[0].flatten(1).float()
    if max(matrix.shape) > LARGEST_SIDE or min(matrix.shape) < 2 or not torch.isfinite(matrix).all():
        return None
    values = torch.linalg.svdvals(matrix)
    return values[0] / values[-1].clamp_min(1e-12)
