"""G603: depth from which the gradient no longer speaks about x."""

from collections.abc import Iterator
from statistics import median

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..words import layer_named

SAME = 0.01
"""Spread of a layer's output over rows beside its size: below 1 % all rows look the same to the layers above."""
APART = 10 * SAME
"""Spread that the input has itself, and that no layer above may have: there a way beside brought the rows."""
DEEP = 6
"""Weighted layers from which depth alone can do this."""
NOISE, SPEAKS = 0.02, 0.5
"""Agreement of v(i) among like examples: below the first it is noise, above the second it tells classes apart. Plain
networks of 30 layers that trained had 0.02 to 0.07 at the bottom, those that did not 0.00 to 0.01."""
VERY_DEEP = 10
"""Weighted layers from which noise is looked for."""
EARLY = 6
POOR = 0.5
"""Share of the reference loss that is left when the fit is called poor."""


@diagnosis(
    "G603",
    "obfuscated-gradient",
    needs=("weighted", "signals"),
    treatments=("normalisation", "residual", "layerwise-pretraining"),
    explains=(
        "not-learning",
        "plateau",
        "learning-rate-too-low",
        "stopped-too-early",
        "redundant-units",
        "frozen-parameters",
    ),
    shows=("row_std", "like_agreement", "y_rank", "v_rank"),
)
def obfuscated_gradient(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Somewhere in the depth all rows look the same, so that the gradient below no longer speaks about x.

    What it sees
    In networks of six and more weighted layers: the spread of x(i+1) over rows beside its size (root mean square)
    in the first observations, held against 1 %, where the input itself is spread more and no layer above shows 10 %
    again (then the rows pass beside it, as beside a gate); in a run that learned nothing, at any depth. From ten layers
    on, in such a run, also v(i+1) itself: how much more it agrees among rows of one class than among rows of different
    classes, at the bottom (below 0.02: noise) and at the top (above 0.5).

    Why it hurts
    v(i) below such a layer is nearly the same for every row, or noise: each layer's poor state hides the signal
    from all others, and none can start to improve.

    When it is wrong
    Where the input hardly varies in itself. Where more than half of the loss went nonetheless, it slowed the start
    only, and is a note. Layers of sigmoids fade v(i) as they do x(i): then vanishing-gradient is told first, and this
    beside it.

    Example
    Thirty plain layers of rectifiers with PyTorch's default initialisation.

    Treatment
    Normalise layers, add residual or auxiliary paths, or train layer by layer first.

    References
    Balduzzi et al.: The Shattered Gradients Problem (2017), arXiv:1702.08591. Daneshmand et al.: Batch
    Normalization provably avoids rank collapse (2020).
    """
    shallow = len(run.weighted) < DEEP
    if shallow and not run.failed:
        yield RuledOut(f"{len(run.weighted)} weighted layers: not deep (from {DEEP}).")
        return
    spread = {layer.name: _spread(run, layer.name) for layer in run.layers if run.signals.values("row_std", layer.name)}
    known = {name: value for name, value in spread.items() if value is not None}
    if not known:
        return
    first = next(iter(known.values()))
    worst = min(known, key=lambda name: known[name])
    where = _alike_from(known, run.weighted[-1].name)
    if where is None or first < APART or (shallow and known[where] == 0):
        passed = " and what passes beside it tells rows apart" if known[worst] <= SAME else ""
        yield _shattered(run) or RuledOut(
            f"Rows differ by {known[worst]:.2g} of the size at least (at {layer_named(worst)}; limit {SAME:g}){passed}."
            f"{_agreement(run)}"
        )
        return
    yield Seen(
        "error" if run.finished and not run.learned else "note" if run.finished and run.left < POOR else "warning",
        f"From {layer_named(where)} on, rows differ by only {known[worst]:.2g} of the output's size"
        f" (first layer: {first:.2g})."
        f"{_agreement(run)}",
        "Add normalisation or residual paths, or train layer by layer first.",
        layer=where,
        step=0,
        evidence={"spread": known[worst], "first_layer": first, "threshold": SAME, "layers": len(run.weighted)},
    )


def _alike_from(spread: dict[str, float], last: str) -> str | None:
    """The first layer before the last weighted one where rows look the same, and above which no layer parts them."""
    names, values = list(spread), list(spread.values())
    below = names.index(last) if last in spread else len(names)
    return next((names[i] for i in range(below) if values[i] <= SAME and max(values[i:]) < APART), None)


def _ends(run: RunFacts) -> tuple[str, float, float] | None:
    """The first layer, and the agreement of v among like examples there and at the last hidden layer."""
    early = {layer.name: run.signals.values("like_agreement", layer.name)[:EARLY] for layer in run.hidden}
    known = [(name, median(values)) for name, values in early.items() if values]
    return (known[0][0], known[0][1], known[-1][1]) if len(known) > 1 else None


def _agreement(run: RunFacts) -> str:
    ends = _ends(run)
    if ends is None:
        return ""
    return f" Like examples agree on v by {ends[1]:.2g} at {ends[0]}, by {ends[2]:.2g} at the last hidden layer."


def _shattered(run: RunFacts) -> Seen | None:
    ends = _ends(run)
    if ends is None or len(run.weighted) < VERY_DEEP or not run.finished or run.learned:
        return None
    first, bottom, top = ends
    if bottom > NOISE or top < SPEAKS:
        return None
    return Seen(
        "warning",
        f"At {first} the gradients of like examples agree by only {bottom:.2g} more than those of unlike ones, at the "
        f"last hidden layer by {top:.2g}: {len(run.weighted)} layers turn it into noise.",
        "Add residual paths, begin with a good estimate (orthogonal or layerwise pretraining), or normalise layers.",
        layer=first,
        step=0,
        evidence={"bottom": bottom, "top": top, "noise": NOISE, "speaks": SPEAKS, "layers": len(run.weighted)},
    )


def _spread(run: RunFacts, layer: str) -> float | None:
    """Spread over rows beside the root mean square of the output."""
    rows = run.signals.values("row_std", layer)[:EARLY]
    means, stds = run.signals.values("y_mean", layer)[:EARLY], run.signals.values("y_std", layer)[:EARLY]
    if not rows or len(means) < len(rows):
        return None
    sizes = [(m * m + s * s) ** 0.5 for m, s in zip(means, stds, strict=False)]
    return median(r / size if size > 0 else 0.0 for r, size in zip(rows, sizes, strict=False))
