"""P004: layers that the gradient cannot reach."""

from collections.abc import Iterator

from ...data.counted import counted
from ...signals import LayerFacts
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_STEPS = 5
POOR = 0.5
"""Share of the reference loss that is left, from which a layer that nothing calls may be missed."""


@diagnosis(
    "P004",
    "detached-graph",
    explains=(
        "not-learning",
        "plateau",
        "frozen-parameters",
        "vanishing-gradient",
        "capacity-too-low",
    ),
    certain=True,
    shows=("gradient_norm",),
)
def detached_graph(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The path from the loss to some layers is cut: they take part in the forward pass but get no gradient.

    What it sees
    Trainable parameters, held by the optimiser, whose gradient was None after every backward pass: of layers that were
    called (a warning where these are heads that no layer with a gradient reads: perhaps the loss needs no answer of
    theirs), and of such that never were (a warning where half of the reference loss is left, else a note); and an
    optimiser that makes its steps while no backward pass reaches any parameter of its own.

    Why it hurts
    `.detach()`, `.data`, `.item()`, NumPy, `torch.no_grad()` or a new tensor made from values end the path of
    v(i). Layers below stay as they were initialised; those above learn on random features.

    When it is wrong
    When the cut is meant (a target network, a frozen encoder): then freeze its parameters, and nothing is said. When a
    head or a layer is kept for another use.

    Example
    `h = self.encoder(x).detach(); return self.head(h)`

    Treatment
    Keep to tensor operations between layers; say `requires_grad_(False)` for what shall not learn.

    References
    PyTorch documentation, autograd mechanics.
    """
    if run.loop.idle_steps >= FEWEST_STEPS:
        yield Seen(
            "error",
            f"An optimiser made {run.loop.idle_steps} steps without a single gradient: no backward pass reaches what it"
            " holds.",
            "Look for no_grad(), .detach(), .item(), argmax or a new tensor between the network's output and the loss;"
            " .requires_grad_() on it does not mend the cut.",
            evidence={"idle_steps": run.loop.idle_steps, "steps": run.loop.steps},
        )
        return
    if not run.observed:
        return
    held = {f"{layer.name}.{name}".lstrip(".") for layer in run.layers for name in layer.parameters}
    cut = [name for name in run.loop.without_gradient if name in held]
    if run.loop.lost_gradients:
        yield RuledOut("Gradients had been cleared when the optimiser came: nothing is known of the graph.")
        return
    if not cut:
        yield _never_called(run) or RuledOut("Every parameter of every called layer received a gradient.")
        return
    layers = sorted({name.rpartition(".")[0] for name in cut})
    aside = _stand_aside(run, set(layers))
    yield Seen(
        "warning" if aside else "error",
        f"{len(cut)} trainable parameters in {len(layers)} called layers ({', '.join(layers[:4])})"
        " never received a gradient: "
        + ("the loss is made without their answer." if aside else "the graph is cut between them and the loss."),
        "Look for .detach(), .data, .item(), .numpy() or no_grad() after them; freeze them if the cut is meant.",
        layer=layers[0],
        evidence={"parameters": cut[:20], "layers": layers[:20], "observed_steps": len(run.observed)},
    )


def _never_called(run: RunFacts) -> Seen | None:
    """Layers that are trained by name only: nothing calls them, and no gradient comes to what they hold."""
    idle = {name: name.rpartition(".")[0] for name in run.loop.without_gradient}
    layers = sorted({layer for layer in idle.values() if layer in run.loop.unused_layers})
    if not layers:
        return None
    return Seen(
        "warning" if run.finished and run.left > POOR else "note",
        f"{counted(len(layers), 'layer')} ({', '.join(layers[:4])}) never called: what is held there never received"
        " a gradient.",
        "Call the layer itself, not the .data of its weight; leave out what is of no use.",
        layer=layers[0],
        evidence={"layers": layers[:20], "loss_left": run.left, "threshold_left": POOR},
    )


def _stand_aside(run: RunFacts, cut: set[str]) -> bool:
    """Whether every layer with a gradient is known to read what came from the data or from another such layer."""
    learned = [layer for layer in run.layers if layer.parameters and layer.name not in cut]
    origins = {_origin(run, layer) for layer in learned[1:]}
    return bool(learned) and run.layers[0].name not in cut and None not in origins and not origins & cut


def _origin(run: RunFacts, layer: LayerFacts) -> str | None:
    """The layer with parameters whose numbers this one reads; None where that is not known."""
    before = run.before(layer)
    while before is not None and not before.parameters:
        before = run.before(before)
    return None if before is None else before.name
