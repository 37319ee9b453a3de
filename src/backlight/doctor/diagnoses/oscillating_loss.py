"""L703: a loss that swings."""

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import fmean, median

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import share_of

ABOVE = 1.5
"""A swing is a step whose loss lies this many times above the reference (that of a constant, or the first)."""
OFTEN = 0.05
"""Share of the later steps that are swings."""
FEWEST_STEPS = 40
WINDOWS = 10
WAVE = 0.3
"""Share of the reference by which means over tenths of the later run rise again."""


@diagnosis(
    "L703",
    "oscillating-loss",
    needs=("losses",),
    treatments=("lower-learning-rate", "schedule", "larger-batch", "clip"),
    explains=("plateau",),
    shows=("update_ratio",),
)
def oscillating_loss(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The loss jumps up again and again instead of settling.

    What it sees
    The share of steps, after the first fifth, whose loss lies 1.5 times above the reference, held against 5 %;
    and rises between means over tenths of the run.

    Why it hurts
    What one step learns the next destroys; the last parameters are good or bad by chance.

    When it is wrong
    Single rows of very different difficulty in batches of one.

    Example
    SGD with momentum 0.99 and a learning rate of 0.1.

    Treatment
    A lower learning rate, a decaying schedule, larger batches, clipping.

    References
    Bengio: Practical recommendations (2012).
    """
    later = run.finite[len(run.finite) // 5 :]
    reference = run.reference_loss
    if len(later) < FEWEST_STEPS or not reference > 0 or min(later) < 0:
        yield RuledOut(
            f"{len(later)} steps after the first fifth (from {FEWEST_STEPS}), lowest loss"
            f" {min(later, default=math.nan):.3g} (a loss below zero has no size to hold a swing against)."
        )
        return
    share = sum(loss > ABOVE * reference for loss in later) / len(later)
    size = len(later) // WINDOWS
    means = [fmean(later[i * size : (i + 1) * size]) for i in range(WINDOWS)]
    rise = max(0.0, *(b - a for a, b in pairwise(means))) / reference
    if share < OFTEN and rise < WAVE:
        yield RuledOut(
            f"{share:.1%} of the later steps lie above {ABOVE:g} times the reference; largest rise {share_of(rise)} it."
        )
        return
    yield Seen(
        "warning",
        f"The loss swings: {share:.0%} of the later steps lie above {ABOVE:g} times the reference {reference:.4g},"
        f" means over tenths of the run rise by up to {share_of(rise)} it (median loss {median(later):.4g}).",
        "Lower the learning rate or let it decay; larger batches; clip the gradient.",
        evidence={"share": share, "threshold_share": OFTEN, "rise": rise, "threshold_rise": WAVE},
    )
