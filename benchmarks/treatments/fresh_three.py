"""A third set of fresh cases, written and frozen before one of them had been diagnosed, on data no case used before.

For every finding with a treatment that a run of our own engine can show, three cases or more; above each stands why it
has that illness. Five findings without a treated case so far have one each. Constant columns, bad values and a wrong
number of outputs never reach a training of our own, and what is wrong with a loop needs a foreign one.
"""

from __future__ import annotations

from . import fresh_three_data as data
from . import fresh_three_networks as networks
from . import fresh_three_pictures as pictures
from .case import Case

HOURS, MARRIED, WAY = {"target": "hours-per-week"}, {"target": "married"}, {"target": "cbwd"}
KIN = {"target": "relationship"}
USUAL = {"network": "32 relu, 32 relu", "epochs": 16}
LASTING = {"epochs": 16, "schedule": "constant"}
UNAVERAGED = LASTING | {"average": 0}
RAW = {"preprocessing": "none", "target_scaling": "standard"}
CONVOLUTIONS = {"network": "conv 8, relu, pool, conv 16, relu, global pool", "epochs": 12}


def _cases(name: str, *settings: tuple[object, dict[str, object]], **shared: object) -> list[Case]:
    return [Case(name, source, options, **shared) for source, options in settings]  # type: ignore[arg-type]


RATES = [
    *_cases(
        "learning-rate-too-low",
        # Adam moves a weight by about the rate a step: some 200 steps of it are a hundredth of a usual weight.
        (data.taught, USUAL | {"learning_rate": 3e-6}),
        (data.topics, USUAL | {"optimizer": "adam", "learning_rate": 2e-6}),
        # Descent on standardised data: even with momentum the stiffest direction needs some hundred thousand steps.
        (data.hours, HOURS | USUAL | {"optimizer": "sgd", "learning_rate": 1e-6}),
    ),
    *_cases(
        "learning-rate-too-high",
        # Every step of Adam changes each weight by several times what it is.
        (data.taught, USUAL | {"learning_rate": 1.5}),
        (data.teacher, USUAL | {"optimizer": "adam", "learning_rate": 0.7}),
        # With momentum 0.9 a rate of 50, far beyond 2 / curvature of standardised inputs.
        (data.wind, WAY | USUAL | {"optimizer": "sgd", "learning_rate": 5.0}),
    ),
    *_cases(
        "oscillating-loss",
        # Momentum 0.99: steps a hundred times the gradient's, underdamped; nothing averages them.
        (data.shadows, UNAVERAGED | {"network": "32 relu", "optimizer": "sgd", "momentum": 0.99, "learning_rate": 0.1}),
        # One row a step at rate 1 with momentum, labels that overlap: each row takes back what another taught.
        (data.crossed, UNAVERAGED | {"network": "32 relu", "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 1}),
        # Two rows a step, each step up to 0.05 in every weight, targets of heavy tail.
        (data.claims, UNAVERAGED | {"network": "32 tanh", "learning_rate": 0.05, "batch_size": 2}),
    ),
    *_cases(
        "batch-size",
        # All training rows in one batch: sixteen updates in all.
        (data.crossed, USUAL | {"batch_size": 900}),
        # The variance of a batch normalisation over two rows is that of one difference.
        (data.loops, USUAL | {"network": "32, norm, relu, 32, norm, relu", "batch_size": 2, "epochs": 4}),
        # One row a step.
        (data.dust_to_come, USUAL | {"batch_size": 1, "epochs": 6}),
    ),
]

DATA = [
    *_cases(
        "unscaled-features",
        # Pressure about 1,015, dust up to 900, months up to 12.
        (data.wind, WAY | USUAL | RAW),
        # Means of pixels from 0 to 255.
        (pictures.bright_vehicles, USUAL | RAW),
        # Proline up to 1,680 beside a hue of 1.
        (data.vintages, USUAL | RAW),
    ),
    *_cases(
        "unscaled-target",
        # About 101,600, and the network begins at 0.
        (data.pascals, USUAL | {"target_scaling": "none"}),
        # About 40,000.
        (data.grams, USUAL | {"target_scaling": "none"}),
        # From 185 to 4,254 µm².
        (data.tumours, USUAL | {"target_scaling": "none"}),
    ),
    *_cases(
        "leaking-feature",
        # A column, a shelf and a word that were made from the target.
        (data.told_hours, HOURS | USUAL),
        (data.told_topics, USUAL),
        (data.told_married, MARRIED | USUAL),
    ),
    *_cases(
        "duplicate-rows",
        # Two of three rows are copies of a few.
        (data.repeated_teacher, USUAL | {"epochs": 30}),
        (data.repeated_progress, USUAL | {"epochs": 30}),
        (data.repeated_crossed, USUAL | {"epochs": 30}),
    ),
    *_cases(
        "class-imbalance",
        # A class of three rows in a hundred, or one of which a tenth is left; the bounds overlap.
        (data.frauds, USUAL | {"epochs": 25}),
        (data.thinned_wind, WAY | USUAL | {"epochs": 25}),
        (data.seldom_topic, USUAL | {"epochs": 25}),
    ),
    *_cases(
        "unshuffled-data",
        # The rows come class by class, in the same order in every epoch; nothing averages the parameters.
        (data.sorted_topics, UNAVERAGED | {"network": "32 relu", "shuffle": False}),
        (data.sorted_rings, UNAVERAGED | {"network": "32 relu", "shuffle": False}),
        (data.sorted_shadows, UNAVERAGED | {"network": "32 relu", "shuffle": False}),
    ),
]

STARTS = [
    *_cases(
        "zero-init",
        # No v passes a zero weight: only the last bias learns.
        (data.rings, USUAL | {"init": "zeros"}),
        (data.henon, USUAL | {"init": "zeros"}),
        (pictures.shapes, CONVOLUTIONS | {"init": "zeros"}),
    ),
    *_cases(
        "symmetric-init",
        # Equal weights in and out get equal gradients: each layer works as one unit.
        (data.taught, USUAL | {"init": "constant 0.2"}),
        (data.topics, USUAL | {"init": "constant 0.05"}),
        (data.henon, USUAL | {"init": "constant 0.1"}),
    ),
    *_cases(
        "init-too-small",
        # Gains of std · √fan-in: 0.003; 0.01 in each of four layers; 0.006 and 0.02. SGD's steps shrink with them.
        (data.loops, USUAL | {"init": "normal 0.0005", "optimizer": "sgd"}),
        (data.taught, USUAL | {"network": "32 tanh, 32 tanh, 32 tanh", "init": "normal 0.002", "optimizer": "sgd"}),
        (pictures.gratings, CONVOLUTIONS | {"init": "normal 0.002", "optimizer": "sgd"}),
    ),
    *_cases(
        "init-too-large",
        # Gains of std · √fan-in: 9 and 8; 8 and 17; 3 and 8.
        (data.shadows, USUAL | {"init": "normal 1.5"}),
        (data.teacher, USUAL | {"init": "normal 3"}),
        (pictures.shapes, CONVOLUTIONS | {"init": "normal 1"}),
    ),
]

LAYERS = [
    *_cases(
        "missing-nonlinearity",
        # One matrix, where the sign of a product, an X and an S ask for bends.
        (data.signs, USUAL | {"network": "48, 48"}),
        (data.crossed, USUAL | {"network": "64, 32"}),
        (data.ribbon, USUAL | {"network": "48, 48"}),
        # The mean of a linear filter over the whole picture tells no direction of stripes of any phase.
        (pictures.gratings, CONVOLUTIONS | {"network": "conv 8 5x5, conv 8 5x5, global pool"}),
    ),
    *_cases(
        "too-much-dropout",
        # Three to six of the units are left in a step, of two layers or one.
        (data.taught, USUAL | {"network": "64 relu, dropout 0.9, 64 relu, dropout 0.9"}),
        (data.shadows, USUAL | {"network": "96 relu, dropout 0.95"}),
        (data.lower_half, USUAL | {"network": "32 gelu, dropout 0.9"}),
    ),
    *_cases(
        "misplaced-dropout",
        # Dropout doubles the second moment that the normalisation behind it then takes for that of the evaluation.
        (data.topics, USUAL | {"network": "40, dropout 0.5, norm, relu, 40, dropout 0.5, norm, relu"}),
        (
            pictures.shapes,
            CONVOLUTIONS | {"network": "conv 8, dropout 0.5, norm, relu, pool, conv 16, dropout 0.5, norm, relu"},
        ),
    ),
    *_cases(
        "misplaced-dropout", (data.teacher, {"epochs": 16}), module=networks.dropped_value
    ),  # a third of answers is 0
    *_cases(
        "capacity-too-low",
        # Six classes, or three rings, or ten digits, through two numbers.
        (data.taught, USUAL | {"network": "2 relu", "epochs": 30}),
        (data.rings, USUAL | {"network": "2 relu", "epochs": 30}),
        (data.shadows, USUAL | {"network": "2 relu, 2 relu", "epochs": 30}),
        # Each step takes rate · decay = a tenth or more of every weight.
        (data.henon, USUAL | {"weight_decay": 30.0}),
        (data.topics, USUAL | {"weight_decay": 20.0}),
    ),
    # The ends cannot say what the targets are, or say it flatly; see each.
    *_cases("output-activation", (data.shadows, {"epochs": 16}), module=networks.softmaxed),
    *_cases("output-activation", (data.crossed, {"epochs": 16}), module=networks.sigmoided),
    *_cases("output-activation", (data.claims, {"epochs": 16}), module=networks.bounded),
    *_cases("output-activation", (data.teacher, {"epochs": 16}), module=networks.rectified),
]

UNITS_AND_GRADIENTS = [
    *_cases(
        "dead-units",
        # Deep down, rows are nearly multiples of one another: half of the rectifiers are off for all, and a layer of
        # three or four wholly so with chance 1/8 or 1/16, at each of twelve or fourteen layers.
        (data.taught, LASTING | {"network": "repeat 14 (3 relu)"}),
        (data.henon, LASTING | {"network": "repeat 12 (3 relu)"}),
        (data.topics, LASTING | {"network": "repeat 14 (4 relu)"}),
    ),
    # Equal weights in and out stay equal: 8 units of 32.
    *_cases("redundant-units", (data.shadows, USUAL), (data.teacher, USUAL), (data.rings, USUAL), copies=4),
    *_cases(
        "saturated-units",
        # Sums into tanh or sigmoid with a spread of 8 to 70, so nearly all in the flat ends: from inputs of 20 or up to
        # 255, or from weights of 2 and 3.
        (data.lifted_teacher, RAW | {"network": "32 tanh, 32 tanh", "epochs": 16}),
        (pictures.bright_vehicles, RAW | {"network": "48 sigmoid", "init": "torch", "epochs": 16}),
        (data.shadows, USUAL | {"network": "48 sigmoid", "init": "normal 2"}),
        (data.teacher, USUAL | {"network": "48 tanh, 48 tanh", "init": "normal 3"}),
    ),
    *_cases(
        "vanishing-gradient",
        # Slope 1/4 · gain std · √32 a layer: 0.07 in five; 0.14 in ten; tanh 0.17 in seven.
        (data.taught, LASTING | {"network": "repeat 5 (32 sigmoid)", "init": "normal 0.05"}),
        (data.loops, LASTING | {"network": "repeat 10 (32 sigmoid)", "init": "torch"}),
        (data.teacher, LASTING | {"network": "repeat 7 (32 tanh)", "init": "normal 0.03"}),
    ),
    *_cases(
        "exploding-gradient",
        # std · √(width / 2) a layer of rectifiers: 2.4 in twelve; 2 in fourteen; 2.7 in ten.
        (data.lower_half, LASTING | {"network": "repeat 12 (32 relu)", "init": "normal 0.6"}),
        (data.teacher, LASTING | {"network": "repeat 14 (32 relu)", "init": "normal 0.5"}),
        (data.rings, LASTING | {"network": "repeat 10 (48 relu)", "init": "normal 0.55"}),
    ),
    *_cases(
        "obfuscated-gradient",
        # PyTorch's start keeps a sixth of the variance in each layer of rectifiers, sigmoids less: after some layers
        # all rows look alike.
        (data.shadows, LASTING | {"network": "repeat 24 (24 relu)", "init": "torch"}),
        (data.taught, LASTING | {"network": "repeat 6 (32 sigmoid)", "init": "torch"}),
        (data.teacher, LASTING | {"network": "repeat 7 (24 sigmoid)", "init": "glorot"}),
    ),
    *_cases("non-finite", (data.henon, {"epochs": 16}), module=networks.directed),  # 0 / 0 in one row of eight
    *_cases("non-finite", (data.claims, {"epochs": 16}), module=networks.angular),  # some of 32 sums beyond ±1
    # A squared error that grows by a factor at each step.
    *_cases("non-finite", (data.claims, USUAL | {"optimizer": "sgd", "learning_rate": 1e4})),
]

COURSE = [
    *_cases(
        "stopped-too-early",
        # A dozen steps an epoch.
        (data.shadows, USUAL | {"epochs": 2}),
        (data.lower_half, USUAL | {"epochs": 1}),
        (pictures.gratings, CONVOLUTIONS | {"epochs": 2}),
    ),
    *_cases(
        "plateau",
        # A target almost without noise: what is left is the noise of steps of 0.03 on eight rows, which no more
        # epochs take away.
        (data.teacher, UNAVERAGED | {"network": "32 relu", "learning_rate": 0.03, "batch_size": 8, "epochs": 30}),
        # An S of three bends from three units, at a constant rate.
        (data.ribbon, LASTING | {"network": "3 tanh", "learning_rate": 0.02, "epochs": 50}),
        # Two classes that overlap, learned in a few epochs of forty.
        (data.crossed, LASTING | {"network": "12 relu", "learning_rate": 0.02, "epochs": 40}),
    ),
    *_cases(
        "overfitting",
        # Forty thousand parameters and more for 220 to 300 noisy rows, seen fifty times and more.
        (data.progress, {"network": "256 relu, 256 relu", "epochs": 60}),
        (data.wide, {"network": "192 relu, 192 relu", "epochs": 60}),
        (data.dust_to_come, {"network": "192 tanh, 192 tanh", "epochs": 80}),
        (pictures.few_vehicles, {"network": "192 relu, 192 relu", "epochs": 50}),
        # The same where a dozen rows choose the epoch that is kept, so by chance.
        (data.wide, UNAVERAGED | {"network": "192 relu, 192 relu", "epochs": 60, "validation_fraction": 0.05}),
        (data.progress, UNAVERAGED | {"network": "256 relu, 256 relu", "epochs": 60, "validation_fraction": 0.05}),
    ),
]

FIRST_OF_THEIR_KIND = [
    *_cases("too-little-data", (data.athletes, USUAL | {"epochs": 30})),  # twenty rows
    *_cases("unlearnable-target", (data.shuffled, USUAL)),  # classes in an order of their own
    *_cases("loss-mismatch", (data.kinship, KIN | USUAL | {"task": "regression"})),  # six words, numbered
    *_cases("frozen-parameters", (data.teacher, {"epochs": 16}), module=networks.half_frozen),
    *_cases("mixed-rows", (data.topics, {"epochs": 16}), module=networks.mixing),
]

CASES = [*RATES, *DATA, *STARTS, *LAYERS, *UNITS_AND_GRADIENTS, *COURSE, *FIRST_OF_THEIR_KIND]
