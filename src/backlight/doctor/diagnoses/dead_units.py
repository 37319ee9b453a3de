"""U501: units that are zero for every input."""

from collections.abc import Iterator

from ...data.counted import counted
from ...records import Severity
from ...signals import UnitFacts
from ..deaths import Death, Why, death
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import layer_named

NOTABLE, MANY = 0.1, 0.5
"""Shares of a layer's units; Lu et al. (Dying ReLU and Initialization, 2020) find a tenth common at the start."""
FEWEST_ROWS = 200
"""Rows that must have been seen before zero means dead (or all the rows there are)."""
FITTED = 0.7
"""Share of the reference loss below which the units that are left do the work: then dead ones are only told of."""
WITHOUT = (
    "The network learns without them: nothing has to be done, and pruning takes them out. Where every unit should "
    "count, as in a narrow code, use a leaky rectifier."
)
MENDS: dict[Why, str] = {
    "bias": "Start the biases at zero.",
    "scale": "Standardise the features; in the depth, start by He or put a normalisation before the rectifier.",
    "few": "Widen the layer, or use a leaky rectifier.",
    "start": "Start by He with biases at zero, or use a leaky rectifier or GELU, which has no dead side.",
    "step": "Lower the learning rate, warm up, or clip the gradient.",
    "drift": "Use a leaky rectifier or GELU, or a normalisation before it; the steps were not large.",
}


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
    Units that were zero for every row of the last twelve observed batches, 200 rows at least; in a run of Backlight's
    own, for every row of the training data, when training has ended. Since when: the step from which half of them were
    silent. Why: at the start a negative bias larger than the spread of the values, or rows that differ by less than
    40 % of the size of the values, or few units; in training a step that changed the weights below by a twentieth.

    Why it hurts
    The slope there is zero: no gradient reaches the unit's weights, so it never comes back. A layer of dead
    units cuts the network in two. A note where the loss is low all the same.

    When it is wrong
    Units for rare inputs may be silent in a few hundred rows of a watched loop. Some dead units are common in networks
    that work.

    Example
    One step of Adam with learning rate 1 on a rectifier network.

    Treatment
    After a large step a lower learning rate, warm-up or clipping; from the start scaled inputs, biases of zero, He
    initialisation; a leaky rectifier or GELU has no dead side.

    References
    Lu, Shin, Su, Karniadakis: Dying ReLU and Initialization (2020). Maas et al. (2013), leaky rectifiers.
    """
    layers = [u for u in run.units.values() if u.dead and u.rows >= min(FEWEST_ROWS, run.loop.rows or FEWEST_ROWS)]
    layers = [u for u in layers if len(u.dead) / u.units >= NOTABLE]
    if not layers:
        dead = sum(len(u.dead) for u in run.units.values())
        told = counted(dead, "unit was", "units were")
        yield RuledOut(f"{told} zero for every observed row, of all layers (notable from {NOTABLE:.0%} of one).")
        return
    for u in sorted(layers, key=lambda u: -len(u.dead) / u.units):
        yield _seen(u, run)


def _seen(u: UnitFacts, run: RunFacts) -> Seen:
    share, found = len(u.dead) / u.units, death(u, run)
    whole = share == 1.0 and not run.learned
    poor = run.left > FITTED or run.far_behind_linear
    severity: Severity = "error" if whole else "warning" if share >= MANY and poor else "note"
    rows = "rows of the training data" if u.whole_data else f"of {u.rows} rows"
    return Seen(
        severity,
        f"{len(u.dead)} of {u.units} units of {layer_named(u.layer)} are zero for all {rows},"
        f" {_when(found, len(u.dead))}: {_why(found)}.",
        WITHOUT if severity == "note" and run.learned and not run.far_behind_linear else MENDS[found.why],
        layer=u.layer,
        step=found.since,
        evidence={
            "units": list(u.dead[:100]),
            "share": share,
            "rows": u.rows,
            "dead_from_the_start": found.born,
            "threshold_share": MANY,
            **found.numbers,
        },
    )


def _when(found: Death, dead: int) -> str:
    if found.since == 0:
        return "from the start" if found.born == dead else f"{found.born} of them from the start"
    silent = f"half of them silent by step {found.since:,}"
    return f"{found.born} from the start, {silent}" if found.born else silent


def _why(found: Death) -> str:
    n = found.numbers
    match found.why:
        case "bias":
            return f"a bias of {n['bias']:.2g} under values that spread by {n['spread']:.2g}"
        case "scale":
            differ = f"{n['difference_of_rows']:.0%} of the size of the values"
            return f"rows differ by {differ}, so that what is negative for one is so for all"
        case "few":
            return "of so few units all can be negative by chance"
        case "start":
            return "as the weights were drawn"
        case "step":
            changed = f"{n['largest_update_ratio']:.2g} of their size"
            return f"step {n['largest_at_step']:,} changed the weights below by {changed}"
        case "drift":
            return f"no step was large (at most {n['largest_update_ratio']:.2g} of the size of the weights below)"
