"""What a program does between its network's output and the loss, read from the graph of autograd.

Only names, shapes and saved operands of graph nodes are read, before the backward pass runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..signals.facts import LossFacts

KINDS = {
    "SoftmaxBackward0": "Softmax",
    "LogSoftmaxBackward0": "LogSoftmax",
    "SigmoidBackward0": "Sigmoid",
    "LogSigmoidBackward0": "LogSigmoid",
    "TanhBackward0": "Tanh",
    "ReluBackward0": "ReLU",
    "ClampBackward0": "Clamp",
    "ClampBackward1": "Clamp",
    "ClampMinBackward0": "Clamp",
    "LogBackward0": "Log",
    "ExpBackward0": "Exp",
    "SoftplusBackward0": "Softplus",
}
PASSING: tuple[str, ...] = (
    "View",
    "UnsafeView",
    "Squeeze",
    "Unsqueeze",
    "Select",
    "Slice",
    "Index",
    "TBackward",
    "Transpose",
    "Permute",
)
PASSING += ("Alias", "ToCopy", "Reshape", "Expand", "Clone", "Div", "Add", "Gather", "Repeat")
"""Nodes that hand numbers on, or shift and scale them; the chain of kinds goes on below them."""
PROBABILITIES = ("Softmax", "Sigmoid")
MOST_NODES = 400
"""A tail with more nodes than this is not searched further."""
LARGEST = 1e4
"""Outputs beyond this leave too few digits to recover a target of about one from a difference."""
NODES_OF_LOSSES = {
    "MseLossBackward0": ("mse", "values"),
    "SmoothL1LossBackward0": ("huber", "values"),
    "HuberLossBackward0": ("huber", "values"),
    "BinaryCrossEntropyBackward0": ("bce", "probabilities"),
    "BinaryCrossEntropyWithLogitsBackward0": ("bce_logits", "logits"),
    "NllLossBackward0": ("nll", "log-probabilities"),
    "NllLoss2DBackward0": ("nll", "log-probabilities"),
}


@dataclass(frozen=True)
class Tail:
    """The way from the network's output to the loss."""

    loss: LossFacts
    kinds: tuple[str, ...]
    """Activations on the way, the output's side first."""
    target: Tensor | None
    received: Tensor | None = None
    """What came out of these activations, where the graph keeps it."""


def kinds_between(tensor: Tensor, output: Tensor) -> tuple[str, ...]:
    """Activations applied to `output` on the way to `tensor`, first applied first."""
    return _kinds(_path(tensor.grad_fn, output.grad_fn))


def leads_to(tensor: Tensor, output: Tensor) -> bool:
    """Whether `tensor` was computed from `output`."""
    if tensor is output or (tensor.grad_fn is not None and tensor.grad_fn is output.grad_fn):
        return True
    return bool(_path(tensor.grad_fn, output.grad_fn))


def read_tail(loss: Tensor, output: Tensor) -> Tail | None:
    """Recognise a loss written by hand or called by a name that was not watched; None if it does not use `output`."""
    path = _path(loss.grad_fn, output.grad_fn)
    if loss.grad_fn is None or (not path and loss.grad_fn is not output.grad_fn):
        return None
    names = [_name(node) for node in path]
    for node, name in zip(path, names, strict=True):
        if name in NODES_OF_LOSSES:
            kind, expects = NODES_OF_LOSSES[name]
            below, target = path[path.index(node) + 1 :], _saved(node, "target")
            return Tail(_facts(kind, expects, "", output, target), _kinds(below), target)
    return _by_hand(path, names, list(_region(loss.grad_fn, output.grad_fn)), output)


def _by_hand(path: list[Any], names: list[str], nodes: list[Any], output: Tensor) -> Tail:
    kinds, region = _kinds(path), set(map(_name, nodes))
    if "Log" in kinds or "LogSoftmax" in kinds or "LogSigmoid" in kinds:
        target = _multiplied(path)
        target = _picked(nodes) if target is None else target
        if target is not None and target.is_floating_point() and any(_name(node).startswith("Rsub") for node in path):
            target = 1 - target  # the way that was found leads through log(1 − p)
        two_sided = any(name.startswith("Rsub") for name in region) and "LogSoftmax" not in kinds
        kind, expects = ("bce", "log-probabilities") if two_sided else ("nll", "log-probabilities")
        received = next((_saved(node, "result") for node in path if KINDS.get(_name(node)) in PROBABILITIES), None)
        return Tail(_facts(kind, expects, "written by hand", output, target), kinds, target, received)
    picked = _picked(nodes)
    if picked is not None and "LogsumexpBackward0" in region:
        return Tail(_facts("cross_entropy", "logits", "written by hand", output, picked), kinds, picked, output)
    for node, name in zip(path, names, strict=True):
        if name in ("PowBackward0", "AbsBackward0"):
            target = _subtracted(node, path, output)
            kind = "mse" if name == "PowBackward0" else "mae"
            shape = tuple(node._input_metadata[0].shape)
            facts = _facts(kind, "values", "written by hand", output, target, met=shape)
            below = path[path.index(node) + 1 :]
            return Tail(facts, _kinds(below), target, _received(below, output))
    return Tail(_facts("custom", "values", "written by hand", output, None), kinds, None)


def _facts(
    name: str, expects: Any, called: str, output: Tensor, target: Tensor | None, met: tuple[int, ...] = ()
) -> LossFacts:
    shape = tuple(target.shape) if target is not None else ()
    settings = {"met_shape": met} if met else {}
    return LossFacts(name, expects, called or name, settings, tuple(output.shape), shape)


def _picked(nodes: list[Any]) -> Tensor | None:
    """The class by which one value of each row is picked: `z.gather(1, y)` or `z[rows, y]`."""
    for node in nodes:
        if _name(node) == "GatherBackward0":
            index = _saved(node, "index")
            return index.squeeze(1) if index is not None and index.dim() == 2 and index.shape[1] == 1 else None
        if _name(node) == "IndexBackward0":
            indices = [i for i in getattr(node, "_saved_indices", ()) if isinstance(i, Tensor)]
            whole = [i for i in indices if i.dim() == 1 and not i.is_floating_point() and i.dtype != torch.bool]
            return whole[-1] if len(whole) == len(indices) == 2 else None
    return None


def _multiplied(path: list[Any]) -> Tensor | None:
    """The tensor that a log-probability is multiplied with."""
    for node in path:
        if _name(node) == "MulBackward0":
            for side in ("other", "self"):
                saved = _saved(node, side)
                if saved is not None and not saved.requires_grad and saved.dim() > 0:
                    return saved
    return None


def _subtracted(node: Any, path: list[Any], output: Tensor) -> Tensor | None:
    """target = prediction − residual, from the residual that a square or an absolute value keeps."""
    residual = _saved(node, "self")
    below = path[path.index(node) + 1 :]
    subtraction = next((n for n in below if _name(n) == "SubBackward0"), None)
    prediction = _received(below, output)
    if residual is None or subtraction is None or prediction is None:
        return None
    prediction = prediction.detach()
    if not bool(torch.isfinite(prediction).all()) or float(prediction.abs().max()) > LARGEST:
        return None
    sign = 1.0 if subtraction.next_functions[0][0] is not None else -1.0
    return _apart(prediction, sign * residual.detach())


def _received(below: list[Any], output: Tensor) -> Tensor | None:
    """The output after the activations on the way; their nodes keep their results."""
    last = next((node for node in below if _name(node) in KINDS), None)
    return output if last is None else _saved(last, "result")


def _apart(prediction: Tensor, residual: Tensor) -> Tensor | None:
    if residual.shape == prediction.shape:
        return _snapped(prediction - residual, prediction)
    n = len(prediction) if prediction.dim() else 0
    if residual.shape != (n, n):
        return None
    # every row met every target: (n, 1) against (n,) varies along the columns, (n,) against (n, 1) along the rows
    if prediction.dim() == 2:
        return _snapped(prediction[0] - residual[0], prediction)
    return _snapped(prediction[0] - residual[:, 0], prediction).unsqueeze(1)


def _snapped(target: Tensor, output: Tensor) -> Tensor:
    """Whole numbers where the subtraction has left only rounding beside them."""
    slack = 16 * torch.finfo(target.dtype).eps * output.abs().max().clamp_min(1.0)
    whole = target.round()
    return torch.where((target - whole).abs() <= slack, whole, target)


def _saved(node: Any, name: str) -> Tensor | None:
    try:
        value = getattr(node, f"_saved_{name}", None)
    except RuntimeError:  # freed, or overwritten in place: then it cannot be known
        return None
    return value if isinstance(value, Tensor) else None


def _name(node: Any) -> str:
    return str(node.name())


def _path(start: Any, end: Any) -> list[Any]:
    """Nodes from `start` down to, and without, `end`; empty if there is no way."""
    if start is None or end is None or start is end:
        return []
    stack, seen = [(start, [start])], {start}
    while stack and len(seen) < MOST_NODES:
        node, path = stack.pop()
        for below, _ in reversed(node.next_functions):
            if below is end:
                return path
            if below is not None and below not in seen:
                seen.add(below)
                stack.append((below, [*path, below]))
    return []


def _region(start: Any, end: Any) -> Iterator[Any]:
    stack, seen = [start], {start}
    while stack and len(seen) < MOST_NODES:
        node = stack.pop()
        yield node
        for below, _ in node.next_functions:
            if below is not None and below is not end and below not in seen:
                seen.add(below)
                stack.append(below)


def _kinds(path: list[Any]) -> tuple[str, ...]:
    kinds: list[str] = []
    for node in reversed(path):
        name = _name(node)
        if name in KINDS:
            kinds.append(KINDS[name])
        elif not name.startswith(PASSING):
            break
    return tuple(kinds)
