"""A score is better or worse only where the other model lies outside its interval."""

from backlight.evaluation import FEWEST_ROWS, JUDGED, compare
from backlight.records import Metric
from backlight.report.words import METRICS

METRIC = {"accuracy": Metric(0.88, 0.85, 0.9), "log_loss": Metric(0.3, 0.28, 0.32)}


def test_the_direction_of_each_score_counts():
    found = compare(METRIC, {"accuracy": 0.95, "log_loss": 0.4, "roc_auc": 0.9}, rows=500)
    assert (found.better, found.worse, found.compared) == (("log_loss",), ("accuracy",), 2)


def test_within_the_interval_nothing_is_shown():
    found = compare(METRIC, {"accuracy": 0.86, "log_loss": 0.32}, rows=500)
    assert (found.better, found.worse) == ((), ())
    assert found.nothing_better


def test_nothing_compared_says_nothing():
    assert not compare(METRIC, {}, rows=500).nothing_better


def test_the_report_words_the_same_direction():
    assert {name: METRICS[name].higher_is_better for name in JUDGED} == JUDGED


def test_a_handful_of_rows_shows_nothing():
    found = compare(METRIC, {"accuracy": 0.1}, rows=FEWEST_ROWS - 1)
    assert (found.better, found.compared, found.nothing_better) == ((), 0, False)
    assert compare(METRIC, {"accuracy": 0.1}, rows=FEWEST_ROWS).better == ("accuracy",)
