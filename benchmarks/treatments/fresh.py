"""Cases that were written down before any of their outcomes had been seen, on data that no treatment was made with."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import fresh_data as data
from .case import Case

INCOME = {"target": "income"}
USUAL = {"network": "48 relu, 48 relu", "epochs": 15}
DEEP = {"epochs": 15, "schedule": "constant"}
RAW = {"preprocessing": "none", "target_scaling": "standard"}
WINE = "sklearn:wine"


def softmaxed() -> nn.Module:
    """Ten classes, with a softmax before the loss that has its own."""
    return nn.Sequential(nn.Linear(196, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=1))


def sigmoided() -> nn.Module:
    """Two classes, with a sigmoid before the loss that has its own."""
    return nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())


def bounded() -> nn.Module:
    """A value, from −1 to 1 only."""
    return nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 1), nn.Tanh())


def rectified() -> nn.Module:
    """Four classes, whose logits cannot be negative."""
    return nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 4), nn.ReLU())


def many_outputs() -> nn.Module:
    """Twenty outputs for twelve classes."""
    return nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 20))


def dropped_outputs_of_twelve() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 12), nn.Dropout(0.5))


def dropped_output() -> nn.Module:
    return nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1), nn.Dropout(0.5))


class Root(nn.Module):
    """√max(x, 0), whose slope at 0 is infinite."""

    def forward(self, x: Tensor) -> Tensor:
        """The square root where x is positive, else zero."""
        return torch.sqrt(torch.relu(x))


def rooted_hastie() -> nn.Module:
    return nn.Sequential(nn.Linear(10, 64), Root(), nn.Linear(64, 1))


def rooted_shells() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 64), Root(), nn.Linear(64, 4))


def _cases(name: str, *settings: tuple[object, dict[str, object]], **shared: object) -> list[Case]:
    return [Case(name, source, options, **shared) for source, options in settings]  # type: ignore[arg-type]


RATES = [
    *_cases(
        "learning-rate-too-low",
        (data.income, INCOME | USUAL | {"learning_rate": 1e-6}),
        (data.friedman, USUAL | {"learning_rate": 1e-6}),
        (WINE, USUAL | {"optimizer": "sgd", "learning_rate": 1e-5}),
    ),
    *_cases(
        "learning-rate-too-high",
        (data.shells, USUAL | {"learning_rate": 1.0}),
        (data.handwriting, USUAL | {"optimizer": "adam", "learning_rate": 0.5}),
        (data.friedman, USUAL | {"optimizer": "sgd", "learning_rate": 3.0}),
    ),
    *_cases(
        "oscillating-loss",
        (data.hastie, USUAL | {"learning_rate": 0.03, "batch_size": 4, "schedule": "constant"}),
        (data.mislabelled_shells, DEEP | {"network": "64 relu", "learning_rate": 0.05, "batch_size": 4}),
        (
            data.income,
            INCOME | DEEP | {"network": "64 relu", "optimizer": "sgd", "learning_rate": 0.2, "batch_size": 4},
        ),
    ),
    *_cases(
        "batch-size",
        (data.few_incomes, INCOME | USUAL | {"batch_size": 1, "optimizer": "sgd", "learning_rate": 0.05}),
        (data.friedman, USUAL | {"batch_size": 700}),
        (data.clumps, USUAL | {"network": "64, norm, relu", "batch_size": 3, "epochs": 5}),
        (data.handwriting, USUAL | {"batch_size": 1000}),
    ),
]

DATA = [
    *_cases(
        "unscaled-features",
        (data.air, USUAL | RAW),
        (data.stretched_hastie, USUAL | RAW),
        (data.bright_handwriting, USUAL | RAW),
    ),
    *_cases(
        "unscaled-target",
        (data.dear_friedman, USUAL | {"target_scaling": "none"}),
        (data.air, USUAL | {"target_scaling": "none"}),
    ),
    *_cases("bad-values", (data.holed_hastie, USUAL | {"preprocessing": "none"}), (data.holed_hastie, USUAL)),
    *_cases("constant-feature", (data.flagged_hastie, USUAL), (data.flagged_hastie, USUAL | RAW)),
    *_cases(
        "leaking-feature", (data.told_income, INCOME | USUAL), (data.told_friedman, USUAL), (data.told_hastie, USUAL)
    ),
    *_cases(
        "duplicate-rows",
        (data.repeated_friedman, USUAL | {"epochs": 40}),
        (data.repeated_hastie, USUAL | {"epochs": 40}),
    ),
    *_cases(
        "class-imbalance",
        (data.scarce, USUAL | {"epochs": 30}),
        (data.one_digit, USUAL | {"epochs": 30}),
        (data.thinned_shells, USUAL | {"epochs": 30}),
    ),
    *_cases(
        "unshuffled-data",
        (data.sorted_handwriting, DEEP | {"network": "48 relu", "shuffle": False, "average": 0}),
        (data.sorted_clumps, DEEP | {"network": "48 relu", "shuffle": False, "average": 0}),
    ),
]

STARTS = [
    *_cases(
        "zero-init",
        (data.income, INCOME | USUAL | {"init": "zeros"}),
        (data.clumps, USUAL | {"init": "zeros"}),
        (data.friedman, USUAL | {"init": "zeros"}),
    ),
    *_cases(
        "symmetric-init",
        (data.income, INCOME | USUAL | {"init": "constant 0.05"}),
        (data.shells, USUAL | {"init": "constant 0.2"}),
        (data.handwriting, USUAL | {"init": "constant 0.1"}),
    ),
    *_cases(
        "init-too-small",
        (data.handwriting, USUAL | {"init": "normal 0.0005", "optimizer": "sgd"}),
        (
            data.shells,
            USUAL | {"network": "64 relu, 64 relu, 64 relu", "init": "normal 0.002", "optimizer": "sgd"},
        ),
    ),
    *_cases(
        "init-too-large",
        (data.handwriting, USUAL | {"init": "normal 1"}),
        (data.hastie, USUAL | {"init": "normal 4"}),
        (data.friedman, USUAL | {"init": "normal 3"}),
    ),
]

LAYERS = [
    *_cases(
        "missing-nonlinearity",
        (data.hastie, USUAL | {"network": "48, 48"}),
        (data.shells, USUAL | {"network": "64, 32"}),
        (data.parity, USUAL | {"network": "64, 64"}),
        (data.roll, USUAL | {"network": "64, 64"}),
    ),
    *_cases(
        "too-much-dropout",
        (data.clumps, USUAL | {"network": "48 relu, dropout 0.9, 48 relu, dropout 0.9"}),
        (data.handwriting, USUAL | {"network": "128 relu, dropout 0.95"}),
        (data.friedman, USUAL | {"network": "64 gelu, dropout 0.95"}),
    ),
    *_cases(
        "misplaced-dropout",
        (data.handwriting, USUAL | {"network": "64, dropout 0.5, norm, relu, 64, dropout 0.5, norm, relu"}),
        (data.clumps, USUAL | {"network": "64, dropout 0.5, norm, relu, 64, dropout 0.5, norm, relu"}),
    ),
    *_cases("misplaced-dropout", (data.clumps, {"epochs": 15}), module=dropped_outputs_of_twelve),
    *_cases("misplaced-dropout", (data.hastie, {"epochs": 15}), module=dropped_output),
    *_cases(
        "capacity-too-low",
        (data.clumps, USUAL | {"network": "2 tanh", "epochs": 40}),
        (data.hastie, USUAL | {"network": "2 relu", "epochs": 40}),
        (data.handwriting, USUAL | {"network": "3 relu", "epochs": 40}),
        (data.roll, USUAL | {"network": "1 relu", "epochs": 40}),
    ),
    *_cases("output-activation", (data.handwriting, {"epochs": 15}), module=softmaxed),
    *_cases("output-activation", (data.hastie, {"epochs": 15}), module=sigmoided),
    *_cases("output-activation", (data.friedman, {"epochs": 15}), module=bounded),
    *_cases("output-activation", (data.shells, {"epochs": 15}), module=rectified),
    *_cases("output-units", (data.clumps, {"epochs": 15}), module=many_outputs),
    *_cases("loss-mismatch", (data.hastie, {"epochs": 15, "task": "regression"}), module=sigmoided),
    *_cases(
        "loss-mismatch", (data.hastie, USUAL | {"task": "regression"}), (data.shells, USUAL | {"task": "regression"})
    ),
]

UNITS_AND_GRADIENTS = [
    *_cases(
        "dead-units",
        (data.clumps, DEEP | {"network": "repeat 12 (4 relu)"}),
        (data.handwriting, DEEP | {"network": "repeat 10 (5 relu)"}),
        (data.friedman, DEEP | {"network": "repeat 10 (4 relu)"}),
    ),
    *_cases("redundant-units", (data.clumps, USUAL), (data.handwriting, USUAL), copies=4),
    *_cases("redundant-units", (data.lifted_shells, RAW | {"network": "48 tanh, 48 tanh", "epochs": 15})),
    *_cases(
        "saturated-units",
        (data.lifted_shells, RAW | {"network": "48 tanh, 48 tanh", "epochs": 15}),
        (data.lifted_friedman, RAW | {"network": "64 tanh", "epochs": 15}),
        (data.lifted_clumps, RAW | {"network": "64 sigmoid", "init": "normal 0.7", "epochs": 15}),
    ),
    *_cases(
        "vanishing-gradient",
        (data.shells, DEEP | {"network": "repeat 4 (48 sigmoid)", "init": "normal 0.05"}),
        (data.handwriting, DEEP | {"network": "repeat 8 (32 sigmoid)", "init": "torch"}),
        (data.roll, DEEP | {"network": "repeat 5 (32 hard sigmoid)", "init": "he"}),
    ),
    *_cases(
        "exploding-gradient",
        (data.clumps, DEEP | {"network": "repeat 12 (36 relu)", "init": "normal 0.6"}),
        (data.shells, DEEP | {"network": "repeat 10 (40 relu)", "init": "normal 0.55"}),
        (data.friedman, DEEP | {"network": "repeat 14 (32 relu)", "init": "normal 0.6"}),
    ),
    *_cases(
        "obfuscated-gradient",
        (data.handwriting, DEEP | {"network": "repeat 6 (32 sigmoid)", "init": "torch"}),
        (data.hastie, DEEP | {"network": "repeat 8 (24 sigmoid)", "init": "glorot"}),
        (data.friedman, DEEP | {"network": "repeat 25 (32 relu)", "init": "torch"}),
    ),
    *_cases("non-finite", (data.hastie, {"epochs": 15}), module=rooted_hastie),
    *_cases("non-finite", (data.shells, {"epochs": 15}), module=rooted_shells),
]

COURSE = [
    *_cases(
        "stopped-too-early",
        (data.handwriting, USUAL | {"epochs": 2}),
        (data.friedman, USUAL | {"epochs": 2}),
        (data.clumps, USUAL | {"epochs": 1}),
    ),
    *_cases(
        "plateau",
        (data.shells, DEEP | {"network": "6 relu", "learning_rate": 0.02, "epochs": 40}),
        (data.income, INCOME | DEEP | {"network": "16 relu", "learning_rate": 0.02, "epochs": 20}),
        (data.noisy_friedman, DEEP | {"network": "4 relu", "learning_rate": 0.02, "epochs": 40}),
    ),
    *_cases(
        "overfitting",
        (data.few_incomes, INCOME | {"network": "256 relu, 256 relu", "epochs": 50}),
        (data.few_digits, {"network": "256 relu, 256 relu", "epochs": 50}),
        (data.mislabelled_shells, {"network": "192 relu, 192 relu", "epochs": 60}),
        (data.noisy_friedman, {"network": "192 relu, 192 relu", "epochs": 60}),
    ),
]

CASES = [*RATES, *DATA, *STARTS, *LAYERS, *UNITS_AND_GRADIENTS, *COURSE]
