"""Numbers taken at once are those of each tensor alone."""

import math

import pytest
import torch

from backlight.records import Layer
from backlight.signals import all_signals
from backlight.signals.numbers import numbers_of, with_numbers


def read(name, layer):
    return float(all_signals()[name].read(layer))


@pytest.mark.parametrize("shape", [(7,), (7, 5), (7, 5, 3), (7, 5, 3, 2)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_mean_and_spread_are_those_of_the_output(shape, dtype):
    y = (50 + torch.randn(shape, generator=torch.Generator().manual_seed(0))).to(dtype)
    layer = Layer("a", "Linear", y=y)
    assert read("y_mean", layer) == pytest.approx(float(y.double().mean()), rel=1e-5)
    assert read("y_std", layer) == pytest.approx(float(y.double().std(correction=0)), rel=1e-4)
    if y.dim() > 1:
        assert read("row_std", layer) == pytest.approx(float(y.double().var(0, correction=0).mean().sqrt()), rel=1e-4)


def test_layers_taken_together_have_the_numbers_of_each():
    torch.manual_seed(0)
    weights = {"weight": torch.randn(3, 4), "bias": torch.randn(3)}
    linear = Layer("a", "Linear", y=torch.randn(6, 3), v_out=torch.randn(6, 3), parameters=weights, gradients=weights)
    codes = Layer("b", "Embedding", y=torch.arange(6))
    together = with_numbers([linear, codes])
    assert together[0].numbers == numbers_of(linear)
    assert together[0].numbers.gradients == pytest.approx({n: float(w.norm()) for n, w in weights.items()})
    assert all_signals()["y_mean"].read(together[1]) is None


def test_a_gradient_whose_square_leaves_the_range_is_finite_all_the_same():
    for worst, flag in ((1e30, 0), (torch.inf, 1), (torch.nan, 1)):
        gradients = {"weight": torch.full((2, 2), 1e30), "bias": torch.tensor([1.0, worst])}
        layer = Layer(
            "a", "Linear", parameters={n: torch.ones_like(g) for n, g in gradients.items()}, gradients=gradients
        )
        assert all_signals()["non_finite_gradient"].read(layer) == flag


def test_a_norm_of_what_is_no_number_is_none_and_an_empty_output_has_no_mean():
    gradients = {"weight": torch.tensor([torch.inf]), "bias": torch.tensor([torch.nan])}
    parameters = {name: torch.ones(1) for name in gradients}
    layer = Layer("a", "Linear", y=torch.empty(0, 3), parameters=parameters, gradients=gradients)
    assert math.isnan(read("gradient_norm", layer)) and math.isnan(read("y_mean", layer))
