"""T801: nothing was learned, and nothing explains it."""

from collections.abc import Iterator

from ..facts import FEWEST_STEPS, LEARNED, RunFacts
from ..falling import fall_of_second_half
from ..registry import RuledOut, Seen, diagnosis
from ..words import UNMEASURED

NOTHING = 0.02
"""Share below the reference loss."""
MANY_STEPS = 200
"""Steps before it is an error."""
HALF = 0.1
"""Share of the reference by which the second half of a run that is on its way lowers the loss (as in
stopped-too-early)."""
TOLD = 4 * LEARNED
"""Share of the target's variance that a quick predictor must tell of rows held out from it, where the network has taken
off less than a twentieth of the loss: four times as much."""


@diagnosis(
    "T801",
    "not-learning",
    needs=("losses",),
    explains=("plateau",),
    symptom=True,
    shows=("update_ratio", "gradient_norm"),
)
def not_learning(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """After the whole run the loss is that of a constant prediction.

    What it sees
    The mean loss of the last tenth of the run against the first loss and that of the best constant prediction on
    the targets seen. From 200 steps on also a loss less than 5 % below it, where ridge regression or nearest
    neighbours tell 20 % of the target's variance from a few hundred of the same rows: then the data has it.

    Why it hurts
    The network tells nothing about the target. This is a symptom: it is reported alone only where no cause was found.

    When it is wrong
    When the target cannot be told from the features, this is what a right network does. A loss that still falls by a
    tenth of the reference over the second half of the run is on its way (see stopped-too-early). Of adversaries, and of
    losses of one's own that go below zero (the gradient of a policy), nothing is said: their size tells nothing.

    Example
    Labels shuffled against their rows.

    Treatment
    Check that rows and targets belong together; fit ten rows exactly first; compare with a linear model.

    References
    Karpathy: A Recipe for Training Neural Networks (2019).
    """
    steps = len(run.losses)
    if not run.finished or steps < FEWEST_STEPS:
        yield RuledOut(f"{steps} steps: too early to tell (from {FEWEST_STEPS}, after the run).")
        return
    if not run.measured and run.gain <= NOTHING and not run.diverged:
        yield RuledOut(f"{UNMEASURED} what was learned.")
        return
    if run.gain > NOTHING and not run.diverged:
        told = _told(run)
        if steps >= MANY_STEPS and run.gain < LEARNED and run.constant_loss is not None and told > TOLD:
            yield Seen(
                "warning",
                f"After {steps} steps the loss {run.last_loss:.4g} is {run.gain:.1%} below the reference"
                f" {run.reference_loss:.4g}, but a linear model or nearest neighbours tell {told:.0%} of the target"
                " from the same rows: the data has it, and the network does not get it.",
                "Look at what becomes of the rows on the way to the loss (axes, reshaping, which output is read); try"
                " to fit ten rows exactly.",
                evidence={"last_loss": run.last_loss, "gain": run.gain, "told": told, "threshold_told": TOLD},
            )
            return
        yield RuledOut(f"The loss ended {run.gain:.0%} below the reference {run.reference_loss:.4g}.")
        return
    falling = fall_of_second_half(run.finite) / run.reference_loss if run.reference_loss > 0 else 0.0
    if falling > HALF and not run.diverged:
        yield RuledOut(
            f"The loss {run.last_loss:.4g} still falls: by {falling:.0%} of the reference in the second half."
        )
        return
    yield Seen(
        "error" if steps >= MANY_STEPS else "warning",
        f"After {steps} steps the loss {run.last_loss:.4g} is no better than the reference {run.reference_loss:.4g}"
        " (the first loss, or that of a constant prediction).",
        "Check that rows and targets belong together; try to fit ten rows exactly; compare with a linear model.",
        evidence={"last_loss": run.last_loss, "reference": run.reference_loss, "gain": run.gain, "steps": steps},
    )


def _told(run: RunFacts) -> float:
    """Share of the target's variance that the better predictor tells of rows held out: r², from z = r √(n − 3)."""
    probe = run.probe
    if probe is None or not probe.skill or probe.rows <= 3:
        return 0.0
    return min(1.0, max(0.0, *probe.skill.values()) ** 2 / (probe.rows - 3))
