"""G601: the gradient fades on its way down."""

import math
from collections.abc import Callable, Iterator
from statistics import median

from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import relative_spread, steps_in_time
from ..words import layer_named

FADED = 1e-3
"""Gradient of the first layer over that of the last hidden one, each beside its own weight's norm. The output layer is
left out: many networks start it small on purpose, which weakens v(i) for all layers below alike."""
FADED_AND_FAILED = 1e-2
"""The same, or that of v(i), in a run that learned nothing, where less evidence is enough. Of 50 healthy programs with
two to nine weighted layers none was below 0.03, of those with three and more none below 0.06."""
NOTHING = 1e-7
"""Norm of the whole gradient, relative to the loss of a constant, below which nothing is taught at all."""
FEWEST_STEPS = 100
"""Updates that a run must have had for its failure to tell of the gradient (as in stopped-too-early)."""
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
        "stopped-too-early",
        "redundant-units",
        "frozen-parameters",
    ),
    shows=("gradient_share", "v_norm"),
)
def vanishing_gradient(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The gradient is orders of magnitude weaker at the first layers than at the last.

    What it sees
    ‖∂L/∂W‖/‖W‖ of the first weighted layer over that of the last hidden one (medians of the first observations), held
    against 1e-3. In a run that learned nothing, the same against 1e-2, and v(i) for one number of one row: where x(i)
    shrinks upward as v(i) does downward, their product ∂L/∂W stays alike. Or a whole gradient of nearly nothing while
    the loss is high; or a softmax between two weighted layers; or, again where nothing was learned, a plain recurrence
    over so many steps that its spectral radius (√(mean square of W · fan-in), by the circular law), times the slope of
    its tanh (1 − h² at a state h, in the root mean square at most √(1 − mean of h²)), to that power is below 1e-3.

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
    Hochreiter (1991). Bengio, Simard, Frasconi (1994). Glorot, Bengio (2010). He et al.: Deep Residual Learning (2016).
    """
    if (softmax := _hidden_softmax(run)) is not None:
        yield softmax
        return
    if (through_time := _through_time(run)) is not None:
        yield through_time
        return
    own = _first_beside_last(run, run.gradients_beside_weight)
    norms = run.signals.values("total_gradient_norm")[:EARLY]
    if own is None or not norms:
        return
    first, last, ratio, layers = own
    passed = _first_beside_last(run, lambda name, most: run.signals.values("v_rms", name)[:most])
    failed = run.finished and not run.learned and run.loop.steps >= FEWEST_STEPS
    silent = median(norms) < NOTHING * max(1e-12, abs(run.reference_loss)) and not run.learned
    weak = min(ratio, passed[2]) if passed else ratio
    faded = layers > 2 and (ratio < FADED or (failed and weak < FADED_AND_FAILED))
    if not faded and not silent:
        numbers = f"Gradient of {layer_named(first)} is {ratio:.2g} times that of {layer_named(last)}"
        v = f", v(i) {passed[2]:.2g} times" if passed else ""
        yield RuledOut(f"{numbers}{v} (limit {FADED:g}; in a run that learned nothing {FADED_AND_FAILED:g}).")
        return
    yield Seen(
        "error" if failed else "warning",
        f"The whole gradient is {median(norms):.2g}: nothing is taught."
        if silent
        else f"The gradient of {layer_named(first)} is {ratio:.2g} times that of {layer_named(last)}, each beside its"
        " weight."
        if ratio == weak
        else f"v(i) at {layer_named(first)} is {weak:.2g} times that at {layer_named(last)}.",
        "Use ReLU or GELU with He initialisation, normalisation, or residual paths.",
        layer=first,
        step=0,
        evidence={
            "ratio": ratio,
            "v_ratio": passed[2] if passed else None,
            "threshold": FADED_AND_FAILED if failed else FADED,
            "gradient_norm": median(norms),
            "layers": layers,
        },
    )


def _through_time(run: RunFacts) -> Seen | None:
    """A plain recurrence in a run that learned nothing, whose own start lets v(i) fade on its way back in time."""
    if not run.failed or run.loop.steps < FEWEST_STEPS:
        return None
    for layer in run.layers:
        within = next((p for name, p in layer.parameters.items() if name.startswith("weight_hh")), None)
        if layer.kind != "RNN" or within is None or len(layer.x_shape) != 2:
            continue
        steps, radius, slope = steps_in_time(layer), relative_spread(within), _slope(run, layer)
        kept = (radius * slope) ** (steps - 1)
        if kept < FADED:
            return Seen(
                "warning",
                f"Over {steps} steps of {layer_named(layer.name)} v(i) fades to about {kept:.1g}: each step back"
                f" multiplies it by the recurrent weight, which starts with a spectral radius of about {radius:.2f},"
                f" and by the slope of the activation, about {slope:.2f}.",
                "Use LSTM or GRU, start the recurrent weight orthogonal, or read a state closer to what matters.",
                layer=layer.name,
                step=0,
                evidence={"steps": steps, "radius": radius, "slope": slope, "kept": kept, "threshold": FADED},
            )
    return None


def _slope(run: RunFacts, layer: LayerFacts) -> float:
    """Largest root mean square slope that tanh has at states h of this size: √(1 − mean of h²); 1 for a rectifier."""
    mean, spread = run.signals.first("y_mean", layer.name), run.signals.first("y_std", layer.name)
    if mean is None or spread is None or layer.settings.get("nonlinearity") != "tanh":
        return 1.0
    return float(max(0.0, 1 - mean**2 - spread**2)) ** 0.5


def _first_beside_last(run: RunFacts, read: Callable[[str, int], list[float]]) -> tuple[str, str, float, int] | None:
    """(first, last hidden, median of the first beside that of the last, layers) of the weighted layers."""
    values = {layer.name: [v for v in read(layer.name, EARLY) if math.isfinite(v)] for layer in run.weighted}
    medians = [(name, median(found)) for name, found in values.items() if found]
    if len(medians) < 2:
        return None
    (first, low), (last, high) = medians[0], medians[-2 if len(medians) > 2 else -1]
    return first, last, low / high if high > 0 else 1.0, len(medians)


def _hidden_softmax(run: RunFacts) -> Seen | None:
    """A softmax that takes a weighted layer's output and hands its own to another: no attention, no gate."""
    hidden = [
        layer
        for layer in run.layers
        if layer.kind in ("Softmax", "LogSoftmax")
        and not run.softmax_over_rows(layer)
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
