"""Losses that swing, told from the luck of the draw; steps that are too large, told from weights that start at zero."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Epoch, Finding, LinearFacts, Signal
from backlight.signals import LayerFacts, LoopFacts, LossFacts, OptimizerFacts, SignalTable, TargetFacts
from backlight.watch import watch

RULES = all_diagnoses()


def named(name: str, run: RunFacts) -> bool:
    return any(isinstance(found, Finding) for found in RULES[name].check(run))


def course(losses: list[float], validation: list[float] | None = None) -> RunFacts:
    epochs = [Epoch(i, i, "validation", loss, None, None, 1e-3, 0.0) for i, loss in enumerate(validation or [], 1)]
    return RunFacts(losses=losses, epochs=epochs, loop=LoopFacts(steps=len(losses), finished=True))


def few_rows_carry_the_loss(rng: np.random.Generator) -> np.ndarray:
    """Losses of 600 steps: low, but one step in twelve drew a row that is far off."""
    return np.where(rng.random(600) < 1 / 12, 2.0 + rng.pareto(2.5, 600), 0.3 + 0.1 * rng.random(600))


def test_rows_that_carry_most_of_the_loss_are_no_swings(rng):
    losses = few_rows_carry_the_loss(rng)
    assert (losses > 1.5).mean() > 0.05
    assert not named("oscillating-loss", course([1.0] * 100 + losses.tolist()))


def test_the_same_losses_in_bursts_are_swings(rng):
    losses = few_rows_carry_the_loss(rng).reshape(10, 60)
    losses.sort(axis=1)
    assert named("oscillating-loss", course([1.0] * 100 + losses.flatten().tolist()))


@pytest.mark.parametrize(("spread", "found"), [(0.05, True), (3.0, False)], ids=["sure", "within its error"])
def test_a_rise_is_held_against_its_standard_error(rng, spread, found):
    level = np.repeat([0.3, 0.3, 0.7, 0.3, 0.3], 40)
    losses = level * np.exp(spread * rng.normal(size=200) - spread**2 / 2)
    assert named("oscillating-loss", course([1.0] * 50 + losses.tolist())) == found


@pytest.mark.parametrize(
    ("validation", "found"),
    [([0.9, 0.5, 0.3, 0.9, 0.4, 1.1, 0.3, 0.4], True), ([0.9, 0.5, 0.3, 0.4, 0.7, 1.2, 1.8, 2.5], False),
     ([0.9, 0.5, 0.3, 0.9, 0.3, 0.3, 0.3, 0.3], False)],
    ids=["up and down", "overfits", "one leap"],
)  # fmt: skip
def test_validation_rows_are_the_same_each_time(validation, found):
    assert named("oscillating-loss", course([1.0] * 20 + [0.3] * 200, validation)) == found


@pytest.mark.parametrize(
    ("validation", "severities"),
    [([0.9, 0.2, 0.1, 0.25, 0.1, 0.3, 0.1, 0.2, 0.1], ["note"]), ([0.9, 0.2, 0.1, 0.13, 0.1, 0.14, 0.1, 0.14, 0.1], []),
     ([0.9, 0.02, 0.01, 0.03, 0.01, 0.04, 0.01, 0.03, 0.01], [])],
    ids=["by its own size", "by a third of it", "hardly anything is left"],
)  # fmt: skip
def test_a_loss_that_swings_low_down_is_told_in_a_note(validation, severities):
    run = course([1.0] * 20 + [0.1] * 200, validation)
    found = [one for one in RULES["oscillating-loss"].check(run) if isinstance(one, Finding)]
    assert [one.severity for one in found] == severities


def test_momentum_of_ninety_nine_swings(rng):
    assert named("oscillating-loss", watched(rng, torch.optim.SGD, lr=0.03, momentum=0.99, hidden=nn.Tanh))


@pytest.mark.parametrize(("rate", "found"), [(0.003, False), (0.02, False), (1.0, True)])
@pytest.mark.parametrize("head", ["zero", "tiny"])
def test_a_head_that_starts_at_zero_is_made_by_its_first_steps(rng, head, rate, found):
    """Most of the loss is noise, so that what is left says nothing of the rate."""
    run = watched(rng, torch.optim.Adam, lr=rate, head=head, noise=3.0)
    assert run.left > 0.5
    assert named("learning-rate-too-high", run) == found


@pytest.mark.parametrize(
    ("momentum", "end", "found"),
    [(0.99, 2.3, True), (0.9, 2.3, False), (0.99, 0.5, False)],
    ids=["all is lost again", "the usual momentum", "it learns"],
)
def test_steps_that_momentum_sums_up_are_too_large_where_nothing_is_learned(momentum, end, found):
    """Each step is a fiftieth of the weight."""
    table = SignalTable()
    for step in range(0, 300, 10):
        table.add(Signal(step, "fc", "update_ratio", 0.02))
    fc = LayerFacts("fc", "Linear", "linear", {}, (4,), (10,))
    run = course([2.3] * 50 + [0.6] * 50 + np.linspace(0.6, end, 100).tolist() + [end] * 100)
    run = replace(run, layers=(fc,), signals=table, optimizer=OptimizerFacts("SGD", 0.1, momentum))
    assert named("learning-rate-too-high", run) == found


DIGITS = TargetFacts(
    (), (32,), "int64", False, 500, 0, 9, 4.5, 2.9, 8.2, 2.5, 0, True, False, False, dict.fromkeys(range(10), 50),
    0.1, 0.1, 0.2,
)  # fmt: skip
LINEAR = LinearFacts(skill=40.0, left=0.05, rows=300)


@pytest.mark.parametrize(
    ("linear", "validation", "ratio", "found"),
    [
        (LINEAR, 0.5, 0.08, True),
        (None, 0.5, 0.08, False),
        (replace(LINEAR, left=0.15), 0.5, 0.08, False),
        (replace(LINEAR, rows=30), 0.5, 0.08, False),
        (LINEAR, 0.2, 0.08, False),
        (LINEAR, 0.5, 0.004, False),
    ],
    ids=["far behind", "no linear model", "about as good", "few new rows", "next to nothing left", "usual steps"],
)
def test_a_run_that_learned_is_far_behind_a_linear_model_for_too_large_steps(linear, validation, ratio, found):
    table = SignalTable()
    for step in range(0, 300, 10):
        table.add(Signal(step, "fc", "update_ratio", ratio))
    fc = LayerFacts("fc", "Linear", "linear", {}, (4,), (10,))
    loss = LossFacts("cross_entropy", "logits", "CrossEntropyLoss")
    run = course(np.geomspace(2.3, 0.31, 300).tolist(), [1.0, validation, 0.6])
    run = replace(run, layers=(fc,), signals=table, optimizer=OptimizerFacts("AdamW", 0.3), targets=DIGITS, loss=loss)
    assert run.learned and named("learning-rate-too-high", replace(run, linear=linear)) == found


@pytest.mark.parametrize(("linear", "severity"), [(None, "note"), (LINEAR, "warning")])
def test_rows_learned_by_heart_hush_nothing_where_a_linear_model_does_far_better_on_new_ones(linear, severity):
    run = course(np.geomspace(2.3, 0.01, 300).tolist(), [1.0, 0.9, 1.0])
    run = replace(run, targets=DIGITS, loss=LossFacts("cross_entropy", "logits"), linear=linear)
    assert (run.severity(), run.severity(fatal=True)) == (severity, "error")


def watched(rng, kind, *, head: str = "", noise: float = 0.3, hidden=nn.ReLU, **settings: float) -> RunFacts:
    """The facts of a plain loop over a value that two features make."""
    torch.manual_seed(0)
    x = torch.tensor(rng.normal(size=(800, 8)), dtype=torch.float32)
    y = (torch.tanh(x[:, :1]) + x[:, 1:2] * x[:, 2:3] + noise * torch.randn(800, 1)) / (1 + noise)
    model = nn.Sequential(nn.Linear(8, 32), hidden(), nn.Linear(32, 1))
    if head:
        nn.init.normal_(model[2].weight, std=1e-3) if head == "tiny" else nn.init.zeros_(model[2].weight)
    optimizer = kind(model.parameters(), **settings)
    with watch(model, optimizer) as seen:
        for _ in range(12):
            for rows in torch.randperm(800).split(32):
                optimizer.zero_grad()
                nn.functional.mse_loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
    return seen.facts
