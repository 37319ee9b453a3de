"""P004: layers that the gradient cannot reach."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_STEPS = 5


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
    Trainable parameters, held by the optimiser, of layers that were called, whose gradient stayed None at every
    observed step; and an optimiser that makes its steps while no backward pass reaches any parameter.

    Why it hurts
    `.detach()`, `.data`, `.item()`, NumPy, `torch.no_grad()` or a new tensor made from values end the path of
    v(i). Layers below stay as they were initialised; those above learn on random features.

    When it is wrong
    When the cut is meant (a target network, a frozen encoder): then freeze its parameters, and nothing is said.

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
        yield RuledOut("Gradients had been set to None when the optimiser came: nothing is known of the graph.")
        return
    if not cut:
        yield RuledOut("Every parameter of every called layer received a gradient.")
        return
    layers = sorted({name.rpartition(".")[0] for name in cut})
    yield Seen(
        "error",
        f"{len(cut)} trainable parameters in {len(layers)} called layers ({', '.join(layers[:4])})"
        " never received a gradient: the graph is cut between them and the loss.",
        "Look for .detach(), .data, .item(), .numpy() or no_grad() after them; freeze them if the cut is meant.",
        layer=layers[0],
        evidence={"parameters": cut[:20], "layers": layers[:20], "observed_steps": len(run.observed)},
    )
