"""More programs as posted for Keras: steps, schedules, batches, passes, dropout, decay, weights, frozen layers."""

from torch import Tensor

from .described import (
    BCE,
    CCE,
    FLAT,
    MSE,
    POOL,
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
)
from .keras_more import each_step, gru, kind_of_each_step, more, prepared
from .keras_posts import HIDDEN_NAMES, SEQUENCES, rms
from .keras_posts_training import FIXED, INITS, STEPS

WIDE = {"class": "RandomNormal", "stddev": 1.0}


def frames(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Ten steps of 64 readings become ten pictures of one channel."""
    return x.reshape(len(x), 10, 1, 8, 8), y


def sizes(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """How far from zero the first two readings are, over all steps: no straight line tells it."""
    y = x[..., :2].abs().sum((1, 2)).unsqueeze(1)
    return x, (y - y.mean()) / y.std()


# Hidden layers and first weights

more("straight-lines-at-every-step", "regression", "hidden_activation", HIDDEN_NAMES, "",
     prepared(fit([each_step(dense(32)), each_step(dense(16)), FLAT, dense(1)], normal(500, 8, 5),
                  measured(-2.5, 2.5, 500, 1), MSE, adam(), 32, 20), sizes),
     layers=[each_step(dense(32, "relu")), each_step(dense(16, "relu")), FLAT, dense(1)])  # fmt: skip
more("filters-from-a-wide-normal", "multiclass", "bad_init", INITS,
     "exploding-gradient learning-rate-too-high learning-rate-too-low",
     fit([{**conv(16), "kernel_initializer": WIDE}, POOL, {**conv(16), "kernel_initializer": WIDE}, POOL, FLAT,
          dense(64, "relu", WIDE), dense(5, "softmax", WIDE)], between(0.0, 1.0, 500, 16, 16, 3), one_hot(500, 5), CCE,
         adam(), 32, 10, "accuracy"),
     layers=[conv(16), POOL, conv(16), POOL, FLAT, dense(64, "relu"), dense(5, "softmax")],
     x=between(-1.7, 1.7, 500, 16, 16, 3), epochs_asked=20)  # fmt: skip
more("decayed-away", "binary", "regularisation", "capacity-too-low", "init-too-small vanishing-gradient",
     {**fit([dense(64, "relu"), dense(32, "relu"), dense(1, "sigmoid")], normal(800, 15), codes(800, 0, 1), BCE,
            adam(), 32, 20, "accuracy"), "l2": 1.0}, l2=0.0)  # fmt: skip

# Steps

more("rmsprop-at-a-tenth", "timeseries", "learning_rate_high", "learning-rate-too-high",
     "saturated-units oscillating-loss exploding-gradient vanishing-gradient",
     fit([gru(24), dense(1)], normal(400, 15, 3), measured(-2.5, 2.5, 400, 1), MSE, rms(0.1), 32, 15),
     optimizer=rms(0.003), epochs_asked=20)  # fmt: skip
more("nesterov-of-nearly-one", "multiclass", "learning_rate_high", "learning-rate-too-high",
     f"{STEPS} oscillating-loss",
     fit([dense(128, "relu"), dense(64, "relu"), dense(10, "softmax")], digits(1.0, 1500, 400), one_hot(1500, 10), CCE,
         {**sgd(0.1, 0.99), "nesterov": True}, 64, 15, "accuracy"), optimizer=adam(), epochs_asked=20)  # fmt: skip
more("plain-descent-for-pictures", "multiclass", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
     fit([conv(16), POOL, conv(16), POOL, FLAT, dense(32, "relu"), dense(4, "softmax")],
         between(-1.7, 1.7, 500, 16, 16, 3), one_hot(500, 4), CCE, sgd(1e-4), 32, 10, "accuracy"),
     optimizer=adam(), epochs_asked=20)  # fmt: skip
more("decay-of-a-tenth-at-each-step", "binary", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1, "sigmoid")], normal(800, 12), codes(800, 0, 1), BCE,
         {**adam(), "decay": 0.1}, 32, 20, "accuracy"), optimizer=adam())  # fmt: skip
more("norms-clipped-to-nearly-nothing", "regression", "learning_rate_low", "learning-rate-too-low",
     "stopped-too-early vanishing-gradient",
     fit([dense(32, "relu"), dense(1)], normal(700, 8), measured(-2.5, 2.5, 700, 1), MSE,
         {**sgd(), "clipnorm": 1e-4}, 32, 20), optimizer=adam())  # fmt: skip
more("three-memories-of-tiny-steps", "timeseries", "learning_rate_low", "learning-rate-too-low",
     "stopped-too-early vanishing-gradient",
     fit([lstm(16) | SEQUENCES, lstm(16) | SEQUENCES, lstm(16), dense(1)], normal(250, 12, 2),
         measured(-2.5, 2.5, 250, 1), MSE, adam(1e-6), 32, 12),
     layers=[lstm(32), dense(1)], optimizer=adam(0.005), epochs_asked=20)  # fmt: skip

# Batches and passes

more("all-rows-at-once", "multiclass", "batch_size", "batch-size stopped-too-early", "learning-rate-too-low",
     fit([dense(32, "relu"), dense(16, "relu"), dense(4, "softmax")], normal(900, 12), one_hot(900, 4), CCE, adam(),
         900, 15, "accuracy"), batch_size=32, epochs_asked=20)  # fmt: skip
more("stopped-at-the-first-doubt", "binary", "too_few_epochs", "stopped-too-early", "learning-rate-too-low",
     fit([lstm(24), dense(1, "sigmoid")], normal(320, 15, 3), codes(320, 0, 1), BCE, adam(), 32, 1, "accuracy"),
     optimizer=adam(0.005), epochs_asked=20)  # fmt: skip

# Dropout and frozen layers

more("nine-tenths-dropped-behind-every-step", "multiclass", "too_much_dropout", "misplaced-dropout too-much-dropout",
     "non-finite",
     prepared(fit([lstm(24) | SEQUENCES, each_step(dense(4, "softmax")), dropout(0.9)], normal(300, 12, 4),
                  codes(300, 0, 1), CCE, adam(0.003), 32, 12, "accuracy"), kind_of_each_step),
     layers=[lstm(24) | SEQUENCES, each_step(dense(4, "softmax"))], optimizer=adam(0.005), epochs_asked=20)  # fmt: skip
more("frozen-eyes-of-a-memory", "multiclass", "frozen_layers", "frozen-parameters", "stopped-too-early",
     prepared(fit([each_step(conv(8)) | FIXED, each_step(POOL), each_step(FLAT), lstm(24), dense(3, "softmax")],
                  normal(240, 10, 64), one_hot(240, 3), CCE, adam(), 16, 10, "accuracy"), frames),
     layers=[each_step(conv(8)), each_step(POOL), each_step(FLAT), lstm(24), dense(3, "softmax")],
     epochs_asked=20)  # fmt: skip
