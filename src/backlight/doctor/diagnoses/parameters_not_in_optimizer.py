"""P003: parameters that no optimiser holds."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis


@diagnosis(
    "P003",
    "parameters-not-in-optimizer",
    needs=("optimizer",),
    explains=(
        "not-learning",
        "plateau",
        "learning-rate-too-low",
        "capacity-too-low",
        "gradients-accumulate",
    ),
    certain=True,
)
def parameters_not_in_optimizer(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """The network has trainable parameters that the optimiser was not given.

    What it sees
    Parameters with `requires_grad` that stand in none of the optimiser's groups.

    Why it hurts
    They receive gradients but never change. Typical origins: the optimiser was built before a layer was
    replaced or the model was copied, or layers were kept in a plain list instead of a `ModuleList`.

    When it is wrong
    When another optimiser, not watched, trains them.

    Example
    `optimizer = SGD(model.parameters(), 0.1); model.head = nn.Linear(64, 10)`

    Treatment
    Build the optimiser after the network is complete, from all of `model.parameters()`; freeze with
    `requires_grad_(False)` what shall not change.

    References
    PyTorch documentation, `torch.optim`: constructing an optimizer.
    """
    assert run.optimizer is not None
    missing = run.optimizer.missing
    if not missing:
        yield RuledOut("The optimiser holds every trainable parameter of the network.")
        return
    names = ", ".join(missing[:4]) + (", …" if len(missing) > 4 else "")
    foreign = f" It holds {run.optimizer.foreign} tensors that are not the network's." if run.optimizer.foreign else ""
    yield Seen(
        "error",
        f"{len(missing)} trainable parameters are not in the optimiser and never change: {names}.{foreign}",
        "Create the optimiser from model.parameters() after the network is complete.",
        layer=missing[0].rpartition(".")[0],
        evidence={"missing": len(missing), "names": list(missing[:20]), "foreign": run.optimizer.foreign},
    )
