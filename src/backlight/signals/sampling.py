"""Which optimiser steps are observed, so that watching stays cheap."""

from time import perf_counter

DENSE = 10
"""The first steps are all observed: most faults show there."""
PER_OCTAVE = 8
"""Observations in each doubling of the number of steps after that."""
WIDEST_GAP = 256
"""Largest distance between two observations, in steps."""

GRACE = 0.2
"""Seconds of observing that every run may take: short runs are where faults are looked for."""


def is_due(step: int) -> bool:
    """Dense at first, then about `PER_OCTAVE` observations per doubling, then every `WIDEST_GAP` steps."""
    if step < DENSE:
        return True
    gap = min(WIDEST_GAP, 1 << max(0, (step // PER_OCTAVE).bit_length() - 1))
    return step % gap == 0


class Budget:
    """Share of the run's time that observing may take, besides the first `DENSE` steps and `grace` seconds."""

    def __init__(self, share: float | None, grace: float = GRACE) -> None:
        self.share, self.grace = share, grace
        self.spent = 0.0
        """Seconds of this thread's processor: what other programs take of the machine is not observing."""
        self._start = perf_counter()

    @property
    def elapsed(self) -> float:
        """Seconds since the budget was opened."""
        return perf_counter() - self._start

    def allows(self, step: int) -> bool:
        """Whether another observation fits."""
        return self.share is None or step < DENSE or self.spent <= self.grace + self.share * self.elapsed
