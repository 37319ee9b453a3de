"""The network for a user who names none."""

import pytest
import torch

from backlight.network import build, default_network
from backlight.network.default import FEW_ROWS
from backlight.network.layers import Residual
from backlight.records import Feature, TableInputs, Task

EDGES = tuple(i / 100 for i in range(101))
MIXED = TableInputs((Feature("a", "continuous", edges=EDGES), Feature("b", "discrete", size=3)))
TASK = Task("binary", "y", (0, 1))


@pytest.mark.parametrize("inputs", [MIXED, TableInputs(MIXED.features[1:])])
@pytest.mark.parametrize("rows", [20, FEW_ROWS, FEW_ROWS + 1, 6000])
def test_few_rows_get_a_linear_path_beside_the_hidden_layers(inputs, rows):
    module = build(default_network(inputs, TASK, rows), inputs, TASK.outputs)
    assert any(isinstance(layer, Residual) for layer in module.modules()) == (rows <= FEW_ROWS)
    assert module(torch.zeros(2, len(inputs.features))).shape == (2, TASK.outputs)


def test_more_rows_get_more_parameters():
    sizes = [
        sum(p.numel() for p in build(default_network(MIXED, TASK, rows), MIXED, TASK.outputs).parameters())
        for rows in (100, 400, 1000, 6000)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
