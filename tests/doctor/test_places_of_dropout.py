"""Dropout before a normalisation harms only where that keeps statistics of the training for the evaluation."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight.watch import watch


def evaluated(drop_first: bool, norm: nn.Module, rng) -> tuple[list[str], float]:
    """Findings of a trained network, and how far the variance behind its norm lies from one in evaluation."""
    torch.manual_seed(0)
    x = torch.tensor(rng.normal(size=(512, 16)) + 1.0, dtype=torch.float32)
    y = (x[:, 0] + x[:, 1] > 2).long()
    middle = [nn.ReLU(), nn.Dropout(0.5), norm] if drop_first else [norm, nn.ReLU(), nn.Dropout(0.5)]
    model = nn.Sequential(nn.Linear(16, 32), *middle, nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model, optimizer) as seen:
        for _ in range(15):
            for at in torch.randperm(512).split(64):
                optimizer.zero_grad()
                F.cross_entropy(model(x[at]), y[at]).backward()
                optimizer.step()
    model.eval()
    scale = norm.weight.detach().square() if norm.weight is not None else 1.0
    variance = model[: 2 + middle.index(norm)](x).detach().var(0) / scale
    return [found.name for found in seen.findings], float(variance.mean())


@pytest.mark.parametrize(
    ("drop_first", "norm", "found"),
    [
        (True, lambda: nn.BatchNorm1d(32), True),
        (False, lambda: nn.BatchNorm1d(32), False),
        (True, lambda: nn.LayerNorm(32), False),
        (True, lambda: nn.BatchNorm1d(32, track_running_stats=False), False),
    ],
    ids=["batch norm behind", "batch norm before", "layer norm", "statistics of the batch at hand"],
)
def test_dropout_is_misplaced_where_it_spoils_the_running_variance(drop_first, norm, found, rng):
    findings, variance = evaluated(drop_first, norm(), rng)
    assert ("misplaced-dropout" in findings) == found
    if isinstance(norm(), nn.BatchNorm1d):
        assert (variance < 0.7) == found
