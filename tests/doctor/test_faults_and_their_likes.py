"""A fault, and beside it the sound program that looks like it but for the reason."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Finding
from backlight.signals import LoopFacts
from backlight.watch import watch

RULES = all_diagnoses()


def named(model: nn.Module, rows: tuple[Tensor, Tensor], steps: int, *, rate: float = 0.01) -> set[str]:
    """Findings of a loop over single batches."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    x, y = rows
    with watch(model, optimizer) as seen:
        for _ in range(steps):
            batch = torch.randperm(len(x))[:32]
            optimizer.zero_grad()
            F.mse_loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
    return {finding.name for finding in seen.findings}


class Cell(nn.Module):
    """Reads one moment after the other beside its own state, which begins at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.step, self.out = nn.Linear(2 + 8, 8), nn.Linear(8, 1)

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros(len(x), 8)
        for t in range(x.shape[1]):
            state = torch.tanh(self.step(torch.cat([x[:, t], state], 1)))
        return self.out(state)


def test_a_state_that_begins_at_zero_is_no_constant_feature():
    x = torch.randn(300, 6, 2)
    assert "constant-feature" not in named(Cell(), (x, x[:, -1, :1]), 60)


def test_columns_that_never_vary_are():
    x = torch.cat([torch.randn(300, 2), torch.ones(300, 8)], 1)
    model = nn.Sequential(nn.Linear(10, 8), nn.Tanh(), nn.Linear(8, 1))
    assert "constant-feature" in named(model, (x, x[:, :1]), 60)


@pytest.mark.parametrize(("features", "found"), [((0, 1), False), ((0, 1, 2), True)], ids=["all rows", "half of them"])
def test_the_whole_table_of_a_function_is_not_too_little(features, found):
    table = torch.tensor([[0.0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1]])
    x, y = table[:, list(features)], table[:, :1] * table[:, 1:2]
    model = nn.Sequential(nn.Linear(len(features), 8), nn.Tanh(), nn.Linear(8, 1))
    assert ("too-little-data" in named(model, (x, y), 100)) == found


class HandsOnTwo(nn.Module):
    """Hands on two numbers; the rest of the network reads them, or goes round them."""

    def __init__(self, *, round_them: bool) -> None:
        super().__init__()
        self.round_them = round_them
        self.body, self.two = nn.Linear(16, 16), nn.Linear(16, 2)
        self.out = nn.Linear(16 if round_them else 2, 8)

    def forward(self, x: Tensor) -> Tensor:
        h = torch.relu(self.body(x))
        two = self.two(h)
        return self.out(h) * two[:, :1].exp() + two[:, 1:] if self.round_them else self.out(torch.relu(two))


@pytest.mark.parametrize("round_them", [True, False])
def test_a_few_numbers_are_a_bottleneck_where_the_next_layer_reads_nothing_else(round_them):
    x = torch.randn(300, 16)
    y = torch.sin(3 * x @ torch.randn(16, 8))
    found = named(HandsOnTwo(round_them=round_them), (x, y), 60, rate=1e-3)
    assert ("capacity-too-low" in found) == (not round_them)


@pytest.mark.parametrize(("resets", "found"), [(0, True), (4, False)])
def test_a_loss_that_begins_anew_does_not_swing(resets, found):
    losses = [0.8 * 0.97**i + 0.01 * (i % 2) for _ in range(5) for i in range(80)]
    run = RunFacts(losses=losses, loop=LoopFacts(steps=len(losses), finished=True, resets=resets))
    assert any(isinstance(seen, Finding) for seen in RULES["oscillating-loss"].check(run)) == found


def test_times_that_a_start_is_restored_are_counted():
    x = torch.randn(300, 4)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    start = copy.deepcopy(model.state_dict())
    with watch(model, optimizer) as seen:
        for step in range(40):
            if step in (10, 20, 30):
                model.load_state_dict(start)
            optimizer.zero_grad()
            F.mse_loss(model(x), x[:, :1]).backward()
            optimizer.step()
    assert seen.facts.loop.resets == 3
