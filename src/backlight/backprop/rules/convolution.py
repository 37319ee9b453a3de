"""Convolutions of one, two and three dimensions, and transposed ones.

y = w ∗ x + b. Backward is convolution again: ∂L/∂x is the transposed convolution of v with w, ∂L/∂w the correlation of
x with v, ∂L/∂b the sum of v over examples and places (Dumoulin, Visin 2016, arXiv:1603.07285).
"""

import torch
from torch import nn
from torch.nn import functional as F

from ..table import rule

_backward = torch.ops.aten.convolution_backward.default


@rule(nn.Conv1d, nn.Conv2d, nn.Conv3d, parameters=("weight", "bias"), product=True)
def convolution(m, x):  # x (n, i, …) → y (n, o, …)
    """y = w ∗ x + b"""
    return m._conv_forward(x, m.weight, m.bias), x


@convolution.when
def _zero_padding(m):
    return m.padding_mode == "zeros"


@convolution.backward
def _(m, x, v, g):  # v (n, o, …) → ∂L/∂x (n, i, …)
    """∂L/∂x = wᵀ ∗ v; ∂L/∂w = x ⋆ v; ∂L/∂b = Σ v"""
    if isinstance(m.padding, str):
        return _with_words(m, x, v, g)
    return _gradients(m, x, v, g, False, m.output_padding, m.padding)


def _with_words(m, x, v, g):
    """The padding "valid" is none; "same" is d (k − 1) in all, the odd one behind, for which x itself is extended."""
    total = [d * (k - 1) if m.padding == "same" else 0 for d, k in zip(m.dilation, m.kernel_size, strict=True)]
    odd = [pad % 2 for pad in total]
    longer = F.pad(x, [part for one in reversed(odd) for part in (0, one)]) if any(odd) else x
    dx = _gradients(m, longer, v, g, False, m.output_padding, [pad // 2 for pad in total])
    if dx is None or not any(odd):
        return dx
    return dx[(..., *(slice(0, side) for side in x.shape[-len(odd) :]))]


@rule(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d, parameters=("weight", "bias"), product=True)
def transposed_convolution(m, x):  # x (n, i, …) → y (n, o, …)
    """y = wᵀ ∗ x + b"""
    return m(x), x


@transposed_convolution.backward
def _(m, x, v, g):
    """∂L/∂x = w ∗ v; ∂L/∂w = v ⋆ x; ∂L/∂b = Σ v"""
    return _gradients(m, x, v, g, True, m.output_padding, m.padding)


def _gradients(m, x, v, g, transposed, output_padding, padding):
    single = x.dim() == len(m.kernel_size) + 1  # one example without a batch axis
    if single:
        x, v = x.unsqueeze(0), v.unsqueeze(0)
    channels = [m.out_channels] if m.bias is not None else None
    wanted = [g.wants_x, g.weight is not None, g.bias is not None]
    dx, dw, db = _backward(
        v, x, m.weight, channels, m.stride, padding, m.dilation, transposed, output_padding, m.groups, wanted
    )
    if dw is not None and g.weight is not None:
        g.weight.copy_(dw)
    if db is not None and g.bias is not None:
        g.bias.copy_(db)
    return dx.squeeze(0) if single and dx is not None else dx
