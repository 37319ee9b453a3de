"""Large activations are read in part, and the numbers stay what they are."""

import pytest
import torch

from backlight.records import Layer, Step
from backlight.signals import all_signals
from backlight.signals.thinning import MOST_VALUES, thin, thinned


@pytest.mark.parametrize("shape", [(128, 32, 32, 32), (256, 40, 64), (4000, 100), (2, 8, 300, 300)])
def test_at_most_so_many_values_of_all_units_and_no_fewer_rows_than_needed(shape):
    values = torch.randn(shape)
    part = thinned(values)
    assert MOST_VALUES / 8 <= part.numel() <= 1.1 * MOST_VALUES
    assert part.dim() == values.dim()
    units = -1 if len(shape) < 4 else 1
    assert part.shape[units] == values.shape[units]
    assert len(part) >= min(len(values), 32) or len(shape) == 2


def test_small_ones_are_left_as_they_are():
    values = torch.randn(128, 64)
    assert thinned(values) is values


@pytest.mark.parametrize("name", ["y_mean", "y_std", "row_std", "zero_share", "v_norm", "v_rms"])
def test_signals_of_a_part_are_those_of_the_whole(name):
    torch.manual_seed(0)
    y, v = torch.relu(torch.randn(128, 32, 32, 32)), torch.randn(128, 32, 32, 32)
    step = Step(0, 0.0, 1.0, 0.1, (Layer("relu", "ReLU", x=y, y=y, v_out=v),))
    read = all_signals()[name].read
    assert float(read(thin(step).layers[0])) == pytest.approx(float(read(step.layers[0])), rel=0.03)


def test_a_loss_that_is_no_number_is_read_whole():
    y = torch.zeros(128, 32, 32, 32)
    y[1, 1, 1, 1] = torch.inf
    layer = Layer("conv", "Conv2d", y=y)
    step = Step(0, 0.0, float("nan"), 0.1, (layer,))
    assert float(all_signals()["non_finite"].read(thin(step).layers[0])) == 1
