"""T801: nothing was learned, and nothing explains it."""

from collections.abc import Iterator

from ..facts import FEWEST_STEPS, RunFacts
from ..registry import RuledOut, Seen, diagnosis

NOTHING = 0.02
"""Share below the reference loss."""
MANY_STEPS = 200
"""Steps before it is an error."""


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
    the targets seen.

    Why it hurts
    The network tells nothing about the target. This is a symptom: it is reported alone only where no cause was found.

    When it is wrong
    When the target cannot be told from the features, this is what a right network does.

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
    if run.gain > NOTHING and not run.diverged:
        yield RuledOut(f"The loss ended {run.gain:.0%} below the reference {run.reference_loss:.4g}.")
        return
    yield Seen(
        "error" if steps >= MANY_STEPS else "warning",
        f"After {steps} steps the loss {run.last_loss:.4g} is no better than the reference {run.reference_loss:.4g}"
        " (the first loss, or that of a constant prediction).",
        "Check that rows and targets belong together; try to fit ten rows exactly; compare with a linear model.",
        evidence={"last_loss": run.last_loss, "reference": run.reference_loss, "gain": run.gain, "steps": steps},
    )
