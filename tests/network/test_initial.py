"""Schemes give the spread they promise, repeat with their seed, and leave the rest of the world alone."""

import math

import pytest
import torch
from torch import nn

from backlight import BacklightError
from backlight.network import build, describe_start, initialise, schemes
from backlight.records import ArrayInputs

WIDE = ArrayInputs((400,))


LIKE_RELU = ["relu", "leaky relu 0.2", "relu6", "prelu", "gelu", "silu", "mish", "hard swish"]


@pytest.mark.parametrize("activation", [*LIKE_RELU, "elu", "celu", "selu", "softplus", "tanh"])
def test_auto_keeps_the_mean_square_of_x_over_ten_layers(activation: str):
    network = build(f"repeat 10 (400 {activation})", WIDE, 3)
    x = torch.randn(200, 400, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        behind = network[:-1](x).square().mean().item()
    assert 0.2 < behind < 2.5


@pytest.mark.parametrize(
    ("scheme", "std"),
    [
        ("auto", math.sqrt(2 / 400)),
        ("he", math.sqrt(2 / 400)),
        ("lecun", math.sqrt(1 / 400)),
        ("glorot", math.sqrt(2 / 700)),
        ("orthogonal", math.sqrt(2 / 400)),
        ("normal", 0.1),
        ("normal 0.05", 0.05),
        ("uniform", 0.1 / math.sqrt(3)),
        ("uniform 0.3", 0.3 / math.sqrt(3)),
        ("constant 2", 0.0),
        ("zeros", 0.0),
        ("torch", 1 / math.sqrt(3 * 400)),
    ],
)
def test_the_spread_of_each_scheme(scheme: str, std: float):
    layer = build("300 relu", WIDE, 2, init=scheme).linear1
    assert layer.weight.std().item() == pytest.approx(std, rel=0.03, abs=1e-7)
    assert scheme == "torch" or not layer.bias.any()


def test_every_scheme_initialises_every_kind_of_network():
    for scheme in schemes():
        initialise(build("conv 4, norm, relu, residual(conv 4, norm), 3 tanh", ArrayInputs((1, 9)), 2), scheme, seed=1)


def test_the_torch_scheme_is_pytorchs_own():
    torch.manual_seed(11)
    plain = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    drawn = initialise(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2)), "torch", seed=11)
    assert all(torch.equal(a, b) for a, b in zip(plain.parameters(), drawn.parameters(), strict=True))


def test_first_predictions_are_near_zero():
    network = build("400 relu, 400 relu", WIDE, 10)
    x = torch.randn(100, 400, generator=torch.Generator().manual_seed(0))
    assert network(x).abs().mean() < 0.2


def test_a_gain_takes_the_place_of_the_activations():
    network = initialise(build("300 relu", WIDE, 2), "he", seed=0, gain=0.5)
    assert network.linear1.weight.std().item() == pytest.approx(0.5 / 20, rel=0.03)


def test_residual_sums_keep_their_scale():
    x = torch.randn(200, 400, generator=torch.Generator().manual_seed(0))
    for body in ("400 relu, 400", "400, norm"):
        network = build(f"repeat 8 (residual({body}))", WIDE, 2).eval()
        assert network[:-1](x).square().mean() < 4
    assert network.residual1.body.norm1.weight[0].item() == pytest.approx(8**-0.5)


def test_all_parameters_are_drawn_anew_from_the_seed():
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(4, 3)
            self.attention = nn.MultiheadAttention(4, 2)
            self.norm = nn.BatchNorm1d(4)
            self.top = nn.Linear(4, 1)

    a, b = (initialise(Block(), "auto", seed=4) for _ in range(2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))


def test_frozen_layers_stay():
    layer = nn.Linear(3, 3)
    layer.weight.requires_grad_(False)
    kept = layer.weight.clone()
    initialise(nn.Sequential(layer, nn.ReLU(), nn.Linear(3, 1)), "zeros", seed=0)
    assert torch.equal(layer.weight, kept)


def test_the_global_random_state_is_left_alone():
    network = build("8 relu, norm", WIDE, 2)
    before = torch.get_rng_state()
    for scheme in schemes():
        initialise(network, scheme, seed=9)
        describe_start(network, scheme)
    assert torch.equal(before, torch.get_rng_state())


def test_what_each_layer_gets_is_told():
    network = build("100 norm, relu, dropout 0.1, 50 tanh, residual(selu, 50), residual(norm, gelu, 50)", WIDE, 2)
    kept = network.linear1.weight.clone()
    told = {start.layer: start for start in describe_start(network)}
    assert torch.equal(kept, network.linear1.weight)
    assert told["linear1"].follows == "ReLU"
    assert told["linear1"].start == "normal, std 0.0707"
    assert told["linear2"].start.startswith("uniform within")
    assert told["residual1.body.linear1"].follows == ""
    assert "divided by √2" in told["residual2.body.linear1"].start
    assert told["output"].start == "normal, std 0.0141"


@pytest.mark.parametrize(
    ("scheme", "said"),
    [
        ("hee", "unknown initialisation 'hee'; known are auto"),
        ("he 3", "takes no number"),
        ("normal x", "a number such as"),
        ("normal 1 2", "takes one number"),
        ("normal nan", "takes one number"),
        ("", "unknown initialisation"),
    ],
)
def test_wrong_schemes_are_named(scheme: str, said: str):
    with pytest.raises(BacklightError, match=said):
        initialise(nn.Linear(2, 2), scheme, seed=0)
