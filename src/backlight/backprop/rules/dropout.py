"""Dropout: in train mode a random share p of the values is dropped and the rest divided by 1 − p: the mean stays.

Srivastava et al. 2014, JMLR 15. The mask is drawn as PyTorch draws it, so the same seed drops the same units.
"""

import math

import torch
from torch import nn

from ..table import rule

aten = torch.ops.aten


@rule(nn.Dropout, random=True)
def dropout(m, x):
    """y = x · mask/(1 − p) in train mode, y = x in eval mode"""
    if not m.training or m.p == 0:
        return x, None
    if x.is_cuda and m.p < 1:  # PyTorch draws with its fused kernel there
        return aten.native_dropout.default(x, m.p, True)
    mask = _mask(m, x, x.shape)
    return x * mask, mask


@rule(nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, random=True)
def channel_dropout(m, x):  # x (n, c, …)
    """The same mask for all places of a channel (Tompson et al. 2015, arXiv:1411.4280)"""
    if not m.training or m.p == 0:
        return x, None
    mask = _mask(m, x, _by_channel(m, x.shape))
    return x * mask, mask


ALPHA = 1.7580993408473766
"""λα of SELU: the value that a dropped unit takes, with a minus (Klambauer et al. 2017, arXiv:1706.02515)."""


@rule(nn.AlphaDropout, nn.FeatureAlphaDropout, random=True)
def alpha_dropout(m, x):  # x (n, c, …)
    """y = a (x · mask − λα (1 − mask)) + λα a p, with a that keeps mean 0 and variance 1; one mask a unit or channel"""
    if not m.training or m.p == 0:
        return x, None
    shape = x.shape if type(m) is nn.AlphaDropout else (*x.shape[:2], *[1] * (x.dim() - 2))
    if m.p == 1:
        mask = x.new_zeros(shape)
        return x * mask, mask
    kept = torch.empty(shape, dtype=x.dtype, device=x.device).bernoulli_(1 - m.p)
    a = 1 / math.sqrt((ALPHA**2 * m.p + 1) * (1 - m.p))
    shift = kept.sub(1).mul_(ALPHA * a).add_(ALPHA * a * m.p)
    mask = kept.mul_(a)
    return x * mask + shift, mask


@dropout.backward
@channel_dropout.backward
@alpha_dropout.backward
def _(m, mask, v, g):
    """v · mask/(1 − p)"""
    if mask is None:
        return v
    if mask.dtype == torch.bool:
        return aten.native_dropout_backward.default(v, mask, 1 / (1 - m.p))
    return v * mask


@dropout.for_copies(free=("p",))
def dropout_of_copies(m, x):  # x (copies, n, …)
    """A mask for each copy, from its own random numbers"""
    return _drop(m, x, x.shape)


@channel_dropout.for_copies(free=("p",))
def channel_dropout_of_copies(m, x):  # x (copies, n, c, …)
    return _drop(m, x, (len(x), *_by_channel(m.modules[0], x.shape[1:])))


@dropout_of_copies.backward
@channel_dropout_of_copies.backward
def _(m, mask, v, g):
    """v · mask/(1 − p)"""
    return v if mask is None else v * mask


def _drop(m, x, shape):
    if not m.training:
        return x, None
    masks = torch.ones(shape, dtype=x.dtype, device=x.device)
    for mask, p, generator in zip(masks, m.each("p"), m.generators, strict=True):
        if p == 1:
            mask.zero_()
        elif p > 0:
            mask.bernoulli_(1 - p, generator=generator).div_(1 - p)
    return x * masks, masks


def _by_channel(m, shape):
    """One number a channel; PyTorch takes some numbers of axes for one example without a batch axis, (c, …)."""
    single = (type(m) is nn.Dropout1d and len(shape) == 2) or (type(m) is nn.Dropout3d and len(shape) != 5)
    kept = 1 if single else 2
    return (*shape[:kept], *[1] * (len(shape) - kept))


def _mask(m, x, shape):
    if m.p == 1:
        return x.new_zeros(shape)
    return torch.empty(shape, dtype=x.dtype, device=x.device).bernoulli_(1 - m.p).div_(1 - m.p)
