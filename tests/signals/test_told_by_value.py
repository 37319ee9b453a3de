"""How much of the target the values of one feature tell."""

import numpy as np
import pytest

from backlight.signals.told import told_by_order, told_by_value


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


def test_a_value_of_one_row_tells_nothing_of_its_class():
    """Each of 60 rows of the seldom class has a value of its own: nothing that other rows could be told from."""
    y = np.repeat([0, 1], [540, 60])
    own = np.where(y == 1, np.arange(600), 0)
    assert told_by_value(own[:, None], y)[0] == 0.0


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_numbers_around_a_point_for_each_class_are_values_with_noise_and_others_are_not(classes):
    rng = np.random.default_rng(0)
    y = rng.integers(0, classes, 600)
    wrong = np.where(rng.random(600) < 0.005, rng.integers(0, classes, 600), y)
    apart = np.arange(classes) ** 2
    told = told_by_value(apart[wrong][:, None] + rng.normal(size=(600, 3)) * [1e-3, 0.5, 30], y)
    assert told[0] > 0.98 and np.isnan(told[1:]).all()


def test_the_order_of_a_monotone_copy_is_that_of_the_target_however_it_is_scaled():
    rng = np.random.default_rng(0)
    y = np.round(np.exp(rng.normal(size=500)), 1)  # many rows with the same value
    x = np.column_stack([15 * y + 0.01 * rng.normal(size=500), np.tanh(-y), y + rng.normal(size=500)])
    order = told_by_order(x, y)
    assert order[:2] == pytest.approx([1, 1], abs=1e-6) and order[2] < 0.7


def test_of_two_classes_and_of_a_constant_the_order_is_not_asked():
    y = np.arange(300.0)
    assert np.isnan(told_by_order(y[:, None], y % 2)).all()
    assert np.isnan(told_by_order(np.column_stack([np.ones(300), np.where(y > 5, y, np.inf)]), y)).all()
