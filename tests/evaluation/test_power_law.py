"""Forecasts of learning curves: right on curves that are known, and honest about what cannot be known."""

import numpy as np
import pytest

from backlight.evaluation import PowerLaw, fit_power_law
from backlight.evaluation.learning_curve import (
    Point,
    begun,
    forecast,
    law_of,
    limit,
    points,
    what_lacks,
    worth_of_augmentation,
)
from backlight.evaluation.power_law import effective_rows

ROWS = np.array([500, 1000, 2000, 4000, 8000])


def fitted(curve, *, noise: float, seed: int = 0, trainings: int = 3) -> PowerLaw:
    rng = np.random.default_rng(seed)
    errors = [curve(rows) + noise * rng.standard_normal(trainings) for rows in ROWS]
    return fit_power_law(ROWS, errors, pool=8000, seed=seed)


def test_the_interval_holds_what_comes() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(40):
        floor, gain, c = rng.uniform(0, 0.2), rng.uniform(0.05, 0.3), rng.uniform(0.2, 1)

        def curve(rows: float, a: float = floor, b: float = gain, c: float = c) -> float:
            return a + b * (rows / 1000) ** -c

        law = fitted(curve, noise=0.003, seed=seed)
        low, high = np.quantile(law.training(32_000), (0.025, 0.975))
        held += low <= curve(32_000) + 0.003 * rng.standard_normal() <= high
    assert held >= 36


def test_a_clean_curve_is_foretold_closely() -> None:
    law = fitted(lambda rows: 0.1 + 0.3 * (rows / 500) ** -0.5, noise=0.0005)
    low, middle, high = np.quantile(law.curve(16_000), (0.025, 0.5, 0.975))
    truth = 0.1 + 0.3 * 32**-0.5
    assert low < truth < high
    assert abs(middle - truth) < 0.01
    assert high - low < 0.06


def test_noise_widens_the_interval() -> None:
    def curve(rows: float) -> float:
        return 0.1 + 0.1 * (rows / 500) ** -0.5

    widths = [
        np.ptp(np.quantile(fitted(curve, noise=noise).training(32_000), (0.025, 0.975))) for noise in (0.001, 0.02)
    ]
    assert widths[0] < widths[1]


def test_trainings_that_are_all_alike_are_no_trouble() -> None:
    law = fit_power_law(ROWS, [np.full(3, 0.2)] * 5, pool=8000)
    assert np.isfinite(law.training(64_000)).all()
    assert np.median(law.training(64_000)) == pytest.approx(0.2, abs=0.02)


def test_more_rows_never_do_harm_in_the_law() -> None:
    law = fitted(lambda rows: 0.1 + 0.1 * (rows / 500) ** -0.5, noise=0.01)
    assert np.median(law.curve(8000)) >= np.median(law.curve(16_000)) >= np.median(law.curve(64_000))


def test_scores_that_rise_are_turned_round() -> None:
    found = {int(rows): list(0.9 - 0.2 * (rows / 500) ** -0.5 + np.array([-0.002, 0, 0.002])) for rows in ROWS}
    measured = points("accuracy", found)
    law = law_of("accuracy", measured, pool=8000)
    assert law is not None
    ahead = forecast("accuracy", law, 16_000)
    assert measured[-1].value < ahead.value < 0.9
    assert ahead.low < ahead.value < ahead.high
    assert limit("accuracy", law).value > ahead.value


def test_two_sizes_or_one_training_each_make_no_law() -> None:
    two = (Point(100, 0.5, 0.4, 0.6, (0.5, 0.5)), Point(200, 0.6, 0.5, 0.7, (0.6, 0.6)))
    assert law_of("accuracy", two, pool=200) is None
    once = tuple(Point(rows, 0.5, 0.5, 0.5, (0.5,)) for rows in (100, 200, 400))
    assert law_of("accuracy", once, pool=400) is None


@pytest.mark.parametrize(("metric", "best"), [("accuracy", 1.0), ("rmse", 0.0)])
def test_trainings_without_an_error_make_no_law_and_those_with_few_do(metric: str, best: float) -> None:
    none = {rows: [best] * 3 for rows in (100, 200, 400)}
    assert law_of(metric, points(metric, none), pool=400) is None
    few = none | {100: [best, best, abs(best - 0.02)]}
    law = law_of(metric, points(metric, few), pool=400)
    assert law is not None and np.isfinite(law.training(800)).all()


def test_augmentation_is_worth_the_rows_that_it_replaces() -> None:
    def error(rows: float) -> float:
        return 0.02 + 0.2 * (rows / 500) ** -0.5

    law = fitted(error, noise=0.0005)
    worth = worth_of_augmentation("accuracy", law, 8000, [1 - error(4000)] * 3)
    assert worth.low < 4000 < worth.high
    assert worth.value == pytest.approx(4000, rel=0.2)


@pytest.mark.parametrize(
    ("gain", "train", "validation", "lack"),
    [
        (0.10, 0.1, 0.5, "data"),
        (0.01, 0.1, 0.5, "regularisation"),
        (0.01, 0.48, 0.5, "capacity"),
        (0.01, 0.42, 0.5, "nothing clear"),
    ],
)
def test_what_lacks(gain: float, train: float, validation: float, lack: str) -> None:
    assert what_lacks(gain, train, validation) == lack


def test_rows_seen_once_are_worth_themselves_and_seen_often_a_bounded_multiple() -> None:
    assert effective_rows(1000, 1000, 15) == 1000
    assert effective_rows(1000, 4000, 15) == pytest.approx(4000, rel=0.1)  # four passes are nearly as good as new rows
    assert effective_rows(1000, 1e9, 15) == pytest.approx(16_000)


def test_more_rows_at_the_same_number_of_updates_bring_less() -> None:
    """32 passes over 8,000 rows; on 32,000 either 8, which is as many updates, or 32 again."""

    def error(rows: float) -> float:
        return 0.1 + 0.2 * (rows / 500) ** -0.5

    errors = [error(rows) + 0.001 * np.array([-1, 0, 1]) for rows in ROWS]
    few, many = (fit_power_law(ROWS, errors, pool=8000, seen=0 * ROWS + 256_000, passes=one) for one in (8, 32))
    assert np.median(few.curve(32_000)) > np.median(many.curve(32_000)) + 0.002
    assert np.allclose(few.curve(4000), many.curve(4000))


@pytest.mark.parametrize(("metric", "down"), [("probability_of_right_class", True), ("accuracy", False)])
def test_a_score_that_is_not_proper_may_fall(metric: str, down: bool) -> None:
    """Falling evenly, by 0.004 with each doubling."""
    found = {int(rows): list(0.8 - 0.004 * np.log2(rows / 500) + np.array([-0.001, 0, 0.001])) for rows in ROWS}
    law = law_of(metric, points(metric, found), pool=8000)
    assert law is not None
    ahead = forecast(metric, law, 32_000)
    assert ahead.low < 0.8 - 0.004 * 5
    if down:
        assert ahead.value < 0.785
    low, high = (forecast(metric, law, rows) for rows in (16_000, 64_000))
    assert high.high - high.low > low.high - low.low


def test_a_curve_that_only_begins_to_fall_is_not_taken_for_flat() -> None:
    """Flat up to some thousand rows: a curve with a delay, which no plain law follows."""

    def error(rows: float) -> float:
        return 0.1 + 0.4 * (1 + rows / 8000) ** -1.5

    law = fitted(error, noise=0.002)
    low, high = np.quantile(law.training(32_000), (0.025, 0.975))
    assert low < error(32_000) < high


def test_sizes_no_better_than_a_constant_answer_are_left_out() -> None:
    values = {100: (0.7, 0.7), 200: (0.7, 0.72), 400: (0.75, 0.76), 800: (0.71, 0.7)}
    measured = tuple(Point(rows, sum(part) / 2, 0.0, 1.0, part) for rows, part in values.items())
    assert [point.rows for point in begun("accuracy", measured, 0.7)] == [400, 800]
    assert begun("accuracy", measured, 0.9) == ()
    assert begun("accuracy", measured, float("nan")) == measured


def test_rows_for_is_the_curve_turned_round() -> None:
    law = fitted(lambda rows: 0.02 + 0.2 * (rows / 500) ** -0.5, noise=0.0005)
    wanted = law.curve(3000)
    falling = law.b > 0
    assert np.allclose(law.rows_for(wanted)[falling], 3000, rtol=0.02)
    assert np.isinf(law.rows_for(law.a / 2)[falling]).all()
