"""N401: layers that multiply straight into each other."""

from collections.abc import Iterator
from statistics import median

from ...signals import LayerFacts, UnitFacts
from ...signals.roles import RECTIFIERS, passes_linearly
from ..facts import RunFacts
from ..recurrence import LONG, LOOPED
from ..registry import RuledOut, Seen, diagnosis

IDLE = 0.05
"""Share of zeros up to which a rectifier bends next to nothing; half are zero where values lie evenly about zero."""
POOR = 0.5
"""Share of the reference loss that is left when the fit is called poor."""


@diagnosis(
    "N401",
    "missing-nonlinearity",
    needs=("weighted",),
    treatments=("activation",),
    explains=("plateau", "not-learning"),
)
def missing_nonlinearity(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Two layers multiply one after the other with no activation between them.

    What it sees
    A linear or convolutional layer whose input is the output of another one, with only dropout, reshaping, average
    pooling or batch normalisation between. Left out are narrow bottlenecks, depthwise convolutions, and outputs that
    something else reads as well: a residual path begins there. Also, in a run that left more than half of the loss, a
    recurrence in which 20 rectifiers or more cut off nothing (at most 5 % zeros in the median of the units that are not
    dead: a few that seldom speak do not bend what the others pass on).

    Why it hurts
    W₂(W₁x) is one matrix: the second layer adds parameters and no expression. A network without any activation is
    a linear model. A rectifier that reads sums of positive numbers only (the state of an LSTM whose tanh was replaced
    by ReLU) is the identity: nothing bends the state, and nothing bounds it as tanh does.

    When it is wrong
    In studies of deep linear networks, and where a factored matrix is wanted.

    Example
    `nn.Sequential(nn.Linear(784, 100), nn.Linear(100, 10))`

    Treatment
    Put a ReLU or GELU after each hidden layer.

    References
    Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.1.
    """
    pairs = [(before.name, layer.name) for layer in run.weighted if (before := _straight(run, layer)) is not None]
    if not pairs:
        yield _idle_recurrence(run) or RuledOut(
            f"No two of {len(run.weighted)} weighted layers follow each other without an activation."
        )
        return
    linear = len(pairs) >= len(run.weighted) - 1 and all(
        layer.role == "linear" or passes_linearly(layer.kind) or layer.name not in _before_last(run)
        for layer in run.layers
    )
    words = ", ".join(f"{a} → {b}" for a, b in pairs[:4])
    yield Seen(
        "error" if linear else "warning",
        f"No activation between {words}." + (" The whole network is one linear map." if linear else ""),
        f"Put an activation (ReLU, GELU) after {pairs[0][0]}.",
        layer=pairs[0][0],
        evidence={"pairs": [list(pair) for pair in pairs], "whole_network": linear},
    )


def _idle_recurrence(run: RunFacts) -> Seen | None:
    """Rectifiers of a recurrence that let everything pass."""
    rectifiers = [u for u in run.units.values() if u.kind in RECTIFIERS and min(u.zero_shares, default=1) < 1]
    if len(rectifiers) <= LOOPED * len(run.multiplying) or run.left < POOR:
        return None
    idle = [u.layer for u in rectifiers if 2 * len(u.dead) < u.units and _cut_off(u) <= IDLE]
    if len(idle) < LONG:
        return None
    return Seen(
        "error" if run.diverged else "warning",
        f"{len(idle)} of {len(rectifiers)} rectifiers of a recurrence cut off at most {IDLE:.0%} of what most of their"
        " units read: the state goes from step to step with no nonlinearity, and without a bound.",
        "Use tanh inside the recurrence (the default of RNN, LSTM and GRU), and rectifiers between layers.",
        layer=idle[0],
        evidence={"idle": len(idle), "rectifiers": len(rectifiers), "threshold_zeros": IDLE, "loss_left": run.left},
    )


def _cut_off(u: UnitFacts) -> float:
    """Share of the rows in which a usual unit that is not dead is zero."""
    return median(share for share in u.zero_shares if share < 1)


def _straight(run: RunFacts, layer: LayerFacts) -> LayerFacts | None:
    """The weighted layer that `layer` multiplies directly, if any."""
    before = run.before(layer)
    while before is not None and passes_linearly(before.kind) and not before.branches:
        before = run.before(before)
    if before is None or before.role != "linear" or not before.parameters or before.branches:
        return None
    groups = (before.settings.get("groups", 1), layer.settings.get("groups", 1))
    narrow = before.units < min(_inputs(before), layer.units)
    return None if narrow or max(groups) > 1 else before


def _inputs(layer: LayerFacts) -> int:
    """Features, or channels of images, that the layer reads."""
    return next((p.shape[1] for p in layer.parameters.values() if len(p.shape) > 1), 1)


def _before_last(run: RunFacts) -> set[str]:
    names = [layer.name for layer in run.layers]
    last = run.weighted[-1].name
    return set(names[: names.index(last) + 1])
