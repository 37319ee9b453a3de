"""Weight decay that a program writes into its loss: λ Σ w² or λ Σ |w| over parameters, or their norms."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from .graph import MOST_NODES, name_of, saved


def decay_in_loss(loss: Tensor, output: Tensor) -> float:
    """Largest weight decay that parameters in the loss amount to; 0.0 for a loss without such.

    The gradient of λ w² is 2 λ w: what an optimiser's weight decay of 2 λ adds. That of λ |w| is λ, as of a decay of
    λ / |w|: told for the mean of |w| of a weight, for biases start near zero; that of λ ‖w‖ is λ w / ‖w‖.
    """
    stack: list[tuple[Any, float]] = [(loss.grad_fn, 1.0)]
    seen, largest = {output.grad_fn, None}, 0.0
    while stack and len(seen) < MOST_NODES:
        node, scale = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        below = [one for one, _ in node.next_functions]
        pull = 2.0 if _squares(node, below) else _of_size(node, below)
        if pull:
            largest = max(largest, pull * scale)
            continue
        stack += [(one, scale * _factor(node, one)) for one in below if one is not None]
    return largest


def _squares(node: Any, below: list[Any]) -> bool:
    """Whether it is w² or w · w of a parameter w."""
    ends = {id(variable) for one in below if isinstance(variable := getattr(one, "variable", None), nn.Parameter)}
    power = name_of(node) == "PowBackward0" and float(node._saved_exponent) == 2
    return len(ends) == 1 and (power or (name_of(node) == "MulBackward0" and len(below) == 2 and None not in below))


def _of_size(node: Any, below: list[Any]) -> float:
    """Weight decay that |w|, ‖w‖ or ‖w‖² of a parameter w amounts to; 0.0 for another node."""
    name = name_of(node)
    if name == "PowBackward0" and float(node._saved_exponent) == 2 and below[0] is not None:
        return 2.0 if _of_size(below[0], [one for one, _ in below[0].next_functions]) else 0.0
    w = getattr(below[0], "variable", None) if len(below) == 1 else None
    if not isinstance(w, nn.Parameter) or w.dim() < 2 or not name.startswith(("Abs", "Norm", "LinalgVectorNorm")):
        return 0.0
    order = 1.0 if name.startswith("Abs") else float(getattr(node, "_saved_p", getattr(node, "_saved_ord", 2)))
    size = w.detach().abs().mean() if order == 1 else torch.linalg.vector_norm(w.detach())
    return 1 / float(size) if order in (1, 2) and bool(size > 0) else 0.0


def _factor(node: Any, below: Any) -> float:
    """What a node multiplies the numbers below it with, where that is one number."""
    name = name_of(node)
    if name.startswith("Neg"):
        return -1.0
    if name.startswith("Mean"):
        return 1 / max(1, math.prod(below._input_metadata[0].shape)) if below._input_metadata else 1.0
    if not name.startswith(("Mul", "Div")):
        return 1.0
    kept = [saved(node, "other")] if name.startswith("Div") else [saved(node, "self"), saved(node, "other")]
    number = next((float(one) for one in kept if one is not None and one.dim() == 0 and not one.requires_grad), 1.0)
    return number if name.startswith("Mul") else 1 / number if number else 0.0
