"""Settings that the user left open, chosen from the data. Each value has its source."""

from __future__ import annotations

from ..records import ImageInputs, Inputs, Task
from ..records.config import TrainingConfig


def resolve(config: TrainingConfig, *, inputs: Inputs, task: Task, rows: int) -> TrainingConfig:
    """The same configuration with every open setting filled in.

    Parameters
    ----------
    rows:
        Training rows.
    """
    chosen = _images(rows) if isinstance(inputs, ImageInputs) else _table(rows)
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


def _table(rows: int) -> dict[str, object]:
    return {
        "optimizer": "adamw",
        "learning_rate": 2e-3,
        "weight_decay": 1e-2,
        "batch_size": _between(32, rows // 100, 256),
        "epochs": _between(20, 1_500_000 // max(1, rows), 300),
        "schedule": "cosine",
        "label_smoothing": 0.0,
        "clip": 1.0,
        "average": 0.998,
        "patience": 20,
        "ensemble": 1,
        "precision": "float32",
    }


def _images(rows: int) -> dict[str, object]:
    return {
        "optimizer": "sgd",
        "learning_rate": 0.2,
        "weight_decay": 5e-4,
        "batch_size": _between(32, rows // 80, 256),
        "epochs": _between(16, 1_200_000 // max(1, rows), 60),
        "schedule": "one-cycle",
        "label_smoothing": 0.1,
        "clip": None,
        "average": 0.99,
        "patience": None,
        "ensemble": 1,
        "precision": "float32",
    }


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(high, value))
