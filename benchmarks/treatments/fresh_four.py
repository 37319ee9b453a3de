"""A fourth set of fresh cases, written and frozen before one of them had been diagnosed, on data no case used before.

At least two cases for every finding that a run of our own engine can show, three where earlier sets had left most
doubt; above each stands why it has that illness. That what a person would set instead is better was seen beforehand, by
plain trainings. A rate that is too high shows as a loss that swings, and inputs far from zero as saturated units: where
an illness has several right names, a case lists the others.
"""

from __future__ import annotations

from . import fresh_four_data as data
from . import fresh_four_networks as networks
from .case import Case

AGE, DESK, TRADE, SEASON = ({"target": name} for name in ("age", "desk", "trade", "season"))
USUAL = {"network": "36 relu, 24 relu", "epochs": 16}
LASTING = {"epochs": 16, "schedule": "constant"}
UNAVERAGED = LASTING | {"average": 0}
RAW = {"preprocessing": "none", "target_scaling": "standard"}
CONVOLUTIONS = {"network": "conv 8, relu, pool, conv 16, relu, global pool", "epochs": 12}
BROAD = {"network": "224 relu, 224 relu", "epochs": 60}


def _cases(name: str, *settings: tuple[object, dict[str, object]], **shared: object) -> list[Case]:
    return [Case(name, source, options, **shared) for source, options in settings]  # type: ignore[arg-type]


RATES = [
    *_cases(
        "learning-rate-too-low",
        # Some four hundred steps of Adam at the millionth part of a weight; descent at a ten thousandth of the usual.
        (data.robot, USUAL | {"learning_rate": 2e-6}),
        (data.season, SEASON | USUAL | {"optimizer": "sgd", "learning_rate": 3e-6}),
    ),
    *_cases(
        "learning-rate-too-high",
        # Each step of Adam is several times a weight; descent beyond 2 / curvature.
        (data.planes, USUAL | {"learning_rate": 0.9}),
        (data.dew, USUAL | {"optimizer": "sgd", "learning_rate": 2.0}),
    ),
    *_cases(
        "oscillating-loss",
        # Momentum that keeps a hundred steps, at a rate that suits ten of them; steps of Adam of a tenth, on few rows.
        (data.planes, UNAVERAGED | {"network": "36 relu", "optimizer": "sgd", "momentum": 0.99, "learning_rate": 0.1}),
        (data.robot, UNAVERAGED | {"network": "36 tanh", "learning_rate": 0.1, "batch_size": 8}),
        (data.helices, UNAVERAGED | {"network": "36 relu", "learning_rate": 0.1, "batch_size": 4}),
        also=("learning-rate-too-high",),
    ),
    *_cases(
        "batch-size",
        # Sixteen updates in all; the variance of two rows.
        (data.ages, AGE | USUAL | {"batch_size": 900}),
        (data.pinwheel, USUAL | {"network": "32, norm, relu, 32, norm, relu", "batch_size": 2, "epochs": 4}),
    ),
]

DATA = [
    *_cases(
        "unscaled-features",
        # Pascals beside cubic metres; bytes.
        (data.piston, USUAL | RAW),
        (data.bright_strokes, USUAL | RAW),
    ),
    *_cases(
        "unscaled-target",
        # Some ten thousands of litres; about 38 years, of which a network that begins at 0 knows nothing.
        (data.borehole, USUAL | {"target_scaling": "none"}),
        (data.ages, AGE | USUAL | {"target_scaling": "none", "optimizer": "adam", "learning_rate": 0.001}),
    ),
    *_cases("leaking-feature", (data.told_season, SEASON | USUAL), (data.told_robot, USUAL)),
    *_cases(
        "duplicate-rows",
        # Copies stand on both sides of every split, so that learning by heart looks like learning.
        (data.repeated_desks, DESK | BROAD | {"epochs": 40}),
        (data.repeated_ishigami, BROAD | {"epochs": 40}),
        (data.repeated_votes, BROAD | {"epochs": 40}),
    ),
    *_cases(
        "class-imbalance",
        (data.alarms, USUAL | {"epochs": 25}),
        (data.thinned_season, SEASON | USUAL | {"epochs": 25}),
    ),
    *_cases(
        "unshuffled-data",
        # The rows come class by class, in the same order in every epoch; nothing averages the parameters.
        (data.sorted_planes, UNAVERAGED | {"network": "36 relu", "shuffle": False}),
        (data.sorted_season, SEASON | UNAVERAGED | {"network": "36 relu", "shuffle": False}),
    ),
]

STARTS = [
    *_cases("zero-init", (data.season, SEASON | USUAL | {"init": "zeros"}), (data.robot, USUAL | {"init": "zeros"})),
    *_cases(
        "symmetric-init",
        (data.planes, USUAL | {"init": "constant 0.15"}),
        (data.lorenz, USUAL | {"init": "constant 0.1"}),
    ),
    *_cases(
        "init-too-small",
        # Gains of std · √fan-in: 0.002 to 0.006 a layer; 0.01.
        (data.planes, USUAL | {"network": "32 relu, 32 relu, 32 relu", "init": "normal 0.001", "optimizer": "sgd"}),
        (data.drawn_strokes, CONVOLUTIONS | {"init": "normal 0.002", "optimizer": "sgd"}),
    ),
    *_cases(
        "init-too-large",
        # Gains of 5 and 12; 7 and 15.
        (data.season, SEASON | USUAL | {"init": "normal 2"}),
        (data.robot, USUAL | {"init": "normal 2.5"}),
    ),
]

LAYERS = [
    *_cases(
        "missing-nonlinearity",
        # One matrix, for arms that bend and waves.
        (data.pinwheel, USUAL | {"network": "36, 24"}),
        (data.ishigami, USUAL | {"network": "48, 48"}),
    ),
    *_cases(
        "too-much-dropout",
        # Five or six units are left in a step.
        (data.planes, USUAL | {"network": "64 relu, dropout 0.92"}),
        (data.lorenz, USUAL | {"network": "48 gelu, dropout 0.9"}),
    ),
    *_cases(
        "misplaced-dropout",
        # The normalisation behind the dropout learns a variance that the evaluation does not have.
        (data.pinwheel, USUAL | {"network": "40, dropout 0.5, norm, relu, 40, dropout 0.5, norm, relu"}),
    ),
    *_cases("misplaced-dropout", (data.planes, {"epochs": 16}), module=networks.dropped_logits),
    *_cases(
        "capacity-too-low",
        # Eight classes through two numbers; steps that each take a tenth of every weight.
        (data.planes, USUAL | {"network": "2 relu", "epochs": 30}),
        (data.lorenz, USUAL | {"weight_decay": 30.0}),
    ),
    *_cases("output-activation", (data.planes, {"epochs": 16}), module=networks.softmaxed),
    *_cases("output-activation", (data.lorenz, {"epochs": 16}), module=networks.squashed),
]

UNITS_AND_GRADIENTS = [
    *_cases(
        "dead-units",
        # Deep down, a layer of three or four rectifiers is wholly off for all rows with chance 1/8 or 1/16.
        (data.planes, LASTING | {"network": "repeat 9 (5 relu)"}),
        (data.lorenz, LASTING | {"network": "repeat 8 (4 relu)"}),
    ),
    # Equal weights in and out stay equal: 9 units of 36, 6 of 24.
    *_cases("redundant-units", (data.planes, USUAL), (data.robot, USUAL), copies=4),
    *_cases(
        "saturated-units",
        # Inputs around 40.
        (data.years, RAW | {"network": "36 tanh, 24 tanh", "epochs": 16}),
        also=("unscaled-features",),
    ),
    *_cases(
        "saturated-units",
        # Sums with a spread of 18.
        (data.strokes, USUAL | {"network": "40 tanh, 24 tanh", "init": "normal 1.5"}),
        also=("init-too-large",),
    ),
    *_cases(
        "saturated-units",
        # Steps of 0.2 push the sums into the flat ends, where they stay.
        (data.lorenz, UNAVERAGED | {"network": "36 sigmoid, 36 sigmoid", "optimizer": "adam", "learning_rate": 0.2}),
        also=("learning-rate-too-high",),
    ),
    *_cases(
        "vanishing-gradient",
        # Slope 1/4 · gain 1 a layer in seven; tanh with a gain of 0.25 in six.
        (data.planes, LASTING | {"network": "repeat 7 (32 sigmoid)", "init": "glorot"}),
        (data.robot, LASTING | {"network": "repeat 6 (24 tanh)", "init": "normal 0.05"}),
        also=("obfuscated-gradient", "init-too-small"),
    ),
    *_cases(
        "exploding-gradient",
        # std · √(width / 2) a layer of rectifiers: 2.2 in twelve; 2.5 in eleven.
        (data.lorenz, LASTING | {"network": "repeat 12 (32 relu)", "init": "normal 0.55"}),
        (data.strokes, LASTING | {"network": "repeat 11 (40 relu)", "init": "normal 0.55"}),
        also=("init-too-large",),
    ),
    *_cases(
        "obfuscated-gradient",
        # PyTorch's start keeps a sixth of the variance in each layer: after some, all rows look alike.
        (data.strokes, LASTING | {"network": "repeat 22 (24 relu)", "init": "torch"}),
        (data.robot, LASTING | {"network": "repeat 20 (24 relu)", "init": "torch"}),
        also=("vanishing-gradient",),
    ),
    # A squared error that grows by a factor at each step, from a rate, from raw inputs, from exponentials.
    *_cases(
        "non-finite",
        (data.dew, USUAL | {"optimizer": "sgd", "learning_rate": 100.0}),
        also=("learning-rate-too-high",),
    ),
    *_cases("non-finite", (data.piston, USUAL | RAW | {"optimizer": "sgd"}), also=("unscaled-features",)),
    *_cases(
        "non-finite",
        (data.ishigami, {"epochs": 16, "optimizer": "sgd", "learning_rate": 1.0}),
        also=("learning-rate-too-high",),
        module=networks.exponential,
    ),
]

COURSE = [
    *_cases(
        "stopped-too-early",
        # A dozen steps an epoch.
        (data.strokes, USUAL | {"epochs": 1}),
        (data.lorenz, USUAL | {"epochs": 2}),
    ),
    *_cases(
        "plateau",
        # Targets almost without noise; what is left is the noise of large steps on few rows, which no more epochs take
        # away.
        (data.robot, UNAVERAGED | {"network": "36 tanh", "learning_rate": 0.03, "batch_size": 8, "epochs": 24}),
        (
            data.lorenz,
            UNAVERAGED
            | {"network": "36 relu", "optimizer": "sgd", "learning_rate": 0.05, "batch_size": 8, "epochs": 24},
        ),
        (data.planes, UNAVERAGED | {"network": "36 relu", "learning_rate": 0.05, "batch_size": 16, "epochs": 24}),
        also=("learning-rate-too-high", "oscillating-loss"),
    ),
    *_cases(
        "overfitting",
        # Fifty thousand parameters for some two hundred noisy rows; the best or the last epoch is kept.
        (data.few_desks, DESK | BROAD),
        (data.few_ages, AGE | BROAD | {"keep": "last"}),
        (data.votes, BROAD | {"keep": "last"}),
    ),
]

OTHERS = [
    *_cases("too-little-data", (data.irises, USUAL | {"epochs": 30}), (data.few_robots, USUAL | {"epochs": 30})),
    *_cases("unlearnable-target", (data.misplaced_planes, USUAL), (data.lottery, USUAL)),
    *_cases(
        "loss-mismatch",
        # Names of classes, numbered, at a distance from each other.
        (data.seasons_by_number, SEASON | USUAL | {"task": "regression"}),
        (data.trades, TRADE | USUAL | {"task": "regression"}),
    ),
    *_cases("frozen-parameters", (data.planes, {"epochs": 16}), module=networks.frozen_below),
    *_cases("frozen-parameters", (data.strokes, {"epochs": 16}), module=networks.frozen_filters),
    *_cases("mixed-rows", (data.planes, {"epochs": 16}), module=networks.shared_out),
    *_cases("mixed-rows", (data.strokes, {"epochs": 16}), module=networks.lines),
]

CASES = [*RATES, *DATA, *STARTS, *LAYERS, *UNITS_AND_GRADIENTS, *COURSE, *OTHERS]
