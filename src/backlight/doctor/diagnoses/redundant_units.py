"""U502: units that say the same as another."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import layer_named

NOTABLE = 0.2
"""Share of a layer's live units that only repeat another."""
FEWEST_ROWS = 32


@diagnosis(
    "U502",
    "redundant-units",
    needs=("units",),
    treatments=("standardise-features", "init", "narrower"),
    explains=("capacity-too-low",),
)
def redundant_units(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Units whose output is that of another unit, up to scale, for every row.

    What it sees
    Groups of units of a hidden layer whose outputs over the observed rows point the same way (sine of the angle
    below 1e-4); how many distinct units are left.

    Why it hurts
    A copy adds time and parameters but nothing to what the network can say; many copies are the mark of an
    initialisation that does not tell units apart.

    When it is wrong
    With few different rows many units must look alike: 8 rows in which a unit speaks are asked for. Where nine tenths
    of the loss went nonetheless (weight decay at its optimum leaves only as many units as are of use), it is a note.

    Example
    `layer.weight.data[1] = 2 * layer.weight.data[0]`

    Treatment
    Initialise at random; merge copies (their outgoing weights add up) or make the layer narrower.

    References
    Goodfellow, Bengio, Courville: Deep Learning (2016), section 8.4.
    """
    seen = False
    hidden = {name for layer in run.hidden for name in (layer.name, *(f.name for f in run.followers(layer.name)))}
    for name, u in run.units.items():
        live = u.units - len(u.dead)
        copies = live - u.distinct
        followed = any(f.role == "activation" and f.name in run.units for f in run.followers(name))
        if name not in hidden or followed or u.rows < FEWEST_ROWS or u.distinct == 0 or copies / max(1, live) < NOTABLE:
            continue
        seen = True
        yield Seen(
            run.severity(),
            f"{copies} of {live} live units of {layer_named(name)} repeat another unit:"
            f" {u.distinct} distinct ones are left.",
            "Initialise weights at random, or merge the copies and make the layer narrower.",
            layer=name,
            evidence={
                "groups": [list(g) for g in u.redundant[:20]],
                "distinct": u.distinct,
                "units": u.units,
                "share": copies / live,
                "threshold_share": NOTABLE,
            },
        )
    if not seen:
        yield RuledOut(f"No hidden layer has {NOTABLE:.0%} or more of its live units as copies.")
