"""Parameter groups: factors on learning rate and decay by the names of parameters."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight import BacklightError
from backlight.records.config import TrainingConfig
from backlight.runs import settings
from backlight.runs.options import configure
from backlight.training.flat import FlatParameters
from backlight.training.optimizer import Optimizer


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)).double()


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_factors_equal_parameter_groups_of_torch(optimizer):
    ours, theirs = network(), network()
    config = TrainingConfig(
        optimizer=optimizer,
        weight_decay=0.1,
        nesterov=False,
        rate_factors={"0.*": 0.1, "2.bias": 3.0},
        decay_factors={"4.*": 0.0},
    )
    mine = Optimizer(FlatParameters(ours), config)
    rates = {"0.weight": 0.1, "0.bias": 0.1, "2.bias": 3.0}
    decays = {"0.weight": 0.1, "2.weight": 0.1}
    groups = [
        {"params": [p], "lr": 0.01 * rates.get(name, 1.0), "weight_decay": decays.get(name, 0.0)}
        for name, p in theirs.named_parameters()
    ]
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    other = torch.optim.SGD(groups, momentum=0.9) if optimizer == "sgd" else kinds[optimizer](groups)
    x, y = torch.randn(8, 4, dtype=torch.float64), torch.randint(0, 3, (8,))
    for _ in range(5):
        for net in (ours, theirs):
            for p in net.parameters():
                if p.grad is not None:
                    p.grad.zero_()
            F.cross_entropy(net(x), y).backward()
        mine.step(0.01)
        other.step()
    torch.testing.assert_close(list(ours.parameters()), list(theirs.parameters()), rtol=1e-9, atol=1e-12)


def test_a_pattern_that_matches_nothing_is_refused():
    config = TrainingConfig(optimizer="sgd", rate_factors={"head.*": 2.0})
    with pytest.raises(
        BacklightError, match=r"'head\.\*' matches no trained parameter; their names are like 0\.weight"
    ):
        Optimizer(FlatParameters(copy.deepcopy(network())), config)


def test_factors_survive_the_settings_file(tmp_path):
    config = configure({"rate_factors": {"0.*": 0.1}, "clip": 1.0, "accumulate": 2, "precision": "bfloat16"})
    settings.save(tmp_path / "run.toml", config, name="x")
    assert settings.load(tmp_path / "run.toml") == config
