"""Autograd's graph between an output and a loss: names, ways and kept operands of its nodes."""

from collections.abc import Collection, Iterator
from typing import Any

from torch import Tensor
from torch.autograd.graph import disable_saved_tensors_hooks

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
SHAPING: tuple[str, ...] = (
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
    "Alias",
    "ToCopy",
    "Reshape",
    "Expand",
    "Clone",
)
"""Nodes that hand numbers on as they are."""
PASSING = (*SHAPING, "Div", "AddBackward", "Gather", "Repeat")
"""Nodes that hand numbers on, or shift and scale them; the chain of kinds goes on below them."""
MOST_NODES = 400
"""A tail with more nodes than this is not searched further."""


def saved(node: Any, name: str) -> Tensor | None:
    """A tensor that the node keeps for its backward pass, if it does.

    One that a checkpoint would compute anew, which changes running statistics, it does not.
    """
    try:
        with disable_saved_tensors_hooks("backlight only looks"):
            value = getattr(node, f"_saved_{name}", None)
    except RuntimeError:  # freed, overwritten in place, or in a checkpoint: then it cannot be known
        return None
    return value if isinstance(value, Tensor) else None


def name_of(node: Any) -> str:
    """Class of a node, such as "SigmoidBackward0"."""
    return str(node.name())


def path_between(start: Any, end: Any) -> list[Any]:
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


def region(start: Any, ends: Collection[Any], most: int = MOST_NODES) -> Iterator[Any]:
    """Nodes that can be reached from `start` without passing one of `ends`; not many more than `most`, and none where
    there is no start, as with a loss made anew from a number."""
    stack, seen = [start] if start is not None else [], {start}
    while stack and len(seen) < most:
        node = stack.pop()
        yield node
        for below, _ in node.next_functions:
            if below is not None and below not in ends and below not in seen:
                seen.add(below)
                stack.append(below)


def kinds_of(path: list[Any]) -> tuple[str, ...]:
    """Activations on a path, the output's side first, as far as numbers are handed on from there."""
    kinds: list[str] = []
    for node in reversed(path):
        name = name_of(node)
        if name in KINDS:
            kinds.append(KINDS[name])
        elif not name.startswith(PASSING):
            break
    return tuple(kinds)
