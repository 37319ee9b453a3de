"""N404: too little passes through a layer, or through the whole network."""

import math
from collections.abc import Iterator

from ...data.counted import counted
from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import (
    SHRUNK,
    STRONG,
    USUAL_DECAY,
    USUAL_DECOUPLED,
    below_outputs,
    own_decay,
    shrunk_by_decay,
    weight_decay,
)
from ..words import share_of

NARROW = 3
"""Hidden units up to which a layer is a bottleneck for almost any task."""
PER_CLASS = 0.5
"""Hidden units per class below which classes must share directions."""
FITTED = 0.5
"""Share of the reference loss that is left when the fit is called poor."""
HELD_BACK = 0.2
"""The same where weight decay has shrunk the parameters: it is what holds the rest back."""


@diagnosis(
    "N404",
    "capacity-too-low",
    needs=("weighted", "output"),
    treatments=("less-weight-decay", "wider"),
    explains=("not-learning", "plateau", "dead-units", "redundant-units"),
    shows=("parameter_norm",),
)
def capacity_too_low(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """What the outputs need cannot pass: a layer is too narrow, sees single places only, or is decayed away.

    What it sees
    First, a weight decay (of the optimiser, or squares or absolute values of parameters in the loss) of ten times the
    usual or more that halved the hidden parameters, with a fifth of the reference loss left. Then, in a run that has
    not brought its training loss below half of the reference: a hidden layer (the state of a recurrent one, a picture
    or a sequence after pooling) of at most 3 numbers, or of fewer than half as many as there are classes, where the
    next layer reads these alone (an error where nothing was learned); convolutions that all have kernels of 1 × 1.
    Also a linear layer on each place of a picture whose places are flattened only after it (a note where the fit is
    good).

    Why it hurts
    Everything that the layers above know goes through these few numbers; with rectifiers some of them may be
    dead besides. Strong weight decay has the same effect on a network of any width. What looks at single places knows
    no shapes.

    When it is wrong
    In autoencoders, where the narrow layer is the purpose (target of the shape of the input: not reported); in networks
    that work on channels alone by design.

    Example
    `Linear(30, 1), ReLU, Linear(1, 1)`; `Adam(…, weight_decay=1)`; `Dense(64)` before `Flatten()`.

    Treatment
    Where weight decay rules, less of it: 5e-4, AdamW 0.01. Else at least as many units as outputs; widths of
    32 to 256 for tables; fewer poolings; flatten first; kernels of 3 × 3.

    References
    Goodfellow, Bengio, Courville: Deep Learning (2016), sections 5.2, 7.1 and 9.2.
    """
    itself = run.inputs is not None and run.targets is not None and run.inputs.shape == run.targets.shape
    poor = run.left >= FITTED and not itself
    seen = _decayed(run) or (poor and (_narrow(run) or _single_pixels(run))) or _before_flattening(run, poor)
    if seen:
        yield seen
        return
    widths = [layer.units for layer in run.hidden]
    yield RuledOut(f"Hidden widths {widths} (least {_least(run):g}); {share_of(run.left)} the reference loss is left.")


def _least(run: RunFacts) -> float:
    classes = run.targets.classes if run.targets is not None and run.is_classification else 0
    return max(NARROW + 1, PER_CLASS * classes)


def _narrow(run: RunFacts) -> Seen | None:
    """The layer before the outputs that hands on the fewest numbers."""
    assert run.output is not None
    least = _least(run)
    hidden = [(layer, layer.units) for layer in run.hidden if layer.kind == "Linear"]
    hidden += [(layer, layer.units) for layer in run.layers if layer.role == "recurrent" and len(layer.y_shape) == 2]
    places = [(layer, math.prod(layer.y_shape)) for layer in run.layers if _of_places(layer)]
    narrow = [(layer, n) for layer, n in hidden + places if n < least and _is_all_that_is_read(run, layer, n)]
    if not narrow:
        return None
    first, numbers = narrow[0]
    classes = run.targets.classes if run.targets is not None and run.is_classification else 0
    wanted = counted(classes, "class", "classes") if classes else counted(run.output.units, "output")
    return Seen(
        "error" if run.failed else "warning",
        f"Hidden layer {first.name} hands on {counted(numbers, 'number')} for {wanted};"
        f" {share_of(run.left)} the loss of a constant prediction is left.",
        "Pool less, or give the layer more channels." if _of_places(first) else "Widen it to 32 or more units.",
        layer=first.name,
        evidence={"units": numbers, "least": least, "loss_left": run.left, "threshold_left": FITTED},
    )


def _is_all_that_is_read(run: RunFacts, layer: LayerFacts, numbers: int) -> bool:
    """Whether the next layer with a weight reads these numbers alone: else others go round them, or it is a head."""
    weighted = {other.name for other in run.multiplying}
    names = [other.name for other in run.layers]
    later = run.layers[names.index(layer.name) + 1 :]
    reader = next((after for after in later if after.name in weighted), None)
    if reader is None:
        return False
    return reader.x_shape[-1:] == (numbers,) or math.prod(reader.x_shape) == math.prod(layer.y_shape)


def _of_places(layer: LayerFacts) -> bool:
    """Whether a convolution or pooling hands on a picture (channels, height, width) or a sequence (channels, steps)."""
    spatial = layer.role == "pooling" or layer.kind.startswith("Conv")
    return spatial and len(layer.x_shape) == len(layer.y_shape) in (2, 3)


def _decayed(run: RunFacts) -> Seen | None:
    kept = shrunk_by_decay(run)
    constant = run.constant_loss or run.reference_loss  # the penalty, which is small by now, was most of the first loss
    left = run.last_loss / constant if run.measured and constant > 0 else run.left
    if kept is None or not below_outputs(run) or left < HELD_BACK:
        return None
    decay = weight_decay(run)
    written = " (to which parameters in the loss amount)" if decay != own_decay(run) else ""
    return Seen(
        "error" if run.finished and not run.learned else "warning",
        f"Weight decay {decay:.3g}{written} rules over the data: it has shrunk the hidden parameters to {kept:.2g} of"
        f" their size at the start, and {share_of(left)} the loss of a constant prediction is left.",
        f"Lower the weight decay to {USUAL_DECAY:g} (AdamW {USUAL_DECOUPLED:g}), or to none until the training loss is"
        " low.",
        layer=below_outputs(run)[0].name,
        evidence={
            "weight_decay": decay,
            "threshold_times_usual": STRONG,
            "kept": kept,
            "threshold_kept": SHRUNK,
            "loss_left": left,
            "threshold_left": HELD_BACK,
        },
    )


def _single_pixels(run: RunFacts) -> Seen | None:
    """Convolutions of 1 × 1 only, whose places no later layer tells apart."""
    convolutions = [layer for layer in run.weighted if layer.kind == "Conv2d" and math.prod(layer.x_shape[1:]) > 1]
    if not convolutions or any(layer.settings.get("kernel_size") != (1, 1) for layer in convolutions):
        return None
    channels = convolutions[-1].y_shape[0]
    flat = [layer for layer in run.weighted if layer.kind == "Linear" and len(layer.x_shape) == 1]
    if not flat or flat[0].x_shape[0] != channels:
        return None
    return Seen(
        "warning",
        f"All {len(convolutions)} convolutions have kernels of 1 × 1 and the places are pooled: no layer sees more than"
        f" one pixel, and {share_of(run.left)} the loss of a constant prediction is left.",
        "Use kernels of 3 × 3.",
        layer=convolutions[0].name,
        evidence={"convolutions": len(convolutions), "loss_left": run.left, "threshold_left": FITTED},
    )


def _before_flattening(run: RunFacts, poor: bool) -> Seen | None:
    """A linear layer on each place of a picture, with all places read at once right after it."""
    for position, layer in enumerate(run.weighted[:-1]):
        after = run.weighted[position + 1]
        apart = layer.kind == "Linear" and len(layer.y_shape) == 3
        if apart and after.kind == "Linear" and after.x_shape == (math.prod(layer.y_shape),):
            places = math.prod(layer.y_shape[:-1])
            return Seen(
                "warning" if poor else "note",
                f"Linear layer {layer.name} acts on each of {places} places of the picture apart (its input is"
                f" {layer.x_shape}), and only then are they flattened into {after.x_shape[0]} numbers.",
                "Flatten first and give the linear layer all places, or use a convolution.",
                layer=layer.name,
                evidence={"input": list(layer.x_shape), "places": places, "flattened": after.x_shape[0]},
            )
    return None
