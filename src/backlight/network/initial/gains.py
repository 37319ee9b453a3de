"""How much an activation shrinks what passes through it, and what makes up for it."""

import copy
import math

import torch
from torch import nn

_SATURATING = (nn.Tanh, nn.Hardtanh, nn.Sigmoid, nn.Hardsigmoid, nn.Softsign)
_NOT_BY_VALUE = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.GLU)


def is_activation(layer: nn.Module) -> bool:
    """Whether the layer is one of PyTorch's functions of single values."""
    return type(layer).__module__ == "torch.nn.modules.activation" and not isinstance(layer, _NOT_BY_VALUE)


def saturates(activation: nn.Module | None) -> bool:
    """Whether it flattens out on both sides. By exact type, since ReLU6 is a subclass of Hardtanh."""
    return type(activation) in _SATURATING


def gain(activation: nn.Module | None) -> float:
    """Factor g for the weights before an activation f, so that x keeps a mean square of 1 from layer to layer.

    The solution of E[f(g z)²] = 1 for standard normal z: √2 for relu as in He et al. 2015, 1 for selu as in Klambauer
    et al. 2017. Saturating activations have none; they take PyTorch's usual values, 5/3 for tanh and 1 for the others.
    """
    if activation is None:
        return 1.0
    if saturates(activation):
        return 5 / 3 if isinstance(activation, nn.Tanh) else 1.0
    if isinstance(activation, nn.PReLU):
        activation = nn.LeakyReLU(activation.weight.detach().mean().item())
    if repr(activation) not in _GAINS:
        _GAINS[repr(activation)] = _keeping_mean_square(activation)
    return _GAINS[repr(activation)]


_GAINS: dict[str, float] = {}
"""Gains found so far, by what the activation calls itself, which names its settings."""


def _keeping_mean_square(activation: nn.Module, low: float = 0.1, high: float = 10.0) -> float:
    """By bisection; 1 where no g within the bounds does it."""
    f = copy.deepcopy(activation).cpu().eval()
    if not _mean_square(f, low) < 1 < _mean_square(f, high):
        return 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if _mean_square(f, middle) < 1 else (low, middle)
    return low


def _mean_square(f: nn.Module, g: float) -> float:
    """E[f(g z)²]."""
    z = torch.linspace(-8.0, 8.0, 4001, dtype=torch.float64)
    density = torch.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    with torch.no_grad():
        return torch.trapezoid(f(g * z) ** 2 * density, z).item()
