"""Settings that the user left open, chosen from the data. Each value has its source."""

from __future__ import annotations

from ..records import ImageInputs, Inputs, Task
from ..records.config import TrainingConfig


def resolve(
    config: TrainingConfig, *, inputs: Inputs, task: Task, rows: int, own_network: bool = False
) -> TrainingConfig:
    """The same configuration with every open setting filled in.

    Parameters
    ----------
    rows:
        Training rows.
    own_network:
        Whether the user described the network. Images then get AdamW at a rate that most networks bear: the rate of
        the default network, which has a norm behind every convolution, makes one without norms diverge.
    """
    of_images = isinstance(inputs, ImageInputs) or len(inputs.shape) == 3
    chosen = _images(rows, timed=config.time_limit is not None) if of_images else _table(rows)
    if of_images and own_network:
        chosen |= {"optimizer": "adamw", "learning_rate": 1e-3, "weight_decay": 1e-2}
    if config.optimizer is not None and config.optimizer != chosen["optimizer"]:
        chosen |= _RATES[config.optimizer]
    if task.kind == "regression":
        chosen["label_smoothing"] = 0.0
    open_settings = {name: value for name, value in chosen.items() if getattr(config, name) is None}
    return config.model_copy(update=open_settings)


_RATES: dict[str, dict[str, float]] = {
    "sgd": {"learning_rate": 0.05, "weight_decay": 5e-4},
    "adam": {"learning_rate": 1e-3, "weight_decay": 0.0},
    "adamw": {"learning_rate": 2e-3, "weight_decay": 1e-2},
}


LEAST_STEPS = 1500
"""Updates that a table of a few thousand rows needs; below 500 rows, 600 do and more overfit."""


def _table(rows: int) -> dict[str, object]:
    """AdamW with a short flat schedule and a running average, measured on census income, Beijing air quality and small
    sets (docs/benchmarks.md). Eight passes suffice on tens of thousands of rows, since the embeddings learn fast."""
    small = rows <= 500
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


MOST_EPOCHS = 60
"""Passes over images where a time limit is given, which then ends the training; without one, 16 passes."""


def _images(rows: int, *, timed: bool) -> dict[str, object]:
    """SGD with Nesterov momentum on one cycle and smoothed labels, as in Page 2019 ("How to Train Your ResNet") and
    Jordan 2024 (airbench, arXiv:2404.00498), in smaller batches and with a running average."""
    batch = _between(32, rows // 80, 256)
    return {
        "optimizer": "sgd",
        "learning_rate": 0.2,
        "weight_decay": 5e-4,
        "batch_size": batch,
        "epochs": MOST_EPOCHS if timed else _between(16, 1000 * batch // max(1, rows), MOST_EPOCHS),
        "schedule": "one-cycle",
        "label_smoothing": 0.1,
        "average": 0.99,
    }


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(high, value))
