"""How long a training step takes, and a look at it, estimated from shapes alone.

The estimate is right to a factor of about two on one processor core: enough to decide how often to look, and the same
on every run.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..records import Layer
from .thinning import MOST_VALUES

CALL = 100e-6
"""Seconds that PyTorch takes for a layer's forward pass, backward pass and update, however small it is."""
FLOPS = 8e10
"""Operations a second of one core in matrix products and convolutions; a step takes 6 for each weight and place."""
ACCELERATOR = 100
"""How many cores a graphics processor counts for."""
BYTES = 1e10
"""Bytes of memory a second; a value of x(i+1) is written and read about four times in a step."""

LOOK, LOOK_LAYER = 0.6e-3, 0.3e-3
"""Seconds of a look at a network without layers, and of each layer more."""
LOOK_VALUE = 30e-9
"""Seconds of a look for each value that is read; at most `MOST_VALUES` of x(i+1) and of v(i+1) a layer."""
LOOK_PARAMETER = 4e-9
"""Seconds of a look for each parameter: norms, a copy, and how far it moved."""


@dataclass(frozen=True)
class Work:
    """Seconds of a step, and of a look at a step."""

    step: float
    look: float


def work_of(layers: tuple[Layer, ...]) -> Work:
    """Estimate from the layers of one observed step."""
    cores = torch.get_num_threads()
    step, look = 0.0, LOOK
    for layer in layers:
        if layer.y is not None and layer.y.is_cuda:
            cores = ACCELERATOR
        values, weights = _values(layer), sum(p.numel() for p in layer.parameters.values())
        step += CALL + 6 * _products(layer) / (FLOPS * cores) + 16 * values / (BYTES * cores)
        look += LOOK_LAYER + LOOK_VALUE * min(values, MOST_VALUES) + LOOK_PARAMETER * weights
    return Work(step, look)


def _values(layer: Layer) -> int:
    return math.prod(layer.y_shape) if layer.y_shape else layer.y.numel() if layer.y is not None else 0


def _products(layer: Layer) -> int:
    """Multiplications of one forward pass: each weight matrix at each row and place."""
    matrices = [p for p in layer.parameters.values() if p.dim() > 1]
    if layer.kind.startswith("Embedding") or not matrices:
        return 0
    return sum(_places(layer, matrix) * matrix.numel() for matrix in matrices)


def _places(layer: Layer, matrix: Tensor) -> int:
    """Rows times positions that meet a weight (o, i, …)."""
    return _values(layer) // max(1, len(matrix))
