"""How much of the target the values of one feature tell."""

import numpy as np
import pytest

from backlight.signals.told import told_by_value


@pytest.fixture
def y():
    return np.random.default_rng(0).integers(0, 3, 300)


def test_a_code_that_renames_the_class_tells_all_of_it_and_an_unrelated_one_nearly_nothing(y):
    other = np.random.default_rng(1).integers(0, 4, 300)
    told = told_by_value(np.column_stack([(y + 1) % 3, other]), y)
    assert told[0] == 1.0 and told[1] < 0.15


def test_values_that_name_each_row_are_not_asked(y):
    assert np.isnan(told_by_value(np.arange(300.0)[:, None], y)[0])


def test_a_category_tells_the_variance_between_its_values_of_a_measured_target():
    rng = np.random.default_rng(0)
    code = rng.integers(0, 5, 400)
    value = np.array([3.0, -1.0, 0.5, 8.0, 2.0])[code]
    noise = rng.normal(size=400)
    told = [told_by_value(code[:, None], value + size * noise)[0] for size in (0.001, value.std())]
    assert told[0] > 0.999 and told[1] == pytest.approx(0.5, abs=0.1)
