"""What the curves of a sweep say: a verdict for each value, the best, and its margin.

Curves in, words out. A trial is judged against the best of its stage *at the same epoch*, so that one that was
stopped early is not blamed for the epochs it did not get.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol

from ..records import Epoch

TOLERANCE = 0.02
"""Relative difference of the validation loss within which two values do as well. Seeds alone moved it by 0.5 to 2 % on
census income, Beijing air quality and handwritten digits."""
DIVERGED = 1.0
"""A loss above this many times the one before the first step (and that of a constant guess) has diverged."""
DONE = 0.9
"""A rate whose share of the way, from the loss at the start to the best at the same epoch, is below this is "far from
done"; above it, it is nearly there."""
NOISY = 0.02
"""Roughness (see `roughness`) above which a curve is called noisy: mean rises of the validation loss from epoch to
epoch, over the way that the best went."""
UNFINISHED = "unfinished"
"""Verdict of a trial that was stopped before anything was measured."""


class Tried(Protocol):
    """What is read of a trial; `backlight.training.contest.Trial` has it."""

    @property
    def value(self) -> Any:
        """Of the setting."""

    @property
    def stage(self) -> str:
        """Trials of one stage were trained alike."""

    @property
    def start(self) -> float:
        """Validation loss before the first step."""

    @property
    def history(self) -> tuple[Epoch, ...]:
        """Training and validation rows."""

    @property
    def curve(self) -> tuple[Epoch, ...]:
        """Validation rows."""

    @property
    def loss(self) -> float:
        """Lowest validation loss."""

    @property
    def finished(self) -> bool:
        """Whether it ran to its end."""


@dataclass(frozen=True)
class Judged:
    """One value and what its curve says.

    Attributes
    ----------
    verdict:
        For learning rates: too small, right, too large, diverges. For other settings: best, as good, worse, diverges.
        Unfinished: it was stopped before its first epoch ended, so that nothing is known.
    words:
        The evidence, in a few words.
    beyond:
        Relative distance of its loss to the best of its stage at the same epoch.
    """

    value: Any
    validation_loss: float
    verdict: str
    words: str
    stage: str
    epochs: int
    beyond: float
    finished: bool


@dataclass(frozen=True)
class Outcome:
    """The verdicts, in the order of the values; what is recommended, and the range around it that does as well."""

    trials: tuple[Judged, ...]
    recommended: Any
    margin: tuple[Any, Any] | None


def judge(trials: Sequence[Tried], *, constant: float = 0.0, rates: bool) -> Outcome:
    """Judge every trial; where a value was tried in two stages, the longer one counts, if it
    got anywhere.

    constant: loss of a constant guess. rates: whether the values are learning rates, which are too small or too large.
    """
    best = recommend(trials)
    if best is None:
        return Outcome(tuple(_judged(t, trials, None, constant, rates) for t in trials), None, None)
    tried = [t for stage in ("short", "full") for t in trials if t.stage == stage]
    found: dict[Any, Tried] = {}
    for t in tried:
        if t.curve or t.value not in found:
            found[t.value] = t
    judged = [_judged(t, trials, best, constant, rates) for t in found.values()]
    if all(isinstance(one.value, int | float) for one in judged):
        judged.sort(key=lambda one: one.value)
        judged = _in_line(judged) if rates else judged
        return Outcome(tuple(judged), best.value, _margin(judged, best.value))
    return Outcome(tuple(judged), best.value, None)


def recommend(trials: Sequence[Tried]) -> Tried | None:
    """The lowest validation loss among those that ran whole; else among those that came furthest."""
    usable = [t for t in trials if math.isfinite(t.loss)]
    if not usable:
        return None
    full = [t for t in usable if t.stage == "full"] or usable
    finished = [t for t in full if t.finished]
    if not finished:
        furthest = max(len(t.curve) for t in full)
        finished = [t for t in full if len(t.curve) == furthest]
    return min(finished, key=lambda t: t.loss)


def roughness(curve: Sequence[Epoch], way: float) -> float:
    """Mean rise from epoch to epoch (falls count as 0), over the way from the start to the best."""
    rises = [max(0.0, b.loss - a.loss) for a, b in pairwise(curve)]
    return sum(rises) / len(rises) / way if rises and way > 0 else 0.0


def loss_by(trial: Tried, epochs: int) -> float:
    """Lowest validation loss within the first epochs."""
    losses = [row.loss for row in trial.curve[:epochs] if math.isfinite(row.loss)]
    return min(losses, default=math.nan)


def _judged(trial: Tried, trials: Sequence[Tried], best: Tried | None, constant: float, rates: bool) -> Judged:
    beyond, share, noise = _evidence(trial, trials)
    last = trial.curve[-1].loss if trial.curve else math.nan
    bound = DIVERGED * max(trial.start, constant)
    if not trial.curve:
        verdict, words = UNFINISHED, "stopped before its first epoch ended"
    elif not math.isfinite(last) or best is None:
        verdict, words = "diverges", "the loss is not finite"
    elif last > bound and not _overfits(trial, bound):
        verdict, words = "diverges", f"the loss ends at {last:.3g}, above the {bound:.3g} of not training at all"
    elif rates:
        verdict, words = _rate(trial, best, _rival(trial, best), beyond, share, noise)
        if last > bound:
            lowest = min(trial.curve, key=lambda row: row.loss).epoch
            words = f"{words}; overfits after epoch {lowest}, which is kept: {last:.3g} at the end"
    else:
        verdict, words = _setting(trial, best, beyond)
    return Judged(trial.value, trial.loss, verdict, words, trial.stage, len(trial.curve), beyond, trial.finished)


def _overfits(trial: Tried, bound: float) -> bool:
    """Whether the validation loss rose above the bound only after it had been below, and the training loss did not."""
    training = [row.loss for row in trial.history if row.split == "train"]
    return bool(training) and training[-1] <= bound and trial.loss <= bound


def _in_line(judged: Sequence[Judged]) -> list[Judged]:
    """Where the race has been, it has the word: a rate of the short look takes the verdict of its neighbour there, and
    one beyond the race is no better than the end of it that is too small or too large."""
    raced = [one for one in judged if one.stage == "full" and one.verdict != UNFINISHED]
    if not raced:
        return list(judged)
    known = ("diverges", UNFINISHED)
    return [one if one.stage == "full" or one.verdict in known else _placed(one, raced) for one in judged]


def _placed(one: Judged, raced: Sequence[Judged]) -> Judged:
    near = min(raced, key=lambda other: abs(math.log(other.value / one.value)))
    if raced[0].value < one.value < raced[-1].value:
        said: tuple[str, ...] = (near.verdict,)
    else:  # below the race, what is too small there; above it, what is too large there
        said = ("too small",) if one.value < near.value else ("too large", "diverges")
    if near.verdict in said and near.verdict != one.verdict:
        return replace(one, verdict=near.verdict, words=f"as {near.value:.2g} in the race", beyond=near.beyond)
    return one


def _evidence(trial: Tried, trials: Sequence[Tried]) -> tuple[float, float, float]:
    """(relative distance to the best of the stage at the same epoch, share of the way it came, roughness)."""
    epochs, loss = len(trial.curve), trial.loss
    peers = [loss_by(t, epochs) for t in trials if t.stage == trial.stage and len(t.curve) >= epochs]
    lowest = min((one for one in peers if math.isfinite(one)), default=math.nan)
    way = trial.start - lowest
    share = (trial.start - loss) / way if way > 0 else math.nan
    return (loss - lowest) / abs(lowest) if lowest else 0.0, share, roughness(trial.curve, way)


def _rate(trial: Tried, best: Tried, rival: str, beyond: float, share: float, noise: float) -> tuple[str, str]:
    steady = "noisy" if noise > NOISY else "steady"
    if trial.value == best.value:
        return "right", "quick improvement, then slow and steady"
    if beyond <= TOLERANCE:
        return "right", f"within {TOLERANCE:.0%} of {rival}"
    if trial.value < best.value:
        far = "far from done" if share < DONE else "not done"
        return "too small", f"{steady}, but {far}: {share:.0%} of the way of {rival}"
    settles = "noisy, settles high" if noise > NOISY else "settles high"
    return "too large", f"{settles}: {_above(beyond)} {rival}"


def _setting(trial: Tried, best: Tried, beyond: float) -> tuple[str, str]:
    if trial.value == best.value:
        return "best", "the lowest loss"
    if beyond <= TOLERANCE:
        return "as good", f"{beyond:.1%} above {_rival(trial, best)}: no difference to be seen"
    return "worse", f"{_above(beyond)} {_rival(trial, best)}"


def _above(beyond: float) -> str:
    return f"{beyond:.1%} above" if beyond < 1 else f"{1 + beyond:.3g} times the loss of"


def _rival(trial: Tried, best: Tried) -> str:
    """What the distance is measured to: of another stage, or at the epoch at which the trial was stopped."""
    rival = "the best" if trial.stage == best.stage else "the best of the short look"
    return rival if trial.finished else f"{rival} at epoch {len(trial.curve)}, where it was stopped"


def _margin(judged: Sequence[Judged], recommended: float) -> tuple[float, float]:
    """The values around the recommended one, without a gap, that do as well in the same stage.

    What does well over few steps, as in the short look, may be too large or too small over many.
    """
    place = next(i for i, one in enumerate(judged) if one.value == recommended)
    like = [one for one in judged if one.stage == judged[place].stage]
    low = high = like.index(judged[place])
    while low and _as_well(like[low - 1]):
        low -= 1
    while high < len(like) - 1 and _as_well(like[high + 1]):
        high += 1
    return like[low].value, like[high].value


def _as_well(one: Judged) -> bool:
    return one.verdict not in ("diverges", UNFINISHED) and one.beyond <= TOLERANCE
