"""What a sweep says, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...evaluation.trials import TOLERANCE, Judged
from ...report.swept import name_of
from ...training.search import STEP

if TYPE_CHECKING:
    from .folder import Sweep


def verdict(sweep: Sweep) -> str:
    """The whole verdict, in a few sentences."""
    parts = [_recommended(sweep), _margin(sweep), _raced(sweep), _cost(sweep), _missing(sweep)]
    return " ".join(part for part in parts if part)


def shown(value: Any) -> str:
    """A value as a person writes it."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _recommended(sweep: Sweep) -> str:
    name = name_of(sweep.over)
    if sweep.recommended is None:
        if not sweep.trials:
            return "No trial was begun."
        measured = any(one.epochs for one in sweep.trials)
        why = "no trial has a finite loss" if measured else "no trial came to the end of its first epoch"
        return f"No {name} can be recommended: {why}."
    best = next(one for one in sweep.trials if one.value == sweep.recommended)
    return f"Recommended {name}: {shown(best.value)} (validation loss {best.validation_loss:.4g})."


def _margin(sweep: Sweep) -> str:
    if sweep.recommended is None:
        return ""
    if sweep.margin is None or sweep.over != "learning_rate":
        others = [f"{shown(one.value)}{_so_far(one)}" for one in sweep.trials if one.verdict == "as good"]
        return f"No difference to be seen (within {TOLERANCE:.0%}): {', '.join(others)}." if others else ""
    low, high = sweep.margin
    if low == high:
        return f"None of its neighbours is within {TOLERANCE:.0%}."
    ends = [f"{high / sweep.recommended:.2g} times more"] if high > sweep.recommended else []
    ends += [f"{sweep.recommended / low:.2g} times less"] if low < sweep.recommended else []
    ends[-1] += f" {'does' if len(ends) == 1 else 'do'} as well"
    cut = [f"{one.value:g}{_so_far(one)}" for one in sweep.trials if low <= one.value <= high and _so_far(one)]
    seen = f", as far as was seen: {', '.join(cut)}" if cut else ""
    return f"Within {TOLERANCE:.0%} from {low:g} to {high:g}: {' and '.join(ends)}{seen}."


def _so_far(one: Judged) -> str:
    """Where a trial that was stopped was compared; empty for one that ran to its end."""
    return "" if one.finished else f" at epoch {one.epochs}, where it was stopped"


def _raced(sweep: Sweep) -> str:
    """Whether the best may lie beyond the rates that were raced."""
    raced = sorted(trial.value for trial in sweep.contest.trials if trial.stage == "full" and trial.curve)
    short = any(trial.stage == "short" for trial in sweep.contest.trials)
    if sweep.over != "learning_rate" or sweep.recommended is None:
        return ""
    if not raced:
        return (
            "It was judged on a short look only, over a few of the steps; over all of them the best rate may be up to "
            "four times as low or as high."
        )
    if len(raced) < 2 or not short or sweep.recommended not in (raced[0], raced[-1]):
        return ""
    end, other, sign = ("lowest", "lower", -1) if sweep.recommended == raced[0] else ("highest", "higher", 1)
    further = ",".join(f"{sweep.recommended * 10 ** (sign * step * STEP):.2g}" for step in range(3))
    return f"It is the {end} of the race, and a {other} one may do better still: try --over learning_rate={further}."


def _cost(sweep: Sweep) -> str:
    return f"Cost: the rows of {sweep.cost_in_runs:.1f} plain runs, {sweep.seconds:.0f} s."


def _missing(sweep: Sweep) -> str:
    if not sweep.contest.stopped:
        return ""
    stages = {stage for stage, _ in sweep.contest.wanted}
    race = " the race on the whole budget," if stages == {"short"} else ""
    listed = ", ".join(shown(value) for value in sweep.missing)
    return f"Missing, {sweep.stopped}:{race} {listed or 'nothing else'}."


_BARS = "▁▂▃▄▅▆▇█"
_CELLS = 12


def sparkline(sweep: Sweep, one: Judged) -> str:
    """The curve of a trial in twelve cells, from the lowest loss of its stage to that before the first step."""
    trials = [trial for trial in sweep.contest.trials if trial.stage == one.stage]
    trial = next(trial for trial in trials if trial.value == one.value)
    points = [row.loss for row in trial.curve]
    if len(points) < _CELLS:
        points = [row.loss for row in trial.history if row.split == "batches"] or points
    size = max(1, math.ceil(len(points) / _CELLS))
    means = [sum(points[i : i + size]) / len(points[i : i + size]) for i in range(0, len(points), size)]
    low = min((other.loss for other in trials if math.isfinite(other.loss)), default=0.0)
    reach = max(trial.start - low, 1e-12)
    return "".join(_bar((mean - low) / reach) for mean in means)


def _bar(height: float) -> str:
    """×: off the scale."""
    if not height <= 1.25:
        return "×"
    return _BARS[max(0, min(len(_BARS) - 1, round(height * (len(_BARS) - 1))))]
