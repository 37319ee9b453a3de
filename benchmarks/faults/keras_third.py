"""A third set of programs as posted for Keras: outputs, losses, labels, activations inside, shapes, first weights."""

from functools import partial

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
    Facts,
    adam,
    add,
    between,
    codes,
    conv,
    dense,
    digits,
    fit,
    lstm,
    measured,
    normal,
    one_hot,
    sgd,
)  # fmt: skip
from .keras_losses import EPSILON
from .keras_more import each_step, prepared
from .keras_posts import HIDDEN_NAMES, SEQUENCES, conv1d, embedding, rms, texts
from .keras_posts_training import INITS

THIRD_POSTS: dict[str, Facts] = {}
"""By name, in the form of the real ones' descriptions."""


third = partial(add, into=THIRD_POSTS)
HALVES = {"class": "Constant", "value": 0.5}
WIDE_UNIFORM = {"class": "RandomUniform", "minval": -1.0, "maxval": 1.0}
STANDARD_PICTURES = between(-1.7, 1.7, 400, 20, 32, 3)


# What is done to x and y


def letters(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Windows of letters, one-hot; the next letter follows from the last one."""
    classes = y.shape[1]
    following = torch.randperm(classes, generator=torch.Generator().manual_seed(1))
    return F.one_hot(x.long(), classes).float(), F.one_hot(following[x[:, -1].long()], classes).float()


def flat_spots(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of pixels of one spot whose place varies, to be told by themselves."""
    side = torch.arange(int(x.shape[1] ** 0.5))
    at = 2 + x[:, :2] / x.max() * (len(side) - 4)
    row, column = (torch.exp(-((side - at[:, i : i + 1]) ** 2) / 4) for i in (0, 1))
    x = (row[:, :, None] * column[:, None, :]).flatten(1)
    return x, x


def sine(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, torch.sin(x)


def standard_sine(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return (x - x.mean()) / x.std(), torch.sin(x)


def waves(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Sequences of waves whose phase varies, to be told by themselves."""
    steps = torch.arange(x.shape[1]) / x.shape[1] * 2 * torch.pi
    x = torch.sin(steps[None, :, None] + 2 * x[:, :1, :])
    return x, x


def curved_surface(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Columns that are bent functions of two causes, to be told by themselves."""
    mix = torch.randn(2, x.shape[1], generator=torch.Generator().manual_seed(1))
    x = torch.sin(2 * x[:, :2] @ mix)
    return x, x


def wine(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Columns as a laboratory reports them: some below one, some in the hundreds."""
    sizes = torch.tensor([1.7, 0.2, 0.2, 1.4, 0.05, 10.0, 33.0, 0.002, 0.15, 0.17, 1.1])
    means = torch.tensor([8.3, 0.5, 0.3, 2.5, 0.09, 16.0, 46.0, 0.997, 3.3, 0.66, 10.4])
    return means + sizes * x, y


def no_sales(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Pieces sold in a day, often none."""
    return x, (3 * y).round().clamp_min(0)


# Losses as Keras has them, and one of its users'


def percentage(p: Tensor, y: Tensor) -> Tensor:
    """Mean absolute percentage error."""
    return 100 * torch.mean(torch.abs((y - p) / torch.clamp_min(torch.abs(y), EPSILON)))


def fourth_power(p: Tensor, y: Tensor) -> Tensor:
    return torch.mean((y - p) ** 4)


# What the last layer gives

third("q-values-into-rectifier", "regression", "output_activation", "output-activation", "dead-units unscaled-target",
      fit([dense(24, "relu"), dense(24, "relu"), dense(2, "relu")], normal(600, 4), measured(-10.0, 1.0, 600, 2), MSE,
          adam(), 32, 15),
      layers=[dense(24, "relu"), dense(24, "relu"), dense(2)], y=measured(-2.5, 2.5, 600, 2),
      epochs_asked=20)  # fmt: skip
third("degrees-of-steering-into-tanh", "regression", "output_activation", "output-activation", "unscaled-target",
      fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(1, "tanh")],
          between(0.0, 1.0, 400, 20, 32, 3), measured(-25.0, 25.0, 400, 1), MSE, adam(), 32, 10),
      layers=[conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(1)], x=STANDARD_PICTURES,
      y=measured(-2.5, 2.5, 400, 1), epochs_asked=20)  # fmt: skip
third("next-letter-by-sigmoids", "multiclass", "output_activation", "output-activation",
      "stopped-too-early learning-rate-too-low",
      prepared(fit([lstm(48), dense(27, "sigmoid")], texts(500, 15, 27), one_hot(500, 27), CCE, rms(), 32, 10,
                   "accuracy"), letters),
      layers=[lstm(48), dense(27, "softmax")], optimizer=adam(0.01), epochs_asked=20)  # fmt: skip
third("softmax-told-to-be-logits", "multiclass", "output_activation", "output-activation loss-mismatch",
      "stopped-too-early",
      fit([conv(16), POOL, FLAT, dense(32, "relu"), dense(10, "softmax")], digits(1.0, 800, 14, 14, 1),
          codes(800, *range(10)), {"class": SPARSE, "from_logits": True}, adam(), 32, 15, "accuracy"),
      layers=[conv(16), POOL, FLAT, dense(32, "relu"), dense(10)], epochs_asked=20)  # fmt: skip
third("rectified-before-the-sigmoid", "binary", "output_activation", "output-activation", "dead-units",
      fit([dense(32, "relu"), dense(16, "relu"), dense(1, "relu"), {"class": "Activation", "activation": "sigmoid"}],
          normal(800, 9), {**codes(800, 0, 1), "mean": 0.35}, BCE, adam(), 32, 20, "accuracy"),
      layers=[dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")])  # fmt: skip
third("rectified-pixels-under-crossentropy", "regression", "output_activation", "output-activation",
      "loss-mismatch dead-units non-finite",
      prepared(fit([dense(32, "relu"), dense(196, "relu")], between(0.0, 1.0, 800, 196), between(0.0, 1.0, 800, 196),
                   BCE, adam(), 64, 20), flat_spots),
      layers=[dense(32, "relu"), dense(196, "sigmoid")], batch_size=16, optimizer=adam(0.003))  # fmt: skip
third("sine-with-everything-wrong", "regression", "output_activation", "output-activation",
      f"{HIDDEN_NAMES} stopped-too-early learning-rate-too-low unscaled-features capacity-too-low",
      prepared(fit([dense(10, "sigmoid"), dense(1, "sigmoid")], between(0.0, 6.28, 300, 1),
                   measured(-1.0, 1.0, 300, 1), MSE, sgd(), 32, 5), sine),
      prepare=standard_sine, layers=[dense(32, "relu"), dense(32, "relu"), dense(1)], optimizer=adam(0.01),
      epochs_asked=20)  # fmt: skip
third("waves-rebuilt-through-sigmoid", "timeseries", "output_activation", "output-activation", "stopped-too-early",
      prepared(fit([lstm(24), {"class": "RepeatVector", "n": 12}, lstm(24) | SEQUENCES,
                    each_step(dense(2, "sigmoid"))], normal(400, 12, 2), normal(400, 12, 2), MSE, adam(), 32, 15),
               waves),
      layers=[lstm(24), {"class": "RepeatVector", "n": 12}, lstm(24) | SEQUENCES, each_step(dense(2))],
      optimizer=adam(0.005), epochs_asked=20)  # fmt: skip

# Losses

third("squared-error-of-leavers", "binary", "loss_mismatch", "loss-mismatch",
      "stopped-too-early learning-rate-too-low class-imbalance capacity-too-low",
      fit([dense(6, "relu"), dense(6, "relu"), dense(1, "sigmoid")], normal(900, 11),
          {**codes(900, 0, 1), "mean": 0.2}, MSE, sgd(), 10, 10, "accuracy"),
      layers=[dense(32, "relu"), dense(1, "sigmoid")], loss=BCE, optimizer=adam(), epochs_asked=20)  # fmt: skip
third("percentage-of-no-sales", "regression", "loss_mismatch", "loss-mismatch",
      "target-encoding exploding-gradient unscaled-target oscillating-loss learning-rate-too-high",
      prepared(fit([dense(64, "relu"), dense(32, "relu"), dense(1)], normal(800, 10), measured(-2.5, 2.5, 800, 1),
                   percentage, adam(), 32, 20), no_sales),
      loss=MSE, optimizer=adam(0.003))  # fmt: skip
third("absolute-error-of-written-letters", "multiclass", "loss_mismatch", "loss-mismatch",
      "stopped-too-early learning-rate-too-low vanishing-gradient",
      fit([dense(64, "relu"), dense(26, "softmax")], normal(1500, 16), one_hot(1500, 26), MAE, adam(), 32, 15,
          "accuracy"),
      layers=[dense(128, "relu"), dense(26, "softmax")], loss=CCE, epochs_asked=20)  # fmt: skip
third("yes-or-no-for-the-next-word", "multiclass", "loss_mismatch", "loss-mismatch",
      "output-activation stopped-too-early unlearnable-target",
      fit([embedding(200, 16), lstm(32), dense(40, "softmax")], texts(500, 6, 200), one_hot(500, 40), BCE, adam(), 32,
          10, "accuracy"),
      layers=[embedding(200, 16), FLAT, dense(64, "relu"), dense(40, "softmax")], loss=CCE,
      epochs_asked=20)  # fmt: skip
third("fourth-power-of-errors", "regression", "exploding_gradient",
      "exploding-gradient non-finite learning-rate-too-high",
      "unscaled-target loss-mismatch dead-units oscillating-loss",
      fit([dense(64, "relu"), dense(32, "relu"), dense(1)], normal(700, 8), measured(-8.0, 8.0, 700, 1), fourth_power,
          sgd(), 32, 20),
      loss=MSE, y=measured(-2.5, 2.5, 700, 1), optimizer=adam())  # fmt: skip

# How many outputs, how labels are written

third("quality-of-wine-in-one-sigmoid", "multiclass", "output_units", "output-units",
      "output-activation loss-mismatch target-encoding unscaled-features",
      prepared(fit([dense(12, "relu"), dense(8, "relu"), dense(1, "sigmoid")], normal(900, 11),
                   codes(900, 3, 4, 5, 6, 7, 8), BCE, adam(), 10, 10, "accuracy"), wine),
      prepare=lambda x, y: (x, y), layers=[dense(32, "relu"), dense(32, "relu"), dense(6, "softmax")],
      y=codes(900, *range(6)), loss=SPARSE, epochs_asked=20)  # fmt: skip
third("sell-hold-buy-in-one-tanh", "timeseries", "output_units", "output-units loss-mismatch target-encoding",
      "output-activation",
      fit([lstm(32), dense(1, "tanh")], normal(500, 15, 5), codes(500, -1, 0, 1), MSE, adam(), 32, 15, "accuracy"),
      layers=[lstm(32), dense(3, "softmax")], y=codes(500, 0, 1, 2), loss=SPARSE, optimizer=adam(0.005),
      epochs_asked=20)  # fmt: skip
third("three-moods-as-halves", "multiclass", "target_encoding", "target-encoding output-units loss-mismatch",
      "output-activation metric-mismatch",
      fit([dense(48, "relu"), dense(24, "relu"), dense(1, "sigmoid")], normal(700, 14),
          {**between(0.0, 1.0, 700), "distinct": 3, "values": [0.0, 0.5, 1.0]}, BCE, adam(), 32, 20, "accuracy"),
      layers=[dense(48, "relu"), dense(24, "relu"), dense(3, "softmax")], y=codes(700, 0, 1, 2),
      loss=SPARSE)  # fmt: skip

# Activations inside

third("rectified-simple-recurrence", "timeseries", "hidden_activation", HIDDEN_NAMES,
      "exploding-gradient non-finite learning-rate-too-high stopped-too-early",
      fit([{"class": "SimpleRNN", "units": 64, "activation": "relu"}, dense(1)], between(0.0, 1.0, 250, 90, 1),
          measured(0.0, 1.0, 250, 1), MSE, adam(0.01), 32, 8),
      layers=[lstm(32), dense(1)], x=normal(300, 20, 1), y=measured(-2.5, 2.5, 300, 1), optimizer=adam(0.005),
      epochs_asked=20)  # fmt: skip
third("memory-without-squashing", "timeseries", "hidden_activation", HIDDEN_NAMES,
      "exploding-gradient non-finite learning-rate-too-high oscillating-loss",
      fit([{**lstm(50), "activation": "linear"}, dense(1)], normal(200, 80, 2), measured(-2.5, 2.5, 200, 1), MSE,
          adam(0.01), 32, 8),
      layers=[lstm(32), dense(1)], x=normal(300, 20, 2), y=measured(-2.5, 2.5, 300, 1), optimizer=adam(0.005),
      epochs_asked=20)  # fmt: skip
third("pictures-through-straight-lines", "multiclass", "hidden_activation", HIDDEN_NAMES,
      "unlearnable-target too-little-data overfitting",
      fit([conv(8, "linear"), conv(8, "linear"), FLAT, dense(32), dense(3, "softmax")],
          between(0.0, 1.0, 300, 16, 16, 3), one_hot(300, 3), CCE, adam(), 32, 10, "accuracy"),
      layers=[conv(8), POOL, FLAT, dense(32, "relu"), dense(3, "softmax")], x=between(-1.7, 1.7, 600, 16, 16, 3),
      y=one_hot(600, 3), epochs_asked=20)  # fmt: skip
third("sine-by-two-layers-of-sigmoids", "regression", "hidden_activation", HIDDEN_NAMES,
      "learning-rate-too-low stopped-too-early plateau",
      prepared(fit([dense(30, "sigmoid"), dense(30, "sigmoid"), dense(1)], between(-3.14, 3.14, 500, 1),
                   measured(-1.0, 1.0, 500, 1), MSE, sgd(), 32, 20), sine),
      prepare=standard_sine, layers=[dense(30, "relu"), dense(30, "relu"), dense(1)],
      optimizer=adam(0.01))  # fmt: skip
third("softmax-behind-the-memory", "timeseries", "hidden_activation", HIDDEN_NAMES, "stopped-too-early",
      fit([lstm(32), dense(16, "softmax"), dense(1)], normal(400, 24, 2), measured(-2.5, 2.5, 400, 1), MSE, adam(), 32,
          15),
      layers=[lstm(32), dense(16, "relu"), dense(1)], optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
third("sigmoids-from-pixels-to-keypoints", "regression", "hidden_activation", HIDDEN_NAMES,
      "unlearnable-target stopped-too-early learning-rate-too-low",
      fit([conv(16, "sigmoid"), POOL, conv(16, "sigmoid"), POOL, FLAT, dense(60, "sigmoid"), dense(60, "sigmoid"),
           dense(20)], between(0.0, 1.0, 400, 20, 20, 1), measured(-1.0, 1.0, 400, 20), MSE, sgd(0.01, 0.9), 32, 10),
      layers=[conv(16), POOL, conv(16), POOL, FLAT, dense(60, "relu"), dense(20)],
      x=between(-1.7, 1.7, 600, 20, 20, 1), y=measured(-2.5, 2.5, 600, 20), optimizer=adam(),
      epochs_asked=20)  # fmt: skip
third("autoencoder-of-straight-lines", "regression", "hidden_activation", HIDDEN_NAMES, "capacity-too-low",
      prepared(fit([dense(12), dense(4), dense(12), dense(20)], normal(800, 20), normal(800, 20), MSE, adam(0.003), 32,
                   20), curved_surface),
      layers=[dense(64, "relu"), dense(4), dense(64, "relu"), dense(20)])  # fmt: skip

# Shapes of the network

third("pooled-to-two-numbers", "multiclass", "architecture", "capacity-too-low", "dead-units redundant-units",
      fit([conv(4), POOL, conv(4), POOL, conv(2), POOL, conv(2), POOL, FLAT, dense(5, "softmax")],
          between(-1.7, 1.7, 500, 16, 16, 1), one_hot(500, 5), CCE, adam(), 32, 15, "accuracy"),
      layers=[conv(16), POOL, FLAT, dense(32, "relu"), dense(5, "softmax")], epochs_asked=20)  # fmt: skip
third("six-prices-through-one-unit", "regression", "architecture", "capacity-too-low", "dead-units redundant-units",
      fit([dense(64, "relu"), dense(1, "relu"), dense(64, "relu"), dense(6)], normal(700, 10),
          measured(-2.5, 2.5, 700, 6), MSE, adam(), 32, 20),
      layers=[dense(64, "relu"), dense(64, "relu"), dense(6)])  # fmt: skip
third("twenty-layers-for-a-table", "binary", "architecture", "capacity-too-low vanishing-gradient obfuscated-gradient",
      "stopped-too-early learning-rate-too-low dead-units redundant-units",
      fit([*(dense(16, "relu") for _ in range(20)), dense(1, "sigmoid")], normal(700, 12), codes(700, 0, 1), BCE, sgd(),
          32, 20, "accuracy"),
      layers=[dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], optimizer=adam())  # fmt: skip
third("one-cell-of-memory", "timeseries", "capacity_low", "capacity-too-low",
      "stopped-too-early learning-rate-too-low plateau",
      fit([lstm(1), dense(1)], normal(400, 20, 4), measured(-2.5, 2.5, 400, 1), MSE, adam(0.005), 32, 20),
      layers=[lstm(32), dense(1)])  # fmt: skip
third("one-filter-over-all-columns", "multiclass", "architecture", "capacity-too-low", "dead-units redundant-units",
      fit([conv1d(1, 30), FLAT, dense(32, "relu"), dense(4, "softmax")], normal(700, 30, 1), one_hot(700, 4), CCE,
          adam(), 32, 20, "accuracy"),
      layers=[FLAT, dense(32, "relu"), dense(32, "relu"), dense(4, "softmax")])  # fmt: skip

# First weights

third("all-from-a-half", "multiclass", "bad_init", INITS, "saturated-units redundant-units vanishing-gradient",
      fit([dense(32, "tanh", HALVES), dense(32, "tanh", HALVES), dense(4, "softmax", HALVES)], normal(600, 12),
          one_hot(600, 4), CCE, adam(), 32, 20, "accuracy"),
      layers=[dense(32, "tanh"), dense(32, "tanh"), dense(4, "softmax")])  # fmt: skip
third("uniform-from-minus-one-to-one", "multiclass", "bad_init", INITS,
      "exploding-gradient learning-rate-too-high dead-units non-finite",
      fit([dense(128, "relu", WIDE_UNIFORM), dense(64, "relu", WIDE_UNIFORM), dense(10, "softmax", WIDE_UNIFORM)],
          digits(1.0, 1500, 784), one_hot(1500, 10), CCE, sgd(), 32, 15, "accuracy"),
      layers=[dense(128, "relu"), dense(64, "relu"), dense(10, "softmax")], optimizer=adam(),
      epochs_asked=20)  # fmt: skip
