"""P003: parameters that no optimiser holds."""

from collections.abc import Iterator

from ...data.counted import counted
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_STEPS = 5


@diagnosis(
    "P003",
    "parameters-not-in-optimizer",
    needs=("optimizer",),
    explains=(
        "not-learning",
        "plateau",
        "learning-rate-too-low",
        "capacity-too-low",
    ),
    certain=True,
)
def parameters_not_in_optimizer(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The network has trainable parameters that the optimiser was not given.

    What it sees
    Parameters with `requires_grad` that stand in none of the optimiser's groups; parameters behind the output that are
    not registered with the network at all; and (a warning) parameters of the loss, such as the weights of several
    tasks, that receive gradients and stay as they were made.

    Why it hurts
    They receive gradients but never change. Typical origins: the optimiser was built before a layer was
    replaced or the model was copied, or layers were kept in a plain list instead of a `ModuleList`.

    When it is wrong
    When another optimiser, not watched, trains them. A judge of two matrices or more that stands between the output and
    the loss is taken for a trained one and left out.

    Example
    `optimizer = SGD(model.parameters(), 0.1); model.head = nn.Linear(64, 10)`

    Treatment
    Build the optimiser after the network is complete, from all of `model.parameters()`; freeze with
    `requires_grad_(False)` what shall not change.

    References
    PyTorch documentation, `torch.optim`: constructing an optimizer.
    """
    assert run.optimizer is not None
    missing, strays = run.optimizer.missing, run.loop.strays
    if strays:
        yield Seen(
            "error",
            f"Part of the output, but not registered with the network, so that no optimiser changes it: "
            f"{counted(len(strays), 'parameter')} ({_some(strays)}).",
            "Keep layers in nn.ModuleList or nn.ModuleDict (not a plain list or dict), make them in __init__ and not in"
            " forward, and create the optimiser from model.parameters() after that.",
            evidence={"unregistered": len(strays), "names": list(strays[:20])},
        )
    idle = run.loop.idle_weights if run.loop.steps >= FEWEST_STEPS else ()
    if idle:
        yield Seen(
            "warning",
            f"The loss has {counted(len(idle), 'trainable parameter')} with gradients that nothing changes: "
            f"{_some(idle)}.",
            "Give them to the optimiser, too: [*model.parameters(), *criterion.parameters()].",
            evidence={"unchanged": len(idle), "names": list(idle[:20]), "steps": run.loop.steps},
        )
    if not missing:
        if not strays and not idle:
            yield RuledOut("The optimiser holds every trainable parameter of the network.")
        return
    foreign = f" It holds {counted(run.optimizer.foreign, 'tensor')} from elsewhere." if run.optimizer.foreign else ""
    yield Seen(
        "error",
        f"The optimiser lacks {counted(len(missing), 'trainable parameter')}, never changed: {_some(missing)}."
        f"{foreign}",
        "Create the optimiser from model.parameters() after the network is complete.",
        layer=missing[0].rpartition(".")[0],
        evidence={"missing": len(missing), "names": list(missing[:20]), "foreign": run.optimizer.foreign},
    )


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
