"""Forecasts of learning curves: right on curves that are known, and honest about what cannot be known."""

import numpy as np
import pytest

from backlight.evaluation import PowerLaw, fit_power_law
from backlight.evaluation.learning_curve import (
    Point,
    forecast,
    law_of,
    limit,
    points,
    what_lacks,
    worth_of_augmentation,
)

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
