"""T803: the run ended while the loss still fell."""

from collections.abc import Iterator

from ..facts import FITTED, RunFacts
from ..falling import fall_of_last_fifth, fall_of_second_half
from ..registry import RuledOut, Seen, diagnosis
from ..words import left_of

FEW_STEPS = 100
"""Updates that even a small network needs (Adam moves a weight by about the learning rate a step: 0.1 in all)."""
FLAT, STANDS = 0.005, 30
"""Share of the reference by which the loss fell over the second half of so many updates, below which it has arrived."""
FALLING = 0.02
"""Share of the reference by which the mean loss fell from the fourth to the last fifth."""
HALF = 0.1
"""Share of the reference by which the second half of the run (one doubling of the training) lowered the loss."""
POOR = 0.5
"""Share of the reference loss that is left when the fit is called poor."""
SURE = 2.0
"""Standard errors by which the fall must exceed the noise of the loss."""


@diagnosis("T803", "stopped-too-early", needs=("losses",), treatments=("more-epochs",), symptom=True)
def stopped_too_early(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The run ended while the loss was still falling, or after a handful of updates.

    What it sees
    Fewer than 100 updates, unless the loss has arrived below half of the reference and stands; or a mean loss of the
    last fifth clearly (two standard errors) below that of the fifth before; in both cases with more than a tenth of the
    reference loss left. Or, where a schedule lowered the rate, a second half of the run that brought a tenth of the
    reference and left more than half of it, whatever the end looks like: a schedule that ends at a rate of nothing
    flattens the end of any run. A note where more than half of the reference is gone. The reference is the loss of a
    constant prediction where it is known: a network that has learned before begins below.

    Why it hurts
    The network is not what it could be; comparing it with others says nothing.

    When it is wrong
    When validation shows that it has begun to overfit: then stopping was right (not reported).

    Example
    One epoch of four batches.

    Treatment
    Three times as many epochs, and 100 updates or more, with early stopping on validation.

    References
    Goodfellow, Bengio, Courville (2016), section 7.8.
    """
    losses, reference = run.finite, run.cold_loss or run.reference_loss
    if not run.finished or run.diverged or len(losses) < 2 or not reference > 0 or not run.loop.steps:
        yield RuledOut("The run is not over, or its loss is no number.")
        return
    steps, left = run.loop.steps, run.last_loss / reference if run.measured else 0.0
    fall, error = fall_of_last_fifth(losses)
    second_half = fall_of_second_half(losses)
    numbers = f"{steps} updates, {left_of(left, 'the reference loss')}, falling by {fall / reference:.1%} at the end"
    numbers += f" and by {second_half / reference:.0%} over the second half"
    falling = fall > FALLING * reference and fall > SURE * error
    unfinished = left > POOR and run.rate_kept < 1 and second_half > HALF * reference
    stands = left < POOR and steps >= STANDS and max(fall, second_half) < FLAT * reference
    few = steps < FEW_STEPS and not stands and not _by_curvature(run)
    if left < FITTED or _validation_turned(run) or not (few or falling or unfinished):
        yield RuledOut(f"{numbers}.")
        return
    schedule = f" The schedule ended at {run.rate_kept:.2g} of its largest rate." if run.rate_kept < 1 else ""
    yield Seen(
        "warning" if left > POOR or steps < FEW_STEPS else "note",
        f"Training ended early: {numbers}.{schedule}",
        f"Train at least three times as long ({max(3 * steps, FEW_STEPS)} updates or more), with early stopping on"
        " validation.",
        evidence={
            "updates": steps,
            "threshold_updates": FEW_STEPS,
            "loss_left": left,
            "fall": fall / reference,
            "second_half": second_half / reference,
            "threshold_fall": FALLING,
        },
    )


def _by_curvature(run: RunFacts) -> bool:
    """Whether each step is a search of its own along the curvature, of which a dozen may be enough."""
    return run.optimizer is not None and run.optimizer.kind == "LBFGS"


def _validation_turned(run: RunFacts) -> bool:
    losses = [row.loss for row in run.epochs if row.split == "validation"]
    return len(losses) > 2 and losses.index(min(losses)) < len(losses) - 2
