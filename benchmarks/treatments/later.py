"""Cases added after the first run of the fresh ones, for findings that none or few of those had had.

Which settings bring a finding about was learned from that run; what a treatment does to them had not been seen.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import fresh_data as data
from .case import Case
from .fresh import DEEP, INCOME, RAW, USUAL

ONE_ROW = {"batch_size": 1, "optimizer": "sgd", "learning_rate": 0.05, "schedule": "constant"}


def softmaxed() -> nn.Module:
    """Twelve classes, with a softmax before the loss that has its own."""
    return nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 12), nn.Softmax(dim=1))


class Logarithm(nn.Module):
    """log max(x, 0), which is infinite where x is not positive."""

    def forward(self, x: Tensor) -> Tensor:
        """The logarithm of what is positive, and minus infinity elsewhere."""
        return torch.log(torch.relu(x))


def logarithmic() -> nn.Module:
    return nn.Sequential(nn.Linear(10, 64), Logarithm(), nn.Linear(64, 1))


CASES = [
    *(
        Case("oscillating-loss", source, options | DEEP | ONE_ROW | {"network": "48 relu, 48 relu"})
        for source, options in ((data.few_incomes, INCOME), (data.mislabelled_shells, {}), (data.noisy_friedman, {}))
    ),
    *(
        Case("vanishing-gradient", source, DEEP | {"network": "repeat 4 (48 sigmoid)", "init": "normal 0.05"})
        for source in (data.clumps, data.handwriting, data.friedman)
    ),
    *(
        Case("plateau", source, {"network": "48 relu", "preprocessing": "none", "epochs": 25} | options)
        for source, options in (
            (data.flagged_hastie, RAW),
            (data.hastie, {"schedule": "constant"}),
            (data.mislabelled_shells, {"schedule": "constant"}),
        )
    ),
    *(
        Case("saturated-units", source, RAW | {"network": network, "epochs": 20})
        for source, network in ((data.lifted_clumps, "48 tanh, 48 tanh"), (data.lifted_friedman, "48 tanh, 48 tanh"))
    ),
    Case("redundant-units", data.friedman, USUAL, copies=4),
    Case("output-activation", data.clumps, {"epochs": 15}, module=softmaxed),
    Case("non-finite", data.hastie, {"epochs": 15}, module=logarithmic),
    Case("overfitting", data.clumps, {"network": "256 relu, 256 relu", "epochs": 60, "learning_rate": 0.005}),
    Case("overfitting", data.few_digits, {"network": "196 relu, 196 relu", "epochs": 60, "learning_rate": 0.005}),
]
