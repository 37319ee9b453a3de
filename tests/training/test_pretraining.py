"""Denoising autoencoders layer by layer: they learn the inputs, and nothing of the target."""

import pytest
import torch
from torch import nn

from backlight import BacklightError
from backlight.network import build
from backlight.records import ArrayInputs
from backlight.training.pretraining import pretrain


def rows(n=800):
    """Twelve columns that three hidden numbers explain."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(n, 3, generator=generator)
    return hidden @ torch.randn(3, 12, generator=generator) + 0.1 * torch.randn(n, 12, generator=generator)


def left_of_the_variance(encoder, x):
    """Share of the variance of x that the best linear decoder of the code leaves; directions of the code below a
    thousandth of its largest count as none, since what they say drowns in rounding."""
    with torch.no_grad():
        code = encoder(x).double()
    code, x = code - code.mean(0), x.double() - x.double().mean(0)
    rebuilt = code @ torch.linalg.lstsq(code, x, rcond=1e-3, driver="gelsd").solution
    return float((x - rebuilt).square().mean() / x.var(0).mean())


def test_the_hidden_layers_learn_to_keep_what_the_inputs_say():
    x = rows()
    module = build("6 relu, 8 tanh", ArrayInputs((12,)), 2, seed=3)
    before, head = left_of_the_variance(module[:2], x), module.output.weight.clone()
    state = torch.get_rng_state()
    told = []
    pretrain(module, x, epochs=60, seed=0, device="cpu", tell=told.append)
    assert left_of_the_variance(module[:2], x) < 0.5 * before
    assert torch.equal(module.output.weight, head)
    assert torch.equal(torch.get_rng_state(), state)
    assert [line.split(":")[0] for line in told] == ["Pretraining linear1", "Pretraining linear2"]
    assert module(x).shape == (800, 2) and all(p.requires_grad for p in module.parameters())


def test_behind_many_layers_the_inputs_can_still_be_told():
    """Where each layer rebuilds what the one below gives, and nothing else, 0.29 is left."""
    x = rows()
    module = build(", ".join(["12 relu"] * 20), ArrayInputs((12,)), 2, seed=3)
    assert left_of_the_variance(module[:40], x) > 0.6
    pretrain(module, x, epochs=10, seed=0, device="cpu")
    assert left_of_the_variance(module[:40], x) < 0.25


def test_the_same_seed_gives_the_same_start():
    first, second = (
        pretrain(build("4 relu", ArrayInputs((12,)), 2), rows(100), epochs=2, seed=1, device="cpu") for _ in range(2)
    )
    assert torch.equal(first.linear1.weight, second.linear1.weight)


@pytest.mark.parametrize("module", [nn.Sequential(nn.Linear(3, 2)), nn.LSTM(3, 2)])
def test_a_network_without_hidden_linear_layers_is_told(module):
    with pytest.raises(BacklightError, match="leave --pretrain out"):
        pretrain(module, torch.zeros(4, 3), epochs=1, seed=0)
