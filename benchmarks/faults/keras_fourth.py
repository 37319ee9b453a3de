"""A fourth set of programs as posted for Keras: outputs, losses, labels, activations inside, shapes, first weights."""

from functools import partial

import torch
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
from .keras_losses import EPSILON, binary
from .keras_more import gru, prepared
from .keras_posts import HIDDEN_NAMES, MEAN1, both_ways, conv1d, embedding, rms, texts
from .keras_posts_training import INITS, ONES
from .keras_third_training import NORM

FOURTH_POSTS: dict[str, Facts] = {}
"""By name, in the form of the real ones' descriptions."""


fourth = partial(add, into=FOURTH_POSTS)
MEAN2: Facts = {"class": "GlobalAveragePooling2D"}
SMALL_PICTURES = between(0.0, 1.0, 400, 16, 16, 1)
THOUSANDTHS = {"class": "RandomNormal", "stddev": 0.001}
TENS = {"class": "RandomNormal", "stddev": 10.0}


# What is done to x and y


def as_drawn(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, y


def spots(x: Tensor, width: float) -> tuple[Tensor, Tensor]:
    """Noise (n, 1, h, w) with one bright spot each, and the spots' places (n, 2) from -1 to 1."""
    side = torch.arange(x.shape[-1])
    at = torch.rand(len(x), 2, generator=torch.Generator().manual_seed(1))
    row, column = (torch.exp(-((side - 2 - at[:, i : i + 1] * (len(side) - 5)) ** 2) / width) for i in (0, 1))
    return 0.2 * x + (row[:, :, None] * column[:, None, :]).unsqueeze(1), 3.4 * (at - 0.5)


def masks_of_spots(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    x, _ = spots(x, 8.0)
    return x, (x > 0.6).float()


def masks_of_points(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The one or two brightest pixels of each picture."""
    x, _ = spots(x, 2.0)
    return x, (x > 0.8).float()


def places_of_spots(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return spots(x, 4.0)


def standard_spots(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Pictures of spots, standardised, to be told by themselves."""
    x, _ = spots(x, 8.0)
    x = (x - x.mean()) / x.std()
    return x, x


def counts(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    return x, (2 + 2 * y).round().clamp_min(0)


def rings(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Points of the plane: the outer ones are of class one."""
    return x, (x.norm(dim=1) > 1.18).float()


def areas(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The product of the first two columns."""
    return x, x[:, :1] * x[:, 1:2]


def six_causes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Columns that follow from six causes, to be told by themselves."""
    mix = torch.randn(6, x.shape[1], generator=torch.Generator().manual_seed(1))
    x = torch.tanh(x[:, :6] @ mix / 2)
    return x, x


# Losses by hand


def overlap(p: Tensor, y: Tensor) -> Tensor:
    """Dice's coefficient: large where the masks agree."""
    return (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)


def missing_overlap(p: Tensor, y: Tensor) -> Tensor:
    return 1 - overlap(p, y)


def f1_of_rounded(p: Tensor, y: Tensor) -> Tensor:
    return 1 - 2 * (p.round() * y).sum() / (p.round().sum() + y.sum() + EPSILON)


def only_the_ones(p: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy without the term of the zeros."""
    return -(y * torch.log(p.clamp_min(EPSILON))).mean()


def unclipped_crossentropy(p: Tensor, y: Tensor) -> Tensor:
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def quantile(p: Tensor, y: Tensor) -> Tensor:
    """Pinball loss of the ninth decile."""
    return torch.maximum(0.9 * (y - p), 0.1 * (p - y)).mean()


def quantile_with_the_smaller(p: Tensor, y: Tensor) -> Tensor:
    return torch.minimum(0.9 * (y - p), 0.1 * (p - y)).mean()


def rows_against_rows(p: Tensor, y: Tensor) -> Tensor:
    """Squared error of p (n, 1) against y (n), in a loop of one's own."""
    return ((p - y.squeeze(1)) ** 2).mean()


# What the last layer gives

fourth("ages-of-faces-into-sigmoid", "regression", "output_activation", "output-activation", "unscaled-target",
       fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(1, "sigmoid")],
           between(0.0, 1.0, 400, 20, 20, 3), measured(1.0, 90.0, 400, 1), MSE, adam(), 32, 10),
       layers=[conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(1)],
       x=between(-1.7, 1.7, 400, 20, 20, 3), y=measured(-2.5, 2.5, 400, 1), epochs_asked=20)  # fmt: skip
fourth("lamps-that-burn-by-tanh", "multilabel", "output_activation", "output-activation", "dead-units",
       fit([dense(48, "relu"), dense(5, "tanh")], normal(800, 16), {**one_hot(800, 5), "mean": 0.4}, BCE, adam(), 32,
           20, "accuracy"),
       layers=[dense(48, "relu"), dense(5, "sigmoid")], metrics=["binary_accuracy"])  # fmt: skip
fourth("masks-by-softmax-of-one-channel", "binary", "output_activation", "output-activation", "class-imbalance",
       prepared(fit([conv(8), conv(8), conv(1, "softmax")], SMALL_PICTURES, codes(400, 0, 1), BCE, adam(), 16, 10,
                    "accuracy"), masks_of_spots),
       layers=[conv(8), conv(8), conv(1, "sigmoid")], optimizer=adam(0.003))  # fmt: skip
fourth("visitors-that-may-be-negative", "regression", "output_activation", "output-activation non-finite",
       "loss-mismatch exploding-gradient learning-rate-too-high",
       prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(800, 10), measured(-2.5, 2.5, 800, 1),
                    "poisson", adam(), 32, 20), counts),
       layers=[dense(32, "relu"), dense(16, "relu"), dense(1, "softplus")])  # fmt: skip
fourth("softmax-over-the-rows-of-a-batch", "multiclass", "output_activation", "output-activation mixed-rows",
       "stopped-too-early",
       fit([dense(48, "relu"), dense(4), {"class": "Softmax", "axis": 0}], normal(800, 12), one_hot(800, 4), CCE,
           adam(), 32, 20, "accuracy"),
       layers=[dense(48, "relu"), dense(4), {"class": "Softmax"}])  # fmt: skip
fourth("breeds-without-softmax", "multiclass", "output_activation", "output-activation", "loss-mismatch non-finite",
       fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(6)], between(0.0, 1.0, 500, 20, 20, 3),
           codes(500, *range(6)), SPARSE, adam(), 32, 10, "accuracy"),
       layers=[conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(6, "softmax")],
       x=between(-1.7, 1.7, 500, 20, 20, 3), epochs_asked=20)  # fmt: skip
fourth("probability-taken-for-a-logit", "binary", "output_activation", "output-activation loss-mismatch",
       "stopped-too-early",
       fit([embedding(300, 16), MEAN1, dense(24, "relu"), dense(1, "sigmoid")], texts(800, 20, 300), codes(800, 0, 1),
           {"class": "BinaryCrossentropy", "from_logits": True}, adam(), 32, 20, "accuracy"),
       layers=[embedding(300, 16), FLAT, dense(24, "relu"), dense(1)], optimizer=adam(0.003))  # fmt: skip
fourth("standardised-pictures-through-rectifier", "regression", "output_activation", "output-activation",
       "dead-units stopped-too-early",
       prepared(fit([conv(8), POOL, conv(4), {"class": "UpSampling2D", "size": [2, 2]}, conv(1, "relu")],
                    SMALL_PICTURES, measured(0.0, 1.0, 400, 1), MSE, adam(), 16, 10), standard_spots),
       layers=[conv(8), POOL, conv(4), {"class": "UpSampling2D", "size": [2, 2]}, conv(1, "linear")],
       optimizer=adam(0.003))  # fmt: skip
fourth("norm-behind-the-softmax", "multiclass", "output_activation", "output-activation",
       "stopped-too-early learning-rate-too-low vanishing-gradient",
       fit([dense(48, "relu"), dense(5, "softmax"), NORM], normal(800, 14), one_hot(800, 5), CCE, adam(), 32, 20,
           "accuracy"),
       layers=[dense(48, "relu"), NORM, dense(5, "softmax")])  # fmt: skip

# How many outputs, how labels are written

fourth("four-moves-in-one-softmax", "multiclass", "output_units", "output-units",
       "output-activation loss-mismatch target-encoding",
       fit([dense(32, "relu"), dense(32, "relu"), dense(1, "softmax")], normal(700, 8), codes(700, 0, 1, 2, 3), CCE,
           adam(), 32, 20, "accuracy"),
       layers=[dense(32, "relu"), dense(32, "relu"), dense(4, "softmax")], loss=SPARSE)  # fmt: skip
fourth("twelve-hours-ahead-by-one-number", "timeseries", "output_units", "output-units target-encoding",
       "stopped-too-early",
       fit([lstm(32), dense(1)], normal(400, 24, 3), measured(-2.5, 2.5, 400, 12), MSE, adam(), 32, 15),
       layers=[lstm(32), dense(12)], optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
fourth("chances-in-percent", "regression", "target_encoding", "target-encoding unscaled-target",
       "loss-mismatch output-activation",
       fit([dense(32, "relu"), dense(1, "sigmoid")], normal(700, 9), measured(0.0, 100.0, 700, 1), BCE, adam(), 32, 20),
       y=measured(0.0, 1.0, 700, 1))  # fmt: skip
fourth("labels-through-the-scaler-too", "binary", "target_encoding", "target-encoding",
       "loss-mismatch output-activation",
       fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(800, 12),
           {**between(-0.65, 1.54, 800), "mean": 0.0, "distinct": 2, "values": [-0.65, 1.54]}, BCE, adam(), 32, 20,
           "accuracy"), y=codes(800, 0, 1))  # fmt: skip
fourth("every-rent-against-every-rent", "regression", "target_encoding", "target-encoding",
       "loss-mismatch output-units unlearnable-target",
       prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(700, 10), measured(-2.5, 2.5, 700, 1),
                    rows_against_rows, adam(), 32, 20), as_drawn), loss=MSE)  # fmt: skip

# Losses

fourth("categorical-for-one-sigmoid", "binary", "loss_mismatch", "loss-mismatch",
       "output-units output-activation target-encoding",
       fit([conv1d(16), conv1d(16), FLAT, dense(1, "sigmoid")], normal(500, 40, 2), codes(500, 0, 1), CCE, adam(), 32,
           15, "accuracy"), loss=BCE)  # fmt: skip
fourth("least-squares-of-five-languages", "multiclass", "loss_mismatch", "loss-mismatch output-activation",
       "stopped-too-early learning-rate-too-low",
       fit([dense(64, "relu"), dense(5)], normal(900, 20), one_hot(900, 5), MSE, sgd(), 32, 20, "accuracy"),
       layers=[dense(64, "relu"), dense(5, "softmax")], loss=CCE, optimizer=adam())  # fmt: skip
fourth("overlap-made-smaller", "binary", "loss_mismatch", "loss-mismatch", "dead-units vanishing-gradient",
       prepared(fit([conv(8), conv(8), conv(1, "sigmoid")], SMALL_PICTURES, codes(400, 0, 1), overlap, adam(), 16, 10),
                masks_of_spots), loss=missing_overlap, optimizer=adam(0.003), epochs_asked=20)  # fmt: skip
fourth("f1-of-rounded-answers", "binary", "loss_mismatch", "detached-graph loss-mismatch",
       "vanishing-gradient frozen-parameters obfuscated-gradient",
       fit([dense(24, "relu"), dense(1, "sigmoid")], normal(700, 9), codes(700, 0, 1), f1_of_rounded, adam(), 32, 20),
       loss=BCE)  # fmt: skip
fourth("only-the-ones-are-counted", "binary", "loss_mismatch", "loss-mismatch", "saturated-units vanishing-gradient",
       fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(800, 10), codes(800, 0, 1),
           only_the_ones, adam(), 32, 20, "accuracy"), loss=BCE)  # fmt: skip
fourth("quantile-turned-over", "regression", "loss_mismatch", "loss-mismatch",
       "exploding-gradient learning-rate-too-high non-finite",
       fit([dense(32, "relu"), dense(1)], normal(700, 8), measured(-2.5, 2.5, 700, 1), quantile_with_the_smaller,
           adam(), 32, 20), loss=quantile, optimizer=adam(0.003))  # fmt: skip
fourth("crossentropy-without-clipping", "binary", "non_finite", "non-finite unscaled-features",
       "loss-mismatch learning-rate-too-high exploding-gradient bad-values",
       fit([dense(64, "relu"), dense(32, "relu"), dense(1, "sigmoid")], between(0.0, 255.0, 700, 64), codes(700, 0, 1),
           unclipped_crossentropy, adam(0.01), 32, 20, "accuracy"),
       x=normal(700, 64), loss=binary, optimizer=adam())  # fmt: skip
fourth("absolute-error-of-gestures", "timeseries", "loss_mismatch", "loss-mismatch",
       "stopped-too-early learning-rate-too-low vanishing-gradient",
       fit([both_ways(gru(16)), dense(5, "softmax")], normal(500, 12, 5), one_hot(500, 5), MAE, rms(), 32, 15,
           "accuracy"), loss=CCE, optimizer=adam(0.005), epochs_asked=20)  # fmt: skip

# Activations inside

fourth("softmax-in-each-hidden-layer", "multiclass", "hidden_activation", HIDDEN_NAMES,
       "stopped-too-early learning-rate-too-low",
       fit([dense(64, "softmax"), dense(64, "softmax"), dense(64, "softmax"), dense(3, "softmax")], normal(600, 4),
           one_hot(600, 3), CCE, adam(), 16, 20, "accuracy"),
       layers=[dense(64, "relu"), dense(64, "relu"), dense(3, "softmax")])  # fmt: skip
fourth("areas-by-straight-lines", "regression", "hidden_activation", HIDDEN_NAMES, "capacity-too-low",
       prepared(fit([dense(128), dense(64), dense(32), dense(1)], normal(800, 5), measured(-2.5, 2.5, 800, 1), MSE,
                    adam(), 32, 20), areas),
       layers=[dense(128, "relu"), dense(64, "relu"), dense(1)], optimizer=adam(0.003))  # fmt: skip
fourth("twelve-layers-of-sigmoids", "binary", "hidden_activation", HIDDEN_NAMES,
       "stopped-too-early learning-rate-too-low obfuscated-gradient",
       fit([*(dense(32, "sigmoid") for _ in range(12)), dense(1, "sigmoid")], normal(800, 16), codes(800, 0, 1), BCE,
           adam(), 32, 20, "accuracy"),
       layers=[dense(32, "relu"), dense(32, "relu"), dense(1, "sigmoid")])  # fmt: skip
fourth("filters-before-filters-without-activation", "multiclass", "hidden_activation", HIDDEN_NAMES,
       "stopped-too-early",
       fit([conv1d(32, 3, "linear"), conv1d(32, 3, "linear"), FLAT, dense(64), dense(4, "softmax")],
           normal(500, 30, 3), one_hot(500, 4), CCE, adam(), 32, 10, "accuracy"),
       layers=[conv1d(32), conv1d(32), FLAT, dense(64, "relu"), dense(4, "softmax")], epochs_asked=20)  # fmt: skip

# Shapes of the network

fourth("where-the-spot-is-after-a-mean", "regression", "architecture", "capacity-too-low",
       "unlearnable-target stopped-too-early",
       prepared(fit([conv(8), conv(8), MEAN2, dense(2)], SMALL_PICTURES, measured(-1.7, 1.7, 400, 2), MSE, adam(), 16,
                    10), places_of_spots),
       layers=[conv(8), POOL, conv(8), FLAT, dense(32, "relu"), dense(2)], epochs_asked=20)  # fmt: skip
fourth("rings-by-a-single-layer", "binary", "capacity_low", "capacity-too-low missing-nonlinearity",
       "unlearnable-target stopped-too-early",
       prepared(fit([dense(1, "sigmoid")], normal(800, 2), codes(800, 0, 1), BCE, adam(0.01), 32, 20, "accuracy"),
                rings), layers=[dense(32, "relu"), dense(1, "sigmoid")])  # fmt: skip
fourth("six-causes-through-a-code-of-one", "regression", "architecture", "capacity-too-low", "dead-units",
       prepared(fit([dense(32, "relu"), dense(1), dense(32, "relu"), dense(24)], normal(800, 24), normal(800, 24), MSE,
                    adam(0.003), 32, 20), six_causes),
       layers=[dense(64, "relu"), dense(12), dense(64, "relu"), dense(24)])  # fmt: skip
fourth("two-units-for-twenty-six-letters", "multiclass", "capacity_low", "capacity-too-low", "dead-units",
       fit([dense(2, "relu"), dense(26, "softmax")], normal(1500, 16), one_hot(1500, 26), CCE, adam(0.003), 32, 20,
           "accuracy"), layers=[dense(128, "relu"), dense(26, "softmax")])  # fmt: skip
fourth("each-pixel-on-its-own", "multiclass", "architecture", "capacity-too-low missing-nonlinearity",
       "stopped-too-early",
       fit([dense(32, "relu"), dense(32, "relu"), MEAN2, dense(5, "softmax")], between(-1.7, 1.7, 500, 16, 16, 3),
           one_hot(500, 5), CCE, adam(), 32, 10, "accuracy"),
       layers=[conv(16), POOL, FLAT, dense(32, "relu"), dense(5, "softmax")], epochs_asked=20)  # fmt: skip

# First weights

fourth("six-layers-from-thousandths", "multiclass", "bad_init", INITS,
       "vanishing-gradient stopped-too-early obfuscated-gradient",
       fit([*(dense(48, "tanh", THOUSANDTHS) for _ in range(6)), dense(4, "softmax", THOUSANDTHS)], normal(700, 12),
           codes(700, 0, 1, 2, 3), SPARSE, sgd(0.05), 32, 20, "accuracy"),
       layers=[dense(48, "tanh"), dense(48, "tanh"), dense(4, "softmax")], optimizer=adam())  # fmt: skip
fourth("houses-from-ones", "regression", "bad_init", INITS,
       "redundant-units exploding-gradient learning-rate-too-high dead-units",
       fit([dense(32, "relu", ONES), dense(16, "relu", ONES), dense(1, "linear", ONES)], normal(600, 13),
           measured(-2.5, 2.5, 600, 1), MSE, adam(), 32, 20),
       layers=[dense(32, "relu"), dense(16, "relu"), dense(1)])  # fmt: skip
fourth("digits-from-a-spread-of-ten", "multiclass", "bad_init", INITS,
       "exploding-gradient dead-units learning-rate-too-low learning-rate-too-high",
       fit([dense(64, "relu", TENS), dense(10, "softmax", TENS)], digits(1.0, 1200, 256), one_hot(1200, 10), CCE,
           adam(), 32, 15, "accuracy"),
       layers=[dense(64, "relu"), dense(10, "softmax")], epochs_asked=20)  # fmt: skip
