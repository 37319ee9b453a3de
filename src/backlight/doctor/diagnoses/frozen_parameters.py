"""G605: parameters that never change."""

from collections.abc import Iterator

from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis

FEWEST_STEPS = 5
MOST = 0.5
"""Share of the parameters from which freezing is the first thing to be told."""


@diagnosis(
    "G605",
    "frozen-parameters",
    needs=("layers",),
    explains=("not-learning", "plateau", "learning-rate-too-low", "capacity-too-low"),
    shows=("gradient_norm", "update_ratio"),
)
def frozen_parameters(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Layers whose parameters do not change while training goes on.

    What it sees
    Parameters with `requires_grad=False`; and layers whose parameters receive gradients but were the same after
    every observed step; a loop that never lets the optimiser step, or clears the gradients before it does; other
    optimisers that step in its place (a warning: the network does learn).

    Why it hurts
    Nothing is learned there. Meant for a pretrained part, it is an accident everywhere else (a learning rate of
    zero in one group, a gradient of exactly zero, a loop that froze the whole model).

    When it is wrong
    When pretrained layers are frozen on purpose.

    Example
    `for p in model.parameters(): p.requires_grad = False`, then only the head is replaced.

    Treatment
    `requires_grad_(True)` for what shall learn; one learning rate above zero for each group.

    References
    PyTorch documentation, autograd mechanics: locally disabling gradients.
    """
    loop = run.loop
    total = sum(len(layer.parameters) for layer in run.layers)
    stuck = [
        layer.name
        for layer in run.layers
        if layer.parameters and all(f"{layer.name}.{name}".lstrip(".") in loop.unchanged for name in layer.parameters)
    ]
    if loop.steps == 0 and loop.other_steps >= FEWEST_STEPS:
        anew = loop.other_optimizers >= FEWEST_STEPS
        yield Seen(
            "warning",
            f"The optimiser that is watched never made a step, but {loop.other_optimizers} others on the same"
            f" parameters made {loop.other_steps}: one is created anew in the loop, and what it remembers (momentum,"
            " averages) is lost each time."
            if anew
            else f"The optimiser that is watched never made a step, but another one on the same parameters made"
            f" {loop.other_steps}.",
            "Create the optimiser once, before the loop, and watch that one." if anew else "Watch the one that steps.",
            evidence={"other_steps": loop.other_steps, "other_optimizers": loop.other_optimizers, "steps": 0},
        )
    elif loop.steps == 0 and loop.backwards >= FEWEST_STEPS:
        yield Seen(
            "error",
            f"{loop.backwards} backward passes, and the optimiser never made a step.",
            "Call optimizer.step() after loss.backward().",
            evidence={"backwards": loop.backwards, "steps": 0},
        )
    elif loop.lost_gradients >= FEWEST_STEPS:
        yield Seen(
            "error",
            f"At {loop.lost_gradients} of {len(run.observed)} observed steps every gradient had been cleared between"
            " the backward pass and the optimiser's step.",
            "Call optimizer.zero_grad() before loss.backward(), never between it and optimizer.step().",
            evidence={"lost": loop.lost_gradients, "observed_steps": len(run.observed)},
        )
    elif stuck and loop.steps >= FEWEST_STEPS and len(run.observed) >= FEWEST_STEPS:
        zero = all(not any(run.signals.values("gradient_norm", name)) for name in stuck)
        why = "their gradient is exactly zero" if zero else "no step changes them (learning rate of their group?)"
        yield Seen(
            "error" if not run.learned else "warning",
            f"{len(stuck)} layers never changed: {', '.join(stuck[:4])}; {why}.",
            "Give their group a learning rate above zero; look at what stops the gradient.",
            layer=stuck[0],
            evidence={"layers": stuck[:20], "gradient_zero": zero, "steps": loop.steps},
        )
    elif loop.frozen and total:
        share = len(loop.frozen) / (total + 1e-9)
        untouched = share >= MOST and run.finished and not run.learned
        yield Seen(
            "warning" if untouched else "note",
            f"{len(loop.frozen)} parameters are frozen (requires_grad is False), first {loop.frozen[0]}.",
            "Right for pretrained layers; otherwise requires_grad_(True).",
            layer=loop.frozen[0].rpartition(".")[0],
            evidence={"frozen": list(loop.frozen[:20]), "share": share},
        )
    else:
        yield RuledOut(f"All {total} parameters may and do change.")
