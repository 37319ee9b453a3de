"""Exactness: the same seed gives the same losses as a plain PyTorch loop."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight.data.batches import Batches
from backlight.network import Residual
from backlight.records.config import TrainingConfig
from backlight.training import train

STEPS_PER_EPOCH, EPOCHS, SIZE = 20, 10, 32


def perceptron():
    return nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 4))


def residual_network():
    block = nn.Sequential(nn.Linear(24, 24), nn.BatchNorm1d(24), nn.ReLU(), nn.Dropout(0.2))
    return nn.Sequential(nn.Linear(12, 24), Residual(block), Residual(copy.deepcopy(block)), nn.Linear(24, 4))


def convolutional_network():
    return nn.Sequential(
        nn.Conv2d(2, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.GELU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1, bias=False),
        nn.SiLU(),
        nn.Dropout2d(0.1),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


def optimizer_of(name, module):
    decayed = [p for p in module.parameters() if p.dim() >= 2]
    others = [p for p in module.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}]
    if name == "sgd":
        return torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True)
    return (torch.optim.Adam if name == "adam" else torch.optim.AdamW)(groups, lr=0.003)


@pytest.mark.parametrize("observed", [True, False], ids=["observed", "replayed"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize(
    ("make", "shape"),
    [(perceptron, (12,)), (residual_network, (12,)), (convolutional_network, (2, 8, 8))],
    ids=["perceptron", "residual network with batch norm and dropout", "convolutional network"],
)
def test_200_steps_equal_a_plain_loop(make, shape, optimizer, observed):
    torch.manual_seed(0)
    x = torch.randn(STEPS_PER_EPOCH * SIZE, *shape)
    y = torch.randint(0, 4, (len(x),))
    ours = make()
    theirs = copy.deepcopy(ours)
    if len(shape) == 3:
        theirs = theirs.to(memory_format=torch.channels_last)

    config = TrainingConfig(
        epochs=EPOCHS,
        batch_size=SIZE,
        optimizer=optimizer,
        learning_rate=0.05 if optimizer == "sgd" else 0.003,
        weight_decay=0.01,
        schedule="constant",
        average=0,
        label_smoothing=0.1,
    )
    recorded = Recorded(observed)
    trained = train(ours, "cross-entropy", (x, y), None, config, seed=5, observers=[recorded])
    assert trained.steps == STEPS_PER_EPOCH * EPOCHS

    torch.manual_seed(5)
    step = optimizer_of(optimizer, theirs)
    losses = []
    batches = Batches(x, y, size=SIZE, seed=5)
    for epoch in range(EPOCHS):
        for part, target in batches.epoch(epoch):
            step.zero_grad()
            loss = F.cross_entropy(theirs(part), target, label_smoothing=0.1)
            loss.backward()
            step.step()
            losses.append(loss.item())
    torch.testing.assert_close(torch.tensor(recorded.losses), torch.tensor(losses), rtol=0, atol=1e-5)


class Recorded:
    """Every loss of every step. Observed steps run layer by layer, others are recorded once and replayed."""

    def __init__(self, observed=True):
        self.losses, self.observed = [], observed

    def wants_step(self, step, **kwargs):
        return self.observed

    def on_epoch(self, rows, losses, **kwargs):
        self.losses += losses.tolist()

    def __getattr__(self, hook):
        return lambda *args, **kwargs: None
