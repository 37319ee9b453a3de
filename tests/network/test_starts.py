"""Starts that need rows, and starts from another network."""

import pytest
import torch
from torch import nn

from backlight import BacklightError
from backlight.network import build, initialise, start_from_rows, take_parameters
from backlight.network.initial import output_bias_, summary, unit_variance_
from backlight.records import ArrayInputs

INPUTS = ArrayInputs((20,))


def rows(n=400):
    return 3 * torch.randn(n, 20, generator=torch.Generator().manual_seed(0)) + 1


@pytest.mark.parametrize("network", ["64 relu, 64 tanh, 64 gelu", "64 relu, residual(64 relu, 64), 32 relu"])
def test_lsuv_gives_unit_variance_behind_every_hidden_layer(network):
    module = build(network, INPUTS, 3, init="lsuv")
    start_from_rows(module, "lsuv", rows())
    seen = {}
    for name, layer in module.named_modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(lambda _, __, y, name=name: seen.__setitem__(name, float(y.detach().var())))
    with torch.no_grad():
        module(rows())
    assert seen.pop("output") < 1
    assert all(variance == pytest.approx(1, abs=0.03) for variance in seen.values())


def test_lsuv_leaves_a_layer_that_no_number_passes_as_it_is():
    module = nn.Sequential(nn.Linear(20, 4), nn.ReLU(), nn.Linear(4, 2))
    unit_variance_(module, torch.zeros(10, 20))
    assert all(p.isfinite().all() for p in module.parameters())


def test_the_output_may_begin_with_the_average_answer():
    classes = torch.tensor([0] * 60 + [1] * 30 + [2] * 10)
    module = start_from_rows(
        build("8 relu", INPUTS, 3, init="zeros + output bias"), "zeros + output bias", rows(), classes
    )
    shares = module(rows(5)).softmax(1)
    torch.testing.assert_close(shares, torch.tensor([[0.6, 0.3, 0.1]]).expand(5, 3))
    logit = output_bias_(build("8 relu", INPUTS, 1, init="zeros"), torch.tensor([1] * 80 + [0] * 20))
    assert torch.sigmoid(logit(rows(2))).tolist() == pytest.approx([0.8, 0.8]) or torch.allclose(
        torch.sigmoid(logit(rows(2))), torch.tensor(0.8)
    )
    mean = output_bias_(build("8 relu", INPUTS, 1, init="zeros"), torch.tensor([2.0, 4.0]))
    assert torch.allclose(mean(rows(2)), torch.tensor(3.0))


def test_only_the_output_bias_may_stand_behind_a_plus():
    with pytest.raises(BacklightError, match="'output bias' can"):
        initialise(nn.Linear(2, 2), "he + luck", seed=0)


def test_what_fits_is_taken_layer_by_layer_and_another_head_is_replaced():
    there = build("32 relu, norm, 16 relu", INPUTS, 10, seed=1)
    here = build("32 relu, norm, 16 relu, 8 relu", INPUTS, 3, seed=2)
    before = here.linear3.weight.clone()
    with torch.no_grad():
        there.norm1.running_mean.fill_(7)
    taken = take_parameters(here, there.state_dict(), source="there")
    assert {one.layer: one.what for one in taken} == {
        "linear1": "taken",
        "norm1": "taken",
        "linear2": "taken",
        "linear3": "missing",
        "output": "other shape",
    }
    assert torch.equal(here.linear2.weight, there.linear2.weight)
    assert here.norm1.running_mean.eq(7).all()
    assert torch.equal(here.linear3.weight, before)
    said = summary(taken, "there")
    assert "3 of 5 layers taken (linear1, norm1, linear2)" in said and "linear3: missing" in said


def test_a_head_of_other_classes_keeps_its_own_start():
    there, here = build("16 relu", INPUTS, 10, seed=1), build("16 relu", INPUTS, 3, seed=2)
    before = here.output.weight.clone()
    last = take_parameters(here, there.state_dict(), source="there")[-1]
    assert str(last) == "output: replaced (10 outputs there, 3 here)"
    assert torch.equal(here.output.weight, before)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "member1."])
def test_names_that_a_wrapper_lengthened_are_understood(prefix):
    there, here = build("16 relu", INPUTS, 3, seed=1), build("16 relu", INPUTS, 3, seed=2)
    state = {f"{prefix}{name}": tensor for name, tensor in there.state_dict().items()}
    assert all(one.what == "taken" for one in take_parameters(here, state, source="there"))
    assert torch.equal(here.output.weight, there.output.weight)


def test_nothing_that_fits_is_one_sentence():
    here = build("16 relu", INPUTS, 3)
    with pytest.raises(BacklightError, match=r"Nothing in there fits this network"):
        take_parameters(here, {"a.weight": torch.zeros(2, 2)}, source="there")
