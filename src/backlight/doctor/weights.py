"""Which of a layer's parameters is its weight, how large a good start is, and what weight decay leaves of it."""

import math
from statistics import median

from ..signals import LayerFacts, ParameterFacts
from .facts import RunFacts

USUAL_DECAY, USUAL_DECOUPLED = 5e-4, 1e-2
"""Weight decay as it is usually set: inside the gradient (with SGD, VGG: Simonyan and Zisserman 2015; with Adam, Kipf
and Welling 2017), and decoupled from it (the default of PyTorch's AdamW)."""
STRONG = 10.0
"""Times the usual decay from which it may rule over the data."""
SMALLEST_START = 3**-0.5
"""Relative spread (as in `relative_spread`) of the smallest usual start, PyTorch's default."""
SHRUNK = 0.5
"""Norm of the hidden layers' parameters beside that at the start, from which it does."""


def main_weight(layer: LayerFacts) -> ParameterFacts | None:
    """The layer's matrix or kernel with the most numbers; None for layers without one."""
    weights = [p for p in layer.parameters.values() if len(p.shape) > 1]
    return max(weights, key=lambda p: p.fan_in * p.shape[0]) if weights else None


def relative_spread(weight: ParameterFacts) -> float:
    """√(mean square of W · fan-in): about 1.4 for He, 1 for Glorot and LeCun, 0.58 for PyTorch's default."""
    return float((weight.std**2 + weight.mean**2) * weight.fan_in) ** 0.5


def update_ratios(run: RunFacts) -> dict[int, list[float]]:
    """‖ΔW‖/‖W‖ of the layers with a weight at each observed step, as far as it was read."""
    by_step: dict[int, list[float]] = {}
    weighted = (layer for layer in run.layers if main_weight(layer) is not None)
    for layer in weighted:
        for step, value in run.signals.series("update_ratio", layer.name):
            by_step.setdefault(step, []).append(value)
    return by_step


def steps_beside_usual(run: RunFacts, layer: LayerFacts) -> list[tuple[int, float]]:
    """(step, ‖ΔW‖ / size) of a layer, where size is ‖W‖, or that of the smallest usual start if larger.

    A weight that starts at or near zero (an output layer, the last of a residual branch, the second factor of an
    adapter) is made by its first steps: beside itself they say nothing. The usual start of a weight with n units has
    ‖W‖ = `SMALLEST_START` · √n. ‖W‖ is the norm of all parameters without that of the biases at the start.
    """
    weights = [p for p in layer.parameters.values() if len(p.shape) > 1]
    others = [p for p in layer.parameters.values() if len(p.shape) < 2]
    usual = SMALLEST_START * sum(p.shape[0] for p in weights) ** 0.5
    biases = sum(math.prod(p.shape) * (p.std**2 + p.mean**2) for p in others)
    sizes = {step: max(0.0, norm**2 - biases) ** 0.5 for step, norm in run.signals.series("parameter_norm", layer.name)}
    ratios = run.signals.series("update_ratio", layer.name)
    if not usual:
        return ratios
    return [(step, ratio * min(1.0, sizes.get(step, usual) / usual)) for step, ratio in ratios]


def steps_in_time(layer: LayerFacts) -> int:
    """Steps of a recurrent layer over a batch: the length of its second axis, of its first with batch_first=False."""
    return layer.x_rows if layer.settings.get("batch_first") is False else layer.x_shape[0]


def usual_decay(optimizer: str) -> float:
    """Weight decay as it is usually set with an optimiser of this name, in any letter case."""
    return USUAL_DECOUPLED if optimizer.lower() == "adamw" else USUAL_DECAY


def own_decay(run: RunFacts) -> float:
    """Weight decay of the optimiser."""
    return run.optimizer.weight_decay if run.optimizer is not None else 0.0


def weight_decay(run: RunFacts) -> float:
    """Weight decay of the optimiser, or what parameters in the loss amount to, where that is more."""
    return max(own_decay(run), float(run.loss.settings.get("decay", 0.0)) if run.loss is not None else 0.0)


def below_outputs(run: RunFacts) -> tuple[LayerFacts, ...]:
    """Layers with a weight without the last one: recurrent ones, too, where no other lies below the outputs."""
    return run.hidden or run.multiplying[:-1]


def shrunk_by_decay(run: RunFacts) -> float | None:
    """Norm of the hidden parameters at the end beside that at the start (median over layers), where a strong weight
    decay has brought it to `SHRUNK` or less; None elsewhere."""
    optimizer = run.optimizer
    if optimizer is None or run.diverged:
        return None
    norms = [run.signals.values("parameter_norm", layer.name) for layer in below_outputs(run) or run.weighted]
    kept = [values[-1] / values[0] for values in norms if values and values[0] > 0 and math.isfinite(values[-1])]
    if weight_decay(run) < STRONG * usual_decay(optimizer.kind) or not kept or median(kept) > SHRUNK:
        return None
    return median(kept)
