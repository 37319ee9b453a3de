"""How much an activation shrinks what passes through it, and what makes up for it."""

import copy
import math

import torch
from torch import nn

SATURATING = (nn.Tanh, nn.Hardtanh, nn.Sigmoid, nn.Hardsigmoid, nn.Softsign, nn.LogSigmoid)
_NOT_BY_VALUE = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.GLU)


def is_activation(layer: nn.Module) -> bool:
    """Whether the layer is one of PyTorch's functions of single values."""
    return type(layer).__module__ == "torch.nn.modules.activation" and not isinstance(layer, _NOT_BY_VALUE)


def gain(activation: nn.Module | None) -> float:
    """Factor for the weights before an activation f that keeps the mean square of x from layer to layer.

    1 / √E[f(z)²] for standard normal z: √2 for relu as in He et al. 2015, 1 for selu as in Klambauer et al. 2017, and
    by the same integral 1.53 for gelu, 1.68 for silu. Saturating activations would be driven to their ends by it; they
    take PyTorch's usual values, 5/3 for tanh and 1 for the others.
    """
    if activation is None:
        return 1.0
    if isinstance(activation, SATURATING):
        return 5 / 3 if isinstance(activation, nn.Tanh) else 1.0
    return _keeping_mean_square(activation)


def _keeping_mean_square(activation: nn.Module) -> float:
    z = torch.linspace(-8.0, 8.0, 4001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    f = copy.deepcopy(activation).cpu().double().eval()
    channels = f.num_parameters if isinstance(f, nn.PReLU) else 1
    with torch.no_grad():
        y = f(z[:, None].expand(-1, channels)).mean(1)
    mean_square = torch.trapezoid(y**2 * density, z).item()
    return 1.0 if mean_square < 1e-4 or not math.isfinite(mean_square) else mean_square**-0.5
