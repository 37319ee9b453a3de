"""A loss that stands still: where something shows that more could be learned, and where nothing does."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Finding
from backlight.watch import watch

PLATEAU = all_diagnoses()["plateau"]


def signs(run: RunFacts) -> list[str]:
    return [found.message for found in PLATEAU.check(run) if isinstance(found, Finding)]


def watched(x, y, model, optimizer, loss, epochs: int = 30) -> RunFacts:
    with watch(model, optimizer) as seen:
        for _ in range(epochs):
            for at in torch.randperm(len(x)).split(32):
                optimizer.zero_grad()
                loss(model(x[at]), y[at]).backward()
                optimizer.step()
    return seen.facts


def network(outputs: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, outputs))


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_noise_in_the_target_is_no_plateau(kind):
    torch.manual_seed(0)
    x = torch.randn(800, 6)
    if kind == "values":
        y = 0.5 * x[:, :1] + torch.randn(800, 1)
        loss, model = F.mse_loss, network()
    else:
        y = (torch.rand(800) < torch.sigmoid(1.2 * x[:, 0])).long()
        loss, model = F.cross_entropy, network(2)
    run = watched(x, y, model, torch.optim.Adam(model.parameters(), 5e-4), loss)
    assert run.learned and run.left > 0.5
    assert signs(run) == []


def test_large_steps_that_never_decay_keep_the_loss_up():
    torch.manual_seed(0)
    x = torch.randn(800, 6)
    y = 0.5 * x[:, :1] + torch.randn(800, 1)
    model = network()
    (message,) = signs(watched(x, y, model, torch.optim.Adam(model.parameters(), 0.03), F.mse_loss))
    assert "steps still change the weights" in message


def test_what_a_linear_model_tells_could_be_learned():
    """The first layer is frozen, and lets only one feature of six through."""
    torch.manual_seed(0)
    x = torch.randn(800, 6)
    y = x.sum(1, keepdim=True) + 0.5 * torch.randn(800, 1)
    model = nn.Sequential(nn.Linear(6, 1), nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    model[0].weight.data.copy_(torch.tensor([[1.0, 0, 0, 0, 0, 0]]))
    model[0].requires_grad_(False)
    (message,) = signs(watched(x, y, model, torch.optim.Adam(model.parameters(), 1e-3), F.mse_loss))
    assert "a linear model or nearest neighbours tell" in message
