"""N403: dropout that leaves too little."""

from collections.abc import Iterator
from math import prod

from ...data.counted import counted
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import layer_named

STRONG = 0.7
"""Share dropped in one layer: beyond the 0.5 to 0.8 kept that Srivastava et al. (2014, section A.4) found to work."""
KEPT = 0.1
"""Product of the kept shares over the depth: four layers of 0.5 leave 0.06."""
NARROW = 8
"""Units of a layer from which half cannot be spared."""


@diagnosis(
    "N403",
    "too-much-dropout",
    needs=("layers",),
    treatments=("less-dropout",),
    explains=("plateau", "not-learning", "oscillating-loss"),
)
def too_much_dropout(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """So many units are dropped that too little of the signal is left.

    What it sees
    A share above 0.7 in one layer (of a recurrent one: between its own layers), the product of kept shares over the
    depth below 0.1, or half of a layer of at most 8 units.

    Why it hurts
    Dropout is noise. What is left of a small layer differs from step to step more than the rows do: the network
    underfits.

    When it is wrong
    In very wide layers with little data.

    Example
    `nn.Dropout(0.5)` after each of four layers.

    Treatment
    0.1 to 0.3 in hidden layers; none where the training loss is still high.

    References
    Srivastava et al.: Dropout (2014).
    """
    shares = {d.name: d.settings["p"] for d in run.layers if d.role == "dropout" and d.settings.get("p", 0) > 0}
    inner = {r.name: r for r in run.layers if r.role == "recurrent" and r.settings.get("num_layers", 1) > 1}
    between = {name: r.settings["dropout"] for name, r in inner.items() if r.settings.get("dropout", 0) > 0}
    shares |= between
    strong = [name for name, p in shares.items() if p > STRONG]
    narrow = [name for name, p in shares.items() if p >= 0.5 and run.by_name[name].units <= NARROW]
    times = {name: inner[name].settings["num_layers"] - 1 for name in between}
    kept = prod((1 - p) ** times.get(name, 1) for name, p in shares.items())
    numbers = (
        f"{counted(len(shares), 'dropout layer keeps', 'dropout layers keep')} {kept:.2g} of the signal along the depth"
    )
    if not (strong or narrow or kept < KEPT):
        yield RuledOut(f"{numbers}.")
        return
    worst = (strong or narrow or [max(shares, key=lambda name: shares[name])])[0]
    yield Seen(
        "warning",
        f"{numbers}; {layer_named(worst)} drops {shares[worst]:.0%} of {run.by_name[worst].units} units.",
        "Lower it to 0.1–0.3, and to none in narrow layers.",
        layer=worst,
        evidence={"shares": shares, "kept": kept, "threshold_kept": KEPT, "threshold_share": STRONG},
    )
