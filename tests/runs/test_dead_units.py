"""Dead units of a run are counted over all rows of training, when it has ended."""

import numpy as np
import pytest
import torch
from torch import nn

import backlight as bl


def sick(width: int = 20, dead: int = 8) -> nn.Module:
    """`dead` units of the hidden layer are zero for all inputs below 50, two of them for all."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, 2))
    with torch.no_grad():
        module[0].weight[:dead] = 0.0
        module[0].weight[:dead, 0] = 1.0
        module[0].bias[:dead] = -50.0
        module[0].bias[:2] = -1000.0
    return module


@pytest.mark.parametrize("rare", [True, False])
def test_a_unit_for_one_rare_row_is_not_dead(rare):
    x = np.random.default_rng(0).normal(size=(3000, 3)).astype(np.float32)
    y = (x[:, 1] > 0).astype(int)
    if rare:
        x[::100, 0] = 60.0
    fitted = bl.Classifier(
        network=sick(), preprocessing="none", epochs=4, learning_rate=1e-5, batch_size=32, seed=0
    ).fit(x, y)
    found = [f for f in fitted.findings_ if f.name == "dead-units"]
    with torch.no_grad():
        spoke = fitted.module_[:2](torch.from_numpy(x)).amax(0) > 0
    assert int((~spoke).sum()) in ((2,) if rare else (8,))
    assert [f.evidence["units"] for f in found] == [torch.nonzero(~spoke).flatten().tolist()]
    assert "all rows of the training data" in found[0].message
