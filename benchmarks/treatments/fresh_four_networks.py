"""Networks of the fourth fresh cases that are passed in Python, each with a fault inside."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def softmaxed() -> nn.Module:
    """Eight classes, with a softmax before the loss that has its own."""
    return nn.Sequential(nn.Linear(6, 40), nn.ReLU(), nn.Linear(40, 8), nn.Softmax(dim=1))


def squashed() -> nn.Module:
    """A standardised value, from 0 to 1 only."""
    return nn.Sequential(nn.Linear(3, 40), nn.Tanh(), nn.Linear(40, 1), nn.Sigmoid())


def dropped_logits() -> nn.Module:
    """Eight classes, of whose logits two in five are set to zero in training."""
    return nn.Sequential(nn.Linear(6, 40), nn.ReLU(), nn.Linear(40, 8), nn.Dropout(0.4))


class Exponential(nn.Module):
    """exp x, which is infinite from 89 on."""

    def forward(self, x: Tensor) -> Tensor:
        """e to the power of each number."""
        return torch.exp(x)


def exponential() -> nn.Module:
    """Sums that grow by their own exponentials, until one overflows."""
    return nn.Sequential(nn.Linear(3, 32), Exponential(), nn.Linear(32, 1))


def frozen_below() -> nn.Module:
    """Ten random directions that never move, of which the layer above has to make do."""
    return nn.Sequential(nn.Linear(6, 10).requires_grad_(False), nn.Tanh(), nn.Linear(10, 8))


def frozen_filters() -> nn.Module:
    """Four random filters that never move, as where a pretrained part is replaced by one that is not."""
    below = nn.Conv2d(1, 4, 3, stride=2).requires_grad_(False)
    above = nn.Conv2d(4, 4, 3).requires_grad_(False)
    return nn.Sequential(
        nn.Unflatten(1, (1, 12, 12)), below, nn.ReLU(), above, nn.ReLU(), nn.Flatten(), nn.Linear(36, 3)
    )


def shared_out() -> nn.Module:
    """A hidden softmax that goes over the rows of the batch."""
    return nn.Sequential(nn.Linear(6, 40), nn.Tanh(), nn.Linear(40, 24), nn.Softmax(dim=0), nn.Linear(24, 8))


class Lines(nn.Module):
    """An LSTM down the lines of a picture, which takes the rows of the batch for time."""

    def __init__(self) -> None:
        super().__init__()
        self.memory, self.head = nn.LSTM(12, 24), nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 144) → (n, 3)."""
        states, _ = self.memory(x.reshape(-1, 12, 12))
        return self.head(states[:, -1])


def lines() -> nn.Module:
    return Lines()
