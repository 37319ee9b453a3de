"""Layers through which tables and images enter a network."""

import math

import torch
from torch.nn import functional as F

from ...network.layers import (
    Embeddings,
    Normalise,
    OneHot,
    Periodic,
    PiecewiseLinear,
    Scale,
    Select,
    SplineTables,
    Whiten,
)
from ..table import rule
from .convolution import convolution

convolution.also(Whiten)


@rule(Select)
def select(m, x):  # x (n, features) → y (n, columns)
    """y = the chosen columns of x"""
    return m(x), x


@select.backward
def _(m, x, v, g):
    """v in the chosen columns, 0 in the others"""
    return torch.zeros_like(x).index_add_(1, m.index, v) if g.wants_x else None


@rule(OneHot)
def one_hot(m, x):  # x (n, f) codes → y (n, Σ (size − 1))
    """y = 1 in the column of the code, 0 elsewhere; constant almost everywhere, so ∂L/∂x = 0"""
    return m(x), x


@one_hot.backward
def _(m, x, v, g):
    return torch.zeros_like(x) if g.wants_x else None


@rule(Embeddings, parameters=("weight",))
def embeddings(m, x):  # x (n, f) codes → y (n, f·w)
    """y = the rows W[code], side by side"""
    rows = x.long() + m.offset
    return F.embedding(rows, m.weight).flatten(1), (x, rows)


@embeddings.backward
def _(m, saved, v, g):  # v (n, f·w)
    """∂L/∂W[k] = Σ v over the places with code k"""
    x, rows = saved
    if g.weight is not None:
        g.weight.zero_().index_add_(0, rows.reshape(-1), v.reshape(-1, m.width))
    return torch.zeros_like(x) if g.wants_x else None


@rule(PiecewiseLinear, parameters=("weight", "line", "bias"))
def piecewise_linear(m, x):  # x (n, f) → y (n, f·w)
    """y = z(x) W + x a + c for each feature, z the share of each bin that x fills"""
    column, z = x.t()[:, :, None], m.encode(x)
    y = torch.baddbmm(torch.addcmul(m.bias, column, m.line), z, m.weight, alpha=m.gain)
    return y.transpose(0, 1).flatten(1), (column, z)


@piecewise_linear.backward
def _(m, saved, v, g):  # column (f, n, 1), z (f, n, bins), v (n, f·w)
    """∂L/∂W = zᵀ v; ∂L/∂a = xᵀ v; ∂L/∂c = Σ v; ∂L/∂x = Σ v a + Σ (v Wᵀ) z′, z′ the slope of the bin that x is in"""
    column, z = saved
    v = v.reshape(len(v), -1, m.width).transpose(0, 1)
    if g.weight is not None:
        torch.baddbmm(g.weight, z.transpose(1, 2), v, beta=0, alpha=m.gain, out=g.weight)
    if g.line is not None:
        torch.bmm(column.transpose(1, 2), v, out=g.line)
    if g.bias is not None:
        torch.sum(v, 1, keepdim=True, out=g.bias)
    if not g.wants_x:
        return None
    inside = (z > m.low) & (z < m.high)
    through_bins = (torch.bmm(v, m.weight.transpose(1, 2)) * m.slope * inside).sum(2) * m.gain
    return (through_bins + (v * m.line).sum(2)).t()


@rule(Periodic, parameters=("frequency", "phase", "weight", "bias"))
def periodic(m, x):  # x (n, f) → y (n, f·w)
    """y = [x, cos(2π w x + b) W + c] for each feature"""
    column = x.t()[:, :, None]
    angle = torch.addcmul(m.phase, column, m.frequency, value=2 * math.pi)
    waves = torch.cos(angle)
    y = torch.cat((column, torch.baddbmm(m.bias, waves, m.weight)), dim=2)
    return y.transpose(0, 1).flatten(1), (column, angle, waves)


@periodic.backward
def _(m, saved, v, g):  # angle and waves (f, n, k), v (n, f·w)
    """with d = −(v Wᵀ) sin: ∂L/∂w = 2π Σ d x; ∂L/∂b = Σ d; ∂L/∂W = cosᵀ v; ∂L/∂c = Σ v; ∂L/∂x = v₀ + 2π Σ d w"""
    column, angle, waves = saved
    v = v.reshape(len(v), -1, m.width).transpose(0, 1)
    straight, v = v[:, :, :1], v[:, :, 1:]
    d = torch.bmm(v, m.weight.transpose(1, 2)) * torch.sin(angle).neg_()
    if g.weight is not None:
        torch.bmm(waves.transpose(1, 2), v, out=g.weight)
    if g.bias is not None:
        torch.sum(v, 1, keepdim=True, out=g.bias)
    if g.phase is not None:
        torch.sum(d, 1, keepdim=True, out=g.phase)
    if g.frequency is not None:
        g.frequency.copy_((2 * math.pi) * torch.bmm(column.transpose(1, 2), d))
    if not g.wants_x:
        return None
    return (straight.squeeze(2) + 2 * math.pi * (d * m.frequency).sum(2)).t()


@rule(SplineTables, parameters=("weight",))
def spline_tables(m, x):  # x (n, f) → y (n, f·t·w)
    """y = γ ((1 − s) W[k] + s W[k + 1]), k the knot below x and s the share of the way to the next"""
    row, share = m.locate(x)
    share = share[..., None].to(m.weight)
    below, above = F.embedding(row, m.weight), F.embedding(row + 1, m.weight)
    return torch.lerp(below, above, share).mul_(m.gain).flatten(1), (x, row, share, above - below)


@spline_tables.backward
def _(m, saved, v, g):  # v (n, f·t·w)
    """∂L/∂W[k] = γ Σ (1 − s) v; ∂L/∂W[k + 1] = γ Σ s v; ∂L/∂x = γ Σ knots (W[k + 1] − W[k]) v within [0, 1]"""
    x, row, share, rise = saved
    v = v.reshape(rise.shape) * m.gain
    if g.weight is not None:
        upper = v * share
        g.weight.zero_().index_add_(0, row.reshape(-1), (v - upper).reshape(-1, m.width))
        g.weight.index_add_(0, (row + 1).reshape(-1), upper.reshape(-1, m.width))
    if not g.wants_x:
        return None
    return ((rise * v).sum(3) * m.knots).sum(2) * ((x >= 0) & (x <= 1))


@rule(Scale, parameters=("weight",))
def scale(m, x):  # x (n, f) → y (n, f)
    """y = x · s"""
    return x * m.weight, x


@scale.backward
def _(m, x, v, g):
    """∂L/∂x = v · s; ∂L/∂s = Σ v x"""
    if g.weight is not None:
        torch.sum(v * x, 0, out=g.weight)
    return v * m.weight


@rule(Normalise)
def normalise(m, x):  # x (n, c, h, w), uint8 or float
    """y = (x − mean)/std, channel by channel"""
    return m(x), None


@normalise.backward
def _(m, _saved, v, g):
    """v / std"""
    return v * m.factor if g.wants_x else None
