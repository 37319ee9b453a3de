"""G605: parameters that never change."""

from collections.abc import Iterator

from ...data.counted import counted
from ..facts import RunFacts
from ..registry import RuledOut, Seen, diagnosis
from ..weights import main_weight
from ..words import layer_named

FEWEST_STEPS = 5
FEWEST_NUMBERS = 64
MOST = 0.5
"""Share of the parameters from which freezing is the first thing to be told."""


@diagnosis(
    "G605",
    "frozen-parameters",
    needs=("layers",),
    treatments=("unfreeze",),
    explains=("not-learning", "plateau", "learning-rate-too-low", "capacity-too-low", "stopped-too-early"),
    shows=("gradient_norm", "update_ratio"),
)
def frozen_parameters(run: RunFacts) -> Iterator[Seen | RuledOut]:
    """Layers whose parameters do not change while training goes on.

    What it sees
    Parameters with `requires_grad=False` (a warning where these are most of them and nothing was learned, or where
    their numbers are still spread as PyTorch draws them at random: no pretraining); layers whose parameters receive
    gradients but were the same after every observed step; parameters set back to their first values again and again; a
    loop that never lets the optimiser step, or clears the gradients before it does; other optimisers that step in its
    place (a warning: the network does learn).

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
        names = ", ".join(map(layer_named, stuck[:4]))
        yield Seen(
            "error" if not run.learned else "warning",
            f"{counted(len(stuck), 'layer')} never changed: {names}; {why}.",
            "Give their group a learning rate above zero; look at what stops the gradient.",
            layer=stuck[0],
            evidence={"layers": stuck[:20], "gradient_zero": zero, "steps": loop.steps},
        )
    elif loop.resets >= FEWEST_STEPS and run.failed:
        yield Seen(
            "error",
            f"The parameters were set back to the values of the start {loop.resets} times in {loop.steps} steps: what"
            " was learned between is lost each time.",
            "Look for load_state_dict or a copy of the first parameters inside the loop; keep a copy of the best ones"
            " with copy.deepcopy, and load it after the loop.",
            evidence={"resets": loop.resets, "steps": loop.steps},
        )
    elif loop.frozen and total:
        share = len(loop.frozen) / (total + 1e-9)
        drawn = _as_drawn(run)
        untouched = share >= MOST and run.finished and (not run.learned or len(drawn) >= MOST * len(run.multiplying))
        yield Seen(
            "warning" if untouched else "note",
            f"{counted(len(loop.frozen), 'parameter is', 'parameters are')} frozen (requires_grad is False),"
            f" first {loop.frozen[0]}"
            + (
                f"; the numbers of {counted(len(drawn), 'layer')} are still spread as they are drawn at random."
                if drawn
                else "."
            ),
            "Right for pretrained layers; otherwise requires_grad_(True).",
            layer=loop.frozen[0].rpartition(".")[0],
            evidence={"frozen": list(loop.frozen[:20]), "share": share, "as_drawn": drawn[:20]},
        )
    else:
        yield RuledOut(f"{counted(total, 'parameter')}, all of which may and do change.")


def _as_drawn(run: RunFacts) -> list[str]:
    """Frozen layers whose weight is uniform up to a bound of PyTorch's own: 1 / √fan-in (linear, convolutional,
    recurrent layers), √(6 / (fan-in + fan-out)) (attention). Training leaves neither the bound nor the spread."""
    drawn = []
    for layer in run.multiplying:
        weight = main_weight(layer)
        name = next((n for n, p in layer.parameters.items() if p is weight), "")
        if weight is None or f"{layer.name}.{name}".lstrip(".") not in run.loop.frozen:
            continue
        numbers = weight.fan_in * weight.shape[0]
        bounds = (weight.fan_in**-0.5, (6 / (weight.fan_in + weight.shape[0])) ** 0.5)
        error = 4 * (0.2 / numbers) ** 0.5  # four standard errors of the spread of uniform numbers, beside the spread
        if numbers >= FEWEST_NUMBERS and any(
            0.95 * b < weight.largest <= 1.0001 * b and abs(weight.std * 3**0.5 / b - 1) < error for b in bounds
        ):
            drawn.append(layer.name)
    return drawn
