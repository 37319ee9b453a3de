"""From the raw outputs of a network to what a user reads: probabilities, classes, values."""

from collections.abc import Callable

import numpy as np
import polars as pl
import torch
from torch import nn

from ..records import Task
from ..training import predict_outputs

Restore = Callable[[np.ndarray], np.ndarray]
"""Standardised target (n,) → the target's own units (n,)."""


_FEWEST_ROWS = 32
"""Products of fewer rows take other paths in the matrix kernels, which round differently (measured: below 16)."""


def raw_outputs(module: nn.Module, x: np.ndarray, *, device: str = "auto", flips: bool = False) -> np.ndarray:
    """Outputs (n, outputs) of the network for x (n, …), in eval mode.

    A row of a table gives the same alone as among others, to the last bit: few rows are filled up to 32.
    device: auto, cpu or cuda, as in the settings of the training.
    """
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    few = x.ndim == 2 and 0 < len(x) < _FEWEST_ROWS
    rows = np.concatenate([x, np.repeat(x[-1:], _FEWEST_ROWS - len(x), axis=0)]) if few else x
    return predict_outputs(module, rows, device=place, flips=flips)[: len(x)]


def predictions(task: Task, outputs: np.ndarray, restore: Restore) -> np.ndarray:
    """Raw outputs (n, outputs) → probabilities (n, classes) as float64, or values (n,) in the target's units."""
    outputs = np.asarray(outputs, dtype=np.float64).reshape(len(outputs), -1)
    if task.kind == "regression":
        return np.asarray(restore(outputs[:, 0]), dtype=np.float64)
    return sigmoid_pair(outputs[:, 0]) if outputs.shape[1] == 1 else softmax(outputs)


def softmax(z: np.ndarray) -> np.ndarray:
    """exp(zᵢ) / Σⱼ exp(zⱼ) along the last axis; the largest z is taken off first, so that exp cannot overflow."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid_pair(z: np.ndarray) -> np.ndarray:
    """One logit (n,) → probabilities of class 0 and class 1 (n, 2): softmax over (0, z)."""
    return softmax(np.stack([np.zeros_like(z), z], axis=-1))


def prediction_frame(task: Task, prediction: np.ndarray) -> pl.DataFrame:
    """What `predict` answers, a row for each row of the data in its order.

    Columns: `prediction`, in the user's own labels or units; for classes also `probability_CLASS` each.
    """
    if task.kind == "regression":
        return pl.DataFrame({"prediction": prediction})
    labels = [task.classes[code] for code in prediction.argmax(axis=1)] if len(prediction) else []
    columns: dict[str, object] = {"prediction": pl.Series(labels, dtype=_dtype(task))}
    columns |= {f"probability_{name}": prediction[:, code] for code, name in enumerate(task.classes)}
    return pl.DataFrame(columns)


def _dtype(task: Task) -> pl.DataType:
    return pl.Series(list(task.classes), strict=False).dtype
