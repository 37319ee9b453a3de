"""Programs as posted to ask why they do not learn: outputs, losses, labels, activations and shapes that do not fit."""

from functools import partial

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
    dropout,
    fit,
    lstm,
    measured,
    normal,
    one_hot,
    sgd,
)  # fmt: skip

POSTS: dict[str, Facts] = {}
"""By name, in the form of the real ones' descriptions."""


post = partial(add, into=POSTS)


def rms(rate: float = 1e-3) -> Facts:
    return {"class": "RMSprop", "learning_rate": rate}


def conv1d(filters: int, size: int = 3, activation: str = "relu") -> Facts:
    return {"class": "Conv1D", "filters": filters, "kernel_size": [size], "activation": activation}


def embedding(words: int, units: int) -> Facts:
    return {"class": "Embedding", "input_dim": words, "output_dim": units}


def both_ways(layer: Facts) -> Facts:
    return {"class": "Bidirectional", "layer": layer}


def texts(rows: int, steps: int, words: int) -> Facts:
    return {**between(0.0, words - 1.0, rows, steps), "dtype": "int64"}


SEQUENCES = {"return_sequences": True}
POOL1 = {"class": "MaxPooling1D", "pool_size": [2]}
MEAN1 = {"class": "GlobalAveragePooling1D"}
PIXELS = normal(300, 16, 16, 1)
"""A table of made-up values, told as pictures."""
HIDDEN_NAMES = "missing-nonlinearity saturated-units vanishing-gradient"


# What the last layer gives

post("customers-into-softmax-of-one", "binary", "output_activation", "output-activation",
     "learning-rate-too-low stopped-too-early",
     fit([dense(16, "relu"), dropout(0.2), dense(1, "softmax")], between(0.0, 1.0, 700, 11), codes(700, 0, 1), BCE,
         adam(1e-4), 10, 15, "accuracy"),
     layers=[dense(32, "relu"), dense(1, "sigmoid")], optimizer=adam(), epochs_asked=20, x=normal(700, 11))  # fmt: skip
post("made-up-pictures-into-softmax-of-one", "binary", "output_activation", "output-activation",
     "learning-rate-too-low too-little-data overfitting capacity-too-low",
     fit([conv(16), conv(16), POOL, FLAT, dense(32, "relu"), dense(1, "softmax")], PIXELS, codes(300, 0, 1), BCE,
         rms(1e-4), 32, 8, "accuracy"),
     layers=[conv(8), POOL, FLAT, dense(32, "relu"), dense(1, "sigmoid")], optimizer=adam(), epochs_asked=20,
     x=normal(800, 16, 16, 1), y=codes(800, 0, 1))  # fmt: skip
post("genres-by-sigmoids", "multiclass", "output_activation", "output-activation", "too-much-dropout",
     fit([dense(128, "relu"), dropout(0.5), dense(64, "relu"), dropout(0.5), dense(5, "sigmoid")], normal(600, 40),
         one_hot(600, 5), CCE, adam(), 32, 20, "accuracy"),
     layers=[dense(128, "relu"), dense(64, "relu"), dense(5, "softmax")])  # fmt: skip
post("closing-price-into-tanh", "timeseries", "output_activation", "output-activation",
     "unscaled-target saturated-units vanishing-gradient",
     fit([{**lstm(24), **SEQUENCES}, lstm(24), dense(1, "tanh")], between(0.0, 1.0, 300, 15, 1),
         measured(10.0, 95.0, 300, 1), MSE, adam()),
     layers=[lstm(24), dense(1)], x=between(-1.7, 1.7, 300, 15, 1), y=measured(-2.5, 2.5, 300, 1),
     optimizer=adam(0.005))  # fmt: skip
post("temperatures-into-sigmoid", "regression", "output_activation", "output-activation",
     "unscaled-target metric-mismatch",
     fit([dense(20, "relu"), dense(10, "relu"), dense(1, "sigmoid")], normal(800, 7), measured(-15.0, 38.0, 800, 1),
         MSE, adam(), 32, 20, "accuracy"),
     layers=[dense(20, "relu"), dense(10, "relu"), dense(1)], y=measured(-2.5, 2.5, 800, 1),
     metrics=["mae"])  # fmt: skip
post("moods-of-texts-without-sigmoid", "binary", "output_activation", "output-activation loss-mismatch", "",
     fit([embedding(400, 16), lstm(16), dense(1)], texts(500, 25, 400), codes(500, 0, 1), BCE, adam(), 32, 8,
         "accuracy"),
     layers=[embedding(400, 16), FLAT, dense(32, "relu"), dense(1, "sigmoid")], epochs_asked=20)  # fmt: skip
post("returns-into-rectifier", "timeseries", "output_activation", "output-activation", "dead-units",
     fit([conv1d(16), POOL1, FLAT, dense(32, "relu"), dense(1, "relu")], normal(500, 30, 2),
         measured(-3.0, 3.0, 500, 1), MSE, adam()),
     layers=[conv1d(16), POOL1, FLAT, dense(32, "relu"), dense(1)])  # fmt: skip
post("three-values-into-softmax", "regression", "output_activation", "output-activation", "stopped-too-early",
     fit([dense(32, "relu"), dense(3, "softmax")], normal(700, 9), measured(-2.0, 2.0, 700, 3), MSE, adam(), 64, 10),
     layers=[dense(32, "relu"), dense(3)], epochs_asked=20, batch_size=16)  # fmt: skip

# How many outputs

post("seven-kinds-of-weather-in-one", "multiclass", "output_units", "output-units",
     "output-activation loss-mismatch target-encoding dead-units",
     fit([dense(24, "relu"), dense(1, "relu")], normal(900, 6), codes(900, *range(7)), MSE, adam(), 32, 20,
         "accuracy"),
     layers=[dense(24, "relu"), dense(7, "softmax")], loss=SPARSE, optimizer=adam(0.005))  # fmt: skip
post("stars-in-one-sigmoid", "multiclass", "output_units", "output-units",
     "output-activation loss-mismatch target-encoding",
     fit([embedding(300, 12), FLAT, dense(16, "relu"), dense(1, "sigmoid")], texts(600, 20, 300), codes(600,
         *range(1, 6)), BCE, adam(), 32, 15, "accuracy"),
     layers=[embedding(300, 12), FLAT, dense(32, "relu"), dense(5, "softmax")], y=codes(600, *range(5)), loss=SPARSE,
     epochs_asked=20)  # fmt: skip
post("activities-as-one-value", "multiclass", "output_units", "output-units loss-mismatch",
     "output-activation target-encoding",
     fit([conv1d(16, 5), POOL1, FLAT, dense(1)], normal(500, 40, 3), codes(500, 0, 1, 2, 3), MAE, adam(), 32, 15,
         "accuracy"),
     layers=[conv1d(16, 5), POOL1, FLAT, dense(4, "softmax")], loss=SPARSE, epochs_asked=20)  # fmt: skip

# Which loss

post("two-outputs-for-one-column", "binary", "loss_mismatch", "loss-mismatch output-units",
     "output-activation target-encoding",
     fit([dense(32, "relu"), dense(16, "relu"), dense(2, "softmax")], normal(1000, 8), codes(1000, 0, 1), BCE, adam(),
         32, 20, "accuracy"),
     loss=SPARSE)  # fmt: skip
post("squared-error-of-topics", "multiclass", "loss_mismatch", "loss-mismatch",
     "stopped-too-early learning-rate-too-low",
     fit([embedding(500, 16), MEAN1, dense(24, "relu"), dense(5, "softmax")], texts(600, 16, 500), one_hot(600, 5), MSE,
         adam(), 32, 10, "accuracy"),
     layers=[embedding(500, 16), FLAT, dense(24, "relu"), dense(5, "softmax")], loss=CCE, epochs_asked=20)  # fmt: skip
post("crossentropy-of-rents", "regression", "loss_mismatch", "loss-mismatch",
     "output-activation unscaled-target target-encoding metric-mismatch non-finite",
     fit([dense(32, "relu"), dense(16, "relu"), dense(1)], normal(600, 10), measured(1.0, 9.0, 600, 1), BCE, adam(), 32,
         20, "accuracy"),
     loss=MSE, y=measured(-2.5, 2.5, 600, 1), metrics=["mae"])  # fmt: skip

# How labels are written

post("masks-of-0-and-255", "binary", "target_encoding", "target-encoding",
     "loss-mismatch unscaled-target output-activation exploding-gradient",
     fit([conv(8), POOL, FLAT, dense(16, "relu"), dense(1, "sigmoid")], between(0.0, 1.0, 400, 12, 12, 1),
         codes(400, 0, 255), BCE, adam(), 32, 15, "accuracy"),
     y=codes(400, 0, 1), x=between(-1.7, 1.7, 400, 12, 12, 1), epochs_asked=20)  # fmt: skip
post("up-or-down-as-plus-minus-one", "timeseries", "target_encoding", "target-encoding output-activation",
     "loss-mismatch",
     fit([lstm(16), dense(1, "sigmoid")], normal(400, 12, 4), codes(400, -1, 1), MSE, adam(0.005), 32, 20, "accuracy"),
     y=codes(400, 0, 1), loss=BCE)  # fmt: skip
post("tumours-of-class-2-and-4", "binary", "target_encoding", "target-encoding",
     "output-activation output-units loss-mismatch unscaled-features",
     fit([dense(9, "relu"), dense(1, "sigmoid")], between(1.0, 10.0, 600, 9), codes(600, 2, 4), BCE, sgd(0.1), 16, 20,
         "accuracy"),
     y=codes(600, 0, 1), x=normal(600, 9))  # fmt: skip

# Activations inside

post("four-layers-without-activation", "binary", "hidden_activation", HIDDEN_NAMES, "overfitting",
     fit([dense(100), dense(50), dense(25), dense(1, "sigmoid")], normal(500, 6), codes(500, 0, 1), BCE, adam(), 16, 20,
         "accuracy"),
     layers=[dense(50, "relu"), dense(1, "sigmoid")])  # fmt: skip
post("rectified-lstm-over-days", "timeseries", "hidden_activation", HIDDEN_NAMES,
     "exploding-gradient non-finite dead-units unscaled-target",
     fit([{**lstm(40), "activation": "relu"}, dropout(0.2), dense(1)], between(-1.0, 1.0, 200, 180, 2),
         measured(0.0, 40.0, 200, 1), MSE, adam(0.005), 32, 5),
     layers=[lstm(24), dense(1)], x=normal(300, 30, 2), y=measured(-2.5, 2.5, 300, 1), epochs_asked=20)  # fmt: skip
post("softmax-in-every-layer", "multiclass", "hidden_activation", HIDDEN_NAMES, "stopped-too-early",
     fit([dense(32, "softmax"), dense(16, "softmax"), dense(3, "softmax")], normal(450, 4), one_hot(450, 3), CCE,
         adam(), 32, 20, "accuracy"),
     layers=[dense(32, "relu"), dense(16, "relu"), dense(3, "softmax")])  # fmt: skip
post("six-sigmoid-layers-by-sgd", "binary", "hidden_activation", HIDDEN_NAMES,
     "learning-rate-too-low stopped-too-early",
     fit([*(dense(30, "sigmoid") for _ in range(6)), dense(1, "sigmoid")], normal(600, 12), codes(600, 0, 1), BCE,
         sgd(), 32, 20, "accuracy"),
     layers=[dense(30, "relu"), dense(30, "relu"), dense(1, "sigmoid")], optimizer=adam())  # fmt: skip

# Shapes of the network

post("filters-of-one-pixel", "multiclass", "architecture", "capacity-too-low missing-nonlinearity", "output-activation",
     fit([conv(8, "linear") | {"kernel_size": [1, 1]}, FLAT, dense(4, "softmax")], between(-1.7, 1.7, 600, 12, 12, 3),
         one_hot(600, 4), CCE, adam(), 32, 15, "accuracy"),
     layers=[conv(8), POOL, FLAT, dense(32, "relu"), dense(4, "softmax")], epochs_asked=20)  # fmt: skip
post("four-angles-from-single-pixels", "regression", "architecture", "capacity-too-low", "unscaled-target batch-size",
     fit([conv(8), POOL, dense(32), FLAT, dense(4)], normal(300, 14, 14, 1), measured(-600.0, 600.0, 300, 4), MSE,
         adam(), 4, 10),
     layers=[conv(8), POOL, FLAT, dense(32, "relu"), dense(4)], y=measured(-2.5, 2.5, 300, 4), batch_size=32,
     epochs_asked=20)  # fmt: skip
post("digits-through-one-unit", "multiclass", "architecture", "capacity-too-low", "dead-units redundant-units",
     fit([dense(128, "relu"), dense(1, "relu"), dense(10, "softmax")], digits(1.0, 2000, 400), one_hot(2000, 10), CCE,
         adam(), 64, 15, "accuracy"),
     layers=[dense(128, "relu"), dense(10, "softmax")], epochs_asked=20)  # fmt: skip
