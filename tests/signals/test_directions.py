"""Rank, likeness of units, noise of the gradient, and p(right class) mean what they say."""

import numpy as np
import pytest
import torch
from torch import nn

from backlight.records import Layer, Step
from backlight.signals import all_signals
from backlight.signals.gauges.directions import effective_rank

RULES = all_signals()


def read(name, record):
    return float(RULES[name].read(record))


@pytest.mark.parametrize("directions", [1, 3, 8])
def test_equal_directions_are_counted(directions):
    basis = torch.linalg.qr(torch.randn(40, 40, dtype=torch.float64))[0]
    rows = basis[:, :directions] @ torch.linalg.qr(torch.randn(20, 20, dtype=torch.float64))[0][:directions]
    assert float(effective_rank(rows)) == pytest.approx(directions)
    assert float(effective_rank(rows * 1e-20)) == pytest.approx(directions)


def test_rows_on_a_line_have_rank_one_and_units_that_say_the_same_are_alike():
    y = torch.randn(64, 1) @ torch.randn(1, 10) + 5.0
    line = Layer("a", "ReLU", y=y, v_out=y)
    assert read("y_rank", line) == pytest.approx(1, abs=1e-3)
    assert read("unit_similarity", line) == pytest.approx(1, abs=1e-3)
    apart = Layer("b", "Linear", y=torch.randn(512, 10), v_out=torch.randn(512, 10))
    assert read("y_rank", apart) > 8 and read("v_rank", apart) > 8
    assert read("unit_similarity", apart) < 0.12
    pictures = Layer("c", "Conv2d", y=torch.randn(16, 6, 5, 5))
    assert 5 < read("y_rank", pictures) <= 6


def test_units_that_never_change_are_left_out_of_the_likeness():
    y = torch.cat([torch.zeros(64, 3), torch.randn(64, 1) @ torch.ones(1, 2)], 1)
    assert read("unit_similarity", Layer("a", "ReLU", y=y)) == pytest.approx(1, abs=1e-5)


def test_noise_of_the_gradient_is_its_standard_error_over_the_rows():
    torch.manual_seed(0)
    linear = nn.Linear(5, 4)
    x, target = torch.randn(30, 5), torch.randint(4, (30,))
    each = []
    for row, code in zip(x, target, strict=True):
        linear.zero_grad()
        nn.functional.cross_entropy(linear(row[None]), code[None]).backward()
        each.append(linear.weight.grad.flatten().double().numpy())
    each = np.array(each)
    error = np.sqrt(each.var(0, ddof=1).sum() / len(each)) / np.linalg.norm(each.mean(0))
    linear.zero_grad()
    y = linear(x)
    y.retain_grad()
    nn.functional.cross_entropy(y, target).backward()
    layer = Layer("", "Linear", x=x, y=y.detach(), v_out=y.grad, gradients={"weight": linear.weight.grad})
    assert read("gradient_noise", layer) == pytest.approx(error, rel=1e-4)


@pytest.mark.parametrize(
    ("expects", "output"), [("logits", [2.0, -1.0, 0.5, 3.0]), ("probabilities", [0.9, 0.2, 0.6, 0.7])]
)
def test_one_output_for_yes_or_no_has_an_accuracy_and_a_p_right(expects, output):
    output, target = torch.tensor(output)[:, None], torch.tensor([1.0, 0.0, 0.0, 1.0])[:, None]
    step = Step(0, 0.0, 1.0, 0.1, (), output=output, target=target, expects=expects)
    yes = output.sigmoid() if expects == "logits" else output
    assert read("accuracy", step) == 0.75
    assert read("p_right", step) == pytest.approx(float(torch.where(target == 1, yes, 1 - yes).mean()))
    assert RULES["p_right"].read(Step(0, 0.0, 1.0, 0.1, (), output=output, target=target)) is None
