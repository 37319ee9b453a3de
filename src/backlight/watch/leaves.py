"""What stands at the ends of autograd's graph: the data that was multiplied in, and the parameters."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from .graph import name_of, region, saved
from .parameters import held_by

MEETING = ("SubBackward0", "RsubBackward1", "AddBackward0")
"""Nodes that keep none of their operands: a target stands unseen beside what the network computed."""
_MAKERS = """Log Log2 Log10 Log1P Sqrt Rsqrt Div Reciprocal Pow Exp Exp2 Expm1 Sinh Cosh Tan Acos Asin Acosh Atanh
Lgamma Digamma Erfinv Norm LinalgVectorNorm Prod Cumprod"""
MAKING = tuple(f"{name}Backward" for name in _MAKERS.split())
"""Nodes that make infinite values, or such that are no number, of finite ones."""
SOUND = 0.4
"""Products and sums of values below this power of the largest number of their type stay finite."""
MOST_NODES = 20_000
"""A graph with more nodes than this is not searched further."""
OPERANDS = ("mat1", "mat2", "input", "self", "other", "target", "vec", "batch1", "batch2")
"""Names under which nodes keep what they were called with; results, masks and running statistics have others."""


def data_not_finite(loss: Tensor) -> int:
    """Values in the data behind a loss that are infinite or not a number.

    Data are the operands that need no gradient: inputs and targets, not what the network computed from them. One that
    a difference does not keep, as the target of a loss written by hand, is told by what came out: where all that the
    network computed is finite, and the difference is not, the other side is to blame.
    """
    seen: set[int] = set()
    count = 0
    nodes = list(_nodes(loss.grad_fn))
    for node in nodes:
        for operand in [kept for name in OPERANDS if (kept := saved(node, name)) is not None]:
            plain = not operand.requires_grad and operand.is_floating_point() and operand.layout == torch.strided
            if plain and operand.data_ptr() not in seen:
                seen.add(operand.data_ptr())
                count += int((~torch.isfinite(operand)).sum())
    return count or _brought_in(nodes)


def _brought_in(nodes: Sequence[Any]) -> int:
    """Values that are no number in the first sum or difference of what is finite with data that it does not keep."""
    for node in reversed(nodes):
        for below, _ in node.next_functions:
            if below is None or not name_of(below).startswith(MEETING):
                continue
            sides = [side for side, _ in below.next_functions]
            met = next((kept for name in OPERANDS if (kept := saved(node, name)) is not None), None)
            ours = [side for side in sides if side is not None]
            if met is None or len(ours) != 1 or len(sides) != 2:
                continue
            count = int((~torch.isfinite(met)).sum())
            if count and all(_is_sound(inner) for inner in _nodes(ours[0])):
                return count
    return 0


def _is_sound(node: Any) -> bool:
    """Whether what comes out of a node is finite, because all that it keeps is finite and far from the largest."""
    if name_of(node).startswith(MAKING):
        return False
    kept = [saved(node, name.removeprefix("_saved_")) for name in dir(node) if name.startswith("_saved_")]
    parameter = getattr(node, "variable", None)
    for values in (*kept, parameter):
        if values is None or not values.is_floating_point() or values.layout is not torch.strided:
            continue
        if not bool((values.detach().abs() < torch.finfo(values.dtype).max ** SOUND).all()):
            return False
    return True


def stray_parameters(
    network: nn.Module, output: Tensor, received: Sequence[Tensor], optimizers: Sequence[Optimizer]
) -> tuple[str, ...]:
    """Parameters behind the output that are none of the network's and that no optimiser holds, by name or shape.

    What leads to `received`, the network's own inputs, belongs to whatever made them.
    """
    known = {id(p) for p in (*network.parameters(), *received)} | held_by(*optimizers)
    names = dict(_in_plain_containers(network))
    before = {tensor.grad_fn for tensor in received}
    found = [
        parameter
        for node in _nodes(output.grad_fn, before)
        if isinstance(parameter := getattr(node, "variable", None), nn.Parameter) and id(parameter) not in known
    ]
    return tuple(names.get(id(p), f"a parameter of shape {tuple(p.shape)}") for p in found)


def learned_between(loss: Tensor, output: Tensor) -> dict[int, nn.Parameter]:
    """The parameters that come in between the output and the loss, by their identities."""
    return _parameters(_nodes(loss.grad_fn, (output.grad_fn,)))


def learned_behind(tensor: Tensor) -> dict[int, nn.Parameter]:
    """The parameters from which a tensor was computed, by their identities."""
    return _parameters(_nodes(tensor.grad_fn))


def _parameters(nodes: Iterator[Any]) -> dict[int, nn.Parameter]:
    found = (getattr(node, "variable", None) for node in nodes)
    return {id(parameter): parameter for parameter in found if isinstance(parameter, nn.Parameter)}


def readers(loss: Tensor, made: Collection[Any]) -> Counter[Any]:
    """How many operations between the loss and each of these nodes read what it made."""
    count: Counter[Any] = Counter()
    for node in _nodes(loss.grad_fn):
        count.update({below for below, _ in node.next_functions if below in made})
    return count


def _in_plain_containers(network: nn.Module) -> Iterator[tuple[int, str]]:
    """Parameters of modules that stand in lists and dicts of the network's modules, with the names they would have."""
    for prefix, owner in network.named_modules():
        for attribute, value in vars(owner).items():
            if attribute.startswith("_") or not isinstance(value, (list, tuple, dict)):
                continue
            for key, item in value.items() if isinstance(value, dict) else enumerate(value):
                for name, p in item.named_parameters() if isinstance(item, nn.Module) else ():
                    yield id(p), f"{prefix}.{attribute}.{key}.{name}".lstrip(".")


def _nodes(start: Any, ends: Collection[Any] = ()) -> Iterator[Any]:
    """Nodes from `start` down, without `ends` and what only they lead to."""
    return iter(()) if start in ends else region(start, ends, MOST_NODES)
