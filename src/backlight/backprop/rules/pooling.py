"""Pooling: the maximum or the mean of a window of places."""

import torch
from torch import nn
from torch.nn import functional as F

from ..table import rule

aten = torch.ops.aten


@rule(nn.MaxPool2d)
def max_pool2d(m, x):  # x (n, c, h, w) → y (n, c, h′, w′)
    """y = max of each window; backward hands v to the place of the maximum"""
    y, places = aten.max_pool2d_with_indices.default(x, *_window(m))
    return y, (x, places)


@max_pool2d.backward
def _(m, saved, v, g):
    x, places = saved
    return aten.max_pool2d_with_indices_backward.default(v, x, *_window(m), places)


@max_pool2d.when
def _without_places(m):
    return not m.return_indices


def _window(m):
    kernel, stride, padding, dilation = (
        [n, n] if isinstance(n, int) else list(n) for n in (m.kernel_size, m.stride, m.padding, m.dilation)
    )
    return kernel, stride, padding, dilation, m.ceil_mode


@rule(nn.MaxPool1d)
def max_pool1d(m, x):  # x (n, c, t) → y (n, c, t′)
    """y = max of each window"""
    y, places = F.max_pool1d(x, m.kernel_size, m.stride, m.padding, m.dilation, m.ceil_mode, return_indices=True)
    return y, (x, places)


@max_pool1d.when
def _without_places_1d(m):
    return not m.return_indices


@rule(nn.AvgPool2d)
def avg_pool2d(m, x):
    """y = mean of each window; backward spreads v over it"""
    return F.avg_pool2d(x, *_mean_window(m)), x


@avg_pool2d.backward
def _(m, x, v, g):
    kernel, stride, padding, *rest = _mean_window(m)
    kernel, stride, padding = ([n, n] if isinstance(n, int) else list(n) for n in (kernel, stride, padding))
    return aten.avg_pool2d_backward.default(v, x, kernel, stride, padding, *rest)


def _mean_window(m):
    return m.kernel_size, m.stride, m.padding, m.ceil_mode, m.count_include_pad, m.divisor_override


@rule(nn.AvgPool1d)
def avg_pool1d(m, x):  # x (n, c, t), as an image of height 1
    """y = mean of each window"""
    return m(x), x


@avg_pool1d.backward
def _(m, x, v, g):
    kernel, stride, padding = (n[0] if isinstance(n, tuple) else n for n in (m.kernel_size, m.stride, m.padding))
    return aten.avg_pool2d_backward.default(
        v.unsqueeze(-2), x.unsqueeze(-2), [1, kernel], [1, stride], [0, padding], m.ceil_mode, m.count_include_pad, None
    ).squeeze(-2)


@rule(nn.AdaptiveAvgPool2d)
def adaptive_avg_pool2d(m, x):
    """y = mean of each of a fixed number of windows"""
    return m(x), x


@adaptive_avg_pool2d.backward
def _(m, x, v, g):
    if v.shape[-2:] == (1, 1):
        return (v / (x.shape[-1] * x.shape[-2])).expand_as(x)
    return aten._adaptive_avg_pool2d_backward.default(v, x)


@rule(nn.AdaptiveAvgPool1d)
def adaptive_avg_pool1d(m, x):
    """y = mean of each of a fixed number of windows"""
    return m(x), x


@adaptive_avg_pool1d.backward
def _(m, x, v, g):
    if v.shape[-1] == 1:
        return (v / x.shape[-1]).expand_as(x)
    return aten._adaptive_avg_pool2d_backward.default(v.unsqueeze(-2), x.unsqueeze(-2)).squeeze(-2)


@rule(nn.AdaptiveMaxPool2d)
def adaptive_max_pool2d(m, x):
    """y = max of each of a fixed number of windows"""
    y, places = F.adaptive_max_pool2d(x, m.output_size, return_indices=True)
    return y, (x, places)


@adaptive_max_pool2d.backward
def _(m, saved, v, g):
    x, places = saved
    return aten.adaptive_max_pool2d_backward.default(v, x, places)


@rule(nn.AdaptiveMaxPool1d)
def adaptive_max_pool1d(m, x):
    """y = max of each of a fixed number of windows"""
    y, places = F.adaptive_max_pool1d(x, m.output_size, return_indices=True)
    return y, (x, places)


@max_pool1d.backward
@adaptive_max_pool1d.backward
def _(m, saved, v, g):
    x, places = saved
    return torch.zeros_like(x).scatter_add_(-1, places, v)


@adaptive_max_pool2d.when
@adaptive_max_pool1d.when
def _adaptive_without_places(m):
    return not m.return_indices
