"""Gradients of parts that add up to that of one larger batch."""

import pytest
import torch
from torch import nn

from backlight.records.config import TrainingConfig
from backlight.training.goal import make_goal, measure
from backlight.training.loop import train

X = torch.randn(97, 5, generator=torch.Generator().manual_seed(0))
CODES = (X[:, 0] > 0).long()


def config(batch_size, accumulate):
    return TrainingConfig(
        optimizer="sgd",
        learning_rate=0.1,
        weight_decay=0.0,
        batch_size=batch_size,
        accumulate=accumulate,
        epochs=2,
        schedule="constant",
        label_smoothing=0.0,
        average=0,
        device="cpu",
    )


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(torch.tensor([1.0, 9.0])),
        nn.CrossEntropyLoss(torch.tensor([1.0, 9.0]), label_smoothing=0.1),
        nn.CrossEntropyLoss(ignore_index=1),
        nn.CrossEntropyLoss(reduction="sum"),
    ],
    ids=["plain", "weighted", "weighted and smoothed", "some ignored", "sum"],
)
def test_parts_are_one_larger_batch_whatever_the_loss_counts(loss):
    found = []
    for batch_size, accumulate in ((32, 1), (8, 4)):
        torch.manual_seed(1)
        module = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 2))
        train(module, loss, (X, CODES), None, config(batch_size, accumulate))
        found.append(module[0].weight.detach())
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)


def test_no_part_is_a_single_row_that_batch_norm_cannot_take():
    module = nn.Sequential(nn.Linear(5, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
    result = train(module, "cross-entropy", (X, CODES), None, config(32, 2))  # 97 = 64 + 33 rows
    assert result.steps == 4


def test_a_loss_that_adds_up_is_measured_as_its_sum_however_the_rows_are_split():
    module, target = nn.Linear(5, 1), X[:, :1]
    loss = nn.MSELoss(reduction="sum")
    expected = float(loss(module(X), target).detach())
    for size in (97, 20):
        assert measure(module, make_goal(loss), X, target, size=size)[0] == pytest.approx(expected, rel=1e-5)


def test_a_frozen_layer_that_stands_twice_and_a_parameter_that_nobody_uses_train():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.unused, self.last = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 2)

        def forward(self, x):
            return self.last(self.one(torch.relu(self.one(x))))

    module = Twice()
    module.one.requires_grad_(False)
    train(module, "cross-entropy", (X, CODES), None, config(32, 1))

    class Unused(Twice):
        def forward(self, x):
            return self.last(self.one(x))

    train(Unused(), "cross-entropy", (X, CODES), None, config(32, 1).model_copy(update={"layerwise": True}))


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(torch.tensor([1.0, 9.0])), nn.CrossEntropyLoss(ignore_index=1)], ids=repr
)
def test_the_measured_loss_is_that_of_all_rows_at_once_however_they_are_split(loss):
    module, codes = nn.Linear(5, 2), CODES.sort(descending=True).values  # the first parts hold one class only
    with torch.no_grad():
        expected = float(loss(module(X), codes))
    for size in (97, 10):
        assert measure(module, make_goal(loss), X, codes, size=size)[0] == pytest.approx(expected, rel=1e-5)


def test_balanced_classes_keep_the_settings_of_the_loss():
    codes = torch.tensor([0, 0, 0, 1, -1, -1])
    goal = make_goal(nn.CrossEntropyLoss(ignore_index=-1, label_smoothing=0.1)).balanced(codes, 2)
    assert goal.loss.ignore_index == -1 and goal.loss.label_smoothing == 0.1
    torch.testing.assert_close(goal.loss.weight, torch.tensor([2 / 3, 2.0]))
    assert torch.equal(goal.plain.weight, goal.loss.weight)  # the reported loss, by which the best epoch is chosen
    assert goal.plain.ignore_index == -1 and goal.plain.label_smoothing == 0


def test_rows_of_several_codes_are_scored_by_the_share_that_is_right():
    outputs, target = torch.eye(3)[torch.tensor([[0, 1], [2, 2]])].transpose(1, 2), torch.tensor([[0, 1], [2, 0]])
    assert float(make_goal("cross-entropy").score(outputs, target)) == 1.5
