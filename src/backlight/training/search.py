"""Trials beside each other: many values of one setting, the losers stopped early.

`search_rates` is for learning rates: a short look at all of them from far too small to divergent, then a race of the
few around the best on the budget of a whole training. `halving` is for the values of any other setting.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

import numpy as np
from torch import nn

from ..records import Epoch
from ..records.config import TrainingConfig
from .contest import Contest, Race, sortable
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
FURTHER = 2.0
"""Decades that it goes on beyond an end where the best lies …"""
MOST_FURTHER = 3
"""… at most so many times: a rate that someone set may be off by any factor."""
AS_LOW = 0.02
"""Relative difference of the validation loss within which two rates of the short look do as well: what seeds alone
move."""
STEP = 0.3
"""Decades between two rates of the race. On nine tables, none of the benchmark's, the rates within 2 % of the best
spanned 0.4 decades and more."""
LAP = 0.2
"""At this share of the epochs the race is decided but for the best two. On eight of those tables the rate that was best
there was in the end within 2 % of the best."""
FINALISTS = 2
"""Rates of the race that have the whole budget. The final loss of one and the same rate changed by 0.3 to 2.5 % with
nothing but the rounding, so that the better of two says more than one."""
MOST_RUNS = 3.0
"""Plain runs that a search on the whole budget may cost: it decides how many rates join the race."""


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
        Share of a whole training that each rate of the race has, with a schedule of its own.
    """
    base = config.learning_rate or 1e-3

    def make(rate: float) -> Copy:
        chosen = config.model_copy(update={"learning_rate": rate, "patience": None})
        return Copy(copy.deepcopy(module), chosen, seed)

    centre = short_look(base, make, contest, seed=seed)
    planned = config.epochs or 1
    epochs = max(1, math.ceil(budget * planned))

    def entrant(rate: float) -> Copy:
        one = make(rate)
        return replace(one, config=one.config.model_copy(update={"epochs": epochs}))

    seen = contest.rows_seen / len(contest.train[1])
    with contest.race(entrant, stage="full") as race:
        _run(race, centre, epochs, (MOST_RUNS * planned - seen) * epochs / planned)


def _run(race: Race, centre: float, epochs: int, affordable: float) -> None:
    """The race around a rate: three to the first lap, more where the best lies at an end, the best two to the end.

    affordable: passes over the training rows, of all rates together.
    """
    lap, tell = max(1, round(LAP * epochs)), race.contest.tell
    entering = [_round(centre * 10 ** (side * STEP)) for side in (-1, 0, 1)]
    affordable -= FINALISTS * (epochs - lap)
    tell(f"Race of {', '.join(f'{rate:g}' for rate in entering)}, {lap} of {epochs} epochs each.")
    losses = race.run(lap, entering)
    while not race.cut_short and (len(losses) + 1) * lap <= affordable and (beyond := _beyond(losses)) is not None:
        tell(f"The best is at the end of the race; {beyond:g} joins.")
        losses = race.run(lap, [beyond])
    best = sorted(losses, key=losses.__getitem__)[:FINALISTS]
    race.keep(best)
    tell(f"{' and '.join(f'{rate:g}' for rate in best)} go on to the end.")
    race.run(epochs)


def _beyond(losses: Mapping[float, float]) -> float | None:
    """A rate a step beyond the best, where that is at an end of those raced; None where it lies between two.

    Where all diverged, a step below them all.
    """
    rates = sorted(losses)
    best = min(rates, key=losses.__getitem__)
    if best == rates[0]:
        return _round(best / 10**STEP)
    return _round(best * 10**STEP) if best == rates[-1] else None


def short_look(base: float, make: Callable[[float], Copy], contest: Contest, *, seed: int) -> float:
    """The best rate of a short training each, from far too small to divergent; further where the best is at an end."""
    steps = range(round(DECADES[0] * PER_DECADE), round(DECADES[1] * PER_DECADE) + 1)
    ends = steps[0], steps[-1]
    shorten = _shortener(contest, make(base).config, seed)
    tried: dict[int, float] = {}
    for _ in range(1 + MOST_FURTHER):
        rates = {_round(base * 10 ** (step / PER_DECADE)): step for step in steps}
        epochs = shorten(make(base)).config.epochs or 1
        contest.tell(f"Short look at {len(rates)} rates from {min(rates):.2g} to {max(rates):.2g}.")
        found = contest.run(
            list(rates),
            lambda rate: shorten(make(rate)),
            stage="short",
            judge=keep_best(epochs // 2, len(rates) // 2),
            deadline=_part(contest.deadline, SHORT_TIME),
        )
        tried |= {rates[trial.value]: trial.loss for trial in found if math.isfinite(trial.loss)}
        ends = min(ends[0], steps[0]), max(ends[1], steps[-1])
        steps = _further(tried, *ends)
        if not steps:
            break
    return base * 10 ** (vertex(tried) / PER_DECADE) if tried else base


def lowest(losses: Mapping[int, float]) -> int:
    """The step of the lowest loss; of several valleys as deep, with worse steps between, that of the lowest rates.

    A second valley is noise, and lower rates bear a whole training where higher ones may not.
    """
    least = min(losses.values())
    deep = [step for step in sorted(losses) if losses[step] - least <= AS_LOW * abs(least)]
    valley = [step for place, step in enumerate(deep) if step == deep[0] + place]
    return min(valley, key=losses.__getitem__)


def vertex(losses: Mapping[int, float]) -> float:
    """Where a parabola through the `lowest` loss and its two neighbours is lowest; the losses logarithmic, if they can.

    Where a neighbour is missing, the place of the lowest loss.
    """
    best = lowest(losses)
    around = [losses.get(best + side, math.nan) for side in (-1, 0, 1)]
    below, middle, above = [math.log(loss) for loss in around] if min(around) > 0 else around
    curvature = below - 2 * middle + above
    return best + 0.5 * (below - above) / curvature if curvature > 0 else float(best)


def _further(tried: Mapping[int, float], low: int, high: int) -> range:
    """The steps beyond an end of those that were looked at, where that is the best."""
    best, more = lowest(tried) if tried else None, round(FURTHER * PER_DECADE)
    if best == low:
        return range(low - more, low)
    return range(high + 1, high + 1 + more) if best == high else range(0)


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


def halving(epochs: int, laps: Iterable[tuple[float, int]]) -> Judge:
    """At shares of the epochs, so many stay; none is stopped before the first epoch is done."""
    judges = [keep_best(math.ceil(share * epochs), keep) for share, keep in laps]
    return lambda latest: [number for judge in judges for number in judge(latest)]


def keep_best(epoch: int, keep: int) -> Judge:
    """At the end of that epoch, keep so many with the lowest validation loss."""

    def judge(latest: list[tuple[Epoch, ...]]) -> Collection[int]:
        losses = {number: rows[-1].loss for number, rows in enumerate(latest) if rows and rows[-1].epoch == epoch}
        ranked = sorted(losses, key=lambda number: sortable(losses[number]))
        return ranked[keep:]

    return judge


def _part(deadline: float | None, share: float) -> float | None:
    now = time.monotonic()
    return None if deadline is None else now + share * max(0.0, deadline - now)


def _round(rate: float) -> float:
    """Two digits: more of them would claim to be known."""
    return float(f"{rate:.2g}")
