"""Rules over drawn shapes, strides, padding, groups and types, against autograd."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backlight.backprop import Plan

EXACT = {torch.float64: 1e-9, torch.float32: 2e-4, torch.bfloat16: 0.1}
"""Largest difference over the largest number, by type: rounding of sums of a few hundred terms."""

LEAST = 1e-3
"""Numbers below it, of inputs and v(n) around 1, are what a cancellation left: their own size is no measure of rounding
(three numbers under RMSNorm with v nearly along x leave 5e-8)."""

ACTIVATIONS = [
    nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid, nn.Softplus,
    nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.ReLU6,
]  # fmt: skip

sides = st.integers(3, 7)
few = st.integers(1, 3)


def assert_like_autograd(module, x, dtype):
    """y, ∂L/∂x, gradients and buffers in train mode with the same random draw."""
    module, x = module.to(dtype).train(), x.to(dtype)
    twin = copy.deepcopy(module)
    torch.manual_seed(1)
    plan = Plan(module)
    y = plan.forward(x)
    v = torch.randn(y.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64).to(dtype)
    v_in = plan.backward(v)
    leaf = x.clone().requires_grad_()
    torch.manual_seed(1)
    expected = twin(leaf * 1)
    expected.backward(v)
    pairs = [(y, expected), (v_in, leaf.grad)]
    pairs += [(p.grad, q.grad) for p, q in zip(module.parameters(), twin.parameters(), strict=True)]
    pairs += list(zip(module.buffers(), twin.buffers(), strict=True))
    for mine, theirs in pairs:
        scale = max(float(theirs.detach().double().abs().max()), LEAST)
        torch.testing.assert_close(mine.double() / scale, theirs.detach().double() / scale, rtol=0, atol=EXACT[dtype])


def drawn(data, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(data.draw(st.integers(0, 99))))


types = st.sampled_from(list(EXACT))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@settings(max_examples=80, deadline=None)
@given(data=st.data(), dtype=st.sampled_from([torch.float64, torch.float32]), axes=few, transposed=st.booleans())
def test_convolutions(data, dtype, axes, transposed):
    groups, dilation, stride = data.draw(few), data.draw(st.integers(1, 2)), data.draw(few)
    channels = [groups * data.draw(st.integers(1, 2)) for _ in range(2)]
    kernel = tuple(data.draw(few) for _ in range(axes))
    kind = getattr(nn, f"Conv{'Transpose' if transposed else ''}{axes}d")
    padding = data.draw(st.integers(0, 1)) if transposed else data.draw(st.sampled_from([0, 1, "same", "valid"]))
    if padding == "same":
        stride = 1
    more = {"output_padding": data.draw(st.integers(0, max(stride, dilation) - 1))} if transposed else {}
    common = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    module = kind(*channels, kernel, bias=data.draw(st.booleans()), **common, **more)
    shape = [data.draw(st.integers(5, 6)) for _ in range(axes)]
    assert_like_autograd(module, drawn(data, data.draw(few), channels[0], *shape), dtype)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), dtype=types)
def test_linear_over_any_leading_axes(data, dtype):
    wide, out = data.draw(sides), data.draw(sides)
    shape = [data.draw(few) for _ in range(data.draw(few))]
    assert_like_autograd(nn.Linear(wide, out, bias=data.draw(st.booleans())), drawn(data, *shape, wide), dtype)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), dtype=types, kind=st.sampled_from(ACTIVATIONS))
def test_activations(data, dtype, kind):
    assert_like_autograd(kind(), drawn(data, *[data.draw(sides) for _ in range(data.draw(st.integers(2, 4)))]), dtype)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), dtype=st.sampled_from([torch.float64, torch.float32]), name=st.sampled_from("blgr"))
def test_normalisations(data, dtype, name):
    groups = data.draw(few)
    channels, places = groups * data.draw(st.integers(2, 3)), data.draw(sides)
    affine = data.draw(st.booleans())
    module = {
        "b": nn.BatchNorm1d(channels, affine=affine, track_running_stats=data.draw(st.booleans())),
        "l": nn.LayerNorm(places, elementwise_affine=affine),
        "g": nn.GroupNorm(groups, channels, affine=affine),
        "r": nn.RMSNorm(places, elementwise_affine=affine),
    }[name]
    assert_like_autograd(module, drawn(data, data.draw(st.integers(2, 4)), channels, places), dtype)


@settings(max_examples=80, deadline=None)
@given(data=st.data(), dtype=st.sampled_from([torch.float64, torch.float32]), axes=st.integers(1, 2))
def test_pooling(data, dtype, axes):
    kernel = data.draw(st.integers(1, 3))
    window = {
        "stride": data.draw(few),
        "padding": data.draw(st.integers(0, kernel // 2)),
        "ceil_mode": data.draw(st.booleans()),
    }
    kind = data.draw(st.sampled_from(["MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool"]))
    settings_ = (data.draw(few),) if kind.startswith("Adaptive") else (kernel,)
    module = getattr(nn, f"{kind}{axes}d")(*settings_, **({} if kind.startswith("Adaptive") else window))
    x = drawn(data, data.draw(few), data.draw(few), *[data.draw(sides) for _ in range(axes)])
    assert_like_autograd(module, x, dtype)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), kind=st.sampled_from([nn.Dropout, nn.Dropout1d, nn.AlphaDropout, nn.FeatureAlphaDropout]))
def test_dropout_draws_what_pytorch_draws(data, kind):
    assert_like_autograd(
        kind(data.draw(st.floats(0, 1))), drawn(data, *[data.draw(sides) for _ in range(3)]), torch.float64
    )
