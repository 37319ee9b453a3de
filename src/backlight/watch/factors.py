"""What a loss written by hand is multiplied with and picked by: targets, weights, signs."""

from typing import Any

import torch
from torch import Tensor

from .graph import SHAPING, name_of, path_between, saved

OTHER_SIDE = ("Rsub", "Log1P")
"""Nodes by which log(1 − p) is told from log p."""
CUTS = ("ClampMin", "ClampBackward", "Relu")


def picked(nodes: list[Any]) -> Tensor | None:
    """The class by which one value of each row is picked: `z.gather(1, y)` or `z[rows, y]`."""
    for node in nodes:
        if name_of(node) == "GatherBackward0":
            index, dim = saved(node, "index"), int(node._saved_dim)
            if index is None or index.dim() < 2 or index.shape[dim if dim < index.dim() else -1] != 1:
                return None
            return index.squeeze(dim if dim < index.dim() else -1)
        if name_of(node) == "IndexBackward0":
            indices = [i for i in getattr(node, "_saved_indices", ()) if isinstance(i, Tensor)]
            whole = [i for i in indices if i.dim() == 1 and not i.is_floating_point() and i.dtype != torch.bool]
            return whole[-1] if len(whole) == len(indices) == 2 else None
    return None


def multiplied(path: list[Any]) -> Tensor | None:
    """The tensor that a log-probability is multiplied with."""
    for node in path:
        if name_of(node) == "MulBackward0":
            for side in ("other", "self"):
                factor = saved(node, side)
                if factor is not None and not factor.requires_grad and factor.dim() > 0:
                    return factor
    return None


def unweighted(target: Tensor | None) -> Tensor | None:
    """Rows without the loss's own minus, one-hot ones without the weights of their classes."""
    if target is None or not target.is_floating_point() or target.dim() != 2 or target.shape[1] < 2:
        return target
    target = -target if bool((target <= 0).all()) else target
    one_each = bool(((target != 0).sum(1) == 1).all()) and bool((target >= 0).all())
    return (target != 0).to(target.dtype) if one_each else target


def of_two_sides(nodes: list[Any], output: Tensor) -> Tensor | None:
    """y of a log p ± b log(1 − p), where a = w y and b = v (1 − y) with weights and signs of their own."""
    yes = no = None
    for node in nodes:
        weight, way = multiplied([node]), path_between(node, output.grad_fn)
        if weight is None or not weight.is_floating_point() or any(map(_meets, way)):
            continue  # above the sum of both sides stand the weights of rows
        names = [name_of(n) for n in way]
        if not any(name.startswith(("Log", *OTHER_SIDE)) for name in names):
            continue
        if any(name.startswith(OTHER_SIDE) for name in names):
            no = weight if no is None else no
        else:
            yes = weight if yes is None else yes
    if yes is None or no is None or yes.shape != no.shape:
        return None if no is None or yes is not None else 1 - no
    for both in (yes + no, yes - no):
        if both.numel() and bool((both == both.flatten()[0]).all()) and bool((both != 0).all()):
            return yes / both
    both = yes.abs() + no.abs()
    return torch.where(both == 0, yes, yes.abs() / both)


def chosen_by(nodes: list[Any]) -> Tensor | None:
    """y of y a + (1 − y) b, where each row has one of two losses: that of a pair that belongs together, or not."""
    factors = [factor for node in nodes if (factor := multiplied([node])) is not None and factor.is_floating_point()]
    for y, others in ((y, factors[place + 1 :]) for place, y in enumerate(factors)):
        if not bool(((y == 0) | (y == 1)).all()):
            continue
        if any(other.shape == y.shape and bool((other + y == 1).all()) for other in others):
            return y
    return None


def _meets(node: Any) -> bool:
    """Whether the node adds or subtracts two things that both come from parameters."""
    return name_of(node).startswith(("Add", "Sub")) and sum(below is not None for below, _ in node.next_functions) > 1


def hinged(path: list[Any]) -> Tensor | None:
    """y of max(0, 1 − y p), the hinge loss."""
    for cut, minus, product in zip(path, path[1:], path[2:], strict=False):
        if name_of(cut).startswith(CUTS) and name_of(minus).startswith(("Rsub", "Sub")):
            return multiplied([product])
    return None


def falls_as_it_grows(above: list[Any]) -> bool:
    """Whether a minus, and else nothing but an average or a sum, stands between a number and the loss."""
    names = [name_of(node) for node in above]
    plain = all(name.startswith(("Neg", "Mean", "Sum", *SHAPING)) for name in names)
    return plain and sum(name.startswith("Neg") for name in names) % 2 == 1
