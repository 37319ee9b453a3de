"""G602: the gradient grows on its way down, or from step to step."""

import math
from collections.abc import Iterator
from statistics import median

from ...signals.roles import RECTIFIERS
from ..facts import RunFacts
from ..recurrence import LONG, LOOPED
from ..registry import RuledOut, Seen, diagnosis
from ..weights import steps_in_time

GROWN = 1e3
"""Gradient of the first layer over that of the last, beside their weights; or of a step over that of the start."""
BESIDE_WEIGHT = 100.0
"""‖∂L/∂W‖/‖W‖ from which even a learning rate of 0.01 replaces the weight in one step."""
EARLY = 12
POOR = 0.5
"""Share of the reference loss that is left when the fit is called poor."""

UNBOUND = (
    "Rectifiers act {steps} times one after another in a recurrence: its state has no bound, and v(i) is multiplied by"
    " the same weight at each step."
)
BOUND = "Use tanh inside the recurrence (the default of RNN, LSTM and GRU), or clip the norm of the gradient."


@diagnosis(
    "G602",
    "exploding-gradient",
    needs=("multiplying", "signals"),
    treatments=("clip", "init", "normalisation"),
    explains=("non-finite", "oscillating-loss", "not-learning", "plateau"),
    shows=("gradient_share", "v_norm"),
)
def exploding_gradient(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The gradient is orders of magnitude stronger than the weights, at the first layers, or than at the start.

    What it sees
    ‖∂L/∂W‖/‖W‖ by layer before the first update, its ratio from first to last layer, and the largest norm of the
    whole gradient beside that of the start (alone, that is often the learning rate's doing). Also, where more than
    half of the reference loss is left, a recurrence of 20 steps or more through rectifiers: a `RNN` so set, or a loop
    written out that calls rectifiers three times as often as there are layers.

    Why it hurts
    One step throws the parameters far away; with rectifiers or long recurrences the loss then becomes infinite.

    When it is wrong
    Adaptive optimisers (Adam) divide the size of the gradient away: there, and in runs that learn, it is a warning, and
    a note where nine tenths of the loss went.

    Example
    A recurrent network with ReLU over 600 steps.

    Treatment
    Clip the norm of the gradient, initialise smaller, normalise, scale the target.

    References
    Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013).
    """
    shares = {layer.name: run.gradients_beside_weight(layer.name, 1) for layer in run.multiplying}
    at_start = [(name, values[0]) for name, values in shares.items() if values]
    norms = [n for n in run.signals.values("total_gradient_norm") if math.isfinite(n)]
    if not at_start or not norms:
        return
    (first, low), (_, high) = at_start[0], at_start[-1]
    ratio = low / high if high > 0 else 1.0
    strongest = max(value for _, value in at_start)
    growth = max(norms) / max(norms[0], median(norms[:EARLY]), 1e-12)
    numbers = f"from last to first layer × {ratio:.3g}, beside the weights {strongest:.3g}, in time × {growth:.3g}"
    steps, recurrence = _rectified_steps(run)
    if (ratio < GROWN or len(at_start) < 3) and strongest < BESIDE_WEIGHT and growth < GROWN:
        yield _rectified_recurrence(run, steps, recurrence) or RuledOut(
            f"Gradient {numbers} (limits {GROWN:g}, {BESIDE_WEIGHT:g}, {GROWN:g})."
        )
        return
    rectified = steps >= LONG
    yield Seen(
        run.severity(fatal=run.diverged or (run.finished and not run.learned and not run.adaptive)),
        f"The gradient explodes: {numbers}." + (f" {UNBOUND.format(steps=steps)}" if rectified else ""),
        BOUND if rectified else "Clip the norm of the gradient, start smaller, normalise layers, or scale the target.",
        layer=recurrence if rectified else first,
        evidence={"depth_ratio": ratio, "beside_weight": strongest, "growth": growth, "threshold": GROWN},
    )


def _rectified_steps(run: RunFacts) -> tuple[int, str]:
    """Steps of the recurrence that a rectifier acts in, and its layer; 0 without one."""
    steps, layer = 0, ""
    for one in run.layers:
        if one.kind == "RNN" and one.settings.get("nonlinearity") == "relu" and len(one.x_shape) == 2:
            steps, layer = steps_in_time(one), one.name
    rectified = [one for one in run.layers if one.kind in RECTIFIERS]
    if len(rectified) > LOOPED * max(1, len(run.multiplying)):
        steps, layer = max(steps, len(rectified)), layer or rectified[0].name
    return steps, layer


def _rectified_recurrence(run: RunFacts, steps: int, layer: str) -> Seen | None:
    """A recurrence whose state has no bound, in a run that got nowhere."""
    if steps < LONG or run.left < POOR:
        return None
    return Seen(
        "error" if run.diverged else "warning",
        UNBOUND.format(steps=steps),
        BOUND,
        layer=layer,
        evidence={"steps": steps, "threshold_steps": LONG, "loss_left": run.left},
    )
