"""Two models on the same rows."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, log_loss

from backlight.evaluation import changed_groups, compare_paired
from backlight.evaluation.paired import mcnemar
from backlight.records import Task

BINARY = Task("binary", "y", ("no", "yes"))
VALUE = Task("regression", "y")


def logits(seed, rows, noise, bias=0.0):
    """Probabilities of a model whose logit is the true one, shifted and disturbed."""
    random = np.random.default_rng(1)
    z = random.normal(size=rows) * 2
    truth = (random.random(rows) < 1 / (1 + np.exp(-z))).astype(np.int64)
    mine = z + bias + noise * np.random.default_rng(seed).normal(size=rows)
    p = 1 / (1 + np.exp(-mine))
    return truth, np.column_stack([1 - p, p])


def test_differences_are_those_of_the_scores_and_lie_within_their_intervals():
    truth, first = logits(2, 800, 0.3)
    _, second = logits(3, 800, 1.5)
    found = compare_paired(BINARY, truth, [first], [second], trained=10_000)
    by_hand = log_loss(truth, second) - log_loss(truth, first)
    assert found.differences["log_loss"].value == pytest.approx(by_hand)
    accuracy = accuracy_score(truth, second.argmax(1)) - accuracy_score(truth, first.argmax(1))
    assert found.differences["accuracy"].value == pytest.approx(accuracy)
    for metric in found.differences.values():
        assert metric.low <= metric.value <= metric.high
    assert (found.only_second_right - found.only_first_right) / 800 == pytest.approx(accuracy)
    assert (found.verdict, found.rows_to_settle) == ("worse", 0)
    assert compare_paired(BINARY, truth, [second], [first], trained=10_000).verdict == "better"


def test_equal_models_are_called_different_rarely():
    """Two models that are disturbed alike: of 80 pairs, one in a hundred may seem to differ."""
    said = 0
    for pair in range(80):
        truth, first = logits(2 * pair + 10, 300, 0.5)
        _, second = logits(2 * pair + 11, 300, 0.5)
        said += compare_paired(BINARY, truth, [first], [second], trained=10**9).verdict != "no-difference"
    assert said <= 4  # the chance of more than 4 at one in a hundred is 0.002


def test_the_rows_asked_for_settle_it():
    """With as many rows as were asked for, four of five comparisons of the same models find the difference."""

    def data(seed, rows):
        random = np.random.default_rng(seed)
        truth = random.normal(size=rows)
        return truth, truth + random.normal(size=rows), truth + 1.06 * random.normal(size=rows)

    truth, first, second = data(1, 2000)
    asked = compare_paired(VALUE, truth, [first], [second], trained=10**9)
    assert asked.verdict == "no-difference" and asked.rows_to_settle
    difference, rows = 1.06**2 - 1, 2000
    spread = 2 + 2 * 1.06**4  # variance of the difference of two squared errors
    needed = spread * ((2.576 + 0.842) / difference) ** 2
    verdicts = [compare_paired(VALUE, *_sides(data(seed, int(needed))), trained=10**9).verdict for seed in range(40)]
    assert 24 <= verdicts.count("worse") <= 39
    assert needed > rows


def _sides(found):
    truth, first, second = found
    return truth, [first], [second]


def test_a_difference_no_larger_than_that_between_trainings_is_not_settled_by_rows():
    truth, first = logits(2, 20_000, 0.5)
    _, second = logits(3, 20_000, 0.5, bias=0.05)
    found = compare_paired(BINARY, truth, [first], [second], trained=20)
    assert (found.verdict, found.rows_to_settle) == ("no-difference", None)
    assert found.training_error > found.row_error


def test_several_trainings_of_a_side_tell_what_training_anew_changes():
    truth, _ = logits(0, 4000, 0)
    first = [logits(seed, 4000, 0.5, bias)[1] for seed, bias in ((1, 0.0), (2, 0.5), (3, -0.5))]
    second = [logits(seed, 4000, 0.5, bias)[1] for seed, bias in ((4, 0.1), (5, 0.6), (6, -0.4))]
    alone = compare_paired(BINARY, truth, first[:1], second[1:2], trained=10**9)
    together = compare_paired(BINARY, truth, first, second, trained=10**9)
    assert alone.verdict == "worse"
    assert together.verdict == "no-difference" and together.training_error > 10 * alone.training_error


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 9), (40, 12), (5, 5)])
def test_mcnemar_lies_just_below_the_exact_test(first, second):
    exact = binomtest(first, first + second).pvalue if first + second else 1.0
    assert 0.5 * exact <= mcnemar(first, second) <= exact


def test_groups_where_the_change_differs_are_found_and_others_are_not():
    random = np.random.default_rng(0)
    truth, first = logits(2, 3000, 0.5)
    other = random.integers(0, 4, 3000)
    _, second = logits(2, 3000, 0.5, bias=np.where(other == 2, 1.5, 0))
    groups = [("size", str(k), other == k) for k in range(4)]
    groups += [("noise", str(k), random.integers(0, 2, 3000) == 1) for k in range(20)]
    found = changed_groups(BINARY, truth, first, second, groups)
    assert (found[0].column, found[0].value) == ("size", "2")
    assert sum(group.column == "noise" for group in found) <= 1  # one in twenty of those found may be chance
    assert changed_groups(BINARY, truth, first, first, groups) == []


def test_of_two_groups_that_mirror_each_other_one_is_told():
    truth, first = logits(2, 3000, 0.5)
    _, second = logits(2, 3000, 0.5, bias=1.5)
    found = changed_groups(BINARY, truth, first, second, [("y", "no", truth == 0), ("y", "yes", truth == 1)])
    assert [group.value for group in found] == ["no"]
