"""A third set of programs as posted for Keras: scales, dropout, steps, batches, passes, order of rows, data."""

import torch
from torch import Tensor

from .described import (
    BCE,
    CCE,
    FLAT,
    MSE,
    POOL,
    SPARSE,
    adam,
    between,
    codes,
    conv,
    dense,
    digits,
    dropout,
    fit,
    lstm,
    measured,
    normal,
    one_hot,
    sgd,
)  # fmt: skip
from .keras_more import prepared
from .keras_posts import rms
from .keras_posts_training import STEPS
from .keras_third import flat_spots, third

NORM = {"class": "BatchNormalization"}


# What is done to x and y


def as_drawn(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, y


def with_timestamps(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The first column becomes a time in milliseconds since 1970."""
    x[:, 0] = 1.5e12 + 1e10 * x[:, 0]
    return x, y


def price_and_rooms(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The first value is a price, the second a number of rooms."""
    return x, torch.stack([250_000 + 80_000 * y[:, 0], 3 + y[:, 1]], 1)


def one_row_late(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Each row meets the target of the one before it."""
    return x, y.roll(1, 0)


def cast_to_whole_numbers(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Pixels between 0 and 1 were stored as bytes."""
    return x.floor(), y


def first_sign(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The answer is the sign of the first reading."""
    return x, (x[:, 0] > 0).float()


def cheap_to_dear(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    order = y[:, 0].argsort()
    return x[order], y[order]


def rare_classes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The first of four classes has 94 rows in a hundred."""
    scores = x[:, :4] @ torch.randn(4, generator=torch.Generator().manual_seed(1))
    ranks = scores.argsort().argsort() / len(x)
    return x, torch.bucketize(ranks, torch.tensor([0.94, 0.96, 0.98]), right=True).float()


def logarithm_of_clicks(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Numbers of clicks through a logarithm; some are none."""
    x[:, 2] = torch.log((3 * x[:, 2] + 4).round().clamp_min(0))
    return x, y


def missing_as_minus_9999(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """One reading in twenty is missing."""
    gaps = torch.rand(x.shape, generator=torch.Generator().manual_seed(1)) < 0.05
    return x.masked_fill(gaps, -9999.0), y


def one_picture(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The generator hands out its first picture each time."""
    return x[:1].expand_as(x).clone(), y


# Scales

third("timestamps-in-milliseconds", "regression", "feature_scale", "unscaled-features", f"{STEPS} unscaled-target",
      prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(700, 8), measured(-2.5, 2.5, 700, 1), MSE,
                   adam(), 32, 15), with_timestamps), prepare=as_drawn, epochs_asked=20)  # fmt: skip
third("numbers-of-words-into-a-memory", "binary", "feature_scale", "unscaled-features",
      "saturated-units vanishing-gradient unlearnable-target",
      fit([lstm(32), dense(1, "sigmoid")], {**between(0.0, 4999.0, 400, 20, 1), "dtype": "int64"}, codes(400, 0, 1),
          BCE, adam(), 32, 10, "accuracy"),
      x=normal(400, 20, 1), optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
third("currents-in-amperes", "multiclass", "feature_scale", "unscaled-features",
      "learning-rate-too-low stopped-too-early vanishing-gradient",
      fit([dense(32, "relu"), dense(16, "relu"), dense(3, "softmax")],
          {**normal(700, 12), "min": -9e-6, "max": 9e-6, "std": 2e-6}, codes(700, 0, 1, 2), SPARSE, adam(), 32, 20,
          "accuracy"), x=normal(700, 12))  # fmt: skip
third("price-beside-rooms", "regression", "target_scale", "unscaled-target",
      "learning-rate-too-low stopped-too-early metric-mismatch",
      prepared(fit([dense(64, "relu"), dense(32, "relu"), dense(2)], normal(700, 9), measured(-2.5, 2.5, 700, 2), MSE,
                   adam(), 32, 20), price_and_rooms), prepare=as_drawn)  # fmt: skip
third("returns-of-a-basis-point", "timeseries", "target_scale", "unscaled-target",
      "stopped-too-early learning-rate-too-high",
      fit([lstm(32), dense(1)], normal(400, 15, 3), measured(-5e-4, 5e-4, 400, 1), MSE, adam(), 32, 15),
      y=measured(-2.5, 2.5, 400, 1), optimizer=adam(0.005), epochs_asked=20)  # fmt: skip

# Dropout

third("nine-tenths-of-the-inputs-dropped", "multiclass", "too_much_dropout", "too-much-dropout", "misplaced-dropout",
      fit([dropout(0.9), dense(64, "relu"), dropout(0.5), dense(3, "softmax")], normal(700, 30), one_hot(700, 3), CCE,
          adam(), 32, 20, "accuracy"), layers=[dense(64, "relu"), dense(3, "softmax")])  # fmt: skip
third("more-than-half-of-four-units", "regression", "too_much_dropout", "too-much-dropout",
      "misplaced-dropout capacity-too-low dead-units",
      fit([dense(4, "relu"), dropout(0.6), dense(4, "relu"), dropout(0.6), dense(1)], normal(600, 6),
          measured(-2.5, 2.5, 600, 1), MSE, adam(), 16, 20),
      layers=[dense(32, "relu"), dense(32, "relu"), dense(1)])  # fmt: skip

# Steps

third("keypoints-at-a-hundred-thousandth", "regression", "learning_rate_low", "learning-rate-too-low",
      "stopped-too-early unlearnable-target",
      fit([conv(16), POOL, conv(16), POOL, FLAT, dense(64, "relu"), dense(10)], between(0.0, 1.0, 400, 20, 20, 1),
          measured(-2.5, 2.5, 400, 10), MSE, adam(1e-5), 64, 10),
      x=between(-1.7, 1.7, 400, 20, 20, 1), optimizer=adam(), batch_size=32, epochs_asked=20)  # fmt: skip
third("autoencoder-by-tiny-steps", "regression", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
      prepared(fit([dense(64, "relu"), dense(16, "relu"), dense(64, "relu"), dense(144, "sigmoid")],
                   between(0.0, 1.0, 800, 144), between(0.0, 1.0, 800, 144), MSE, rms(1e-6), 32, 20), flat_spots),
      optimizer=adam(0.003), loss=BCE)  # fmt: skip
third("momentum-of-three-nines", "multiclass", "learning_rate_high", "learning-rate-too-high",
      f"{STEPS} oscillating-loss",
      fit([dense(64, "relu"), dense(32, "relu"), dense(5, "softmax")], normal(800, 15), one_hot(800, 5), CCE,
          sgd(0.05, 0.999), 32, 20, "accuracy"), optimizer=adam())  # fmt: skip
third("q-network-at-one", "regression", "learning_rate_high", "learning-rate-too-high",
      f"{STEPS} oscillating-loss unscaled-target",
      fit([dense(24, "relu"), dense(24, "relu"), dense(2)], normal(500, 4), measured(0.0, 20.0, 500, 2), MSE, adam(1.0),
          16, 12), y=measured(-2.5, 2.5, 500, 2), optimizer=adam(0.003), epochs_asked=20)  # fmt: skip
third("first-of-a-hundred-signs", "binary", "vanishing_gradient", "vanishing-gradient",
      "stopped-too-early learning-rate-too-low unlearnable-target",
      prepared(fit([{"class": "SimpleRNN", "units": 24}, dense(1, "sigmoid")], normal(400, 100, 1), codes(400, 0, 1),
                   BCE, adam(), 32, 12, "accuracy"), first_sign),
      layers=[lstm(24), dense(1, "sigmoid")], x=normal(400, 6, 1), optimizer=adam(0.01), epochs_asked=20)  # fmt: skip

# Batches and passes

third("one-picture-a-batch-behind-a-norm", "multiclass", "batch_size", "batch-size",
      "stopped-too-early unlearnable-target learning-rate-too-high oscillating-loss too-little-data",
      fit([conv(8), NORM, POOL, FLAT, dense(16, "relu"), dense(3, "softmax")], between(0.0, 1.0, 200, 16, 16, 3),
          one_hot(200, 3), CCE, adam(), 1, 3, "accuracy"),
      x=between(-1.7, 1.7, 600, 16, 16, 3), y=one_hot(600, 3), batch_size=32, epochs_asked=20)  # fmt: skip
third("three-thousand-rows-a-step", "binary", "batch_size", "batch-size stopped-too-early", "learning-rate-too-low",
      fit([dense(32, "relu"), dense(1, "sigmoid")], normal(3000, 16), codes(3000, 0, 1), BCE, sgd(), 3000, 20,
          "accuracy"), batch_size=32, optimizer=adam())  # fmt: skip
third("eight-updates-for-pictures", "multiclass", "too_few_epochs", "stopped-too-early",
      "unlearnable-target too-little-data learning-rate-too-low",
      fit([conv(16), POOL, conv(16), POOL, FLAT, dense(64, "relu"), dense(6, "softmax")],
          between(0.0, 1.0, 200, 20, 20, 3), one_hot(200, 6), CCE, adam(), 50, 2, "accuracy"),
      x=between(-1.7, 1.7, 600, 20, 20, 3), y=one_hot(600, 6), batch_size=32, epochs_asked=20)  # fmt: skip
third("one-batch-an-epoch", "timeseries", "too_few_epochs", "stopped-too-early", "learning-rate-too-low",
      fit([lstm(32), dense(1)], normal(640, 12, 3), measured(-2.5, 2.5, 640, 1), MSE, adam(), 32, 1),
      optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
third("thirty-houses-five-times", "regression", "too_few_epochs", "stopped-too-early",
      "too-little-data learning-rate-too-low",
      fit([dense(16, "relu"), dense(8, "relu"), dense(1)], normal(30, 5), measured(-2.5, 2.5, 30, 1), MSE, sgd(), 10,
          5), x=normal(500, 5), y=measured(-2.5, 2.5, 500, 1), batch_size=32, optimizer=adam(0.005),
      epochs_asked=20)  # fmt: skip

# Rows and columns

third("labels-one-row-late", "regression", "bug_in_pipeline", "unlearnable-target", "overfitting",
      prepared(fit([dense(64, "relu"), dense(32, "relu"), dense(1)], normal(800, 10), measured(-2.5, 2.5, 800, 1), MSE,
                   adam(), 32, 10), one_row_late), prepare=as_drawn, epochs_asked=20)  # fmt: skip
third("pixels-stored-as-whole-numbers", "multiclass", "bug_in_pipeline", "constant-feature bad-values",
      "unlearnable-target duplicate-rows",
      prepared(fit([dense(64, "relu"), dense(10, "softmax")], digits(1.0, 1000, 400), one_hot(1000, 10), CCE, adam(),
                   32, 10, "accuracy"), cast_to_whole_numbers), prepare=as_drawn, epochs_asked=20)  # fmt: skip
third("the-same-picture-each-time", "binary", "bug_in_pipeline",
      "constant-feature duplicate-rows bad-values unlearnable-target", "",
      prepared(fit([conv(8), POOL, FLAT, dense(32, "relu"), dense(1, "sigmoid")], between(0.0, 1.0, 400, 16, 16, 3),
                   codes(400, 0, 1), BCE, adam(), 32, 8, "accuracy"), one_picture),
      prepare=as_drawn, x=between(-1.7, 1.7, 600, 16, 16, 3), y=codes(600, 0, 1), epochs_asked=20)  # fmt: skip
third("labels-drawn-at-random", "multiclass", "unlearnable_data", "unlearnable-target", "",
      fit([lstm(32), dense(4, "softmax")], normal(500, 12, 6), one_hot(500, 4), CCE, adam(), 32, 10, "accuracy"),
      optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
third("rows-from-cheap-to-dear", "regression", "unshuffled_data", "unshuffled-data",
      "oscillating-loss learning-rate-too-high",
      prepared({**fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(800, 10), measured(-2.5, 2.5, 800, 1),
                      MSE, sgd(0.05), 16, 12), "shuffle": False}, cheap_to_dear),
      shuffle=True, optimizer=adam(), epochs_asked=20)  # fmt: skip
third("three-rare-diagnoses", "multiclass", "class_imbalance", "class-imbalance", "metric-mismatch",
      prepared(fit([dense(24, "relu"), dense(4, "softmax")], normal(1500, 10), codes(1500, 0, 1, 2, 3), SPARSE, adam(),
                   32, 8, "accuracy"), rare_classes), prepare=as_drawn, epochs_asked=20)  # fmt: skip
third("rare-tags", "multilabel", "class_imbalance", "class-imbalance", "metric-mismatch",
      fit([dense(32, "relu"), dense(8, "sigmoid")], normal(1200, 20), {**one_hot(1200, 8), "mean": 0.02}, BCE, adam(),
          32, 10, "accuracy"), y={**one_hot(1200, 8), "mean": 0.4}, metrics=["binary_accuracy"],
      epochs_asked=20)  # fmt: skip
third("forty-patients", "binary", "missing_regularisation", "too-little-data overfitting", "unlearnable-target",
      fit([dense(256, "relu"), dense(256, "relu"), dense(1, "sigmoid")], normal(40, 200), codes(40, 0, 1), BCE, adam(),
          8, 20, "accuracy"), x=normal(900, 200), y=codes(900, 0, 1))  # fmt: skip
third("logarithm-of-no-clicks", "binary", "bad_values", "bad-values non-finite", "",
      prepared(fit([dense(32, "relu"), dense(1, "sigmoid")], normal(700, 8), codes(700, 0, 1), BCE, adam(), 32, 10,
                   "accuracy"), logarithm_of_clicks), prepare=as_drawn, epochs_asked=20)  # fmt: skip
third("missing-as-minus-9999", "regression", "bad_values", "bad-values unscaled-features", f"{STEPS} oscillating-loss",
      prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(700, 9), measured(-2.5, 2.5, 700, 1), MSE,
                   adam(), 32, 20), missing_as_minus_9999), prepare=as_drawn)  # fmt: skip
