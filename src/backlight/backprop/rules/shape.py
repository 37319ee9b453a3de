"""Layers that only move values to another shape."""

from torch import nn

from ..table import rule


@rule(nn.Identity)
def identity(m, x):
    """y = x"""
    return x, None


@identity.backward
def _(m, _saved, v, g):
    return v


@rule(nn.Flatten, nn.Unflatten, alone=lambda m: getattr(m, "start_dim", getattr(m, "dim", 1)) != 0)
def reshape(m, x):
    """The same values in another shape"""
    return m(x), x.shape


@reshape.backward
def _(m, shape, v, g):
    return v.reshape(shape)
