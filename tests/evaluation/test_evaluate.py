"""Scores against scikit-learn, intervals against repetition, and splits that lack a class."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from backlight.evaluation import evaluate, score, worst_examples
from backlight.records import BacklightError, Task

BINARY = Task("binary", "income", ("<=50K", ">50K"))
THREE = Task("multiclass", "kind", ("a", "b", "c"))
REGRESSION = Task("regression", "price")


def classified(classes: int, rows: int = 400, seed: int = 0, dtype: type = np.float64) -> tuple[np.ndarray, np.ndarray]:
    """Truth drawn from the very probabilities that are predicted: perfectly calibrated."""
    random = np.random.default_rng(seed)
    prediction = random.dirichlet(np.ones(classes), size=rows)
    truth = (prediction.cumsum(axis=1) < random.random((rows, 1))).sum(axis=1)
    return truth, prediction.astype(dtype)


@pytest.mark.parametrize("task", [BINARY, THREE], ids=["binary", "multiclass"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_classification_scores_equal_scikit_learn(task, dtype):
    classes = len(task.classes)
    truth, prediction = classified(classes, dtype=dtype)
    prediction[0] = np.eye(classes, dtype=dtype)[truth[0] - 1]  # certain and wrong: the log-loss must stay finite
    found = evaluate(task, truth, prediction).metrics
    area = (
        metrics.roc_auc_score(truth, prediction[:, 1])
        if classes == 2
        else np.mean([metrics.roc_auc_score(truth == code, prediction[:, code]) for code in range(classes)])
    )
    expected = {
        "accuracy": metrics.accuracy_score(truth, prediction.argmax(axis=1)),
        "error_rate": 1 - metrics.accuracy_score(truth, prediction.argmax(axis=1)),
        "log_loss": metrics.log_loss(truth, prediction / prediction.sum(axis=1, keepdims=True)),
        "probability_of_right_class": prediction[np.arange(len(truth)), truth].mean(),
        "roc_auc": area,
    }
    assert {name: found[name].value for name in expected} == pytest.approx(expected, rel=1e-5)
    assert list(found) == [*expected, "calibration_error"]


def test_regression_scores_equal_scikit_learn():
    random = np.random.default_rng(0)
    truth = random.normal(100, 20, size=300)
    prediction = (truth + random.normal(0, 5, size=300)).astype(np.float32)
    found = evaluate(REGRESSION, truth, prediction)
    assert found.metrics["rmse"].value == pytest.approx(metrics.root_mean_squared_error(truth, prediction))
    assert found.metrics["mae"].value == pytest.approx(metrics.mean_absolute_error(truth, prediction))
    assert found.metrics["r2"].value == pytest.approx(metrics.r2_score(truth, prediction))
    assert list(found.metrics) == ["rmse", "mae", "r2"]
    assert found.residuals["0.5"] == pytest.approx(np.median(prediction - truth))
    assert found.confusion is None
    assert found.roc is None


def test_score_is_evaluate_without_intervals():
    truth, prediction = classified(3)
    assert score(THREE, truth, prediction) == {
        name: metric.value for name, metric in evaluate(THREE, truth, prediction).metrics.items()
    }


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(2, 4), st.integers(0, 10**6))
def test_intervals_hold_their_value_and_stay_in_bounds(rows, classes, seed):
    truth, prediction = classified(classes, rows, seed)
    task = BINARY if classes == 2 else Task("multiclass", "kind", tuple(range(classes)))
    for name, metric in evaluate(task, truth, prediction, resamples=50).metrics.items():
        assert 0 <= metric.low <= metric.value <= metric.high, name
        assert name == "log_loss" or metric.high <= 1, name


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    hits = dict.fromkeys(("probability_of_right_class", "roc_auc", "log_loss"), 0)
    truth, prediction = classified(2, 100_000, seed=1)
    whole = score(BINARY, truth, prediction)
    for first in range(0, 60_000, 300):
        part = slice(first, first + 300)
        found = evaluate(BINARY, truth[part], prediction[part], resamples=200).metrics
        for name in hits:
            hits[name] += found[name].low <= whole[name] <= found[name].high
    # 200 repetitions: 95 % ± 3 standard errors, and the known slight under-coverage of the percentile interval
    assert all(0.89 <= count / 200 <= 0.995 for count in hits.values()), hits


def test_calibration_error_is_small_for_calibrated_and_large_for_bold_predictions():
    truth, prediction = classified(2, 5000)
    bold = np.where(prediction > 0.5, 0.99, 0.01)
    assert evaluate(BINARY, truth, prediction).metrics["calibration_error"].value < 0.03
    assert evaluate(BINARY, truth, bold).metrics["calibration_error"].low > 0.15


@pytest.mark.parametrize("code", [0, 1])
def test_one_class_absent_leaves_out_roc_auc(code):
    _, prediction = classified(2, 50)
    found = evaluate(BINARY, np.full(50, code), prediction)
    assert "roc_auc" not in found.metrics
    assert found.roc is None
    assert np.sum(found.confusion) == 50


def test_absent_class_of_three_averages_the_others():
    truth, prediction = classified(3, 100)
    found = evaluate(THREE, np.minimum(truth, 1), prediction)
    assert "roc_auc" in found.metrics
    assert found.confusion[2] == [0, 0, 0]


def test_all_right_still_has_an_interval():
    accuracy = evaluate(BINARY, np.zeros(30, int), np.tile([0.9, 0.1], (30, 1))).metrics["accuracy"]
    assert accuracy.low == pytest.approx(0.025 ** (1 / 30))
    assert accuracy.high == 1


def test_constant_target_has_no_r2_and_one_row_is_enough():
    assert "r2" not in evaluate(REGRESSION, np.ones(5), np.zeros(5)).metrics
    assert evaluate(REGRESSION, np.ones(1), np.zeros(1)).metrics["rmse"].value == 1


def test_same_seed_same_answer_and_json():
    truth, prediction = classified(2)
    first, second = (evaluate(BINARY, truth, prediction, seed=3).to_dict() for _ in range(2))
    assert first == second
    read = json.loads(json.dumps(first, allow_nan=False))
    assert read["metrics"]["accuracy"].keys() == {"value", "low", "high"}
    assert sum(bin["rows"] for bin in read["confidence"]) == read["held_out"] == 400
    assert sum(bin["rows"] for bin in read["calibration"]) == 400


def test_figures_stay_small():
    truth, prediction = classified(2, 30_000, dtype=np.float32)
    found = evaluate(BINARY, truth, prediction, resamples=10)
    assert len(found.roc) <= 201
    assert found.roc[0] == [0, 0]
    assert found.roc[-1] == [1, 1]
    values = np.arange(5000.0)
    assert len(evaluate(REGRESSION, values, values + 1, resamples=10).scatter) == 2000


def test_bad_predictions_are_named():
    with pytest.raises(BacklightError, match="diverged"):
        evaluate(REGRESSION, np.ones(3), np.array([1, np.nan, 2]))
    with pytest.raises(BacklightError, match=r"shape \(3, 3\)"):
        evaluate(THREE, np.zeros(3, int), np.ones((3, 2)))


def test_worst_examples_of_classes():
    prediction = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.01, 0.99]])
    worst = worst_examples(BINARY, np.array([0, 0, 1, 0]), prediction, count=2)
    assert [(one.row, one.predicted) for one in worst] == [(3, 1), (1, 1)]
    assert worst[0].probability == pytest.approx(0.01)
    assert worst[0].confidence == pytest.approx(0.99)


def test_worst_examples_of_values():
    worst = worst_examples(REGRESSION, np.array([1.0, 2, 3]), np.array([1.0, 7, 2]), count=2)
    assert [(one.row, one.truth, one.predicted) for one in worst] == [(1, 2, 7), (2, 3, 2)]
