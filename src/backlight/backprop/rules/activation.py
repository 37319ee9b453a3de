"""Activations: y = φ(x) element by element, ∂L/∂x = v φ′(x); and the two over an axis (softmax, log-softmax)."""

import torch
from torch import nn

from ..table import is_no_batch_axis, rule

aten = torch.ops.aten


@rule(nn.ReLU)
def relu(m, x):
    """y = max(x, 0)"""
    y = torch.clamp_min(x, 0)  # what torch.relu calls, and faster when a recorded step replays it
    return y, y


@relu.backward
def _(m, y, v, g):
    """v where y > 0, else 0"""
    return aten.threshold_backward.default(v, y, 0)


@rule(nn.LeakyReLU)
def leaky_relu(m, x):
    """y = x where x > 0, else a x"""
    return aten.leaky_relu.default(x, m.negative_slope), x


@leaky_relu.backward
def _(m, x, v, g):
    """v where x > 0, else a v"""
    return aten.leaky_relu_backward.default(v, x, m.negative_slope, False)


@rule(nn.PReLU, parameters=("weight",))
def prelu(m, x):
    """y = x where x > 0, else a x with a learned slope a, one or one a channel"""
    return torch.nn.functional.prelu(x, m.weight), x


@prelu.backward
def _(m, x, v, g):
    """∂L/∂x = v where x > 0, else a v; ∂L/∂a = Σ v min(x, 0)"""
    slope = m.weight if m.num_parameters == 1 else m.weight.view(-1, *[1] * (x.dim() - 2))
    if g.weight is not None:
        below = v * x.clamp_max(0)
        axes = range(x.dim()) if m.num_parameters == 1 else [d for d in range(x.dim()) if d != 1]
        g.weight.copy_(below.sum(tuple(axes)).view_as(m.weight))
    return torch.where(x > 0, v, slope * v)


@rule(nn.ReLU6)
def relu6(m, x):
    """y = min(max(x, 0), 6)"""
    return torch.clamp(x, 0, 6), x


@relu6.backward
def _(m, x, v, g):
    """v where 0 < x < 6, else 0"""
    return aten.hardtanh_backward.default(v, x, 0, 6)


@rule(nn.ELU)
def elu(m, x):
    """y = x where x > 0, else α (eˣ − 1)"""
    return aten.elu.default(x, m.alpha), x


@elu.backward
def _(m, x, v, g):
    """v where x > 0, else v α eˣ"""
    return aten.elu_backward.default(v, m.alpha, 1, 1, False, x)


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805
"""Klambauer et al. 2017, arXiv:1706.02515."""


@rule(nn.SELU)
def selu(m, x):
    """y = λ x where x > 0, else λ α (eˣ − 1)"""
    return torch.selu(x), x


@selu.backward
def _(m, x, v, g):
    """λ v where x > 0, else λ α v eˣ"""
    return aten.elu_backward.default(v, SELU_ALPHA, SELU_SCALE, 1, False, x)


@rule(nn.GELU)
def gelu(m, x):
    """y = x Φ(x), or its tanh approximation (Hendrycks, Gimpel 2016, arXiv:1606.08415)"""
    return aten.gelu.default(x, approximate=m.approximate), x


@gelu.backward
def _(m, x, v, g):
    """v (Φ(x) + x φ(x))"""
    return aten.gelu_backward.default(v, x, approximate=m.approximate)


@rule(nn.SiLU)
def silu(m, x):
    """y = x σ(x)"""
    return aten.silu.default(x), x


@silu.backward
def _(m, x, v, g):
    """v σ(x) (1 + x (1 − σ(x)))"""
    return aten.silu_backward.default(v, x)


@rule(nn.Mish)
def mish(m, x):
    """y = x tanh(softplus(x))"""
    return aten.mish.default(x), x


@mish.backward
def _(m, x, v, g):
    return aten.mish_backward.default(v, x)


@rule(nn.Tanh)
def tanh(m, x):
    """y = tanh x"""
    y = torch.tanh(x)
    return y, y


@tanh.backward
def _(m, y, v, g):
    """v (1 − y²)"""
    return aten.tanh_backward.default(v, y)


@rule(nn.Sigmoid)
def sigmoid(m, x):
    """y = 1 / (1 + e⁻ˣ)"""
    y = torch.sigmoid(x)
    return y, y


@sigmoid.backward
def _(m, y, v, g):
    """v y (1 − y)"""
    return aten.sigmoid_backward.default(v, y)


@rule(nn.Softplus)
def softplus(m, x):
    """y = log(1 + e^{βx}) / β, linear above the threshold"""
    return aten.softplus.default(x, m.beta, m.threshold), x


@softplus.backward
def _(m, x, v, g):
    """v σ(βx)"""
    return aten.softplus_backward.default(v, x, m.beta, m.threshold)


@rule(nn.Hardswish)
def hardswish(m, x):
    """y = x min(max(x + 3, 0), 6) / 6"""
    return aten.hardswish.default(x), x


@hardswish.backward
def _(m, x, v, g):
    return aten.hardswish_backward.default(v, x)


@rule(nn.Hardsigmoid)
def hardsigmoid(m, x):
    """y = min(max(x + 3, 0), 6) / 6"""
    return aten.hardsigmoid.default(x), x


@hardsigmoid.backward
def _(m, x, v, g):
    return aten.hardsigmoid_backward.default(v, x)


@rule(nn.Hardtanh)
def hardtanh(m, x):
    """y = min(max(x, a), b)"""
    return torch.clamp(x, m.min_val, m.max_val), x


@hardtanh.backward
def _(m, x, v, g):
    """v where a < x < b, else 0"""
    return aten.hardtanh_backward.default(v, x, m.min_val, m.max_val)


@rule(nn.Softmax, single=True, alone=lambda m: is_no_batch_axis(m.dim))
def softmax(m, x):
    """yₖ = e^{xₖ} / Σ e^{xⱼ} over the axis `dim`"""
    y = torch.softmax(x, m.dim)
    return y, y


@softmax.backward
def _(m, y, v, g):
    """y (v − Σ v y)"""
    return aten._softmax_backward_data.default(v.contiguous(), y, m.dim, y.dtype)


@rule(nn.LogSoftmax, single=True, alone=lambda m: is_no_batch_axis(m.dim))
def log_softmax(m, x):
    """yₖ = xₖ − log Σ e^{xⱼ} over the axis `dim`"""
    y = torch.log_softmax(x, m.dim)
    return y, y


@log_softmax.backward
def _(m, y, v, g):
    """v − eʸ Σ v"""
    return aten._log_softmax_backward_data.default(v.contiguous(), y, m.dim, y.dtype)


@softmax.when
def _softmax_axis(m):
    return m.dim is not None


@log_softmax.when
def _log_softmax_axis(m):
    return m.dim is not None
