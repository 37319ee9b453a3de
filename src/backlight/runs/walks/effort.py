"""How much a walk spends on singular values, and what it finds for that."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...backprop import OutOfTimeError, Plan, Spectrum, Trace, singular_values

QUICK = 2e8
"""Multiply-adds that are always spent on all singular values of a layer: a hundredth of a second or two."""
RATE = 3e9
"""Multiply-adds a second of a decomposition, on one core: 3e9 to 8e9 were measured."""
TIME_UP = "not looked for: the time for singular values was up"
"""Stands for the method where none was found for this reason."""

Found = Spectrum | str | None
"""Singular values, why they were not looked for, or None where they cannot be found."""


@dataclass(frozen=True)
class Effort:
    """What looking for singular values may cost.

    Attributes
    ----------
    seconds:
        In all.
    work:
        Multiply-adds of a full decomposition; of larger Jacobians the largest few values are found.
    most:
        How many these are.
    """

    seconds: float
    work: float
    most: int


ANSWER = Effort(8.0, 2e10, 8)
"""Someone waits for the answer."""
THOROUGH = Effort(math.inf, math.inf, 8)
"""All singular values of all layers, as far as memory holds their matrices."""


def report_effort(seconds: float) -> Effort:
    """What a report spends: the quick ones, and the largest of the others."""
    return Effort(seconds, QUICK, 1)


def spectra(plan: Plan, trace: Trace, effort: Effort) -> list[Found]:
    """Singular values by layer: those of simple layers first, then the largest one of each, then what time allows.

    The larger a Jacobian, the later it is looked at, each within its share of the time that is left.
    """
    until = time.monotonic() + effort.seconds
    places = [(leaf, seen.x, _numbers(seen.x, seen.y)) for leaf, seen in zip(plan.leaves, trace.layers, strict=True)]
    found: list[Found] = [singular_values(leaf, x, work=QUICK, most=0) for leaf, x, _ in places]
    waiting = sorted((i for i, one in enumerate(found) if one is None), key=lambda i: places[i][2])
    for i in waiting if until < math.inf else ():
        leaf, x, _ = places[i]
        found[i] = sought(singular_values, leaf, x, work=QUICK, most=1, until=until)
    for done, i in enumerate(waiting if effort.most > 1 else ()):
        leaf, x, _ = places[i]
        share = (until - time.monotonic()) / (len(waiting) - done)
        work, stop = min(effort.work, max(QUICK, RATE * share)), time.monotonic() + share
        better = sought(singular_values, leaf, x, work=work, most=effort.most, until=stop)
        found[i] = better if isinstance(better, Spectrum) else found[i]
    return found


def sought(find: Callable[..., Spectrum | None], *of: Any, **how: Any) -> Found:
    """What is found, or that the time was up."""
    try:
        return find(*of, **how)
    except OutOfTimeError:
        return TIME_UP


def _numbers(x: object, y: object) -> int:
    """Of the Jacobian from x to y."""
    return math.prod(getattr(part, "numel", lambda: 1)() for part in (x, y))
