"""Findings are there in the midst of a loop and after one that was cut short, and say since which step."""

import contextlib

import pytest
import torch
from torch import nn

import backlight as bl
from backlight.records import Finding
from backlight.watch import watch

X = torch.randn(640, 6, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long() + (X[:, 1] > 0).long()


def of_rate(findings: list[Finding]) -> Finding:
    return next(one for one in findings if one.name == "learning-rate-too-high")


def train(rate: float, stop: type[BaseException] | None = None):
    """The watched loop over 80 steps, cut short by an exception at step 40; and what was found at each tenth step."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), rate)
    seen, found = watch(model, optimizer), {}
    with contextlib.suppress(KeyboardInterrupt, ValueError), seen:
        for step in range(80):
            rows = torch.randint(640, (32,))
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(X[rows]), Y[rows]).backward()
            optimizer.step()
            if step % 10 == 9:
                found[step] = seen.findings
            if step == 40 and stop is not None:
                raise stop
    return seen, found


def test_a_wild_step_is_found_while_the_loop_still_runs():
    _, found = train(rate=3.0)
    early = of_rate(found[19])
    assert early.step is not None and early.step < 10 and early.severity == "warning"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_findings_stay_when_the_loop_is_cut_short(stop):
    seen, found = train(rate=3.0, stop=stop)
    assert [one.name for one in seen.findings] == [one.name for one in found[39]]
    assert not seen.facts.finished and len(seen.facts.losses) == 41
    assert of_rate(seen.findings).step == of_rate(found[39]).step


@pytest.mark.parametrize("stop", [None, KeyboardInterrupt])
def test_a_sound_loop_has_no_warning_at_any_time(stop):
    seen, found = train(rate=3e-3, stop=stop)
    told = [one for findings in (*found.values(), seen.findings) for one in findings]
    assert {one.name for one in told if one.severity != "note"} <= {"stopped-too-early"}


def test_a_run_of_our_own_says_since_which_step():
    fitted = bl.Classifier(network="32 relu, 32 relu", learning_rate=3.0, epochs=6, seed=0).fit(X.numpy(), Y.numpy())
    step = of_rate(fitted.findings_).step
    assert step is not None and step < 10
