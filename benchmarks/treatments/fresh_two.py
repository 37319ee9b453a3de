"""A second set of fresh cases: written and frozen before one of them had been run, on data that no case before used.

For every finding with a treatment that a run of our own engine can show: three cases where the first fresh run had left
doubts, two where it had left none. One seed each.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from . import fresh_two_data as data
from .case import Case

DEGREE = {"target": "degree"}
USUAL = {"network": "40 relu, 40 relu", "epochs": 18}
LASTING = {"epochs": 18, "schedule": "constant"}
RAW = {"preprocessing": "none", "target_scaling": "standard"}


def softmaxed() -> nn.Module:
    """Seven classes, with a softmax before the loss that has its own."""
    return nn.Sequential(nn.Linear(5, 48), nn.Tanh(), nn.Linear(48, 7), nn.Softmax(dim=1))


def sigmoided() -> nn.Module:
    """Two classes, with a sigmoid before the loss that has its own."""
    return nn.Sequential(nn.Linear(49, 48), nn.ReLU(), nn.Linear(48, 1), nn.Sigmoid())


def positive() -> nn.Module:
    """A standardised value that cannot be below zero."""
    return nn.Sequential(nn.Linear(7, 48), nn.GELU(), nn.Linear(48, 1), nn.Softplus())


def rectified() -> nn.Module:
    """Three classes, whose logits cannot be negative."""
    return nn.Sequential(nn.Linear(21, 48), nn.ReLU(), nn.Linear(48, 3), nn.ReLU())


def dropped_outputs() -> nn.Module:
    """Five classes, whose logits are dropped at random."""
    return nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 5), nn.Dropout(0.4))


class Reciprocal(nn.Module):
    """1/x, which is infinite at 0."""

    def forward(self, x: Tensor) -> Tensor:
        """One over what is positive, infinity elsewhere."""
        return 1 / torch.relu(x)


def reciprocal() -> nn.Module:
    return nn.Sequential(nn.Linear(20, 32), Reciprocal(), nn.Linear(32, 1))


def _cases(name: str, *settings: tuple[object, dict[str, object]], **shared: object) -> list[Case]:
    return [Case(name, source, options, **shared) for source, options in settings]  # type: ignore[arg-type]


RATES = [
    *_cases(
        "learning-rate-too-low",
        (data.ellipses, USUAL | {"learning_rate": 2e-6}),
        (data.warmth, USUAL | {"optimizer": "sgd", "learning_rate": 1e-5}),
    ),
    *_cases(
        "learning-rate-too-high",
        (data.rules, USUAL | {"learning_rate": 0.8}),
        (data.waves, USUAL | {"optimizer": "adam", "learning_rate": 1.0}),
    ),
    *_cases(
        "oscillating-loss",
        (data.few_votes, LASTING | {"network": "40 relu", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 1}),
        (data.few_waves, LASTING | {"network": "40 relu", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 2}),
        (data.few_schoolings, DEGREE | LASTING | {"network": "40 tanh", "learning_rate": 0.1, "batch_size": 2}),
    ),
    *_cases(
        "batch-size",
        (data.checkers, USUAL | {"batch_size": 900}),
        (data.coarse_digits, USUAL | {"network": "40, norm, relu", "batch_size": 3, "epochs": 4}),
        (data.few_waves, USUAL | {"batch_size": 1, "epochs": 6}),
    ),
]

DATA = [
    *_cases("unscaled-features", (data.metres, USUAL | RAW), (data.impedance, USUAL | RAW)),
    *_cases(
        "unscaled-target",
        (data.cents, USUAL | {"target_scaling": "none"}),
        (data.impedance, USUAL | {"target_scaling": "none"}),
    ),
    *_cases(
        "leaking-feature", (data.told_schooling, DEGREE | USUAL), (data.told_waves, USUAL), (data.told_rules, USUAL)
    ),
    *_cases(
        "duplicate-rows",
        (data.repeated_waveform, USUAL | {"epochs": 35}),
        (data.repeated_waves, USUAL | {"epochs": 35}),
        (data.repeated_votes, USUAL | {"epochs": 35}),
    ),
    *_cases(
        "class-imbalance",
        (data.rare_rule, USUAL | {"epochs": 25}),
        (data.thinned_ellipses, USUAL | {"epochs": 25}),
        (data.seldom_seven, USUAL | {"epochs": 25}),
    ),
    *_cases(
        "unshuffled-data",
        (data.sorted_ellipses, LASTING | {"network": "40 relu", "shuffle": False, "average": 0}),
        (data.sorted_digits, LASTING | {"network": "40 relu", "shuffle": False, "average": 0}),
    ),
]

STARTS = [
    *_cases("zero-init", (data.rules, USUAL | {"init": "zeros"}), (data.phase, USUAL | {"init": "zeros"})),
    *_cases(
        "symmetric-init",
        (data.ellipses, USUAL | {"init": "constant 0.1"}),
        (data.checkers, USUAL | {"init": "constant 0.3"}),
    ),
    *_cases(
        "init-too-small",
        (data.coarse_digits, USUAL | {"init": "normal 0.0003", "optimizer": "sgd"}),
        (data.ellipses, USUAL | {"network": "40 relu, 40 relu, 40 relu", "init": "normal 0.001", "optimizer": "sgd"}),
    ),
    *_cases(
        "init-too-large", (data.waveform, USUAL | {"init": "normal 2"}), (data.waves, USUAL | {"init": "normal 4"})
    ),
]

LAYERS = [
    *_cases(
        "missing-nonlinearity",
        (data.ringnorm, USUAL | {"network": "40, 40"}),
        (data.waves, USUAL | {"network": "64, 32, 16"}),
    ),
    *_cases(
        "too-much-dropout",
        (data.ellipses, USUAL | {"network": "64 relu, dropout 0.93"}),
        (data.waves, USUAL | {"network": "48 gelu, dropout 0.9, 48 gelu, dropout 0.8"}),
    ),
    *_cases(
        "misplaced-dropout",
        (data.coarse_digits, USUAL | {"network": "48, dropout 0.5, norm, relu, 48, dropout 0.5, norm, relu"}),
    ),
    *_cases("misplaced-dropout", (data.rules, {"epochs": 18}), module=dropped_outputs),
    *_cases(
        "capacity-too-low",
        (data.ellipses, USUAL | {"network": "2 relu", "epochs": 35}),
        (data.checkers, USUAL | {"network": "2 tanh, 2 tanh", "epochs": 35}),
        (data.rules, USUAL | {"weight_decay": 30.0}),
        (data.phase, USUAL | {"weight_decay": 30.0}),
        (data.coarse_digits, USUAL | {"optimizer": "sgd", "weight_decay": 0.1, "epochs": 30}),
    ),
    *_cases("output-activation", (data.ellipses, {"epochs": 18}), module=softmaxed),
    *_cases("output-activation", (data.odd_digits, {"epochs": 18}), module=sigmoided),
    *_cases("output-activation", (data.waves, {"epochs": 18}), module=positive),
    *_cases("output-activation", (data.waveform, {"epochs": 18}), module=rectified),
]

UNITS_AND_GRADIENTS = [
    *_cases(
        "dead-units",
        (data.ellipses, LASTING | {"network": "repeat 11 (4 relu)"}),
        (data.waves, LASTING | {"network": "repeat 9 (4 relu)"}),
    ),
    *_cases("redundant-units", (data.ellipses, USUAL), (data.waves, USUAL), (data.rules, USUAL), copies=5),
    *_cases(
        "saturated-units",
        (data.lifted_waveform, RAW | {"network": "40 tanh, 40 tanh", "epochs": 18}),
        (data.lifted_waves, RAW | {"network": "40 sigmoid", "init": "normal 0.8", "epochs": 18}),
        (data.ellipses, USUAL | {"network": "40 tanh, 40 tanh", "init": "normal 2"}),
    ),
    *_cases(
        "vanishing-gradient",
        (data.ellipses, LASTING | {"network": "repeat 4 (40 sigmoid)", "init": "normal 0.04"}),
        (data.rules, LASTING | {"network": "repeat 6 (40 tanh)", "init": "normal 0.02"}),
    ),
    *_cases(
        "exploding-gradient",
        (data.ellipses, LASTING | {"network": "repeat 11 (40 relu)", "init": "normal 0.6"}),
        (data.waves, LASTING | {"network": "repeat 12 (36 relu)", "init": "normal 0.6"}),
    ),
    *_cases(
        "obfuscated-gradient",
        (data.coarse_digits, LASTING | {"network": "repeat 6 (40 sigmoid)", "init": "torch"}),
        (data.ringnorm, LASTING | {"network": "repeat 22 (32 relu)", "init": "torch"}),
        (data.waves, LASTING | {"network": "repeat 7 (32 sigmoid)", "init": "glorot"}),
    ),
    *_cases("non-finite", (data.ringnorm, {"epochs": 18}), module=reciprocal),
]

COURSE = [
    *_cases(
        "stopped-too-early",
        (data.coarse_digits, USUAL | {"epochs": 2}),
        (data.waves, USUAL | {"epochs": 1}),
    ),
    *_cases(
        "plateau",
        (data.ellipses, LASTING | {"network": "5 relu", "learning_rate": 0.02, "epochs": 40}),
        (data.checkers, LASTING | {"network": "8 relu", "learning_rate": 0.02, "epochs": 40}),
        (data.few_waves_of_value, LASTING | {"network": "40 relu", "learning_rate": 0.02, "batch_size": 16}),
    ),
    *_cases(
        "overfitting",
        (data.few_schoolings, DEGREE | {"network": "192 relu, 192 relu", "epochs": 50}),
        (data.few_votes, {"network": "160 relu, 160 relu", "epochs": 50}),
        (data.few_waves, {"network": "224 relu, 224 relu", "epochs": 50}),
        (data.few_waves_of_value, {"network": "192 tanh, 192 tanh", "epochs": 80}),
    ),
]

CASES = [*RATES, *DATA, *STARTS, *LAYERS, *UNITS_AND_GRADIENTS, *COURSE]
