"""N404: a hidden layer too narrow for the task."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

NARROW = 3
"""Hidden units up to which a layer is a bottleneck for almost any task."""
PER_CLASS = 0.5
"""Hidden units per class below which classes must share directions."""
FITTED = 0.5
"""Share of the reference loss that is left when the fit is called poor."""


@diagnosis("N404", "capacity-too-low", needs=("hidden", "output"), treatments=("wider",))
def capacity_too_low(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """A hidden layer is so narrow that what the outputs need cannot pass.

    What it sees
    Hidden layers of at most 3 units, or of fewer than half as many units as there are classes, in a run that
    has not brought its training loss below half of the reference.

    Why it hurts
    Everything that the layers above know goes through these few numbers; with rectifiers some of them may be
    dead besides.

    When it is wrong
    In autoencoders, where the narrow layer is the purpose (target of the shape of the input: not reported).

    Example
    `Linear(30, 1), ReLU, Linear(1, 1)`.

    Treatment
    At least as many units as outputs; widths of 32 to 256 for tables.

    References
    Goodfellow, Bengio, Courville: Deep Learning (2016), section 5.2.
    """
    assert run.output is not None
    classes = run.targets.classes if run.targets is not None and run.is_classification else 0
    least = max(NARROW + 1, PER_CLASS * classes)
    narrow = [layer for layer in run.hidden if layer.kind == "Linear" and layer.units < least]
    itself = run.inputs is not None and run.targets is not None and run.inputs.shape == run.targets.shape
    left = run.last_loss / run.reference_loss if run.reference_loss > 0 else 1.0
    if not narrow or itself or left < FITTED:
        widths = [layer.units for layer in run.hidden]
        yield RuledOut(f"Hidden widths {widths} (least {least:g}); {left:.0%} of the reference loss is left.")
        return
    first = narrow[0]
    yield Seen(
        "warning",
        f"Hidden layer {first.name} has {first.units} units for {classes or run.output.units} outputs;"
        f" {left:.0%} of the loss of a constant prediction is left.",
        "Widen it to 32 or more units.",
        layer=first.name,
        evidence={"units": first.units, "least": least, "loss_left": left, "threshold_left": FITTED},
    )
