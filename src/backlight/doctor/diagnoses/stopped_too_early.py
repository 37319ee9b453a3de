"""T803: the run ended while the loss still fell."""

from collections.abc import Iterator
from statistics import fmean, stdev

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEW_STEPS = 100
"""Updates that even a small network needs (Adam moves a weight by about the learning rate a step: 0.1 in all)."""
FALLING = 0.02
"""Share of the reference by which the mean loss fell from the fourth to the last fifth."""
DONE = 0.1
"""Share of the reference loss below which there is nothing left to gain."""
SURE = 2.0
"""Standard errors by which the fall must exceed the noise of the loss."""


@diagnosis("T803", "stopped-too-early", needs=("losses",), treatments=("more-epochs",))
def stopped_too_early(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The run ended while the loss was still falling, or after a handful of updates.

    What it sees
    Fewer than 100 updates; or a mean loss of the last fifth clearly (two standard errors) below that of the fifth
    before; in both cases with more than a tenth of the reference loss left.

    Why it hurts
    The network is not what it could be; comparing it with others says nothing.

    When it is wrong
    When validation shows that it has begun to overfit: then stopping was right (not reported).

    Example
    One epoch of four batches.

    Treatment
    Three times as many epochs, with early stopping on validation.

    References
    Goodfellow, Bengio, Courville (2016), section 7.8.
    """
    losses, reference = run.finite, run.reference_loss
    if not run.finished or run.diverged or len(losses) < 2 or not reference > 0:
        yield RuledOut("The run is not over, or its loss is no number.")
        return
    steps, left = run.loop.steps, run.last_loss / reference
    fall, error = _fall(losses)
    numbers = f"{steps} updates, {left:.0%} of the reference loss left, falling by {fall / reference:.1%} at the end"
    falling = fall > FALLING * reference and fall > SURE * error
    if left < DONE or _validation_turned(run) or not (steps < FEW_STEPS or falling):
        yield RuledOut(f"{numbers}.")
        return
    yield Seen(
        "warning",
        f"Training ended early: {numbers}.",
        f"Train about three times as long ({3 * steps} updates or more), with early stopping on validation.",
        evidence={
            "updates": steps,
            "threshold_updates": FEW_STEPS,
            "loss_left": left,
            "fall": fall / reference,
            "threshold_fall": FALLING,
        },
    )


def _fall(losses: list[float]) -> tuple[float, float]:
    """Fall of the mean from the fourth to the last fifth, and its standard error."""
    fifth = len(losses) // 5
    if fifth < 4:
        return 0.0, 0.0
    before, last = losses[-2 * fifth : -fifth], losses[-fifth:]
    return fmean(before) - fmean(last), ((stdev(before) ** 2 + stdev(last) ** 2) / fifth) ** 0.5


def _validation_turned(run: RunFacts) -> bool:
    losses = [row.loss for row in run.epochs if row.split == "validation"]
    return len(losses) > 2 and losses.index(min(losses)) < len(losses) - 2
