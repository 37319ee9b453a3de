"""Losses and data that are no number: noticed with their step, at once on a processor, late on an accelerator."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backlight.watch import losses as losses_module
from backlight.watch import observed as observed_module
from backlight.watch import watch
from backlight.watch.losses import READ_EVERY, LossLog

BAD_ROW, SIZE = 3000, 8
BAD_STEP = BAD_ROW // SIZE


@pytest.fixture
def late(monkeypatch):
    """As on an accelerator: no number of a step is read at that step."""
    for module in (losses_module, observed_module):
        monkeypatch.setattr(module, "is_read_late", lambda tensor: True)
    monkeypatch.setattr("backlight.watch.follower.is_read_late", lambda tensor: True)


def data(where: str = ""):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(4096, 8, generator=generator)
    y = x[:, :1].clone()
    if where:
        {"x": x, "y": y}[where][BAD_ROW, 0] = float("nan")
    return x, y


def trained(x, y, loss=None, rate: float = 0.01, steps: int = BAD_STEP + 5):
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), rate)
    with watch(model, optimizer) as seen:
        for part, target in list(zip(x.split(SIZE), y.split(SIZE), strict=True))[:steps]:
            optimizer.zero_grad()
            (loss or F.mse_loss)(model(part), target).backward()
            optimizer.step()
    return seen


def named(seen):
    return seen.findings[0].name, seen.findings[0].step


# The log


def test_losses_are_read_in_their_order_and_not_one_by_one(late):
    told: list[float] = []
    log = LossLog(told.append)
    for step in range(READ_EVERY + 3):
        log.add(torch.tensor(float(step)), None)
        assert len(told) == (0 if step < READ_EVERY - 1 else READ_EVERY)
    log.read()
    assert told == [float(step) for step in range(READ_EVERY + 3)]


def test_the_data_of_the_first_loss_that_is_no_number_are_the_ones_that_count(late):
    log = LossLog(lambda loss: None)
    good, bad = torch.zeros(3, 2), torch.tensor([[1.0, float("inf")], [float("nan"), 0.0]])
    for step, (value, part) in enumerate(((1.0, good), (float("nan"), bad), (float("nan"), good))):
        loss = torch.tensor(value + 0 * step)
        log.add(loss, log.look_behind(loss, loss, [part, good]))
    assert log.bad_data is None
    log.read()
    assert log.bad_data == 2


# A loop on an accelerator


@pytest.mark.parametrize("where", ["x", "y"])
def test_a_bad_value_is_noticed_late_but_with_its_step(late, where):
    seen = trained(*data(where))
    assert BAD_STEP not in seen.facts.observed
    assert named(seen) == ("bad-values", BAD_STEP) and seen.facts.loop.bad_data == 1
    assert len(seen.facts.losses) == BAD_STEP + 5


def test_a_run_that_diverges_on_sound_data_has_no_bad_values(late):
    x, y = data()
    seen = trained(x, y, rate=1e6)
    assert seen.facts.diverged and seen.facts.loop.bad_data == 0


def test_numbers_are_the_same(late):
    watched = trained(*data(), steps=100).network
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    x, y = data()
    for part, target in list(zip(x.split(SIZE), y.split(SIZE), strict=True))[:100]:
        optimizer.zero_grad()
        F.mse_loss(model(part), target).backward()
        optimizer.step()
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), watched.parameters(), strict=True))


# Targets that a loss written by hand does not keep

BY_HAND = {
    "squared": lambda p, y: ((p - y) ** 2).mean(),
    "target first": lambda p, y: (y - p).square().mean().sqrt(),
    "absolute": lambda p, y: (p - y).abs().mean(),
    "cosh": lambda p, y: torch.log(torch.cosh(p - y)).mean(),
    "product": lambda p, y: ((p - y) * (p - y)).mean(),
    "pieces": lambda p, y: torch.where((p - y).abs() < 1, (p - y) ** 2 / 2, (p - y).abs() - 0.5).mean(),
    "sum": lambda p, y: ((p + y) ** 2).mean(),
}


@pytest.mark.parametrize("loss", BY_HAND.values(), ids=BY_HAND)
def test_a_target_that_is_no_number_is_found_in_a_step_that_was_not_observed(loss):
    seen = trained(*data("y"), loss)
    assert BAD_STEP not in seen.facts.observed
    assert named(seen) == ("bad-values", BAD_STEP) and seen.facts.loop.bad_data == 1


@pytest.mark.parametrize("loss", BY_HAND.values(), ids=BY_HAND)
def test_and_not_one_in_a_network_that_is_lost(loss):
    seen = trained(*data(), loss, rate=1e7)
    assert seen.facts.loop.bad_data == 0


def test_a_logarithm_of_nothing_is_not_blamed_on_the_data():
    x, y = data()
    seen = trained(x, y, lambda p, y: ((torch.log(p.clamp_min(0)) - y) ** 2).mean())
    assert seen.facts.diverged and seen.facts.loop.bad_data == 0
