"""Settings that the user left open, chosen from the data. Each value has its source."""

from __future__ import annotations

from ..network.default import FEW_ROWS
from ..records import ImageInputs, Inputs, Task
from ..records.config import TrainingConfig


def resolve(
    config: TrainingConfig,
    *,
    inputs: Inputs,
    task: Task,
    rows: int,
    own_network: bool = False,
    begun: bool = False,
) -> TrainingConfig:
    """The same configuration with every open setting filled in.

    Parameters
    ----------
    rows:
        Training rows.
    own_network:
        Whether the user described the network: it gets AdamW at a rate that networks of most kinds bear, since the
        settings of the default networks were tuned with them, and make some others diverge.
    begun:
        Whether such a network starts from parameters that were trained before: a gentle rate keeps what they know.
    """
    of_images = isinstance(inputs, ImageInputs) or len(inputs.shape) == 3
    if of_images:
        chosen = _images(rows, timed=config.time_limit is not None)
        if task.kind == "regression":
            chosen |= OF_VALUES
    else:
        chosen = _folds(rows) if config.folds and not own_network else _table(rows)
    if own_network:
        chosen |= {"optimizer": "adamw", "learning_rate": GENTLE_RATE if begun else OWN_RATE, "weight_decay": 1e-2}
    if config.optimizer == "adam" and chosen["optimizer"] == "adamw":
        chosen["weight_decay"] = 0.0  # all that the two differ in
    elif config.optimizer is not None and config.optimizer != chosen["optimizer"]:
        chosen |= RATES[config.optimizer]
    if task.kind == "regression":
        chosen["label_smoothing"] = 0.0
        if of_images and not own_network and config.optimizer == "sgd":
            chosen["learning_rate"] = PLAIN_OF_VALUES
    open_settings = {name: value for name, value in chosen.items() if getattr(config, name) is None}
    return config.model_copy(update=open_settings)


OWN_RATE = 6e-3
"""Of AdamW behind a warm-up, for networks of any kind. Measured on some 40 pairs of a plain network (2 to 12 layers of
rectified units or tanh, convolutions with and without norms) and a data set (census income, Beijing air quality,
handwritten digits, diabetes): 0.001 left the held-out loss of digits and Beijing air quality a quarter to twice above
the best of a grid, and at 0.01 eight layers of tanh and some others were worse again. Small recurrent networks and
transformers bore 0.01."""

GENTLE_RATE = 1e-3
"""The default of `torch.optim.Adam`."""

RATES: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.05, "weight_decay": 5e-4},
    "adam": {"learning_rate": 1e-3, "weight_decay": 0.0},
    "adamw": {"learning_rate": 2e-3, "weight_decay": 1e-2},
}
"""Of an optimiser that the user names where another would have been chosen."""


LEAST_STEPS = 1500
"""Updates that a table of a few thousand rows needs; of `FEW_ROWS`, 600 do and more overfit."""


def _table(rows: int) -> dict[str, object]:
    """AdamW with a short flat schedule and a running average, measured on census income, Beijing air quality and small
    sets (docs/benchmarks.md). Eight passes suffice on tens of thousands of rows, since the embeddings learn fast."""
    small = rows <= FEW_ROWS
    batch = min(32 if small else _between(64, rows // 64, 256), max(1, rows))
    steps = 600 if small else LEAST_STEPS
    return {
        "optimizer": "adamw",
        "learning_rate": 1e-3 if rows <= 5000 else 2e-3,
        "weight_decay": 1e-2,
        "batch_size": batch,
        "epochs": max(8, round(steps * batch / max(1, rows))),
        "schedule": "trapezoid",
        "label_smoothing": 0.0,
        "average": 0.99 if small else 0.998,
    }


def _folds(rows: int) -> dict[str, object]:
    """For the members of a default ensemble: a third of the updates at a higher rate, since the mean of several makes
    up for what one misses; and labels a little smoothed, since a few rows without an error do not promise none to come.

    Measured on small sets that are none of the benchmark's (docs/benchmarks.md). A member leaves out a fifth of the
    rows and so makes four fifths of these updates.
    """
    small = rows <= FEW_ROWS
    batch = min(_between(8, rows // 8, 32), rows) if small else 64
    return {
        "optimizer": "adamw",
        "learning_rate": 6e-3 if small else 4e-3,
        "weight_decay": 1e-2,
        "batch_size": batch,
        "epochs": max(1, round((200 if small else 450) * batch / rows)),
        "schedule": "trapezoid",
        "label_smoothing": 0.01 if small else 0.0,
        "average": 0.98 if small else 0.99,
    }


MOST_EPOCHS = 60
"""Passes over images where a time limit is given, which then ends the training; without one, 16 passes."""


SMOOTHED_ROWS = 10_000
"""Images from which labels are smoothed. Below, the probabilities suffer: held-out log-loss on 1,125 handwritten digits
0.089 with smoothing and 0.021 without, 0.169 and 0.101 on others (docs/benchmarks.md)."""


def _images(rows: int, *, timed: bool) -> dict[str, object]:
    """SGD with Nesterov momentum on one cycle and, for many rows, smoothed labels, as in Page 2019 ("How to Train Your
    ResNet") and Jordan 2024 (airbench, arXiv:2404.00498), in smaller batches and with a running average."""
    batch = _between(32, rows // 80, 256)
    return {
        "optimizer": "sgd",
        "learning_rate": 0.2,
        "weight_decay": 5e-4,
        "batch_size": batch,
        "epochs": MOST_EPOCHS if timed else _between(16, 600 * batch // max(1, rows), MOST_EPOCHS),
        "schedule": "one-cycle",
        "label_smoothing": 0.1 if rows >= SMOOTHED_ROWS else 0.0,
        "average": 0.99,
    }


OF_VALUES: dict[str, object] = {"optimizer": "adamw", "learning_rate": 1e-2, "weight_decay": 1e-2}
"""Where a number is told of an image. The gradient of a squared error grows with the error, that of cross-entropy does
not: plain steps at 0.05 and 0.2 diverged in the first epoch, 0.02 ended at six times the loss. Validation loss (of the
target's variance) with AdamW at 0.01, at 0.005, and with SGD at 0.2 and gradients clipped at 1: 0.022, 0.033 and 0.028
on the values of handwritten digits, 0.005, 0.006 and 0.014 on the place of a blob in 680 pictures."""

PLAIN_OF_VALUES = 0.01
"""The same with plain steps, where the user names SGD."""


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(high, value))
