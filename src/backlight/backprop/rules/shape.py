"""Layers that only move values to another shape."""

from torch import nn

from ..table import is_no_batch_axis, rule


@rule(nn.Identity)
def identity(m, x):
    """y = x"""
    return x, None


@identity.backward
def _(m, _saved, v, g):
    return v


def _keeps_examples(m):
    return is_no_batch_axis(m.start_dim if type(m) is nn.Flatten else m.dim)


@rule(nn.Flatten, nn.Unflatten, alone=_keeps_examples)
def reshape(m, x):
    """The same values in another shape"""
    return m(x), x.shape


@reshape.backward
def _(m, shape, v, g):
    return v.reshape(shape)
