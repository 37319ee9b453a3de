"""More programs as posted for Keras: autoencoders, answers at every step, losses of one's own, labels, columns."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from .described import (
    BCE,
    CCE,
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
    fit,
    lstm,
    measured,
    normal,
    one_hot,
    sgd,
)  # fmt: skip
from .keras_losses import EPSILON, squared
from .keras_posts import MEAN1, SEQUENCES, conv1d, rms

MORE_POSTS: dict[str, Facts] = {}
"""By name, in the form of the real ones' descriptions."""


more = partial(add, into=MORE_POSTS)


def each_step(layer: Facts) -> Facts:
    return {"class": "TimeDistributed", "layer": layer}


def gru(units: int) -> Facts:
    return {"class": "GRU", "units": units}


def larger() -> Facts:
    return {"class": "UpSampling2D", "size": [2, 2]}


def prepared(told: Facts, prepare: Any) -> Facts:
    """The fit, with x and y as `prepare` makes them of the drawn ones."""
    return {**told, "prepare": prepare}


# What is done to x and y


def few_causes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Columns that follow from four of them, to be told by themselves."""
    mix = torch.randn(4, x.shape[1], generator=torch.Generator().manual_seed(1))
    x = x[:, :4] @ mix
    x = (x - x.mean(0)) / x.std(0)
    return x, x


def spots(top: float) -> Any:
    """Pictures of one spot of brightness `top` whose place varies, to be told by themselves."""

    def drawn(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        side = torch.arange(x.shape[-1])
        at = 2 + x.flatten(1)[:, :2] / x.max() * (x.shape[-1] - 4)
        row, column = (torch.exp(-((side - at[:, i : i + 1]) ** 2) / 4) for i in (0, 1))
        x = top * (row[:, None, :, None] * column[:, None, None, :])
        return x, x

    return drawn


def tag_each_step(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """At each step: are the first two readings together above their mean?"""
    return x, (x[..., :2].sum(-1, keepdim=True) > 0).float()


def kind_of_each_step(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """At each step: which reading is the largest?"""
    return x, torch.nn.functional.one_hot(x.argmax(-1), x.shape[-1]).float()


def column_of_nothing(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The fourth column was zero everywhere and was divided by its range."""
    x[:, 3] = 0.0
    x[:, 3] = (x[:, 3] - x[:, 3].min()) / (x[:, 3].max() - x[:, 3].min())
    return x, y


def with_postcode(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The first column becomes a number of five figures."""
    x[:, 0] = (55000 + 22000 * x[:, 0]).clamp(10000, 99999).round()
    return x, y


def with_the_year(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Two columns tell the year and the month of the survey."""
    x[:, 0], x[:, 5] = 2019.0, 12.0
    return x, y


def with_tax(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The last column is the target again, in another unit."""
    x[:, -1] = 1.19 * y[:, 0]
    return x, y


def sums_of_money(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """The target's logarithm is what x tells."""
    return x, 60_000 * torch.exp(1.2 * y)


def by_class(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Rows in the order of their class."""
    order = y.argmax(1).argsort(stable=True)
    return x[order], y[order]


def copied(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Twenty-five rows, each thirty-two times."""
    rows = torch.arange(25).repeat(32)
    return x[rows], y[rows]


# Losses that people wrote, and what Keras makes of shapes that differ


def squared_over_steps(p: Tensor, y: Tensor) -> Tensor:
    """Keras drops the last axis of (n, steps, 1), and (n, steps) meets (n, 1)."""
    return squared(p.squeeze(-1), y.reshape(len(y), 1))


def squared_made_larger(p: Tensor, y: Tensor) -> Tensor:
    return -torch.mean(torch.square(y - p))


def squared_logarithms(p: Tensor, y: Tensor) -> Tensor:
    return torch.mean(torch.square(torch.log(p + 1) - torch.log(y + 1)))


def hinge_by_hand(p: Tensor, y: Tensor) -> Tensor:
    return torch.mean(torch.clamp_min(1 - y * p, 0))


def sparse_on_a_gpu(p: Tensor, y: Tensor) -> Tensor:
    """A code without an output gives not-a-number, as TensorFlow documents for GPUs."""
    y = y.reshape(len(y)).long()
    known = y < p.shape[1]
    q = p.clamp(EPSILON, 1 - EPSILON).gather(1, y.clamp_max(p.shape[1] - 1).unsqueeze(1)).squeeze(1)
    return torch.where(known, -torch.log(q), torch.nan).mean()


def weights_upside_down(p: Tensor, y: Tensor) -> Tensor:
    p = p.clamp(EPSILON, 1 - EPSILON)
    weight = torch.where(y > 0.5, 1.0, 9.0)
    return -(weight * (y * torch.log(p) + (1 - y) * torch.log(1 - p))).mean()


# What the last layer gives

more("decoder-of-standardised-rows-ends-in-sigmoid", "regression", "output_activation", "output-activation",
     "metric-mismatch",
     prepared(fit([dense(32, "relu"), dense(8, "relu"), dense(32, "relu"), dense(24, "sigmoid")], normal(800, 24),
                  normal(800, 24), MSE, adam(), 32, 20, "accuracy"), few_causes),
     layers=[dense(32, "relu"), dense(8, "relu"), dense(32, "relu"), dense(24)], metrics=["mae"])  # fmt: skip
more("profits-into-softplus", "regression", "output_activation", "output-activation", "metric-mismatch",
     fit([dense(48, "relu"), dense(24, "relu"), dense(1, "softplus")], normal(700, 9), measured(-2.5, 2.5, 700, 1),
         MSE, rms(), 16, 20, "accuracy"),
     layers=[dense(48, "relu"), dense(24, "relu"), dense(1)], metrics=["mae"])  # fmt: skip
more("every-reading-into-softmax-of-one", "binary", "output_activation", "output-activation", "output-units",
     prepared(fit([lstm(16) | SEQUENCES, each_step(dense(1, "softmax"))], normal(300, 15, 4), codes(300, 0, 1), BCE,
                  rms(), 16, 15, "accuracy"), tag_each_step),
     layers=[lstm(16) | SEQUENCES, each_step(dense(1, "sigmoid"))], optimizer=adam(0.005))  # fmt: skip

# Shapes

more("every-step-of-the-gru-answers", "timeseries", "output_units", "output-units target-encoding", "loss-mismatch",
     fit([gru(24) | SEQUENCES, dense(1)], normal(400, 12, 3), measured(-2.5, 2.5, 400, 1), squared_over_steps,
         adam(), 32, 20),
     layers=[gru(24), dense(1)], loss=MSE, optimizer=adam(0.005))  # fmt: skip
more("flattening-left-out", "regression", "architecture", "output-units target-encoding capacity-too-low",
     "loss-mismatch",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(600, 10, 1), measured(-2.5, 2.5, 600, 1),
         squared_over_steps, adam(), 32, 20),
     layers=[{"class": "Flatten"}, dense(32, "relu"), dense(16, "relu"), dense(1)], loss=MSE)  # fmt: skip
more("a-stride-of-eight", "multiclass", "capacity_low", "capacity-too-low", "dead-units",
     fit([{**conv(2), "strides": [8, 8]}, POOL, {"class": "Flatten"}, dense(6, "softmax")],
         between(-1.7, 1.7, 600, 16, 16, 1), one_hot(600, 6), CCE, adam(), 32, 20, "accuracy"),
     layers=[conv(16), POOL, {"class": "Flatten"}, dense(32, "relu"), dense(6, "softmax")])  # fmt: skip

# Losses

more("divergence-of-one-probability", "binary", "loss_mismatch", "loss-mismatch", "output-units output-activation",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(700, 12), codes(700, 0, 1),
         "kl_divergence", adam(), 32, 20, "accuracy"), loss=BCE)  # fmt: skip
more("cosine-of-one-number", "regression", "loss_mismatch", "loss-mismatch", "output-units",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(700, 8), measured(-2.5, 2.5, 700, 1),
         "cosine_similarity", adam(), 32, 20), loss=MSE)  # fmt: skip
more("error-made-larger", "regression", "loss_mismatch", "loss-mismatch",
     "exploding-gradient non-finite learning-rate-too-high",
     fit([dense(32, "relu"), dense(1)], normal(600, 6), measured(-2.5, 2.5, 600, 1), squared_made_larger, adam(), 32,
         20), loss=MSE)  # fmt: skip
more("three-genres-of-a-song-by-softmax", "multilabel", "loss_mismatch", "loss-mismatch output-activation", "",
     fit([conv1d(16), MEAN1, dense(32, "relu"), dense(6, "softmax")], normal(500, 24, 5),
         {**one_hot(500, 6), "mean": 0.45}, CCE, adam(), 32, 20, "accuracy"),
     layers=[conv1d(16), {"class": "Flatten"}, dense(32, "relu"), dense(6, "sigmoid")], loss=BCE)  # fmt: skip
more("logarithm-of-negative-returns", "regression", "non_finite", "non-finite loss-mismatch",
     "bad-values target-encoding",
     fit([dense(32, "relu"), dense(1)], normal(600, 10), measured(-2.5, 2.5, 600, 1), squared_logarithms, adam(), 32,
         10), loss=MSE, epochs_asked=20)  # fmt: skip

# Labels

more("hinge-of-zeros-and-ones", "binary", "target_encoding", "target-encoding loss-mismatch", "",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1, "tanh")], normal(700, 12), codes(700, 0, 1), hinge_by_hand,
         adam(), 32, 20, "accuracy"), y=codes(700, -1, 1))  # fmt: skip
more("species-codes-against-three-shares", "multiclass", "target_encoding",
     "target-encoding output-units loss-mismatch", "",
     fit([dense(24, "relu"), dense(3, "softmax")], normal(450, 4), codes(450, 0, 1, 2), MSE, adam(), 16, 20,
         "accuracy"),
     layers=[dense(32, "relu"), dense(32, "relu"), dense(3, "softmax")], loss=SPARSE,
     optimizer=adam(0.005))  # fmt: skip
more("stars-from-one-to-five", "multiclass", "target_encoding", "target-encoding output-units",
     "non-finite bad-values",
     fit([dense(48, "relu"), dense(5, "softmax")], normal(600, 14), codes(600, 1, 2, 3, 4, 5), sparse_on_a_gpu,
         adam(), 32, 10, "accuracy"), y=codes(600, 0, 1, 2, 3, 4), loss=SPARSE, epochs_asked=20)  # fmt: skip
more("millions-of-dollars", "regression", "target_scale", "unscaled-target",
     "metric-mismatch learning-rate-too-low stopped-too-early exploding-gradient",
     prepared(fit([dense(64, "relu"), dense(32, "relu"), dense(1)], normal(800, 9), measured(-2.5, 2.5, 800, 1), MSE,
                  adam(), 32, 20, "accuracy"), sums_of_money),
     prepare=lambda x, y: (x, y), metrics=["mae"])  # fmt: skip
more("autoencoder-of-bytes", "regression", "target_scale", "unscaled-target target-encoding unscaled-features",
     "output-activation loss-mismatch exploding-gradient",
     prepared(fit([conv(8), POOL, conv(8), larger(), {**conv(1, "sigmoid")}], between(0.0, 255.0, 400, 12, 12, 1),
                  between(0.0, 255.0, 400, 1), BCE, adam(), 32, 15), spots(255.0)),
     prepare=spots(1.0), optimizer=adam(0.003), epochs_asked=20)  # fmt: skip

# Columns and rows

more("column-scaled-by-a-range-of-nothing", "binary", "bad_values", "bad-values non-finite", "too-much-dropout",
     prepared(fit([dense(32, "relu"), {"class": "BatchNormalization"}, dense(1, "sigmoid")], between(0.0, 1.0, 600, 9),
                  codes(600, 0, 1), BCE, adam(), 32, 12, "accuracy"), column_of_nothing),
     prepare=lambda x, y: (x, y), epochs_asked=20)  # fmt: skip
more("postcode-beside-scaled-columns", "multiclass", "feature_scale", "unscaled-features",
     "learning-rate-too-high exploding-gradient dead-units non-finite",
     prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(4, "softmax")], normal(800, 10), one_hot(800, 4), CCE,
                  adam(), 32, 20, "accuracy"), with_postcode), prepare=lambda x, y: (x, y))  # fmt: skip
more("the-year-in-every-row", "binary", "constant_feature", "constant-feature unscaled-features",
     "dead-units exploding-gradient learning-rate-too-high",
     prepared(fit([dense(24, "relu"), dense(1, "sigmoid")], normal(700, 11), codes(700, 0, 1), BCE, sgd(), 32, 15,
                  "accuracy"), with_the_year),
     prepare=lambda x, y: (x, y), optimizer=adam(), epochs_asked=20)  # fmt: skip
more("price-with-tax-among-the-columns", "regression", "leaking_feature", "leaking-feature", "metric-mismatch",
     prepared(fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(700, 12), measured(-2.5, 2.5, 700, 1), MSE,
                  adam(), 32, 20, "accuracy"), with_tax), prepare=lambda x, y: (x, y), metrics=["mae"])  # fmt: skip
more("rows-in-the-order-of-their-class", "multiclass", "unshuffled_data", "unshuffled-data",
     "oscillating-loss learning-rate-too-high",
     prepared({**fit([dense(48, "relu"), dense(5, "softmax")], normal(800, 16), one_hot(800, 5), CCE, sgd(0.05, 0.9),
                     16, 12, "accuracy"), "shuffle": False}, by_class),
     shuffle=True, optimizer=adam(), epochs_asked=20)  # fmt: skip
more("twenty-five-rows-copied", "binary", "duplicate_rows", "duplicate-rows", "overfitting too-little-data",
     prepared(fit([dense(32, "relu"), dense(1, "sigmoid")], normal(800, 10), codes(800, 0, 1), BCE, adam(), 32, 20,
                  "accuracy"), copied), prepare=lambda x, y: (x, y))  # fmt: skip
more("weights-of-classes-upside-down", "binary", "class_imbalance", "class-imbalance loss-mismatch",
     "metric-mismatch",
     fit([dense(24, "relu"), dense(12, "relu"), dense(1, "sigmoid")], normal(1200, 10),
         {**codes(1200, 0, 1), "mean": 0.08}, weights_upside_down, adam(), 32, 15, "accuracy"),
     loss=BCE, y=codes(1200, 0, 1), epochs_asked=20)  # fmt: skip
