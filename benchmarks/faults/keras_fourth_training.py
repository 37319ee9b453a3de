"""A fourth set of programs as posted for Keras: scales, dropout, steps, batches, passes, order of rows, data."""

import torch
import torch.nn.functional as F
from torch import Tensor

from .described import (
    BCE,
    CCE,
    FLAT,
    MAE,
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
from .keras_fourth import SMALL_PICTURES, as_drawn, fourth, masks_of_points
from .keras_more import gru, prepared
from .keras_posts import SEQUENCES, embedding, rms, texts
from .keras_posts_training import FIXED, STEPS
from .keras_third_training import NORM

STANDARD_PICTURES = between(-1.7, 1.7, 500, 16, 16, 3)


# What is done to x and y


def forest(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Metres above the sea, degrees of slope, metres to water, shade of 0 to 255."""
    means = torch.tensor([2900.0, 14.0, 2300.0, 210.0, 140.0, 1.0])
    return means + x * torch.tensor([280.0, 7.0, 1500.0, 26.0, 38.0, 0.4]), y


def padded_behind(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Four words and then zeros; the answer lies in the first word."""
    y = (x[:, 0] > x[:, 0].median()).float()
    return x.masked_fill(torch.arange(x.shape[1]) > 3, 0.0), y


def padded_in_front(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    x, y = padded_behind(x, y)
    return x.roll(-4, 1), y


def marked_sum(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The sum of two values that a second reading marks, one in each half of the sequence."""
    half = x.shape[1] // 2
    at = torch.randint(half, (len(x), 2), generator=torch.Generator().manual_seed(1)) + torch.tensor([0, half])
    marks = F.one_hot(at, x.shape[1]).sum(1).float()
    y = (x[..., 0] * marks).sum(1, keepdim=True)
    return torch.stack([x[..., 0], marks], 2), (y - y.mean()) / y.std()


def sorted_by_class(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    order = y.argsort()
    return x[order], y[order]


def numbered_by_diagnosis(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The first column is the number of the row in a file that lists one class after the other."""
    x, y = sorted_by_class(x, y)
    x[:, 0] = torch.arange(len(x))
    return x, y


def grade_among_the_marks(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The fifth column is the final grade itself, in another unit."""
    x[:, 4] = 0.4 * y[:, 0] + 0.01 * x[:, 4]
    return x, y


def other_files(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures and labels were listed in different orders."""
    return x, y[torch.randperm(len(y), generator=torch.Generator().manual_seed(1))]


def reshaped(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Steps came first in the file, and were reshaped instead of transposed."""
    return x.transpose(0, 1).reshape(x.shape), y


def divided_by_none(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """A share per inhabitant, of places some of which have none."""
    x[:, 1] = x[:, 1].abs() / (x[:, 2].abs() * 4).round()
    return x, y


def minority_copied(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Eight rows of class one, eighty times each, beside as many rows of class zero."""
    many = 640
    copies = x[many : many + 8].repeat(many // 8, 1)
    return torch.cat([x[:many], copies]), torch.arange(2 * many).ge(many).float()


def separate_classes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, (x[:, 0] + x[:, 1] > 0).float()


# Losses by hand


def sum_of_squares(p: Tensor, y: Tensor) -> Tensor:
    return ((p - y) ** 2).sum()


def divided_twice(p: Tensor, y: Tensor) -> Tensor:
    """A mean over the batch, divided by the rows of the whole data once more."""
    return ((p - y) ** 2).mean() / 700


def weighted(p: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy in which a pixel of a mask counts for sixty others."""
    share = 1 + 59 * y
    return (F.binary_cross_entropy(p, y, reduction="none") * share).mean() / share.mean()


# Scales

fourth("heartbeats-through-tanh", "binary", "feature_scale", "unscaled-features",
       "saturated-units vanishing-gradient",
       fit([dense(32, "tanh"), dense(16, "tanh"), dense(1, "sigmoid")], between(50.0, 190.0, 700, 10), codes(700, 0, 1),
           BCE, adam(), 32, 20, "accuracy"), x=normal(700, 10))  # fmt: skip
fourth("forest-in-metres-and-degrees", "multiclass", "feature_scale", "unscaled-features",
       "learning-rate-too-high dead-units oscillating-loss",
       prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(7, "softmax")], normal(900, 6), codes(900, *range(7)),
                    SPARSE, adam(), 32, 20, "accuracy"), forest), prepare=as_drawn)  # fmt: skip
fourth("pressure-in-pascals", "timeseries", "feature_scale", "unscaled-features",
       "saturated-units vanishing-gradient stopped-too-early",
       fit([gru(32), dense(1)], between(99000.0, 103000.0, 400, 24, 2), measured(-2.5, 2.5, 400, 1), MSE, adam(), 32,
           12), x=normal(400, 24, 2), optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
fourth("pixels-divided-twice", "multiclass", "feature_scale", "unscaled-features",
       "stopped-too-early learning-rate-too-low vanishing-gradient",
       fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(4, "softmax")],
           between(0.0, 1 / 255, 500, 16, 16, 3), one_hot(500, 4), CCE, adam(), 32, 10, "accuracy"),
       x=STANDARD_PICTURES, epochs_asked=20)  # fmt: skip
fourth("energy-in-watt-hours", "regression", "target_scale", "unscaled-target",
       "stopped-too-early learning-rate-too-low",
       fit([dense(64, "relu"), dense(32, "relu"), dense(1)], normal(800, 12), measured(1000.0, 50000.0, 800, 1), MAE,
           adam(), 32, 20), loss=MSE, y=measured(-2.5, 2.5, 800, 1))  # fmt: skip
fourth("year-of-a-song", "regression", "target_scale", "unscaled-target", f"{STEPS} oscillating-loss",
       fit([dense(32, "relu"), dense(1)], normal(900, 20), measured(1922.0, 2011.0, 900, 1), MSE, sgd(), 32, 15),
       y=measured(-2.5, 2.5, 900, 1), optimizer=adam(), epochs_asked=20)  # fmt: skip
fourth("boxes-in-pixels", "regression", "target_scale", "unscaled-target",
       "stopped-too-early learning-rate-too-low unscaled-features",
       fit([conv(16), POOL, conv(16), POOL, FLAT, dense(64, "relu"), dense(4)], between(0.0, 1.0, 400, 20, 20, 3),
           measured(0.0, 640.0, 400, 4), MSE, adam(1e-4), 32, 10),
       x=between(-1.7, 1.7, 400, 20, 20, 3), y=measured(-2.5, 2.5, 400, 4), optimizer=adam(),
       epochs_asked=20)  # fmt: skip

# Dropout and decay

fourth("share-kept-given-as-share-dropped", "multiclass", "too_much_dropout", "too-much-dropout", "misplaced-dropout",
       fit([conv(16), POOL, dropout(0.8), FLAT, dense(64, "relu"), dropout(0.9), dense(4, "softmax")],
           STANDARD_PICTURES, one_hot(500, 4), CCE, adam(), 32, 10, "accuracy"),
       layers=[conv(16), POOL, dropout(0.2), FLAT, dense(64, "relu"), dropout(0.1), dense(4, "softmax")],
       epochs_asked=20)  # fmt: skip
fourth("dropout-before-the-softmax", "multiclass", "too_much_dropout", "misplaced-dropout too-much-dropout", "",
       fit([dense(64, "relu"), dense(5), dropout(0.5), {"class": "Softmax"}], normal(800, 15), one_hot(800, 5), CCE,
           adam(), 32, 20, "accuracy"),
       layers=[dense(64, "relu"), dropout(0.2), dense(5), {"class": "Softmax"}])  # fmt: skip
fourth("half-dropped-six-times", "regression", "too_much_dropout", "too-much-dropout", "capacity-too-low dead-units",
       fit([*(layer for _ in range(6) for layer in (dense(32, "relu"), dropout(0.5))), dense(1)], normal(700, 10),
           measured(-2.5, 2.5, 700, 1), MSE, adam(), 32, 20),
       layers=[dense(32, "relu"), dropout(0.1), dense(32, "relu"), dense(1)])  # fmt: skip
fourth("penalty-of-a-third-on-filters", "multiclass", "regularisation", "capacity-too-low",
       "init-too-small vanishing-gradient",
       {**fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(4, "softmax")], STANDARD_PICTURES,
              one_hot(500, 4), CCE, adam(), 32, 15, "accuracy"), "l2": 0.3}, l2=0.0, epochs_asked=20)  # fmt: skip

# Steps

fourth("filters-at-a-twentieth", "multiclass", "learning_rate_high", "learning-rate-too-high",
       f"{STEPS} oscillating-loss",
       fit([conv(16), POOL, conv(32), POOL, FLAT, dense(64, "relu"), dense(10, "softmax")], digits(1.0, 800, 16, 16, 1),
           one_hot(800, 10), CCE, adam(0.05), 32, 10, "accuracy"), optimizer=adam(), epochs_asked=20)  # fmt: skip
fourth("adagrad-at-ten", "binary", "learning_rate_high", "learning-rate-too-high",
       f"{STEPS} oscillating-loss saturated-units",
       fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(800, 12), codes(800, 0, 1), BCE,
           {"class": "Adagrad", "learning_rate": 10.0}, 32, 20, "accuracy"), optimizer=adam())  # fmt: skip
fourth("squares-summed-over-the-batch", "regression", "learning_rate_high", "learning-rate-too-high",
       f"{STEPS} oscillating-loss loss-mismatch",
       fit([dense(64, "relu"), dense(32, "relu"), dense(1)], normal(1200, 12), measured(-2.5, 2.5, 1200, 1),
           sum_of_squares, sgd(0.01), 256, 20), loss=MSE, batch_size=32, optimizer=adam())  # fmt: skip
fourth("memory-at-three-tenths", "timeseries", "learning_rate_high", "learning-rate-too-high",
       f"{STEPS} oscillating-loss saturated-units vanishing-gradient",
       fit([lstm(32), dense(1)], normal(400, 20, 3), measured(-2.5, 2.5, 400, 1), MSE,
           {"class": "Nadam", "learning_rate": 0.3}, 32, 15), optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
fourth("mean-divided-once-more", "regression", "learning_rate_low", "learning-rate-too-low",
       "stopped-too-early vanishing-gradient",
       fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(700, 10), measured(-2.5, 2.5, 700, 1),
           divided_twice, sgd(), 32, 20), loss=MSE, optimizer=adam())  # fmt: skip
fourth("poems-by-plain-descent", "multiclass", "optimizer_choice", "learning-rate-too-low stopped-too-early", "plateau",
       fit([embedding(200, 32), lstm(48), dense(8, "softmax")], texts(600, 12, 200), one_hot(600, 8), CCE, sgd(), 32,
           10, "accuracy"),
       layers=[embedding(200, 32), FLAT, dense(48, "relu"), dense(8, "softmax")], optimizer=adam(0.005),
       epochs_asked=20)  # fmt: skip
fourth("adagrad-at-a-hundred-thousandth", "binary", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
       fit([dense(48, "relu"), dense(24, "relu"), dense(1, "sigmoid")], normal(900, 18), codes(900, 0, 1), BCE,
           {"class": "Adagrad", "learning_rate": 1e-5}, 32, 20, "accuracy"), optimizer=adam())  # fmt: skip

# Batches and passes

fourth("two-rows-a-batch-between-norms", "binary", "batch_size", "batch-size",
       "oscillating-loss learning-rate-too-high",
       fit([dense(32, "relu"), NORM, dense(16, "relu"), NORM, dense(1, "sigmoid")], normal(500, 12), codes(500, 0, 1),
           BCE, adam(), 2, 4, "accuracy"), batch_size=32, epochs_asked=20)  # fmt: skip
fourth("all-digits-at-once", "multiclass", "batch_size", "batch-size stopped-too-early", "learning-rate-too-low",
       fit([dense(64, "relu"), dense(10, "softmax")], digits(1.0, 2000, 196), one_hot(2000, 10), CCE, rms(), 2000, 20,
           "accuracy"), batch_size=32, optimizer=adam())  # fmt: skip
fourth("flowers-three-times", "multiclass", "too_few_epochs", "stopped-too-early", "learning-rate-too-low",
       fit([dense(8, "relu"), dense(3, "softmax")], normal(150, 4), one_hot(150, 3), CCE, adam(), 5, 3, "accuracy"),
       layers=[dense(32, "relu"), dense(3, "softmax")], optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
fourth("two-passes-of-sentences", "binary", "too_few_epochs", "stopped-too-early",
       "learning-rate-too-low unlearnable-target",
       fit([embedding(500, 32), gru(32), dense(1, "sigmoid")], texts(600, 20, 500), codes(600, 0, 1), BCE, adam(1e-4),
           64, 2, "accuracy"),
       layers=[embedding(500, 32), FLAT, dense(24, "relu"), dense(1, "sigmoid")], batch_size=32, optimizer=adam(0.005),
       epochs_asked=20)  # fmt: skip

# Sequences

fourth("padded-behind-the-words", "binary", "vanishing_gradient", "vanishing-gradient",
       "stopped-too-early unlearnable-target learning-rate-too-low",
       prepared(fit([embedding(50, 16), lstm(24), dense(1, "sigmoid")], {**texts(500, 120, 50), "min": 1.0},
                    codes(500, 0, 1), BCE, adam(), 32, 10, "accuracy"), padded_behind),
       prepare=padded_in_front, x={**texts(500, 12, 50), "min": 1.0}, optimizer=adam(0.005),
       epochs_asked=20)  # fmt: skip
fourth("two-marked-numbers-far-apart", "timeseries", "vanishing_gradient", "vanishing-gradient",
       "stopped-too-early unlearnable-target learning-rate-too-low",
       prepared(fit([{"class": "SimpleRNN", "units": 32}, dense(1)], normal(400, 100, 2), measured(-2.5, 2.5, 400, 1),
                    MSE, adam(), 32, 10), marked_sum),
       layers=[lstm(32), dense(1)], x=normal(600, 6, 2), optimizer=adam(0.01), epochs_asked=20)  # fmt: skip

# Frozen layers

fourth("all-frozen-but-the-norm", "multiclass", "frozen_layers", "frozen-parameters", "stopped-too-early",
       fit([conv(16) | FIXED, NORM, POOL, FLAT, dense(32, "relu") | FIXED, dense(4, "softmax") | FIXED],
           STANDARD_PICTURES, one_hot(500, 4), CCE, adam(), 32, 10, "accuracy"),
       layers=[conv(16), NORM, POOL, FLAT, dense(32, "relu"), dense(4, "softmax")], epochs_asked=20)  # fmt: skip

# Rows and columns

fourth("one-leaver-in-sixty", "binary", "class_imbalance", "class-imbalance", "metric-mismatch stopped-too-early",
       fit([dense(24, "relu"), dense(12, "relu"), dense(1, "sigmoid")], normal(1800, 12),
           {**codes(1800, 0, 1), "mean": 1 / 60}, BCE, adam(), 32, 10, "accuracy"),
       y={**codes(1800, 0, 1), "mean": 0.45}, epochs_asked=20)  # fmt: skip
fourth("masks-of-two-pixels", "binary", "class_imbalance", "class-imbalance", "metric-mismatch stopped-too-early",
       prepared(fit([conv(8), conv(8), conv(1, "sigmoid")], SMALL_PICTURES, codes(400, 0, 1), BCE, adam(), 16, 8,
                    "accuracy"), masks_of_points),
       loss=weighted, optimizer=adam(0.003), epochs_asked=20)  # fmt: skip
fourth("sentences-sorted-by-mood", "binary", "unshuffled_data", "unshuffled-data",
       "oscillating-loss learning-rate-too-high",
       prepared({**fit([embedding(300, 16), gru(16) | SEQUENCES, FLAT, dense(1, "sigmoid")], texts(600, 10, 300),
                       codes(600, 0, 1), BCE, adam(), 32, 12, "accuracy"), "shuffle": False}, sorted_by_class),
       shuffle=True, optimizer=adam(0.003), epochs_asked=20)  # fmt: skip
fourth("patients-numbered-by-diagnosis", "binary", "leaking_feature", "leaking-feature unscaled-features", "",
       prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(569, 12), codes(569, 0, 1), BCE,
                    adam(), 32, 20, "accuracy"), numbered_by_diagnosis), prepare=as_drawn)  # fmt: skip
fourth("grade-among-the-marks", "regression", "leaking_feature", "leaking-feature", "",
       prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(600, 10), measured(-2.5, 2.5, 600, 1), MSE,
                    adam(), 32, 20), grade_among_the_marks), prepare=as_drawn)  # fmt: skip
fourth("labels-of-other-files", "multiclass", "bug_in_pipeline", "unlearnable-target", "overfitting too-little-data",
       prepared(fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(3, "softmax")], STANDARD_PICTURES,
                    one_hot(500, 3), CCE, adam(), 32, 10, "accuracy"), other_files),
       prepare=as_drawn, epochs_asked=20)  # fmt: skip
fourth("reshaped-instead-of-transposed", "timeseries", "bug_in_pipeline", "unlearnable-target", "overfitting",
       prepared(fit([lstm(32), dense(1)], normal(500, 15, 4), measured(-2.5, 2.5, 500, 1), MSE, adam(), 32, 12),
                reshaped), prepare=as_drawn, optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
fourth("divided-by-no-inhabitants", "regression", "bad_values", "bad-values non-finite", "unscaled-features",
       prepared(fit([dense(32, "relu"), dense(1)], normal(700, 8), measured(-2.5, 2.5, 700, 1), MSE, adam(), 32, 10),
                divided_by_none), prepare=as_drawn, optimizer=adam(0.003), epochs_asked=20)  # fmt: skip
fourth("eight-rows-eighty-times", "binary", "duplicate_rows", "duplicate-rows", "too-little-data overfitting",
       prepared(fit([dense(32, "relu"), dense(1, "sigmoid")], normal(1280, 10), codes(1280, 0, 1), BCE, adam(), 32, 10,
                    "accuracy"), minority_copied), prepare=separate_classes, epochs_asked=20)  # fmt: skip
fourth("twenty-genomes", "multiclass", "too_little_data", "too-little-data overfitting", "unlearnable-target",
       fit([dense(128, "relu"), dense(64, "relu"), dense(3, "softmax")], normal(20, 800), one_hot(20, 3), CCE, adam(),
           4, 20, "accuracy"), x=normal(900, 200), y=one_hot(900, 3), batch_size=32)  # fmt: skip
fourth("accuracy-of-tomorrows-price", "timeseries", "metric_mismatch", "metric-mismatch", "stopped-too-early",
       fit([lstm(32), dense(1)], normal(500, 12, 3), measured(-2.5, 2.5, 500, 1), MSE, adam(0.005), 32, 20,
           "accuracy"), metrics=["mae"])  # fmt: skip
