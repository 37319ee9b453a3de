"""network.json rebuilds a network that computes the same, and refuses what it cannot."""

import json

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backlight import BacklightError
from backlight.network import build, from_json, to_json
from backlight.network.vocabulary import vocabulary

from .inputs import NUMBERS, TABLE, images
from .test_build import GRID, batch


def rebuilt(network: nn.Module) -> nn.Module:
    """As from a run folder."""
    again = from_json(json.loads(json.dumps(to_json(network))))
    again.load_state_dict(network.state_dict())
    return again


@settings(max_examples=40)
@given(
    inputs=st.sampled_from([NUMBERS, TABLE, images(3, 16, 12)]),
    words=st.lists(st.sampled_from(GRID), min_size=1, max_size=4),
    front=st.sampled_from(["plain", "piecewise 4", "periodic", "whiten"]),
)
def test_the_rebuilt_network_gives_identical_outputs(inputs, words, front):
    try:
        network = build(", ".join([front, *words]), inputs, 3)
    except BacklightError:
        return
    again = rebuilt(network)
    x = batch(inputs)
    assert torch.equal(network.eval()(x), again.eval()(x))
    assert [p.requires_grad for p in network.parameters()] == [p.requires_grad for p in again.parameters()]
    assert str(network) == str(again)


def test_plain_torch_networks_are_stored():
    network = nn.Sequential(
        nn.Conv2d(3, 4, (3, 1), padding="same", bias=False), nn.PReLU(4), nn.Flatten(), nn.LazyLinear(2)
    )
    network(torch.zeros(1, 3, 4, 4))
    network[0].weight.requires_grad_(False)
    again = rebuilt(network)
    assert not again[0].weight.requires_grad
    assert torch.equal(network(torch.ones(2, 3, 4, 4)), again(torch.ones(2, 3, 4, 4)))


class Own(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


shared = nn.Linear(2, 2)


@pytest.mark.parametrize("bounds", [(), (-2.0, 3.0)])
def test_bounds_of_a_hard_tanh_are_kept(bounds: tuple[float, ...]):
    again = from_json(json.loads(json.dumps(to_json(nn.Sequential(nn.Linear(2, 2), nn.Hardtanh(*bounds))))))
    assert (again[1].min_val, again[1].max_val) == (bounds or (-1.0, 1.0))


ACTIVATIONS = [name for name, entry in vocabulary().items() if entry.make.__module__.endswith(".activations")]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_of_the_language_is_held(name: str):
    network = build(f"8 {name}", NUMBERS, 1)
    assert str(from_json(to_json(network))) == str(network)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (nn.Sequential(nn.ReLU(), Own()), "cannot hold Own at '1'"),
        (Own(), "cannot hold Own, which"),
        (nn.LSTM(2, 3), "cannot hold LSTM"),
        (nn.MultiheadAttention(4, 2), "cannot hold MultiheadAttention"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(2, 2)), "cannot hold ParametrizedLinear"),
        (nn.Sequential(shared, nn.ReLU(), shared), "same object as '0'"),
    ],
)
def test_what_json_cannot_hold_is_named(network: nn.Module, said: str):
    with pytest.raises(BacklightError, match=said) as caught:
        to_json(network)
    assert "pass the module itself" in str(caught.value)


@pytest.mark.parametrize(
    "network",
    [
        {},
        [],
        {"format": 2},
        {"format": 1},
        {"format": 1, "network": {"kind": "Module"}},
        {"format": 1, "network": {"kind": "Linear", "in_features": 3}},
        {"format": 1, "network": {"kind": "init"}},
        {"format": 1, "network": {"kind": "Sequential", "layers": {"a": 3}}},
        {"format": 1, "network": {"kind": "Sequential", "layers": {"a": {"kind": "os.system"}}}},
        {"format": 1, "network": {"kind": "ReLU", "frozen": ["weight"]}},
    ],
)
def test_damaged_files_are_refused(network):
    with pytest.raises(BacklightError, match=r"network\.json"):
        from_json(network)


def test_the_global_random_state_is_left_alone():
    stored = to_json(build("8 relu", NUMBERS, 1))
    before = torch.get_rng_state()
    from_json(stored)
    assert torch.equal(before, torch.get_rng_state())
