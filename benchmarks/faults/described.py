"""Programs in the form of the real ones' descriptions, with faults of the same kinds and a mended twin each."""

from typing import Any

Facts = dict[str, Any]
DESCRIBED: dict[str, Facts] = {}
GLOROT = {"class": "GlorotUniform"}


# Layers, data, optimisers


def dense(units: int, activation: str = "linear", start: Facts = GLOROT) -> Facts:
    return {"class": "Dense", "units": units, "activation": activation, "kernel_initializer": start}


def conv(filters: int, activation: str = "relu") -> Facts:
    return {"class": "Conv2D", "filters": filters, "kernel_size": [3, 3], "padding": "same", "activation": activation}


def lstm(units: int) -> Facts:
    return {"class": "LSTM", "units": units, "activation": "tanh", "return_sequences": False}


def dropout(rate: float) -> Facts:
    return {"class": "Dropout", "rate": rate}


POOL: Facts = {"class": "MaxPooling2D", "pool_size": [2, 2]}
FLAT: Facts = {"class": "Flatten"}
SOFTMAX: Facts = {"class": "Activation", "activation": "softmax"}


def normal(*shape: int) -> Facts:
    return {"shape": list(shape), "dtype": "float64", "min": -4.5, "max": 4.5, "mean": 0.0, "std": 1.0}


def between(low: float, high: float, *shape: int) -> Facts:
    mean, std = (low + high) / 2, (high - low) / 12**0.5
    return {"shape": list(shape), "dtype": "float64", "min": low, "max": high, "mean": mean, "std": std}


def digits(top: float, *shape: int) -> Facts:
    return {"shape": list(shape), "dtype": "float64", "min": 0.0, "max": top, "mean": 0.13 * top, "std": 0.31 * top}


def codes(rows: int, *values: int) -> Facts:
    low, high, count = min(values), max(values), len(values)
    return {"shape": [rows], "dtype": "int64", "min": low, "max": high, "mean": sum(values) / count, "std": 1.0,
            "distinct": count, "values": list(map(float, values))}  # fmt: skip


def one_hot(rows: int, classes: int) -> Facts:
    return {"shape": [rows, classes], "dtype": "float64", "min": 0.0, "max": 1.0, "mean": 1 / classes, "std": 0.3,
            "distinct": 2, "values": [0.0, 1.0]}  # fmt: skip


def measured(low: float, high: float, *shape: int) -> Facts:
    facts = between(low, high, *shape)
    return {**facts, "std": (high - low) / 5, "distinct": shape[0]}


def adam(rate: float = 1e-3) -> Facts:
    return {"class": "Adam", "learning_rate": rate}


def sgd(rate: float = 0.01, momentum: float = 0.0) -> Facts:
    return {"class": "SGD", "learning_rate": rate, "momentum": momentum}


def add(name: str, task: str, kind: str, names: str, accepted: str, fit: Facts, into: dict[str, Facts] = DESCRIBED,
        **mended: Any) -> None:  # fmt: skip
    """One program: `names` of its primary fault, `accepted` ones besides, and what to change in `fit` to mend it."""
    primary = names.split()
    into[name] = {
        "task": task,
        "primary": {"kind": kind, "names": primary},
        "accepted_names": [*primary, *accepted.split()],
        "fits": [fit],
        "mended": {**fit, **mended},
    }


def fit(layers: list[Facts], x: Facts, y: Facts, loss: Any, optimizer: Facts, batch: int = 32, epochs: int = 20,
        *metrics: str) -> Facts:  # fmt: skip
    return {"layers": layers, "x": x, "y": y, "loss": loss, "optimizer": optimizer, "batch_size": batch,
            "epochs_asked": epochs, "metrics": list(metrics)}  # fmt: skip


BCE, CCE, SPARSE, MSE, MAE = (
    "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy", "mse", "mae"
)  # fmt: skip
TABLE, YES_NO = normal(1000, 20), codes(1000, 0, 1)
DIGITS, TEN = digits(1.0, 2000, 784), one_hot(2000, 10)
PICTURES = between(0.0, 1.0, 800, 16, 16, 3)
SCALED = measured(-2.5, 2.5, 1000, 1)


def classifier(*last: Facts) -> list[Facts]:
    return [dense(64, "relu"), dense(32, "relu"), *last]


# Output and loss

add("rectified-sine", "regression", "output_activation", "output-activation", "dead-units stopped-too-early",
    fit([dense(32, "relu"), dense(1, "relu")], between(-3.1, 3.1, 1000, 1), measured(-1.0, 1.0, 1000, 1), MSE, adam()),
    layers=[dense(32, "relu"), dense(1)])  # fmt: skip
add("rectifier-before-softmax", "multiclass", "output_activation", "output-activation", "dead-units",
    fit([dense(64, "relu"), dense(10, "relu"), SOFTMAX], DIGITS, TEN, CCE, adam(), 32, 20, "accuracy"),
    layers=[dense(64, "relu"), dense(10, "softmax")])  # fmt: skip
add("sigmoid-before-softmax", "multiclass", "output_activation", "output-activation", "stopped-too-early",
    fit([dense(64, "relu"), dense(5, "sigmoid"), SOFTMAX], TABLE, one_hot(1000, 5), CCE, sgd(0.05)),
    layers=[dense(64, "relu"), dense(5, "softmax")], optimizer=adam())  # fmt: skip
add("two-sigmoids-for-two-classes", "binary", "output_activation", "output-activation", "",
    fit(classifier(dense(2, "sigmoid")), TABLE, one_hot(1000, 2), CCE, adam(), 32, 20, "accuracy"),
    layers=classifier(dense(2, "softmax")))  # fmt: skip
add("sequence-into-tanh", "binary", "output_activation", "output-activation", "",
    fit([lstm(16), dense(1, "tanh")], normal(400, 20, 2), codes(400, 0, 1), BCE, adam(), 32, 10),
    layers=[lstm(16), dense(1, "sigmoid")], epochs_asked=20, optimizer=adam(0.01))  # fmt: skip
add("labels-shared-out", "multilabel", "output_activation", "output-activation loss-mismatch", "",
    fit(classifier(dense(6, "softmax")), TABLE, {**one_hot(1000, 6), "mean": 0.5}, BCE, adam(), 32, 20, "accuracy"),
    layers=classifier(dense(6, "sigmoid")))  # fmt: skip
add("sigmoid-for-standardised-values", "regression", "output_activation", "output-activation", "",
    fit(classifier(dense(1, "sigmoid")), TABLE, SCALED, MSE, adam()), layers=classifier(dense(1)))  # fmt: skip
add("one-output-for-three-classes", "multiclass", "output_units", "output-units loss-mismatch", "output-activation",
    fit(classifier(dense(1)), TABLE, codes(1000, 0, 1, 2), MSE, adam(), 32, 20, "accuracy"),
    layers=classifier(dense(3, "softmax")), loss=SPARSE)  # fmt: skip
add("one-sigmoid-for-ten-digits", "multiclass", "output_units", "output-units",
    "loss-mismatch target-encoding output-activation",
    fit(classifier(dense(1, "sigmoid")), DIGITS, codes(2000, *range(10)), BCE, adam(), 64),
    layers=classifier(dense(10, "softmax")), loss=SPARSE)  # fmt: skip
add("squared-error-of-digits", "multiclass", "loss_mismatch", "loss-mismatch",
    "stopped-too-early learning-rate-too-low",
    fit([dense(64, "relu"), dense(10, "softmax")], DIGITS, TEN, MSE, sgd(), 32, 20, "accuracy"),
    loss=CCE, optimizer=adam())  # fmt: skip
add("binary-loss-for-digits", "multiclass", "loss_mismatch", "loss-mismatch", "",
    fit([dense(64, "relu"), dense(10, "softmax")], DIGITS, TEN, BCE, adam(), 32, 20, "accuracy"), loss=CCE)  # fmt: skip
add("absolute-error-of-yes-or-no", "binary", "loss_mismatch", "loss-mismatch", "",
    fit(classifier(dense(1, "sigmoid")), TABLE, YES_NO, MAE, adam(), 32, 20, "accuracy"), loss=BCE)  # fmt: skip
add("labels-of-one-and-two", "binary", "target_encoding", "target-encoding", "output-units loss-mismatch",
    fit(classifier(dense(1, "sigmoid")), TABLE, codes(1000, 1, 2), BCE, adam(), 32, 20, "accuracy"),
    y=YES_NO)  # fmt: skip
add("labels-of-minus-one-and-one", "binary", "target_encoding", "target-encoding", "output-activation loss-mismatch",
    fit(classifier(dense(1, "sigmoid")), TABLE, codes(1000, -1, 1), BCE, sgd(), 32, 20, "accuracy"),
    y=YES_NO, optimizer=adam())  # fmt: skip
add("accuracy-of-values", "regression", "metric_mismatch", "metric-mismatch", "",
    fit(classifier(dense(1)), TABLE, SCALED, MSE, adam(), 32, 20, "accuracy"), metrics=["mae"])  # fmt: skip

# Hidden layers

add("no-activation-between", "binary", "hidden_activation", "missing-nonlinearity saturated-units vanishing-gradient",
    "", fit([dense(64), dense(32), dense(1, "sigmoid")], TABLE, YES_NO, BCE, adam()),
    layers=classifier(dense(1, "sigmoid")))  # fmt: skip
add("softmax-in-the-middle", "multiclass", "hidden_activation",
    "missing-nonlinearity saturated-units vanishing-gradient", "stopped-too-early",
    fit([conv(8), POOL, FLAT, dense(64, "softmax"), dense(4, "softmax")], PICTURES, one_hot(800, 4), CCE, adam()),
    layers=[conv(8), POOL, FLAT, dense(64, "relu"), dense(4, "softmax")])  # fmt: skip
add("eight-sigmoid-layers", "multiclass", "hidden_activation",
    "missing-nonlinearity saturated-units vanishing-gradient", "learning-rate-too-low stopped-too-early",
    fit([dense(48, "sigmoid") for _ in range(8)] + [dense(10, "softmax")], DIGITS, TEN, CCE, sgd(), 32, 20),
    layers=[dense(48, "relu"), dense(48, "relu"), dense(10, "softmax")], optimizer=adam())  # fmt: skip
add("rectified-memory", "timeseries", "hidden_activation", "missing-nonlinearity saturated-units vanishing-gradient",
    "exploding-gradient non-finite",
    fit([{**lstm(32), "activation": "relu"}, dense(1)], normal(200, 150, 3), measured(-2.0, 2.0, 200, 1), MSE,
        adam(0.01), 32, 6), layers=[lstm(32), dense(1)], epochs_asked=20)  # fmt: skip
add("one-unit-for-six-classes", "multiclass", "capacity_low", "capacity-too-low", "dead-units",
    fit([dense(64, "relu"), dense(1, "relu"), dense(6, "softmax")], TABLE, one_hot(1000, 6), CCE, adam()),
    layers=classifier(dense(6, "softmax")))  # fmt: skip
add("dense-before-flatten", "multiclass", "architecture", "capacity-too-low", "",
    fit([dense(64, "relu"), FLAT, dense(4, "softmax")], PICTURES, one_hot(800, 4), CCE, adam(1e-4), 32, 10),
    layers=[conv(16), POOL, FLAT, dense(64, "relu"), dense(4, "softmax")], optimizer=adam(),
    epochs_asked=20)  # fmt: skip
add("nearly-all-dropped", "binary", "too_much_dropout", "too-much-dropout", "misplaced-dropout",
    fit([dense(32, "relu"), dropout(0.9), dense(16, "relu"), dropout(0.9), dense(1, "sigmoid")], TABLE, YES_NO, BCE,
        adam()), layers=[dense(32, "relu"), dropout(0.2), dense(1, "sigmoid")])  # fmt: skip
add("weights-of-zero", "multiclass", "bad_init", "zero-init symmetric-init init-too-small", "",
    fit([dense(32, "relu", {"class": "Zeros"}), dense(5, "softmax", {"class": "Zeros"})], TABLE, one_hot(1000, 5), CCE,
        adam()), layers=[dense(32, "relu"), dense(5, "softmax")])  # fmt: skip

# Data, steps, length

add("raw-houses", "regression", "feature_scale", "unscaled-features",
    "unscaled-target learning-rate-too-high exploding-gradient non-finite",
    fit([dense(13, "relu"), dense(1)], between(0.0, 711.0, 506, 13), measured(5.0, 50.0, 506, 1), MSE, sgd()),
    x=normal(506, 13), y=measured(-2.5, 2.5, 506, 1))  # fmt: skip
add("raw-digits", "multiclass", "feature_scale", "unscaled-features", "learning-rate-too-high dead-units",
    fit([dense(64, "relu"), dense(10, "softmax")], digits(255.0, 2000, 784), TEN, CCE, sgd()),
    x=DIGITS, optimizer=adam())  # fmt: skip
add("raw-prices", "timeseries", "target_scale", "unscaled-target",
    "unscaled-features learning-rate-too-low stopped-too-early",
    fit([lstm(32), dense(1)], between(-1.0, 1.0, 400, 20, 1), measured(200.0, 900.0, 400, 1), MSE, adam()),
    y=measured(-2.5, 2.5, 400, 1))  # fmt: skip
add("adam-at-a-half", "multiclass", "learning_rate_high", "learning-rate-too-high", "dead-units oscillating-loss",
    fit(classifier(dense(10, "softmax")), DIGITS, TEN, CCE, adam(0.5)), optimizer=adam())  # fmt: skip
add("sgd-at-one-for-values", "regression", "learning_rate_high", "learning-rate-too-high",
    "exploding-gradient non-finite unscaled-target dead-units",
    fit(classifier(dense(1)), TABLE, measured(-8.0, 8.0, 1000, 1), MSE, sgd(1.0, 0.9)),
    optimizer=adam(), y=SCALED)  # fmt: skip
add("sgd-at-a-hundred-thousandth", "binary", "learning_rate_low", "learning-rate-too-low", "stopped-too-early",
    fit(classifier(dense(1, "sigmoid")), TABLE, YES_NO, BCE, sgd(1e-5)), optimizer=adam())  # fmt: skip
add("xor-in-twenty-updates", "binary", "too_few_epochs", "stopped-too-early", "too-little-data learning-rate-too-low",
    fit([dense(8, "tanh"), dense(1, "sigmoid")], {**between(0.0, 1.0, 4, 2), "values": [0.0, 1.0]}, codes(4, 0, 1), BCE,
        sgd(0.1)), x=normal(400, 2), y=codes(400, 0, 1), optimizer=adam(0.01))  # fmt: skip
add("one-pass-over-pictures", "multiclass", "too_few_epochs", "stopped-too-early", "unlearnable-target",
    fit([conv(16), POOL, conv(16), POOL, FLAT, dense(64, "relu"), dense(4, "softmax")], PICTURES, one_hot(800, 4), CCE,
        adam(), 64, 1), epochs_asked=20)  # fmt: skip
add("three-passes-by-sgd", "regression", "too_few_epochs", "stopped-too-early", "learning-rate-too-low",
    fit(classifier(dense(1)), normal(300, 8), measured(-2.0, 2.0, 300, 1), MSE, sgd(), 32, 3),
    epochs_asked=20, optimizer=adam(0.005))  # fmt: skip
add("one-row-a-batch", "binary", "batch_size", "batch-size", "",
    fit(classifier(dense(1, "sigmoid")), TABLE, YES_NO, BCE, sgd(), 1, 2), batch_size=32, epochs_asked=20,
    optimizer=adam())  # fmt: skip
add("eight-rows", "multiclass", "too_little_data", "too-little-data", "stopped-too-early overfitting",
    fit([dense(16, "relu"), dense(3, "softmax")], normal(8, 6), one_hot(8, 3), CCE, adam(0.01)),
    x=normal(600, 6), y=one_hot(600, 3))  # fmt: skip
