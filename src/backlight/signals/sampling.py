"""Which optimiser steps are observed, so that watching stays cheap."""

from time import perf_counter

from ..records import Step
from .work import Work, work_of

DENSE = 10
"""The first steps are all observed: most faults show there."""
PER_OCTAVE = 8
"""Observations in each doubling of the number of steps after that."""
WIDEST_GAP = 256
"""Largest distance between two observations, in steps."""

LOOKS = 12
"""Observations, evenly spaced, that a training of known length may always have: its whole course is seen however short
it is."""

GRACE = 0.15
"""Seconds of observing that every run may take: short runs are where faults are looked for."""
BRAKE = 10
"""A machine on which observing takes this many times its share, and `BRAKE_GRACE` seconds, is far from the estimate."""
BRAKE_GRACE = 5.0


def is_due(step: int) -> bool:
    """Dense at first, then about `PER_OCTAVE` observations per doubling, then every `WIDEST_GAP` steps."""
    return step < DENSE or step % _gap(step) == 0


def is_landmark(step: int, steps: int | None = None) -> bool:
    """Whether a step is always observed after the first: `LOOKS` of `steps`, or two in each doubling of their number.

    So few are a fixed part of a training of known length, and a vanishing one of a longer loop.
    """
    if steps is not None:
        return step % _stretch(steps) == 0
    part = step // 3 if step % 3 == 0 else step
    return part.bit_count() == 1


def next_chosen(step: int, steps: int | None = None) -> int:
    """The first step after `step` that is due or a landmark."""
    after = step + 1
    if after < DENSE:
        return after
    due = step - step % _gap(step) + _gap(step)  # gaps grow at multiples of the larger one
    if steps is not None:
        return min(due, step - step % _stretch(steps) + _stretch(steps))
    power = 1 << step.bit_length()
    return min(due, 3 * power // 4 if after <= 3 * power // 4 else power)


def _gap(step: int) -> int:
    """Steps from one that is due to the next."""
    return min(WIDEST_GAP, 1 << max(0, (step // PER_OCTAVE).bit_length() - 1))


def _stretch(steps: int) -> int:
    """Steps from one landmark of a training of known length to the next."""
    return max(1, -(-steps // LOOKS))


class Budget:
    """Share of the run's time that observing may take, besides the first `DENSE` steps, landmarks and `grace` seconds.

    It is counted, not timed: seconds are those that `signals.work` estimates from the shapes of the network and of the
    batch, so that the same program is observed at the same steps however busy the machine is. Only where observing has
    taken `BRAKE_GRACE` seconds by the clock and `BRAKE` times its share does the clock decide.
    """

    def __init__(self, share: float | None, grace: float = GRACE) -> None:
        self.share, self.grace = share, grace
        self._work: Work | None = None
        self._first = 0
        self._looks = 0
        self._begun = perf_counter()
        self._timed = 0.0

    def allows(self, step: int) -> bool:
        """Whether another observation fits."""
        if self.share is None or step < DENSE or self._work is None:
            return True
        counted = self.grace + self.share * (step - self._first) * self._work.step
        if self._looks * self._work.look > counted:
            return False
        return self._timed <= BRAKE_GRACE + BRAKE * self.share * (perf_counter() - self._begun)

    def charge(self, step: Step, seconds: float) -> None:
        """One observation was made, which took `seconds` by the clock."""
        if self._work is None:
            self._work, self._first = work_of(step.layers), step.step
        self._looks += 1
        self._timed += seconds
