"""U503: units stuck in the flat ends of their activation."""

from collections.abc import Iterator

from ...records import Severity
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import layer_named

FITTED = 0.5
"""Share of the reference loss below which saturated units are switches (gates) that serve: then they are told of."""
MANY, NEARLY_ALL = 0.3, 0.9
"""Shares of a hidden layer's units that sit in the flat ends for 95 % of the rows."""
FEWEST_ROWS = 64


@diagnosis(
    "U503",
    "saturated-units",
    needs=("units",),
    treatments=("standardise-features", "init", "relu", "normalisation", "lower-learning-rate"),
    explains=("vanishing-gradient", "not-learning", "plateau", "obfuscated-gradient", "redundant-units"),
    shows=("saturation",),
)
def saturated_units(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Hidden units sit in the flat ends of their sigmoid or tanh for nearly every row.

    What it sees
    Units within 1 % of the range from either end for at least 95 % of the observed rows; shares of 30 % and 90 %
    of a hidden layer.

    Why it hurts
    The slope at the ends is near zero: v(i) is multiplied by it and fades; the unit can neither learn nor
    carry differences between rows.

    When it is wrong
    Units that act as switches (gates) in a successful training: a note there.

    Example
    Pixels from 0 to 255 into `nn.Linear(784, 100)` and `nn.Sigmoid()`.

    Treatment
    Scale the inputs, start with smaller weights (Glorot), lower the learning rate, or use ReLU.

    References
    Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    """
    on_output = {layer.name for layer in run.layers if run.output and layer.source == run.output.layer}
    worst = [
        u
        for u in run.units.values()
        if u.layer not in on_output and u.rows >= FEWEST_ROWS and len(u.saturated) / u.units >= MANY
    ]
    if not worst:
        yield RuledOut(f"No hidden layer has {MANY:.0%} of its units in the flat ends.")
        return
    for u in sorted(worst, key=lambda u: -len(u.saturated) / u.units):
        share = len(u.saturated) / u.units
        yield Seen(
            _severity(run, share),
            f"{len(u.saturated)} of {u.units} units of {layer_named(u.layer)} ({u.kind}) sit in its flat ends for"
            f" nearly all of {u.rows} rows.",
            "Scale the inputs, start with smaller weights, lower the learning rate, or use ReLU.",
            layer=u.layer,
            evidence={"units": list(u.saturated[:100]), "share": share, "rows": u.rows, "threshold_share": MANY},
        )


def _severity(run: RunFacts, share: float) -> Severity:
    if share >= NEARLY_ALL and run.finished and not run.learned:
        return "error"
    return "warning" if run.left > FITTED or not run.finished else "note"
