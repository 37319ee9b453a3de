"""Convolutions of one, two and three dimensions, and transposed ones.

y = w ∗ x + b. Backward is convolution again: ∂L/∂x is the transposed convolution of v with w, ∂L/∂w the correlation of
x with v, ∂L/∂b the sum of v over examples and places (Dumoulin, Visin 2016, arXiv:1603.07285).
"""

import torch
from torch import nn

from ..table import rule

_backward = torch.ops.aten.convolution_backward.default


@rule(nn.Conv1d, nn.Conv2d, nn.Conv3d)
def convolution(m, x):  # x (n, i, …) → y (n, o, …)
    """y = w ∗ x + b"""
    return m._conv_forward(x, m.weight, m.bias), x


@convolution.when
def _zero_padding(m):
    return m.padding_mode == "zeros" and not isinstance(m.padding, str)


@convolution.backward
def _(m, x, v, g):  # v (n, o, …) → ∂L/∂x (n, i, …)
    """∂L/∂x = wᵀ ∗ v; ∂L/∂w = x ⋆ v; ∂L/∂b = Σ v"""
    return _gradients(m, x, v, g, False, m.output_padding)


@rule(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
def transposed_convolution(m, x):  # x (n, i, …) → y (n, o, …)
    """y = wᵀ ∗ x + b"""
    return m(x), x


@transposed_convolution.backward
def _(m, x, v, g):
    """∂L/∂x = w ∗ v; ∂L/∂w = v ⋆ x; ∂L/∂b = Σ v"""
    return _gradients(m, x, v, g, True, m.output_padding)


def _gradients(m, x, v, g, transposed, output_padding):
    single = x.dim() == len(m.kernel_size) + 1  # one example without a batch axis
    if single:
        x, v = x.unsqueeze(0), v.unsqueeze(0)
    channels = [m.out_channels] if m.bias is not None else None
    wanted = [g.wants_x, g.weight is not None, g.bias is not None]
    dx, dw, db = _backward(
        v, x, m.weight, channels, m.stride, m.padding, m.dilation, transposed, output_padding, m.groups, wanted
    )
    if dw is not None and g.weight is not None:
        g.weight.copy_(dw)
    if db is not None and g.bias is not None:
        g.bias.copy_(db)
    return dx.squeeze(0) if single and dx is not None else dx
