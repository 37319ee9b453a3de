"""G604: the training became not-a-number."""

import math
from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis


@diagnosis(
    "G604",
    "non-finite",
    needs=("losses",),
    treatments=("lower-learning-rate", "clip"),
    explains=("not-learning", "plateau", "oscillating-loss", "capacity-too-low"),
    shows=("non_finite", "non_finite_gradient"),
)
def non_finite(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The loss, an output or a gradient became infinite or not-a-number.

    What it sees
    The first step whose loss is not finite, and the first layer whose output or gradient is not.

    Why it hurts
    From there on every parameter is not-a-number: the rest of the run is lost.

    When it is wrong
    With gradient scaling (float16) single steps with infinite gradients are skipped on purpose.

    Example
    `torch.log(p)` with p = 0.

    Treatment
    Mend the cause (data, learning rate, initialisation); use losses on logits; clip the gradient.

    References
    PyTorch documentation, `torch.autograd.detect_anomaly`.
    """
    step = next((i for i, loss in enumerate(run.losses) if not math.isfinite(loss)), None)
    layers = [
        (at, layer, name)
        for name in ("non_finite", "non_finite_gradient")
        for layer in run.signals.layers(name)
        for at, value in run.signals.series(name, layer)[:1000]
        if value
    ]
    if step is None and not layers:
        yield RuledOut(f"All {len(run.losses)} losses and all observed outputs and gradients are finite.")
        return
    at, layer, _ = min(layers, key=lambda item: item[0]) if layers else (step, "", "")
    if step is None:
        yield Seen(
            "warning",
            f"Outputs or gradients of {layer} were not finite at step {at}.",
            "Look at the values that reach this layer.",
            layer=layer,
            step=at,
            evidence={"step": at},
        )
        return
    where = f"; the first layer seen with such values is {layer} (step {at})" if layers else ""
    yield Seen(
        "error",
        f"The loss is not finite from step {step} on (of {len(run.losses)}){where}.",
        "Look at the causes above; lower the learning rate and clip the gradient.",
        layer=layer,
        step=step,
        evidence={
            "step": step,
            "first_seen": min([step, *(at for at, _, name in layers if name == "non_finite_gradient")]),
            "layer": layer,
            "steps": len(run.losses),
        },
    )
