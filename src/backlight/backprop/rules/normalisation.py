"""Normalising layers: ŷ = (x − μ)/σ over a set of axes, y = γ ŷ + β.

With m elements normalised together, ∂L/∂x = γ/σ · (v − mean(v) − ŷ · mean(v ŷ)); ∂L/∂γ = Σ v ŷ; ∂L/∂β = Σ v
(Ioffe, Szegedy 2015, arXiv:1502.03167; Ba et al. 2016, arXiv:1607.06450; Wu, He 2018, arXiv:1803.08494). The
kernels are PyTorch's own.
"""

import math

import torch
from torch import nn

from ..table import rule

aten = torch.ops.aten


@rule(nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, parameters=("weight", "bias"), alone=lambda m: False)
def batch_norm(m, x):  # x (n, c, …) → y (n, c, …)
    """μ, σ over all axes but c: of the batch in train mode (the running ones follow), of the past in eval mode"""
    m._check_input_dim(x)
    from_batch = m.training or m.running_mean is None
    momentum = 0.0 if m.momentum is None else m.momentum
    if m.training and m.track_running_stats and m.num_batches_tracked is not None:
        m.num_batches_tracked.add_(1)
        if m.momentum is None:
            momentum = 1.0 / float(m.num_batches_tracked)
    if from_batch and x.numel() == x.shape[1]:
        raise ValueError(f"batch norm needs more than one value per channel in train mode, got {tuple(x.shape)}")
    mean, var = (m.running_mean, m.running_var) if not m.training or m.track_running_stats else (None, None)
    y, mu, inverse = aten.native_batch_norm.default(x, m.weight, m.bias, mean, var, from_batch, momentum, m.eps)
    return y, (x, mean, var, mu, inverse, from_batch)


@batch_norm.backward
def _(m, saved, v, g):
    """∂L/∂x = γ/σ (v − mean v − ŷ mean(v ŷ)) from the batch; γ/σ v from the past"""
    x, mean, var, mu, inverse, from_batch = saved
    dx, dw, db = aten.native_batch_norm_backward.default(
        v, x, m.weight, mean, var, mu, inverse, from_batch, m.eps, _wanted(g)
    )
    _keep(g, dw, db)
    return dx


@rule(nn.LayerNorm, parameters=("weight", "bias"))
def layer_norm(m, x):  # x (…, d) → y (…, d)
    """μ, σ over the last axes, of each example by itself"""
    y, mu, inverse = aten.native_layer_norm.default(x, m.normalized_shape, m.weight, m.bias, m.eps)
    return y, (x, mu, inverse)


@layer_norm.backward
def _(m, saved, v, g):
    x, mu, inverse = saved
    dx, dw, db = aten.native_layer_norm_backward.default(
        v.contiguous(), x, m.normalized_shape, mu, inverse, m.weight, m.bias, _wanted(g)
    )
    _keep(g, dw, db)
    return dx


@rule(nn.GroupNorm, parameters=("weight", "bias"))
def group_norm(m, x):  # x (n, c, …) → y (n, c, …)
    """μ, σ over the channels of one group and all places, of each example by itself"""
    x = x.contiguous()
    places = math.prod(x.shape[2:])
    y, mu, inverse = aten.native_group_norm.default(
        x, m.weight, m.bias, x.shape[0], x.shape[1], places, m.num_groups, m.eps
    )
    return y, (x, mu, inverse, places)


@group_norm.backward
def _(m, saved, v, g):
    x, mu, inverse, places = saved
    dx, dw, db = aten.native_group_norm_backward.default(
        v.contiguous(), x, mu, inverse, m.weight, x.shape[0], x.shape[1], places, m.num_groups, _wanted(g)
    )
    _keep(g, dw, db)
    return dx


@rule(nn.RMSNorm, parameters=("weight",))
def rms_norm(m, x):  # x (…, d) → y (…, d)
    """y = γ x/r, r = √(mean x² + ε) over the last axes (Zhang, Sennrich 2019, arXiv:1910.07467)"""
    axes = tuple(range(-len(m.normalized_shape), 0))
    eps = torch.finfo(x.dtype).eps if m.eps is None else m.eps
    inverse = x.square().mean(axes, keepdim=True).add_(eps).rsqrt_()
    unit = x * inverse
    return (unit if m.weight is None else unit * m.weight), (unit, inverse, axes)


@rms_norm.backward
def _(m, saved, v, g):
    """∂L/∂x = (γv − x̂ mean(γv x̂))/r; ∂L/∂γ = Σ v x̂"""
    unit, inverse, axes = saved
    if g.weight is not None:
        g.weight.copy_((v * unit).sum(tuple(range(v.dim() - len(axes)))))
    scaled = v if m.weight is None else v * m.weight
    return (scaled - unit * (scaled * unit).mean(axes, keepdim=True)) * inverse


def _wanted(g):
    return [g.wants_x, g.weight is not None, g.bias is not None]


def _keep(g, dw, db):
    if g.weight is not None:
        g.weight.copy_(dw)
    if g.bias is not None:
        g.bias.copy_(db)
