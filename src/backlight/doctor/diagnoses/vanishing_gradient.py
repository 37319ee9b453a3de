"""G601: the gradient fades on its way down."""

from collections.abc import Iterator
from statistics import median

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FADED = 1e-3
"""Gradient of the first layer over that of the last hidden one, each beside its own weight's norm. The output layer is
left out: many networks start it small on purpose, which weakens v(i) for all layers below alike."""
NOTHING = 1e-7
"""Norm of the whole gradient, relative to the loss of a constant, below which nothing is taught at all."""
EARLY = 12
"""Observations from the start that are looked at: later small gradients may mean success."""


@diagnosis(
    "G601",
    "vanishing-gradient",
    needs=("weighted", "signals"),
    treatments=("init", "relu", "normalisation", "residual"),
    explains=(
        "not-learning",
        "plateau",
        "learning-rate-too-low",
    ),
    shows=("gradient_share", "v_norm"),
)
def vanishing_gradient(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The gradient is orders of magnitude weaker at the first layers than at the last.

    What it sees
    ‖∂L/∂W‖/‖W‖ of the first weighted layer over that of the last hidden one (medians of the first observations), held
    against 1e-3; or a whole gradient of nearly nothing while the loss is high; or a softmax between two
    weighted layers.

    Why it hurts
    The lower layers keep their random start; the upper ones learn on features that mean nothing. A hidden softmax of n
    units puts out about 1/n each, with a slope p (1 − p) of no more: signal and gradient shrink n times at each.

    When it is wrong
    Late in training, when everything is learned (only early steps are looked at).

    Example
    Ten layers of sigmoids.

    Treatment
    ReLU or GELU, He initialisation, normalisation, residual paths.

    References
    Hochreiter (1991). Glorot, Bengio (2010). He et al.: Deep Residual Learning (2016).
    """
    if (softmax := _hidden_softmax(run)) is not None:
        yield softmax
        return
    shares = {layer.name: run.gradients_beside_weight(layer.name, EARLY) for layer in run.weighted}
    medians = [(name, median(values)) for name, values in shares.items() if values]
    norms = run.signals.values("total_gradient_norm")[:EARLY]
    if len(medians) < 2 or not norms:
        return
    (first, low), (last, high) = medians[0], medians[-2 if len(medians) > 2 else -1]
    ratio = low / high if high > 0 else 1.0
    silent = median(norms) < NOTHING * max(1e-12, abs(run.reference_loss)) and not run.learned
    if not (ratio < FADED and len(medians) > 2) and not silent:
        yield RuledOut(f"Gradient of {first} is {ratio:.2g} times that of {last} (limit {FADED:g}).")
        return
    yield Seen(
        "error" if run.failed else "warning",
        f"The whole gradient is {median(norms):.2g}: nothing is taught."
        if silent
        else f"The gradient of {first} is {ratio:.2g} times that of {last}, each beside its weight.",
        "Use ReLU or GELU with He initialisation, normalisation, or residual paths.",
        layer=first,
        step=0,
        evidence={"ratio": ratio, "threshold": FADED, "gradient_norm": median(norms), "layers": len(medians)},
    )


def _hidden_softmax(run: RunFacts) -> Seen | None:
    """A softmax that takes a weighted layer's output and hands its own to another: no attention, no gate."""
    hidden = [
        layer
        for layer in run.layers
        if layer.kind in ("Softmax", "LogSoftmax")
        and (before := run.before(layer)) is not None
        and before.role in ("linear", "normalisation")
        and run.weighted_after(layer.name)
    ]
    if not hidden:
        return None
    first = hidden[0]
    return Seen(
        "error" if run.finished and not run.learned else "warning",
        f"Hidden layer {first.name} is a {first.kind.lower()} over {first.units} units: each puts out about"
        f" 1/{first.units}, and v(i) shrinks as much on its way down.",
        "Use ReLU or GELU in hidden layers; a softmax belongs to the outputs (inside the loss), or to attention.",
        layer=first.name,
        evidence={"layers": [layer.name for layer in hidden], "units": first.units},
    )
