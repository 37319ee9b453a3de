"""Backlight's own layers compute what their docstrings say."""

import pytest
import torch
from torch import nn

from backlight import BacklightError
from backlight.network import (
    Concat,
    Embeddings,
    Normalise,
    OneHot,
    Periodic,
    PiecewiseLinear,
    Residual,
    Scale,
    Select,
    Whiten,
    build,
    whiten_,
)

from .inputs import NUMBERS, images

X = torch.randn(5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def _repeatable() -> None:
    torch.manual_seed(0)


def test_residual_adds_and_concat_joins():
    body, shortcut = nn.Linear(4, 3).double(), nn.Linear(4, 3, bias=False).double()
    assert torch.equal(Residual(nn.Tanh())(X), X + X.tanh())
    assert torch.equal(Residual(body, shortcut)(X), shortcut(X) + body(X))
    assert torch.equal(Concat(nn.Tanh(), wide=body)(X), torch.cat([X.tanh(), body(X)], 1))
    assert [name for name, _ in Concat(body, wide=body).named_children()] == ["branch1"]  # one module, one name


@pytest.mark.parametrize("columns", [(1, 2), (3, 0), (2,)])
def test_select_takes_columns(columns: tuple[int, ...]):
    assert torch.equal(Select(columns)(X), X[:, list(columns)])


def test_one_hot_of_code_0_is_zero():
    codes = torch.tensor([[0.0, 3.0], [2.0, 0.0]])
    assert OneHot((3, 4))(codes).tolist() == [[0, 0, 0, 0, 1], [0, 1, 0, 0, 0]]


def test_embeddings_look_up_each_feature_in_its_own_rows():
    layer = Embeddings((3, 4), 2)
    y = layer(torch.tensor([[0.0, 3.0], [2.0, 1.0]]))
    assert torch.equal(y[0], torch.cat([torch.zeros(2), layer.weight[6]]))
    assert torch.equal(y[1], torch.cat([layer.weight[2], layer.weight[4]]))


def test_piecewise_linear_encoding_by_the_formula():
    layer = PiecewiseLinear([(0.0, 1.0, 3.0), (0.0, 2.0), ()], 5)
    z = layer.encode(torch.tensor([[-1.0, 5.0, 9.0], [0.5, 1.0, 9.0], [2.0, -2.0, 9.0], [7.0, 0.0, 9.0]]))
    assert z[0].tolist() == [[-1, 0], [0.5, 0], [1, 0.5], [1, 3]]
    assert z[1].tolist() == [[2.5, 0], [0.5, 0], [-1, 0], [0, 0]]
    assert not z[2].any()


def test_piecewise_linear_starts_as_straight_lines_and_then_bends():
    layer = PiecewiseLinear([(-1.0, 0.0, 1.0)] * 4, 3).double()
    line = (X[:, :, None] * layer.line.squeeze(1) + layer.bias.squeeze(1)).flatten(1)
    torch.testing.assert_close(layer(X), line)
    with torch.no_grad():
        layer.weight.normal_()
    bent = line + layer.gain * torch.einsum("fnb,fbw->nfw", layer.encode(X), layer.weight).flatten(1)
    torch.testing.assert_close(layer(X), bent)


def test_piecewise_linear_refuses_edges_that_do_not_ascend():
    with pytest.raises(BacklightError, match="ascend"):
        PiecewiseLinear([(0.0, 1.0, 1.0)], 2)


def test_periodic_by_the_formula():
    layer = Periodic(4, width=3, frequencies=6, sigma=0.5).double()
    waves = torch.cos(2 * torch.pi * X[:, :, None] * layer.frequency.squeeze(1) + layer.phase.squeeze(1))
    mixed = torch.einsum("nfk,fkw->nfw", waves, layer.weight) + layer.bias.squeeze(1)
    torch.testing.assert_close(layer(X), torch.cat([X[:, :, None], mixed], 2).flatten(1))


def test_scale_starts_as_identity():
    assert torch.equal(Scale(4).double()(X), X)


def test_normalise_takes_bytes():
    x = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    y = Normalise((1.0, 2.0, 3.0), (2.0, 4.0, 0.0))(x)
    torch.testing.assert_close(y[:, 1], (x[:, 1].float() - 2) / 4)
    torch.testing.assert_close(y[:, 2], x[:, 2].float() - 3)  # a constant channel is not divided by 0


@pytest.mark.parametrize("side", [2, 3])
def test_whiten_leaves_patches_uncorrelated_with_mean_square_1(side: int):
    noise = torch.randn(400, 3, 12, 10, generator=torch.Generator().manual_seed(1)).cumsum(3)
    pixels = (noise - noise.min()).div(noise.max() - noise.min()).mul(255).byte()
    network = build(f"whiten {side}, relu, global pool", images(3, 12, 10), 2)
    assert whiten_(network, pixels) is network
    y = network[:2](pixels)[:, : 3 * side**2].transpose(0, 1).flatten(1).double()
    second_moments = y @ y.t() / y.shape[1]
    off = second_moments - torch.diag(second_moments.diag())
    assert off.abs().max() < 1e-4
    assert (second_moments.diag()[:5] - 1).abs().max() < 0.05
    assert not network.whiten1.weight.requires_grad


def test_whiten_before_it_is_set_hands_on_the_pixels():
    x = torch.randn(2, 3, 5, 5)
    y = Whiten(3)(x)
    assert torch.equal(y[:, 0], x[:, 0, :-1, :-1])
    assert torch.equal(y[:, 12], -y[:, 0])


def test_whiten_needs_its_place():
    pixels = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
    with pytest.raises(BacklightError, match="at the start"):
        whiten_(build("residual(whiten, conv 3 2x2 padding 1)", images(3, 8, 8), 1), pixels)
    network = build("8 relu", NUMBERS, 1)
    assert whiten_(network, torch.zeros(2, 7)) is network
