"""A constant and a linear model, fitted in bounded time on any kind of input."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.model_selection import train_test_split

from backlight.evaluation import reference, reference_scores
from backlight.evaluation.reference import linear_facts
from backlight.records import ArrayInputs, Feature, ImageInputs, TableInputs, Task


def table(*kinds: str) -> TableInputs:
    return TableInputs(tuple(Feature(str(index), kind) for index, kind in enumerate(kinds)))


def test_linear_model_beats_the_constant_on_wine():
    x, y = load_wine(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, stratify=y, random_state=0)
    found = reference_scores(
        Task("multiclass", "cultivar", (0, 1, 2)), x_train, y_train, x_test, y_test, table(*["continuous"] * 13)
    )
    assert found["linear"]["accuracy"] > 0.9
    assert found["baseline"]["accuracy"] == pytest.approx((y_test == 1).mean())
    assert found["baseline_sentence"] == "always saying '1'"
    assert found["linear_sentence"] == "logistic regression on 133 rows"


def test_regression_is_beside_its_mean():
    x, y = load_diabetes(return_X_y=True)
    task = Task("regression", "progression")
    found = reference_scores(task, x[:300], y[:300], x[300:], y[300:], ArrayInputs((10,)))
    assert abs(found["baseline"]["r2"]) < 0.05
    assert found["linear"]["r2"] > 0.4
    assert "149" in found["baseline_sentence"]


def test_pixels_reach_a_logistic_regression():
    x, y = load_digits(return_X_y=True)
    x = (x * 15).astype(np.uint8).reshape(-1, 1, 8, 8)
    inputs = ImageInputs(1, 8, 8, (78.0,), (96.0,))
    task = Task("multiclass", "digit", tuple(range(10)))
    found = reference_scores(task, x[:1200], y[:1200], x[1200:], y[1200:], inputs)
    assert found["linear"]["accuracy"] > 0.8


def test_discrete_codes_are_no_magnitudes():
    """The middle code decides: a line through the codes cannot see it, one column a code can."""
    x = np.random.default_rng(0).integers(0, 3, size=(400, 1)).astype(np.float32)
    y = (x[:, 0] == 1).astype(int)
    found = reference_scores(
        Task("binary", "middle", (False, True)), x[:300], y[:300], x[300:], y[300:], table("discrete")
    )
    assert found["linear"]["accuracy"] == 1


def test_unseen_code_and_class_do_not_crash():
    x = np.array([[1, 0.5], [1, 0.1], [2, 0.2], [2, 0.9]], dtype=np.float32)
    task = Task("multiclass", "kind", ("a", "b", "c"))
    found = reference_scores(
        task,
        x,
        np.array([0, 0, 1, 1]),
        np.array([[7, 0.5], [1, 0.1]], dtype=np.float32),
        np.array([0, 2]),
        table("discrete", "continuous"),
    )
    assert np.isfinite(found["linear"]["log_loss"])


def test_what_cannot_be_fitted_says_why():
    x, task = np.ones((4, 1)), Task("binary", "flag", (False, True))
    y = np.array([0, 0, 0, 0])
    found = reference_scores(task, x, y, x, y, table("flag"))
    assert found["linear"] == {}
    assert "one class only" in found["linear_sentence"]
    found = reference_scores(task, np.full((4, 1), np.inf), np.array([0, 1, 0, 1]), x, y, table("flag"))
    assert "not finite" in found["linear_sentence"]


def test_many_rows_are_thinned_and_said_aloud(monkeypatch):
    monkeypatch.setattr(reference, "VALUES", 200)
    x = np.random.default_rng(0).normal(size=(1000, 2))
    y = (x[:, 0] > 0).astype(int)
    found = reference_scores(Task("binary", "sign", (0, 1)), x, y, x, y, table("continuous", "continuous"), seed=1)
    assert found["linear_sentence"] == "logistic regression on 100 of 1,000 training rows"
    assert found["linear"]["accuracy"] > 0.9


def test_few_seconds_bound_the_rows_of_the_linear_model():
    random = np.random.default_rng(0)
    x = random.normal(size=(4000, 5)).astype(np.float32)
    y = (x[:, 0] > 0).astype(np.int64)
    inputs = TableInputs(tuple(Feature(str(place), "continuous") for place in range(5)))
    task = Task("binary", "y", (0, 1))
    hurried, unhurried = (reference_scores(task, x, y, x, y, inputs, seconds=seconds) for seconds in (0.0, 1000.0))
    assert hurried["linear_sentence"].startswith("logistic regression on 500 of 4,000 training rows")
    assert hurried["linear"]["accuracy"] > 0.9
    assert unhurried["linear_sentence"].startswith("logistic regression on 4,000 rows")


@pytest.mark.parametrize("classes", [(), (0, 1)])
def test_the_skill_of_the_linear_model_is_in_standard_errors(classes):
    """A correlation of 0.3 on 900 rows lies 9 standard errors from none; of an unrelated target nothing is left."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4900, 2)).astype(np.float32)
    y = x[:, 0] + rng.normal(scale=np.sqrt(1 / 0.3**2 - 1), size=len(x))
    y = (y > 0).astype(np.int64) if classes else y
    task = Task("binary" if classes else "regression", "y", classes)
    facts = []
    for target in (y, rng.permutation(y)):
        found = reference_scores(task, x[:4000], target[:4000], x[4000:], target[4000:], ArrayInputs((2,)))
        facts.append(linear_facts(found, 900))
    told, unrelated = facts
    assert told.skill == pytest.approx(np.sqrt(2 / np.pi) * 9 if classes else 9, abs=2.5) and unrelated.skill < 2
    assert told.left == pytest.approx(1 - np.log(2) ** -1 * 0.3**2 / np.pi if classes else 1 - 0.3**2, abs=0.04)
    assert unrelated.left == pytest.approx(1, abs=0.01)
    assert linear_facts(found | {"linear": {}}, 900) is None


def test_held_out_values_that_a_constant_knows_leave_nothing_to_beat():
    found = {"baseline": {"rmse": 0.0}, "linear": {"rmse": 1.0}, "baseline_sentence": "", "linear_sentence": ""}
    assert linear_facts(found, 10).skill == 0 and linear_facts(found, 10).left > 1e300
