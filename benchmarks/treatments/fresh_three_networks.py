"""Networks of the third fresh cases that are passed in Python, each with a fault inside."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def softmaxed() -> nn.Module:
    """Ten classes, with a softmax before the loss that has its own."""
    return nn.Sequential(nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 10), nn.Softmax(dim=1))


def sigmoided() -> nn.Module:
    """Two classes, with a sigmoid before the loss that has its own."""
    return nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 1), nn.Sigmoid())


def bounded() -> nn.Module:
    """A standardised value with a heavy tail, from −1 to 1 only."""
    return nn.Sequential(nn.Linear(6, 40), nn.ReLU(), nn.Linear(40, 1), nn.Tanh())


def rectified() -> nn.Module:
    """A standardised value that cannot be below zero, as half of its targets are."""
    return nn.Sequential(nn.Linear(8, 40), nn.GELU(), nn.Linear(40, 1), nn.ReLU())


def dropped_value() -> nn.Module:
    """A value that is set to zero in every third step."""
    return nn.Sequential(nn.Linear(8, 40), nn.ReLU(), nn.Linear(40, 1), nn.Dropout(0.33))


class Direction(nn.Module):
    """x / ‖x‖ of what is positive in x, which is 0 / 0 where nothing is."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows of length one."""
        positive = torch.relu(x)
        return positive / positive.norm(dim=1, keepdim=True)


def directed() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3), Direction(), nn.Linear(3, 1))


class Angle(nn.Module):
    """arccos x, which is no number beyond ±1."""

    def forward(self, x: Tensor) -> Tensor:
        """The angle whose cosine is x."""
        return torch.acos(x)


def angular() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 32), Angle(), nn.Linear(32, 1))


def half_frozen() -> nn.Module:
    """The layer that does most never moves, and starts with a tenth of the usual weights."""
    below = nn.Linear(8, 40)
    nn.init.normal_(below.weight, std=0.02)
    return nn.Sequential(below.requires_grad_(False), nn.ReLU(), nn.Linear(40, 1))


def mixing() -> nn.Module:
    """A hidden softmax over the rows of the batch instead of the units."""
    return nn.Sequential(nn.Linear(60, 40), nn.Softmax(dim=0), nn.Linear(40, 4))
