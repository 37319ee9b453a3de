"""The rows on which a network is most wrong."""

from dataclasses import dataclass

import numpy as np

from ..records import Task


@dataclass(frozen=True)
class WrongExample:
    """One row of the evaluated split."""

    row: int
    """Index into the arrays given to `worst_examples`."""
    truth: float
    """Class code, or the true value in the target's units."""
    predicted: float
    """Class code, or the predicted value in the target's units."""
    probability: float | None
    """Probability that the network gave to the right class; None for regression."""
    confidence: float | None
    """Probability that it gave to the predicted class; None for regression."""


def worst_examples(task: Task, truth: np.ndarray, prediction: np.ndarray, count: int = 12) -> list[WrongExample]:
    """The most wrong rows, worst first.

    Classification: wrongly classified rows by the probability of the right class, ascending (fewer than `count` where
    fewer are wrong). Regression: rows by the size of the error, descending.
    """
    truth, prediction = np.asarray(truth), np.asarray(prediction)
    if task.kind == "regression":
        error = np.abs(prediction - truth)
        rows = np.argsort(-error, kind="stable")[:count]
        return [WrongExample(int(row), float(truth[row]), float(prediction[row]), None, None) for row in rows]
    predicted = prediction.argmax(axis=1)
    probability = prediction[np.arange(len(truth)), truth]
    rows = np.argsort(probability, kind="stable")
    rows = rows[predicted[rows] != truth[rows]][:count]
    return [
        WrongExample(
            int(row), int(truth[row]), int(predicted[row]), float(probability[row]), float(prediction[row].max())
        )
        for row in rows
    ]
