"""The sentence of verdict follows the intervals."""

import pytest

from backlight.records import Metric, Task
from backlight.runs.verdict import verdict

CLASSES = Task("binary", "y", (0, 1))


@pytest.mark.parametrize(
    ("low", "linear", "expected"),
    [
        (0.85, {"accuracy": 0.8}, "is better than a linear model"),
        (0.85, {"accuracy": 0.86}, "is not shown to be better than a linear model"),
        (0.85, {"accuracy": 0.95}, "A linear model is better here"),
        (0.75, {"accuracy": 0.7}, "Do not rely on this network yet"),
        (0.85, {}, "The network learned from its inputs"),
    ],
)
def test_verdicts(low, linear, expected):
    metrics = {"accuracy": Metric(0.88, low, 0.9)}
    assert expected in verdict(CLASSES, metrics, {"accuracy": 0.76}, linear)


def test_values_are_judged_by_their_errors():
    metrics = {"r2": Metric(0.5, 0.4, 0.6), "rmse": Metric(5, 4, 6), "mae": Metric(4, 3, 5)}
    said = verdict(Task("regression", "y"), metrics, {"r2": 0, "rmse": 9, "mae": 8}, {"r2": 0.3, "rmse": 7, "mae": 6})
    assert said == "The network is better than a linear model (0.300): R² 0.500 [0.400, 0.600]."
