"""Layers updated as soon as their gradients are ready."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from backlight.backprop import Plan
from backlight.network import Residual
from backlight.records import BacklightError
from backlight.records.config import TrainingConfig
from backlight.training import train
from backlight.training.flat import FlatParameters


def network():
    torch.manual_seed(0)
    block = nn.Sequential(nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 12))
    return nn.Sequential(
        nn.Linear(5, 12), nn.LayerNorm(12), nn.Tanh(), Residual(block), nn.Dropout(0.2), nn.Linear(12, 3)
    )


def rows(n=120):
    random = np.random.default_rng(0)
    return random.normal(size=(n, 5)).astype(np.float32), random.integers(0, 3, n)


def settings(**more):
    chosen = {"optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.1, "epochs": 4, "batch_size": 16}
    return TrainingConfig(**{**chosen, **more})


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_updates_by_layer_give_the_same_network(optimizer):
    options = {"optimizer": optimizer, "average": 0.9, "rate_factors": {"0.*": 0.5}}
    whole = train(network(), "cross-entropy", rows(), rows(40), settings(**options))
    by_layer = train(network(), "cross-entropy", rows(), rows(40), settings(layerwise=True, **options))
    assert [row.loss for row in whole.history] == pytest.approx([row.loss for row in by_layer.history], rel=1e-5)
    for mine, theirs in zip(whole.module.parameters(), by_layer.module.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_no_more_than_the_gradient_of_the_largest_layer_is_kept():
    module = network()
    layers = [leaf.parameters.values() for leaf in Plan(module).leaves]
    flat = FlatParameters(module, layers=layers)
    assert flat.gradients.numel() == 12 * 12 + 12
    assert flat.values.numel() == sum(p.numel() for p in module.parameters())


def test_plan_tells_of_each_layer_when_its_gradients_are_ready():
    module, x = network().eval(), torch.randn(7, 5)
    expected = copy.deepcopy(module)
    expected(x).sum().backward()
    wanted = {name: p.grad for name, p in expected.named_parameters()}
    seen = []

    def after(leaf):
        seen.append(leaf.name)
        for name, p in leaf.parameters.items():
            torch.testing.assert_close(p.grad, wanted[f"{leaf.name}.{name}"])

    plan = Plan(module)
    plan.backward(torch.ones_like(plan.forward(x)), accumulate=False, after=after)
    assert seen == ["5", "4", "3.body.2", "3.body.1", "3.body.0", "2", "1", "0"]


@pytest.mark.parametrize("options", [{"clip": 1.0}, {"accumulate": 2}, {"precision": "float16"}])
def test_what_needs_all_gradients_is_refused(options):
    with pytest.raises(BacklightError, match=f"{next(iter(options))}.* needs them all"):
        train(network(), "cross-entropy", rows(), None, settings(layerwise=True, **options))


def test_resumed_by_layer(tmp_path):
    config = settings(layerwise=True)
    whole = train(network(), "cross-entropy", rows(), rows(40), config)
    train(network(), "cross-entropy", rows(), rows(40), settings(layerwise=True, epochs=2), checkpoint=tmp_path)
    again = train(network(), "cross-entropy", rows(), rows(40), config, checkpoint=tmp_path, resume=True)
    assert whole.history[-1].loss == pytest.approx(again.history[-1].loss, rel=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="CUDA graphs need a GPU")
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_captured_step_is_the_step(optimizer):
    data = rows()
    plain, captured = (
        train(network(), "cross-entropy", data, rows(40), settings(optimizer=optimizer, device="cuda", capture=capture))
        for capture in (False, True)
    )
    assert [row.loss for row in plain.history] == pytest.approx([row.loss for row in captured.history], rel=1e-4)
