"""T802: the loss stopped falling high up."""

from collections.abc import Iterator
from statistics import fmean

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

LEFT = 0.5
"""Share of the reference loss that is left."""
FLAT = 0.02
"""Share of the reference by which the loss fell over the last half."""
FEWEST_STEPS = 100
DECAYED = 0.5
"""Last learning rate beside the largest, below which a schedule is at work already."""


@diagnosis("T802", "plateau", needs=("losses",), treatments=("schedule", "wider"), symptom=True)
def plateau(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The loss fell at first and then stood still, far from zero.

    What it sees
    Mean losses of the third and the last quarter of the run: less than 2 % of the reference apart, with more than
    half of it left.

    Why it hurts
    More steps of the same kind bring nothing: the learning rate, the capacity or the features are the limit.

    When it is wrong
    Where noise in the target sets the limit, this is the best that can be had.

    Example
    Two classes that overlap.

    Treatment
    Lower the learning rate by a schedule (where there is none), widen the network, look for better features.

    References
    Goodfellow, Bengio, Courville (2016), chapter 11.
    """
    losses = run.finite
    if not run.finished or len(losses) < FEWEST_STEPS or not run.learned or not run.reference_loss > 0:
        yield RuledOut("The run is not over, is short, or has learned nothing.")
        return
    quarter = len(losses) // 4
    third, last = fmean(losses[2 * quarter : 3 * quarter]), fmean(losses[3 * quarter :])
    fell, left = (third - last) / run.reference_loss, last / run.reference_loss
    if fell > FLAT or left < LEFT:
        yield RuledOut(f"The last quarter fell by {fell:.1%} of the reference; {left:.0%} is left.")
        return
    decayed = run.rate_kept < DECAYED
    advice = f"The learning rate has decayed to {run.rate_kept:.2g} of its largest already: try"
    yield Seen(
        "note",
        f"The loss stands at {last:.4g}, {left:.0%} of the reference, and fell by {fell:.1%} in the last quarter.",
        f"{advice if decayed else 'Try a decaying learning rate,'} a wider network, or better features.",
        evidence={
            "left": left,
            "threshold_left": LEFT,
            "fell": fell,
            "threshold_fell": FLAT,
            "rate_kept": run.rate_kept,
            "threshold_rate_kept": DECAYED,
        },
    )
