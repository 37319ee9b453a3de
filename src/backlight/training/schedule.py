"""Learning-rate schedules: a factor between 0 and 1 as a function of progress."""

from __future__ import annotations

import math
from collections.abc import Callable

Schedule = Callable[[float], float]
"""progress in [0, 1] → factor of the peak learning rate."""


def constant(progress: float) -> float:
    """The same rate from the first step to the last."""
    return 1.0


def cosine(progress: float) -> float:
    """From 1 down to 0 along half a cosine (Loshchilov, Hutter 2017, arXiv:1608.03983)."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def one_cycle(progress: float) -> float:
    """From 1 down to nearly 0 in a straight line; with a warm-up this is the triangle of Smith, Topin 2017
    (arXiv:1708.07120) as small-budget image training uses it."""
    return max(0.01, 1 - progress)


COOL_DOWN = 0.4
"""Share of training over which the trapezoid comes down; Hägele et al. 2024 (arXiv:2405.18392) find 20 % to be enough
for long runs, and these are short."""


def trapezoid(progress: float) -> float:
    """1, then over the last 40 % a straight line to 0."""
    return min(1.0, max(0.0, (1 - progress) / COOL_DOWN))


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "trapezoid": trapezoid,
}


def schedule(name: str, warmup: float) -> Schedule:
    """The named schedule behind a linear rise over the first `warmup` share of training."""
    after = SCHEDULES[name]

    def factor(progress: float) -> float:
        if progress < warmup:
            return max(progress, 1e-3) / warmup
        return after((progress - warmup) / (1 - warmup))

    return factor
