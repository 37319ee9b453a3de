"""D103: a regression target of large size."""

from collections.abc import Iterator

from ...signals.losses import DISTANCE
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

LARGE = 10.0
"""Root mean square of the target: an initialised network puts out values of about 1."""
FATAL = 100.0
"""Beyond this the loss is dominated for thousands of steps by the output bias walking to the mean."""
SMALL = 0.01
"""Below this the outputs of an initialised network are a hundred times the target: all that training can do at usual
learning rates is to bring them to zero."""


@diagnosis(
    "D103",
    "unscaled-target",
    needs=("targets", "loss"),
    treatments=("standardise-target",),
    explains=(
        "exploding-gradient",
        "not-learning",
        "learning-rate-too-low",
        "learning-rate-too-high",
        "plateau",
        "oscillating-loss",
        "non-finite",
        "dead-units",
        "saturated-units",
        "frozen-parameters",
    ),
)
def unscaled_target(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The regression target is far from the size of what an initialised network puts out.

    What it sees
    The root mean square of the target, held against 10, under a squared, absolute or Huber loss; in a run that learned
    nothing also against 0.01.

    Why it hurts
    Outputs start near zero and move by about the learning rate a step: reaching thousands takes thousands of steps.
    With plain gradient descent the squared error's gradient grows with the target and the first steps explode.

    When it is wrong
    When the loss divides by the target's size itself. Where nine tenths of the loss went nonetheless, it is a note.

    Example
    House prices in euros under `MSELoss`.

    Treatment
    Standardise the target with mean and spread of the training rows and undo it for predictions; take the
    logarithm of positive targets that span orders of magnitude.

    References
    LeCun, Bottou, Orr, Müller: Efficient BackProp (1998).
    """
    t, loss = run.targets, run.loss
    assert t is not None and loss is not None
    if run.is_classification or loss.name not in DISTANCE:
        yield RuledOut("The target is not a value to be met by a distance.")
        return
    size = (t.mean**2 + t.std**2) ** 0.5
    failed = run.finished and not run.learned
    small = failed and size < SMALL
    if size <= LARGE and not small:
        yield RuledOut(f"Root mean square of the target {size:.3g} (limits {SMALL:g} and {LARGE:g}).")
        return
    yield Seen(
        run.severity(fatal=small or (failed and size > FATAL)),
        f"The target is not scaled: from {t.minimum:.4g} to {t.maximum:.4g}, root mean square {size:.4g}.",
        "Standardise the target (training mean and spread) and undo it for predictions.",
        evidence={"rms": size, "threshold": SMALL if small else LARGE, "mean": t.mean, "std": t.std},
    )
