"""N401: layers that multiply straight into each other."""

from collections.abc import Iterator

from ...signals import LayerFacts
from ...signals.roles import passes_linearly
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis


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
    something else reads as well: a residual path begins there.

    Why it hurts
    W₂(W₁x) is one matrix: the second layer adds parameters and no expression. A network without any activation is
    a linear model.

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
        yield RuledOut(f"No two of {len(run.weighted)} weighted layers follow each other without an activation.")
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
