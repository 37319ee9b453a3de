"""Whole networks over 200 steps: the losses of a plain PyTorch loop, in float64 to rounding."""

import copy

import networks
import pytest
import torch
from test_loop_equals_pytorch import Recorded
from torch import nn
from torch.nn import functional as F

from backlight.backprop import Objective, Plan
from backlight.data.batches import Batches
from backlight.records.config import TrainingConfig
from backlight.training import predict_outputs, train

STEPS_PER_EPOCH, EPOCHS, SIZE, RATE = 20, 10, 8, 0.02


def numbers(losses):
    return torch.tensor(losses, dtype=torch.float64)


@pytest.mark.parametrize("name", networks.NETWORKS)
def test_200_steps_equal_a_plain_loop(name):
    make, shape = networks.NETWORKS[name]
    torch.manual_seed(0)
    ours = make().double()
    rows = STEPS_PER_EPOCH * SIZE
    codes = isinstance(shape, int)
    x = torch.randint(0, 11, (rows, shape)) if codes else torch.randn(rows, *shape, dtype=torch.float64)
    y = torch.randint(0, 4, (rows,))
    theirs = copy.deepcopy(ours)
    config = TrainingConfig(
        epochs=EPOCHS, batch_size=SIZE, optimizer="sgd", learning_rate=RATE, weight_decay=0.01, schedule="constant",
        average=0, label_smoothing=0.0,
    )  # fmt: skip
    recorded = Recorded()
    train(ours, "cross-entropy", (x, y), None, config, seed=5, observers=[recorded])

    torch.manual_seed(5)
    decayed = [p for p in theirs.parameters() if p.dim() >= 2]
    others = [p for p in theirs.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    step = torch.optim.SGD(groups, lr=RATE, momentum=0.9, nesterov=True)
    losses = []
    batches = Batches(x, y, size=SIZE, seed=5)
    for epoch in range(EPOCHS):
        for part, target in batches.epoch(epoch):
            step.zero_grad()
            loss = F.cross_entropy(theirs(part), target)
            loss.backward()
            step.step()
            losses.append(loss.item())
    torch.testing.assert_close(numbers(recorded.losses), numbers(losses), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(list(ours.buffers()), list(theirs.buffers()), rtol=1e-7, atol=1e-7)


class Pair(nn.Module):
    """Two inputs: numbers and codes."""

    def __init__(self):
        super().__init__()
        self.numbers, self.codes = nn.Linear(5, 8), nn.Embedding(7, 8)
        self.join, self.head = nn.Bilinear(8, 8, 6), nn.Linear(6, 3)

    def forward(self, x, k):
        a = self.numbers(x)
        b = self.codes(k)
        return self.head(torch.tanh(self.join(a, b)) + self.join(b, a))


def test_200_steps_of_a_network_with_two_inputs():
    torch.manual_seed(0)
    ours = Pair().double()
    theirs = copy.deepcopy(ours)
    plan, objective = Plan(ours), Objective(nn.CrossEntropyLoss())
    steps = [torch.optim.Adam(m.parameters(), lr=0.01) for m in (ours, theirs)]
    losses = []
    for _ in range(200):
        x = torch.randn(8, 5, dtype=torch.float64), torch.randint(0, 7, (8,))
        y = torch.randint(0, 3, (8,))
        for step in steps:
            step.zero_grad()
        mine = objective.forward(plan.forward(x), y)
        plan.backward(objective.backward(), wants_x=False)
        loss = F.cross_entropy(theirs(*x), y)
        loss.backward()
        for step in steps:
            step.step()
        losses.append((mine.item(), loss.item()))
    mine, theirs_ = numbers(losses).unbind(1)
    torch.testing.assert_close(mine, theirs_, rtol=1e-9, atol=1e-9)


class Viewing(nn.Module):
    """As in many a tutorial: the view fails on images laid out channels-last."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.fc = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 5, 3), nn.Linear(5 * 9, 4)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        return self.fc(x.view(-1, 5 * 9))


def test_a_view_on_images_trains_and_predicts():
    torch.manual_seed(0)
    x, y = torch.randn(64, 2, 7, 7), torch.randint(0, 4, (64,))
    config = TrainingConfig(epochs=2, batch_size=16, optimizer="adam", learning_rate=0.01, schedule="constant")
    trained = train(Viewing(), "cross-entropy", (x, y), (x, y), config)
    assert trained.epochs == 2
    expected = trained.module(x).detach().numpy()
    assert predict_outputs(trained.module, x) == pytest.approx(expected, abs=1e-5)
