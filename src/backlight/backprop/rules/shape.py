"""Layers that only move values to another shape."""

import torch
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
    return m(x), (x.shape, x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last))


@reshape.backward
def _(m, saved, v, g):
    """v in the shape of x, and in its order in memory: the layers below would turn far more than v into the other"""
    shape, channels_last = saved
    v = v.reshape(shape)
    return v.contiguous(memory_format=torch.channels_last) if channels_last else v
