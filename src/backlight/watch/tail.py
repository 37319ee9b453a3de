"""What a program does between its network's output and the loss, read from the graph of autograd.

Only names, shapes and saved operands of graph nodes are read, before the backward pass runs.
"""

import math

from torch import Tensor

from .by_hand import Tail, loss_facts, read_by_hand
from .factors import multiplied
from .graph import kinds_of, name_of, path_between, region, saved

NODES_OF_LOSSES = {
    "MseLossBackward0": ("mse", "values"),
    "SmoothL1LossBackward0": ("huber", "values"),
    "HuberLossBackward0": ("huber", "values"),
    "BinaryCrossEntropyBackward0": ("bce", "probabilities"),
    "BinaryCrossEntropyWithLogitsBackward0": ("bce_logits", "logits"),
    "NllLossBackward0": ("nll", "log-probabilities"),
    "NllLoss2DBackward0": ("nll", "log-probabilities"),
}
PICKING = {"GatherBackward0", "IndexBackward0"}
LOGARITHMS = {"LogSoftmaxBackward0", "LogsumexpBackward0", "LogBackward0"}


def kinds_between(tensor: Tensor, output: Tensor) -> tuple[str, ...]:
    """Activations applied to `output` on the way to `tensor`, first applied first."""
    return kinds_of(path_between(tensor.grad_fn, output.grad_fn))


def steps_between(tensor: Tensor, output: Tensor) -> float:
    """Operations by which `tensor` was computed from `output`, on one way; infinite where it was not."""
    if not leads_to(tensor, output):
        return math.inf
    return len(path_between(tensor.grad_fn, output.grad_fn))


def is_of_a_policy(loss: Tensor, output: Tensor) -> bool:
    """Whether logarithms of what was chosen are weighed by gains and losses: their sum does not tell how good it is."""
    for node in region(loss.grad_fn, (output.grad_fn,)):
        weight = multiplied([node]) if name_of(node) == "MulBackward0" else None
        if weight is None or not weight.is_floating_point() or not bool((weight > 0).any() and (weight < 0).any()):
            continue
        below = set(map(name_of, region(node, (output.grad_fn,))))
        if below & PICKING and below & LOGARITHMS:
            return True
    return False


def leads_to(tensor: Tensor, output: Tensor) -> bool:
    """Whether `tensor` was computed from `output`."""
    if tensor is output or (tensor.grad_fn is not None and tensor.grad_fn is output.grad_fn):
        return True
    return bool(path_between(tensor.grad_fn, output.grad_fn))


def read_tail(loss: Tensor, output: Tensor) -> Tail | None:
    """Recognise a loss written by hand or called by a name that was not watched; None if it does not use `output`."""
    path = path_between(loss.grad_fn, output.grad_fn)
    if loss.grad_fn is None or (not path and loss.grad_fn is not output.grad_fn):
        return None
    names = [name_of(node) for node in path]
    for node, name in zip(path, names, strict=True):
        if name in NODES_OF_LOSSES:
            kind, expects = NODES_OF_LOSSES[name]
            below, target = path[path.index(node) + 1 :], saved(node, "target")
            return Tail(loss_facts(kind, expects, "", output, target), kinds_of(below), target)
    return read_by_hand(path, names, list(region(loss.grad_fn, (output.grad_fn,))), output)
