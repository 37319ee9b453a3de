"""Trials beside each other: many values of one setting, the losers stopped early.

`search_rates` is for learning rates: a short look at all of them from far too small to divergent, then a race of the
few around the best on the budget of a whole training. `race` is for the values of any other setting.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
from torch import nn

from ..records import Epoch
from ..records.config import TrainingConfig
from .contest import Contest, Trial
from .copies import Copy, Judge

SHORT = 1 / 20
"""Share of a whole training's steps that each rate gets in the short look."""
FEWEST_STEPS = 30
"""Of a short look; below, the first steps decide."""
SHORT_VALIDATION = 2000
"""Rows that the short look is measured on; the same for all, so that their differences are far surer than each."""
SHORT_TIME = 0.2
"""Share of the time left that the short look may take under a time limit."""
DECADES = (-3.0, 2.0)
"""The short look goes from a thousandth of the usual rate to a hundred times as much …"""
PER_DECADE = 2
"""… in half decades."""
AROUND = (-1.0, -0.65, -0.3, 0.05)
"""Decades around the best of the short look that the race is run at. Most of them below: over a twentieth of the steps
the best rate was 4 to 40 times as high as over all of them (census income, Beijing air quality, digits)."""
LAPS = ((0.25, 2), (0.6, 1))
"""At this share of the epochs, so many stay in the race."""
FURTHER = 0.35
"""Decades from the best of the race to the rate that follows it up, where the best lies at an end …"""
MOST_FURTHER = 2
"""… and how often, each time that the rate beyond did better still."""


def search_rates(
    module: nn.Module, config: TrainingConfig, contest: Contest, *, seed: int, budget: float = 1.0
) -> None:
    """Trials of learning rates, kept in the contest: a short look, then a race.

    The module, the caller's random state and the order of the rows in later trainings stay as they are: every trial
    trains a copy of the module, with the seed of the training that will follow.

    Parameters
    ----------
    config:
        Resolved; its rate is the middle of the search.
    budget:
        Share of a whole training that the race is run on, with a schedule of its own.
    """
    base = config.learning_rate or 1e-3

    def make(rate: float) -> Copy:
        chosen = config.model_copy(update={"learning_rate": rate, "patience": None})
        return Copy(copy.deepcopy(module), chosen, seed)

    best = short_look(base, make, contest, seed=seed)
    epochs = max(1, math.ceil(budget * (config.epochs or 1)))

    def entrant(rate: float) -> Copy:
        one = make(rate)
        return replace(one, config=one.config.model_copy(update={"epochs": epochs}))

    contest.tell(f"Best of the short look: {best:.2g}. Race of {len(AROUND)} rates around it, {epochs} epochs each:")
    contest.run([_round(best * 10**step) for step in AROUND], entrant, stage="full", judge=halving(epochs))
    for _ in range(MOST_FURTHER):
        if (edge := edge_of(contest.trials)) is None or contest.stopped:
            return
        beyond = _round(edge[0].value * 10 ** (edge[1] * FURTHER))
        contest.tell(f"The best, {edge[0].value:g}, is at the end of the race; {beyond:g} against it:")
        contest.run([beyond], entrant, stage="full", judge=against(edge[0].curve, epochs))


def edge_of(trials: Sequence[Trial]) -> tuple[Trial, int] | None:
    """The best of the race and on which side nothing was raced: −1 below, 1 above; None where there is on both."""
    raced = sorted((trial for trial in trials if trial.stage == "full" and trial.curve), key=lambda one: one.value)
    best = min((trial for trial in raced if trial.finished), key=lambda one: one.loss, default=None)
    if best is None or len(raced) < 2 or best.value not in (raced[0].value, raced[-1].value):
        return None
    return best, -1 if best.value == raced[0].value else 1


def short_look(base: float, make: Callable[[float], Copy], contest: Contest, *, seed: int) -> float:
    """The best rate of a short training each, from far too small to divergent; further where the best is at an end."""
    low, high = (round(end * PER_DECADE) for end in DECADES)
    steps = list(range(low, high + 1))
    shorten = _shortener(contest, make(base).config, seed)
    tried: dict[int, float] = {}
    while steps:
        rates = {_round(base * 10 ** (step / PER_DECADE)): step for step in steps}
        epochs = shorten(make(base)).config.epochs or 1
        contest.tell(f"Short look at {len(rates)} rates from {min(rates):.2g} to {max(rates):.2g}:")
        found = contest.run(
            list(rates),
            lambda rate: shorten(make(rate)),
            stage="short",
            judge=keep_best(epochs // 2, len(rates) // 2),
            deadline=_part(contest.deadline, SHORT_TIME),
        )
        tried |= {rates[trial.value]: trial.loss for trial in found if math.isfinite(trial.loss)}
        steps = _further(tried, low, high)
    if not tried:
        return base
    return _round(base * 10 ** (min(tried, key=lambda step: tried[step]) / PER_DECADE))


def _further(tried: dict[int, float], low: int, high: int) -> list[int]:
    """Two decades more beyond an end of the first look, where that is the best; once."""
    if not tried:
        return []
    best, more = min(tried, key=lambda step: tried[step]), 2 * PER_DECADE
    if best == low and min(tried) == low:
        return list(range(low - more, low))
    if best == high and max(tried) == high:
        return list(range(high + 1, high + 1 + more))
    return []


def _shortener(contest: Contest, config: TrainingConfig, seed: int) -> Callable[[Copy], Copy]:
    """Makes a copy's training short: fewer epochs, or two epochs on fewer rows where one is long."""
    rows, size = len(contest.train[1]), config.batch_size or 128
    per_epoch = max(1, round(rows / size))
    steps = min(max(FEWEST_STEPS, round(SHORT * per_epoch * (config.epochs or 1))), per_epoch * (config.epochs or 1))
    rng = np.random.default_rng((seed, 1))
    part = None
    epochs = max(2, round(steps / per_epoch))
    if per_epoch > steps / 2:
        part, epochs = np.sort(rng.choice(rows, min(rows, max(1, round(steps / 2)) * size), replace=False)), 2
    x, y = contest.validation
    looked_at = slice(None)
    if len(y) > SHORT_VALIDATION:
        looked_at = np.sort(rng.choice(len(y), SHORT_VALIDATION, replace=False))  # type: ignore[assignment]
    validation = x[looked_at], y[looked_at]

    def shorten(one: Copy) -> Copy:
        chosen = one.config.model_copy(update={"epochs": epochs})
        return replace(one, config=chosen, rows=part, validation=validation)

    return shorten


def halving(epochs: int, laps: Iterable[tuple[float, int]] = LAPS) -> Judge:
    """Stops losers at shares of the epochs; see `LAPS`. None before the first epoch is done."""
    judges = [keep_best(math.ceil(share * epochs), keep) for share, keep in laps]
    return lambda latest: [number for judge in judges for number in judge(latest)]


def against(rival: Sequence[Epoch], epochs: int) -> Judge:
    """Stops a single trial that is behind its rival's validation curve at the laps."""
    laps = {math.ceil(share * epochs) for share, _ in LAPS}

    def judge(latest: list[tuple[Epoch, ...]]) -> Collection[int]:
        done = round(latest[0][-1].epoch) if latest[0] else 0
        if done not in laps or done > len(rival):
            return []
        return [0] if _sortable(latest[0][-1].loss) > rival[done - 1].loss else []

    return judge


def keep_best(epoch: int, keep: int) -> Judge:
    """At the end of that epoch, keep so many with the lowest validation loss."""

    def judge(latest: list[tuple[Epoch, ...]]) -> Collection[int]:
        losses = {number: rows[-1].loss for number, rows in enumerate(latest) if rows and rows[-1].epoch == epoch}
        ranked = sorted(losses, key=lambda number: _sortable(losses[number]))
        return ranked[keep:]

    return judge


def _part(deadline: float | None, share: float) -> float | None:
    now = time.monotonic()
    return None if deadline is None else now + share * max(0.0, deadline - now)


def _sortable(loss: float) -> float:
    return loss if math.isfinite(loss) else math.inf


def _round(rate: float) -> float:
    """Two digits: more of them would claim to be known."""
    return float(f"{rate:.2g}")
