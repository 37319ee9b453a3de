"""Losses that a program writes out itself: sound ones are left in peace, faults are found all the same."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backlight.records import Finding
from backlight.watch import watch

TINY = 1e-7
GENERATOR = torch.Generator().manual_seed(0)
X = torch.randn(320, 5, generator=GENERATOR)
SCORES = X @ torch.randn(5, 3, generator=GENERATOR)
VALUES = SCORES[:, :1]
POSITIVE = VALUES.clamp(-2, 2).exp()
YES_NO = (VALUES > 0).float()
CLASSES = F.one_hot(SCORES.argmax(1), 3).float()
WEIGHTS = torch.tensor([1.0, 2.0, 3.0])


def findings(loss: Callable[[Tensor, Tensor], Tensor], y: Tensor, end: nn.Module) -> list[Finding]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, y.shape[1]), end)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    with watch(model, optimizer) as seen:
        for _ in range(12):
            for rows in torch.randperm(len(X)).split(32):
                optimizer.zero_grad()
                loss(model(X[rows]), y[rows]).backward()
                optimizer.step()
    return seen.findings


def log(p: Tensor) -> Tensor:
    return torch.log(p.clamp(TINY, 1 - TINY))


def _two_sided(p: Tensor, y: Tensor) -> Tensor:
    return -(y * log(p) + (1 - y) * log(1 - p)).mean()


SOUND: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Tensor, nn.Module]] = {
    "squared logarithms": (lambda p, y: ((torch.log(p + 1) - torch.log(y + 1)) ** 2).mean(), POSITIVE, nn.Softplus()),
    "output scaled": (lambda p, y: ((p * 200 - y) ** 2).mean(), 40 * VALUES.clamp(-2, 2) + 100, nn.Sigmoid()),
    "difference scaled": (lambda p, y: (((p - y) / 100) ** 2).mean(), 40 * VALUES, nn.Identity()),
    "share of the value": (lambda p, y: ((y - p) / y).abs().mean(), POSITIVE, nn.Softplus()),
    "yes or no, minus first": (lambda p, y: (-y * log(p) - (1 - y) * log(1 - p)).mean(), YES_NO, nn.Sigmoid()),
    "yes weighed": (lambda p, y: -(3 * y * log(p) + (1 - y) * log(1 - p)).mean(), YES_NO, nn.Sigmoid()),
    "log1p": (lambda p, y: -(y * log(p) + (1 - y) * torch.log1p(-p)).mean(), YES_NO, nn.Sigmoid()),
    "classes, minus first": (lambda p, y: (-y * log(p)).sum(1).mean(), CLASSES, nn.Softmax(1)),
    "classes weighed": (lambda p, y: -(WEIGHTS * y * log(p)).sum(1).mean(), CLASSES, nn.Softmax(1)),
    "weighed by row": (
        lambda z, y: -(WEIGHTS[y.argmax(1)] * F.log_softmax(z, 1).gather(1, y.argmax(1, True)).squeeze(1)).mean(),
        CLASSES,
        nn.Identity(),
    ),
    "smoothed": (lambda z, y: (-(0.9 * y + 0.1 / 3) * F.log_softmax(z, 1)).sum(1).mean(), CLASSES, nn.Identity()),
    "variance": (
        lambda z, y: (log(torch.sigmoid(z[:, 1])) + (z[:, 0] - y[:, 0]) ** 2 / torch.sigmoid(z[:, 1])).mean(),
        SCORES,
        nn.Identity(),
    ),
    "both sides of one sigmoid": (
        lambda p, y: F.nll_loss(log(torch.cat([1 - p, p], 1)), y[:, 0].long()),
        YES_NO,
        nn.Sigmoid(),
    ),
    "yes or no, squeezed": (
        lambda z, y: _two_sided(torch.sigmoid(z.squeeze(1)), y.squeeze(1)),
        YES_NO,
        nn.Identity(),
    ),
    "softmax written out": (
        lambda z, y: -(y * torch.log(z.exp() / z.exp().sum(1, keepdim=True))).sum(1).mean(),
        CLASSES,
        nn.Identity(),
    ),
    "softmax written out, one picked": (
        lambda z, y: -torch.log((z.exp() / z.exp().sum(1, keepdim=True)).gather(1, y.argmax(1, True))).mean(),
        CLASSES,
        nn.Identity(),
    ),
    "counts": (lambda p, y: -(y * torch.log(p + TINY) - p).mean(), POSITIVE.round(), nn.Softplus()),
    "hinge": (lambda p, y: torch.clamp_min(1 - y * p, 0).mean(), 2 * YES_NO - 1, nn.Identity()),
    "rows weighed outside": (
        lambda p, y: -((1 + 2 * y) * (y * log(p) + (1 - y) * log(1 - p))).mean(),
        YES_NO,
        nn.Sigmoid(),
    ),
    "minus of a minus": (lambda p, y: -(-((p - y) ** 2)).mean(), VALUES, nn.Identity()),
}
FAULTY: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Tensor, nn.Module, str]] = {
    "labels 1 and 2": (
        lambda p, y: -(y * log(p) + (1 - y) * log(1 - p)).mean(), YES_NO + 1, nn.Sigmoid(), "target-encoding"
    ),
    "labels −1 and 1, minus first": (
        lambda p, y: (-y * log(p) - (1 - y) * log(1 - p)).mean(), 2 * YES_NO - 1, nn.Sigmoid(), "target-encoding"
    ),
    "every row against every other": (
        lambda p, y: _two_sided(p, y.squeeze(1)), YES_NO, nn.Sigmoid(), "target-encoding"
    ),
    "sigmoids share no one": (
        lambda p, y: -(y * log(p / p.sum(1, keepdim=True))).sum(1).mean(), CLASSES, nn.Sigmoid(), "output-activation"
    ),
    "sigmoids divided by their sum": (
        lambda p, y: F.nll_loss(log(p / p.sum(1, keepdim=True)), y.argmax(1)), CLASSES, nn.Sigmoid(),
        "output-activation",
    ),
    "hinge of 0 and 1": (
        lambda p, y: F.relu(1 - y * p).mean(), YES_NO, nn.Tanh(), "target-encoding"
    ),
    "a distance with a minus": (
        lambda p, y: -((p - y) ** 2).mean(), VALUES, nn.Identity(), "loss-mismatch"
    ),
    "one column against three outputs": (
        lambda p, y: ((p - y.argmax(1, True)) ** 2).mean(), CLASSES, nn.Softmax(1), "loss-mismatch"
    ),
    "the logarithm of one probability": (
        lambda p, y: -(y * log(p)).mean(), YES_NO, nn.Sigmoid(), "loss-mismatch"
    ),
    "counts below zero": (lambda p, y: (p - y * log(p)).mean(), VALUES, nn.Softplus(), "loss-mismatch"),
    "values that a sigmoid cannot say": (
        lambda p, y: ((p - y) ** 2).mean(), POSITIVE, nn.Sigmoid(), "output-activation"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("loss", "y", "end"), SOUND.values(), ids=SOUND)
def test_a_sound_loss_written_by_hand_is_left_in_peace(loss, y, end):
    assert [f.name for f in findings(loss, y, end) if f.severity == "error"] == []


@pytest.mark.parametrize(("loss", "y", "end", "name"), FAULTY.values(), ids=FAULTY)
def test_a_fault_around_a_loss_written_by_hand_is_found(loss, y, end, name):
    assert name in [f.name for f in findings(loss, y, end) if f.severity == "error"]


def test_weights_of_rows_around_both_logarithms_are_no_part_of_the_target():
    y, weighed = YES_NO, lambda p, y: -((9 - 8 * y) * (y * log(p) + (1 - y) * log(1 - p))).mean()
    model = nn.Sequential(nn.Linear(5, 1), nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watch(model, optimizer) as seen:
        for _ in range(10):
            optimizer.zero_grad()
            weighed(model(X), y).backward()
            optimizer.step()
    assert set(seen.facts.targets.counts) == {0.0, 1.0}


@pytest.mark.parametrize(("places", "told"), [(1, False), (6, True)])
def test_an_answer_at_every_step_for_one_value_is_told(places, told):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Unflatten(1, (places, -1)), nn.Linear(30 // places, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    x = X.repeat(1, 6)
    with watch(model, optimizer) as seen:
        for _ in range(5):
            for rows in torch.randperm(len(x)).split(32):
                optimizer.zero_grad()
                ((model(x[rows]).squeeze(-1) - VALUES[rows]) ** 2).mean().backward()
                optimizer.step()
    assert ("output-units" in [f.name for f in seen.findings]) == told


@pytest.mark.parametrize(("strength", "told"), [(1e-5, False), (1.0, True)])
def test_squares_of_parameters_in_the_loss_are_weight_decay(strength, told):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    with watch(model, optimizer) as seen:
        for _ in range(20):
            for rows in torch.randperm(len(X)).split(32):
                optimizer.zero_grad()
                penalty = sum((p**2).sum() for p in model.parameters() if p.dim() > 1)
                (F.mse_loss(model(X[rows]), VALUES[rows] / VALUES.std()) + strength * penalty).backward()
                optimizer.step()
    assert seen.facts.loss.settings["decay"] == pytest.approx(2 * strength)
    assert ("capacity-too-low" in [f.name for f in seen.findings]) == told
