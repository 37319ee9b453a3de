"""The sentence of verdict follows the intervals, and agrees with the report."""

import json
from pathlib import Path

import pytest

from backlight.records import Metric, Task
from backlight.report.folder import RunFolder
from backlight.report.headline import judgement
from backlight.runs.verdict import verdict

CLASSES = Task("binary", "y", (0, 1))
LEVEL = "is not shown to be better than a linear model"


@pytest.mark.parametrize(
    ("low", "linear", "expected"),
    [
        (0.85, {"accuracy": 0.8}, "is better than a linear model in accuracy"),
        (0.85, {"accuracy": 0.86}, LEVEL),
        (0.85, {"accuracy": 0.95}, "A linear model is better here in accuracy"),
        (0.75, {"accuracy": 0.7}, "Do not rely on this network yet"),
        (0.85, {}, "The network learned from its inputs"),
    ],
)
def test_verdicts(low, linear, expected):
    metrics = {"accuracy": Metric(0.88, low, 0.9)}
    assert expected in verdict(CLASSES, metrics, {"accuracy": 0.76}, linear, rows=500)


def test_worse_than_a_constant_is_said_so():
    metrics = {"r2": Metric(-2.8, -3.7, -2.2), "rmse": Metric(151, 135, 166)}
    said = verdict(Task("regression", "y"), metrics, {"r2": 0, "rmse": 77}, {"rmse": 53}, rows=500)
    assert said.endswith("it is worse than a constant guess in RMSE (R² -2.800 [-3.700, -2.200]).")
    written = {"metrics": {"rmse": vars(metrics["rmse"])}, "baseline": {"rmse": 77}, "held_out": 500}
    found = judgement(RunFolder(Path("run"), evaluation=written, findings=()))
    assert "It is worse than always giving the same answer in RMSE." in found.reasons


def test_values_are_judged_by_their_errors():
    metrics = {"r2": Metric(0.5, 0.4, 0.6), "rmse": Metric(5, 4, 6), "mae": Metric(4, 3, 5)}
    baseline, linear = {"r2": 0, "rmse": 9, "mae": 8}, {"r2": 0.3, "rmse": 7, "mae": 6}
    said = verdict(Task("regression", "y"), metrics, baseline, linear, rows=500)
    assert said == (
        "The network is better than a linear model in RMSE and MAE: R² 0.500 [0.400, 0.600], the linear model 0.300."
    )


@pytest.mark.parametrize(
    ("linear", "said", "written"),
    [
        ({"accuracy": 0.88, "roc_auc": 0.80}, "better than a linear model in ROC-AUC:", "better than a linear model"),
        ({"accuracy": 0.88, "roc_auc": 0.99}, "A linear model is better here in ROC-AUC", "A linear model is better"),
        ({"accuracy": 0.80, "roc_auc": 0.99}, "in accuracy, and worse in ROC-AUC", "in accuracy, and worse in ROC-AUC"),
        ({"accuracy": 0.88, "roc_auc": 0.93}, LEVEL, "does as well on these rows"),
    ],
)
def test_verdict_and_report_say_the_same(tmp_path, linear, said, written):
    metrics = {"accuracy": Metric(0.88, 0.85, 0.9), "roc_auc": Metric(0.93, 0.9, 0.95)}
    baseline = {"accuracy": 0.5, "roc_auc": 0.5}
    assert said in verdict(CLASSES, metrics, baseline, linear, rows=500)
    evaluation = {"metrics": {name: vars(m) for name, m in metrics.items()}, "baseline": baseline, "linear": linear}
    run = RunFolder(tmp_path, evaluation=json.loads(json.dumps(evaluation)))
    assert written in " ".join(judgement(run).reasons)


def test_two_held_out_rows_decide_nothing(tmp_path):
    metrics, beside = {"accuracy": Metric(1.0, 1.0, 1.0)}, {"accuracy": 0.5}
    assert verdict(CLASSES, metrics, beside, beside, rows=2).startswith("2 held-out rows cannot tell the network from")
    written = {"metrics": {"accuracy": vars(metrics["accuracy"])}, "baseline": beside, "linear": beside, "held_out": 2}
    found = judgement(RunFolder(tmp_path, evaluation=written, findings=[]))
    assert found.trust == "careful"
    assert "too few to tell the network from a constant" in " ".join(found.reasons)
