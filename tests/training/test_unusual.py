"""Networks and data out of the ordinary: as PyTorch, or one sentence."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from backlight import Classifier, Regressor
from backlight.records import BacklightError
from backlight.records.config import TrainingConfig
from backlight.training import Copy, Observer, predict_outputs, train, train_copies

X = torch.randn(90, 5, generator=torch.Generator().manual_seed(0))
Y = 2 * X[:, 0] - X[:, 1]


def settings(**changes):
    return TrainingConfig(
        **{"optimizer": "adamw", "learning_rate": 0.02, "weight_decay": 0.1, "batch_size": 30, "epochs": 4,
           "schedule": "constant", "label_smoothing": 0.0, "average": 0, "device": "cpu"} | changes
    )  # fmt: skip


class Squeezed(nn.Module):
    """Outputs of shape (n,), as many scripts write it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.layers = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, x):
        return self.layers(x).squeeze(-1)


@pytest.mark.parametrize("loss", ["mean-squared-error", "binary-cross-entropy", nn.HuberLoss()])
@pytest.mark.parametrize("shape", [(90,), (90, 1)])
def test_outputs_without_an_axis_train_as_those_with_one(loss, shape):
    y = (Y > 0).float() if loss == "binary-cross-entropy" else Y
    plain, axis = Squeezed(), Squeezed().layers
    for module in (plain, axis):
        found = train(module, loss, (X, y.view(shape)), (X, y.view(shape)), settings(), seed=1)
        assert all(row.error is None or row.error < 3 for row in found.history)
    for mine, theirs in zip(plain.parameters(), axis.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    assert predict_outputs(plain, X).shape == (90, 1)


def test_copies_whose_outputs_have_no_axis_train_as_alone():
    networks = [nn.Sequential(nn.Linear(5, 1), nn.Flatten(0)) for _ in range(2)]
    alone = copy.deepcopy(networks[0])
    train(alone, "mean-squared-error", (X, Y), None, settings(), seed=1)
    copies = [Copy(network, settings(), seed=1) for network in networks]
    train_copies(copies, "mean-squared-error", (X, Y), None)
    torch.testing.assert_close(networks[0][0].weight, alone[0].weight)


def test_estimators_take_networks_whose_outputs_have_no_axis():
    x, y = X.numpy(), Y.numpy()
    options = {"preprocessing": "none", "epochs": 30, "learning_rate": 0.05, "optimizer": "adam"}
    assert Regressor(Squeezed(), **options).fit(x, y).score(x, y) > 0.8
    classifier = Classifier(Squeezed(), **options).fit(x, y > 0)
    assert classifier.predict_proba(x).shape == (90, 2)
    assert classifier.score(x, y > 0) > 0.8


def test_outputs_and_targets_that_pytorch_would_stretch_are_refused():
    with pytest.raises(BacklightError, match=r"\(n, 3\) and the target has \(n,\): MSELoss"):
        train(nn.Linear(5, 3), "mean-squared-error", (X, Y), None, settings())
    with pytest.raises(BacklightError, match=r"\(n,\) and the target has \(n, 2\)"):
        train(Squeezed(), "mean-squared-error", (X, torch.stack([Y, Y], 1)), None, settings())


@pytest.mark.parametrize(("rows", "targets"), [(0, 0), (90, 60)])
def test_no_rows_and_rows_without_target_are_refused(rows, targets):
    with pytest.raises(BacklightError, match=f"{rows} rows and {targets} targets"):
        train(nn.Linear(5, 1), "mean-squared-error", (X[:rows], Y[:targets]), None, settings())


def test_rows_that_the_network_cannot_take_are_told_with_the_layer():
    module = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(3, 1))
    with pytest.raises(BacklightError, match=r"layer 2 \(Linear.* \(2, 4\)"):
        train(module, "mean-squared-error", (X, Y), None, settings())


class Idle(nn.Module):
    """One layer never used, one in the first epoch only."""

    def __init__(self, seldom):
        super().__init__()
        torch.manual_seed(3)
        self.used, self.seldom, self.never = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 5)
        self.last, self.steps, self.until = nn.Linear(5, 1), 0, seldom

    def forward(self, x):
        if self.training:
            self.steps += 1
        x = self.used(x)
        return self.last(self.seldom(x) if self.steps <= self.until else x)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_parameters_without_a_gradient_stay_as_they_are_as_in_pytorch(optimizer, accumulate):
    config = settings(optimizer=optimizer, momentum=0.9, accumulate=accumulate, batch_size=30 // accumulate)
    mine = Idle(3 * accumulate)
    theirs = copy.deepcopy(mine)
    config = config.model_copy(update={"shuffle": False})
    train(mine, "mean-squared-error", (X, Y), None, config, record=False)
    decayed = [p for p in theirs.parameters() if p.dim() > 1]
    groups = [{"params": decayed}, {"params": [p for p in theirs.parameters() if p.dim() < 2], "weight_decay": 0.0}]
    common = {"lr": config.learning_rate, "weight_decay": 0.1}
    sgd = {"momentum": 0.9, "nesterov": config.nesterov}
    steps = torch.optim.AdamW(groups, **common) if optimizer == "adamw" else torch.optim.SGD(groups, **common, **sgd)
    for _ in range(config.epochs):
        for x, y in zip(X.split(30), Y.split(30), strict=True):
            steps.zero_grad()
            for part, wanted in zip(x.chunk(accumulate), y.chunk(accumulate), strict=True):
                (nn.functional.mse_loss(theirs(part)[:, 0], wanted) / accumulate).backward()
            steps.step()
    for (name, p), q in zip(mine.named_parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(p, q, msg=name)


def test_layerwise_updates_leave_a_layer_alone_that_no_gradient_reaches():
    module = Idle(0)
    never = module.never.weight.detach().clone()
    train(module, "mean-squared-error", (X, Y), None, settings(layerwise=True), record=False)
    assert torch.equal(module.never.weight.detach(), never)


class Replacing(Observer):
    """Puts something into the network at the end of the second epoch."""

    def __init__(self, act):
        self.act = act

    def on_start(self, module, **kwargs):
        self.module, self.epochs = module, 0

    def on_epoch(self, rows, **kwargs):
        self.epochs += 1
        if self.epochs == 2:
            self.act(self.module)


def test_a_layer_replaced_while_it_trains_is_followed_where_no_parameter_goes_with_it():
    def plain(replaced):
        torch.manual_seed(1)
        module = nn.Sequential(nn.Linear(5, 8), nn.Sigmoid(), nn.Linear(8, 1))
        observers = [Replacing(lambda module: module.__setitem__(1, nn.Tanh()))] if replaced else []
        train(module, "mean-squared-error", (X, Y), None, settings(epochs=4 if replaced else 2), observers=observers)
        if not replaced:
            module[1] = nn.Tanh()
        return module, module(X).detach()

    module, outputs = plain(True)
    assert type(module[1]) is nn.Tanh
    before = nn.functional.mse_loss(plain(False)[1][:, 0], Y)
    assert nn.functional.mse_loss(outputs[:, 0], Y) < before


@pytest.mark.parametrize("path", ["2.weight", "2"])
def test_a_parameter_replaced_while_it_trains_is_refused_with_its_path(path):
    def act(module):
        if path == "2":
            module[2] = nn.Linear(8, 1)
        else:
            module[2].weight = nn.Parameter(torch.ones(1, 8))

    module = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
    with pytest.raises(BacklightError, match=r"2\.weight: replaced, added or removed|2\.bias, 2\.weight: replaced"):
        train(module, "mean-squared-error", (X, Y), None, settings(), observers=[Replacing(act)])


def test_an_empty_held_out_set_counts_as_none():
    empty = X[:0], np.zeros(0, dtype=np.float32)
    found = train(nn.Linear(5, 1), "mean-squared-error", (X, Y), empty, settings())
    assert {row.split for row in found.history} == {"train", "batches"}
