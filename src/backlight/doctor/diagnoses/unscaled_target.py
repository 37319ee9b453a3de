"""D103: a regression target of large size."""

from collections.abc import Iterator

from ...signals.losses import DISTANCE
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

LARGE = 10.0
"""Root mean square of the target: an initialised network puts out values of about 1."""
FATAL = 100.0
"""Beyond this the loss is dominated for thousands of steps by the output bias walking to the mean."""


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
    """The regression target is far larger than what an initialised network puts out.

    What it sees
    The root mean square of the target, held against 10, under a squared, absolute or Huber loss.

    Why it hurts
    Outputs start near zero and move by about the learning rate a step: reaching thousands takes thousands of steps.
    With plain gradient descent the squared error's gradient grows with the target and the first steps explode.

    When it is wrong
    When the loss divides by the target's size itself.

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
    if size <= LARGE:
        yield RuledOut(f"Root mean square of the target {size:.3g} (limit {LARGE:g}).")
        return
    yield Seen(
        "error" if size > FATAL and run.finished and not run.learned else "warning",
        f"The target is not scaled: from {t.minimum:.4g} to {t.maximum:.4g}, root mean square {size:.4g}.",
        "Standardise the target (training mean and spread) and undo it for predictions.",
        evidence={"rms": size, "threshold": LARGE, "mean": t.mean, "std": t.std},
    )
