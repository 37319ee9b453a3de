"""U501: units that are zero for every input."""

from collections.abc import Iterator

from ...records import Severity
from ...signals import UnitFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

NOTABLE, MANY = 0.1, 0.5
"""Shares of a layer's units; Lu et al. (Dying ReLU and Initialization, 2020) find a tenth common at the start."""
FEWEST_ROWS = 200
"""Rows that must have been seen before zero means dead (or all the rows there are)."""
FITTED = 0.7
"""Share of the reference loss below which the units that are left do the work: then dead ones are only told of."""


@diagnosis(
    "U501",
    "dead-units",
    needs=("units",),
    treatments=("lower-learning-rate", "leaky-relu", "residual", "init"),
    explains=(
        "not-learning",
        "plateau",
        "vanishing-gradient",
        "frozen-parameters",
        "obfuscated-gradient",
    ),
    shows=("dead_share", "zero_share"),
)
def dead_units(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Units of a rectifier whose output is zero for every input.

    What it sees
    Units that were zero for every row of the last twelve observed batches, 200 rows at least; how many of them
    were so from the start. In a run of Backlight's own: for every row of the training data, when training has ended.

    Why it hurts
    The slope there is zero: no gradient reaches the unit's weights, so it never comes back. A layer of dead
    units cuts the network in two. A note where the loss is low all the same.

    When it is wrong
    Units for rare inputs may be silent in a few hundred rows of a watched loop. Some dead units are common in networks
    that work.

    Example
    One step of Adam with learning rate 1 on a rectifier network.

    Treatment
    Lower the learning rate, scale the inputs, initialise by He; a leaky rectifier or GELU has no dead side.

    References
    Lu, Shin, Su, Karniadakis: Dying ReLU and Initialization (2020). Maas et al. (2013), leaky rectifiers.
    """
    layers = [u for u in run.units.values() if u.dead and u.rows >= min(FEWEST_ROWS, run.loop.rows or FEWEST_ROWS)]
    layers = [u for u in layers if len(u.dead) / u.units >= NOTABLE]
    if not layers:
        dead = sum(len(u.dead) for u in run.units.values())
        yield RuledOut(f"{dead} units in all were zero for every observed row (notable from {NOTABLE:.0%} of a layer).")
        return
    for u in sorted(layers, key=lambda u: -len(u.dead) / u.units):
        yield _seen(u, run)


def _rows(u: UnitFacts) -> str:
    return "rows of the training data" if u.whole_data else f"of {u.rows} rows"


def _seen(u: UnitFacts, run: RunFacts) -> Seen:
    share = len(u.dead) / u.units
    whole = share == 1.0 and not run.learned
    why = (
        "so from the first step: initialisation or input scale"
        if u.dead_at_start >= len(u.dead) / 2
        else f"{u.dead_at_start} at the first step: the others died in training"
    )
    severity: Severity = "error" if whole else "warning" if share >= MANY and run.left > FITTED else "note"
    return Seen(
        severity,
        f"{len(u.dead)} of {u.units} units of {u.layer} are zero for all {_rows(u)} ({why}).",
        "The network learns without them: nothing has to be done, and pruning takes them out."
        if severity == "note" and run.learned
        else "Lower the learning rate, scale the inputs, or use a leaky rectifier or GELU.",
        layer=u.layer,
        evidence={
            "units": list(u.dead[:100]),
            "share": share,
            "rows": u.rows,
            "dead_at_start": u.dead_at_start,
            "threshold_share": MANY,
        },
    )
