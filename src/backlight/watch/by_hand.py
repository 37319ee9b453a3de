"""Losses that a program writes out itself, recognised by their operations: which loss, and which target."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ..signals.facts import LossFacts
from .factors import OTHER_SIDE, chosen_by, falls_as_it_grows, hinged, multiplied, of_two_sides, picked, unweighted
from .graph import KINDS, SHAPING, kinds_of, name_of, path_between, region, saved

SCALING = ("Div", "Mul")
PROBABILITIES = ("Softmax", "Sigmoid")
SUMS = ("Sum", "Add", "Sub", "Mul", "Rsub")
"""Nodes below an overlap's fraction stroke: sums, without roots and powers, which make a cosine of it."""
ONE_QUESTION = 0.5
"""Mean correlation of several targets above which more than half of what they say is the same."""
ROUNDED = 1e-5
"""Difference of recovered values, beside their size, that rounding leaves."""
LARGEST = 1e4
"""Outputs beyond this leave too few digits to recover a target of about one from a difference."""


@dataclass(frozen=True)
class Tail:
    """The way from the network's output to the loss."""

    loss: LossFacts
    kinds: tuple[str, ...]
    """Activations on the way, the output's side first."""
    target: Tensor | None
    received: Tensor | None = None
    """What came out of these activations, where the graph keeps it."""


def read_by_hand(path: list[Any], names: list[str], nodes: list[Any], output: Tensor) -> Tail:
    """The loss that these operations amount to: `path` from it to the output, `names` and `nodes` of all between."""
    kinds, present = kinds_of(path), set(map(name_of, nodes))
    tail = _distance(path, names, output) or _counts(path, output) or _overlap(path, output)
    if tail is not None:
        return tail
    if _of_a_policy(path):
        return Tail(loss_facts("custom", "values", "written by hand", output, None), kinds, None)
    target = None
    if "Log" in kinds or "LogSoftmax" in kinds or "LogSigmoid" in kinds:
        target = picked(nodes)
        target = multiplied(path) if target is None else target
        if target is None and "PowBackward0" in present:  # the logarithm of a variance beside a square
            return Tail(loss_facts("custom", "values", "written by hand", output, None), kinds, None)
        two_sided = any(name.startswith(OTHER_SIDE) for name in present) and "LogSoftmax" not in kinds
        if two_sided:
            both = of_two_sides(nodes, output)
            target = target if both is None else both
        else:
            target = unweighted(target)
        kind, expects = ("bce", "log-probabilities") if two_sided else ("nll", "log-probabilities")
        received = next((saved(node, "result") for node in path if KINDS.get(name_of(node)) in PROBABILITIES), None)
        shares = None if two_sided else _shares(path, output)
        facts = loss_facts(kind, expects, "written by hand", output, target)
        if not two_sided and _is_plain_mean(path):
            facts = replace(facts, settings={**facts.settings, "negated": False})
        facts = replace(facts, output_shape=_shape_of_logarithm(path) or facts.output_shape)
        received = received if shares is None else shares
        return Tail(facts, kinds, target, _squeezed(output, facts) if received is None else received)
    code = picked(nodes)
    if code is not None and "LogsumexpBackward0" in present:
        return Tail(loss_facts("cross_entropy", "logits", "written by hand", output, code), kinds, code, output)
    side = hinged(path)
    if side is not None:
        return Tail(loss_facts("hinge", "values", "the hinge loss", output, side), kinds, side)
    side = chosen_by(nodes)
    return Tail(loss_facts("custom", "values", "written by hand", output, side), kinds, side)


def _of_a_policy(path: list[Any]) -> bool:
    """Whether the logarithm of what was chosen is weighed by gains and losses, or made a ratio to that of before."""
    picked = next((i for i, node in enumerate(path) if name_of(node).startswith(("Gather", "Index"))), 0)
    for node, below in pairwise(path[: picked + 1]):
        weight = multiplied([node])
        signs = weight is not None and weight.is_floating_point() and bool((weight > 0).any() and (weight < 0).any())
        if signs or (name_of(node) == "ExpBackward0" and name_of(below) == "SubBackward0"):
            return True
    return False


def _is_plain_mean(path: list[Any]) -> bool:
    """Whether nothing but picking, adding up and averaging stands between a log-softmax and the loss: no minus."""
    names = [name_of(node) for node in path]
    if "LogSoftmaxBackward0" not in names:
        return False
    above = names[: names.index("LogSoftmaxBackward0")]
    return all(name.startswith((*SHAPING, "Gather", "Mean", "Sum")) for name in above)


def _shares(path: list[Any], output: Tensor) -> Tensor | None:
    """What the logarithm was taken of, one number for each output: a softmax may be written out, exp z / Σ exp z."""
    logarithm = False
    for node in path:
        numbers, name = None, name_of(node)
        if name == "LogBackward0":
            logarithm, numbers = True, saved(node, "self")
        elif name == "DivBackward0" and logarithm:
            above, below = saved(node, "self"), saved(node, "other")
            numbers = None if above is None or below is None else above.detach() / below.detach()
        if numbers is not None and numbers.shape == output.shape:
            return numbers
    return None


def _squeezed(output: Tensor, facts: LossFacts) -> Tensor | None:
    """The output in the shape in which the loss took it: a program may have dropped an axis of one before."""
    shape = facts.output_shape
    same = shape == tuple(output.shape) or math.prod(shape) != output.numel()
    return None if same else output.reshape(shape)


def _shape_of_logarithm(path: list[Any]) -> tuple[int, ...]:
    """Of what meets the target; the program may have squeezed the output before."""
    node = next((node for node in path if name_of(node).startswith("Log")), None)
    return () if node is None else tuple(node._input_metadata[0].shape)


def _distance(path: list[Any], names: list[str], output: Tensor) -> Tail | None:
    """(p − y)² or |p − y|. Where the difference, or p, is scaled or a logarithm, y is not known."""
    for at, name in enumerate(names):
        if name not in ("PowBackward0", "AbsBackward0"):
            continue
        below = path[at + 1 :]
        minus = next((i for i, node in enumerate(below) if name_of(node) == "SubBackward0"), None)
        if minus is None or any(not name_of(node).startswith(SCALING + SHAPING) for node in below[:minus]):
            return None
        kinds = kinds_of(below)
        between = [node for node in below if name_of(node) not in (*KINDS, "SubBackward0")]
        if "Log" in kinds or any(not name_of(node).startswith(SHAPING) for node in between):
            return Tail(loss_facts("custom", "values", "written by hand", output, None), kinds, None)
        target = _subtracted(path[at], path, output)
        shape = tuple(path[at]._input_metadata[0].shape)
        kind = "mse" if name == "PowBackward0" else "mae"
        facts = loss_facts(kind, "values", "written by hand", output, target, met=shape)
        if falls_as_it_grows(path[:at]):
            facts = replace(facts, settings={**facts.settings, "negated": False})
        return Tail(facts, kinds, target, _received(below, output))
    return None


def _counts(path: list[Any], output: Tensor) -> Tail | None:
    """p − y log p, the Poisson loss: of the two sides of a difference only one goes through a logarithm."""
    for node in path:
        sides = [below for below, _ in node.next_functions if below is not None]
        if name_of(node) != "SubBackward0" or len(sides) != 2:
            continue
        ways = [[side, *path_between(side, output.grad_fn)[1:]] if side is not output.grad_fn else [] for side in sides]
        logs = [any(name_of(n) == "LogBackward0" for n in way) for way in ways]
        powers = any(name_of(n) == "PowBackward0" for way in ways for n in way)
        if sorted(logs) != [False, True] or powers:
            continue
        plain, logged = ways[logs.index(False)], ways[logs.index(True)]
        target = multiplied(logged)
        if target is None:
            continue
        return Tail(
            loss_facts("poisson_nll", "values", "written by hand", output, target),
            kinds_of(plain),
            target,
            _received(plain, output),
        )
    return None


def _overlap(path: list[Any], output: Tensor) -> Tail | None:
    """(2 Σ p y + 1) / (Σ p + Σ y + 1), as in the Dice loss: a mask y of 0 and 1 on p above, sums with p below."""
    for node in path:
        sides = [below for below, _ in node.next_functions if below is not None]
        if name_of(node) != "DivBackward0" or len(sides) != 2:
            continue
        above, below = (list(region(side, (output.grad_fn,))) for side in sides)
        mask = multiplied(above)
        summed = [name_of(n) for n in below if not name_of(n).startswith(SHAPING) and name_of(n) not in KINDS]
        if mask is None or mask.shape != output.shape or not bool(((mask == 0) | (mask == 1)).all()):
            continue
        if {"SumBackward0", "SumBackward1"} & set(summed) and all(n.startswith(SUMS) for n in summed):
            way = path[path.index(node) + 1 :]
            facts = loss_facts("overlap", "probabilities", "the overlap", output, mask)
            return Tail(facts, kinds_of(way), mask, _received(way, output))
    return None


def loss_facts(
    name: str, expects: Any, called: str, output: Tensor, target: Tensor | None, met: tuple[int, ...] = ()
) -> LossFacts:
    """The loss as it met the target; `met` is the shape of their difference, where it is known."""
    shape = tuple(target.shape) if target is not None else ()
    settings = {"met_shape": met} if met else {}
    return LossFacts(name, expects, called or name, settings, tuple(output.shape), shape)


def _subtracted(node: Any, path: list[Any], output: Tensor) -> Tensor | None:
    """target = prediction − residual, from the residual that a square or an absolute value keeps."""
    residual = saved(node, "self")
    below = path[path.index(node) + 1 :]
    subtraction = next((n for n in below if name_of(n) == "SubBackward0"), None)
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
    last = next((node for node in below if name_of(node) in KINDS), None)
    return output if last is None else saved(last, "result")


def _apart(prediction: Tensor, residual: Tensor) -> Tensor | None:
    if prediction.shape == (*residual.shape, 1):  # the program dropped the last axis of its output
        target = _snapped(prediction.squeeze(-1) - residual, prediction)
        column = _one_column(target)
        return target.unsqueeze(-1) if column is target else column
    if residual.shape == prediction.shape:
        return _one_column(_snapped(prediction - residual, prediction))
    n = len(prediction) if prediction.dim() else 0
    if residual.shape != (n, n):
        several = prediction.shape == (n, 1) and residual.dim() == 2 and len(residual) == n
        apart = _snapped(prediction - residual, prediction) if several else None
        return apart if apart is not None and _differ(apart) else None
    # every row met every target: (n, 1) against (n,) varies along the columns, (n,) against (n, 1) along the rows
    if prediction.dim() == 2:
        return _snapped(prediction[0] - residual[0], prediction)
    return _snapped(prediction[0] - residual[:, 0], prediction).unsqueeze(1)


def _differ(target: Tensor) -> bool:
    """Whether the columns (n, k) are values of their own: not centres, the same for every row, nor several answers to
    one question (of raters, teachers, horizons), which correlate by more than `ONE_QUESTION`.

    The mean of k columns of variance V has the variance V (1 + (k − 1) ρ) / k, where ρ is their mean correlation.
    """
    k, variance = target.shape[1], float(target.var(0, correction=0).mean())
    if variance <= ROUNDED**2 * float(target.square().mean()):
        return False
    return k * float(target.mean(1).var(correction=0)) < variance * (1 + (k - 1) * ONE_QUESTION)


def _one_column(target: Tensor) -> Tensor:
    """Rows of one and the same value are a column that met several outputs by broadcasting."""
    if target.dim() != 2 or target.shape[1] < 2:
        return target
    slack = 16 * torch.finfo(target.dtype).eps * target.abs().max().clamp_min(1.0)
    alike = bool(((target - target[:, :1]).abs() <= slack).all())
    return target[:, :1] if alike and bool((target[:, 0] - target[0, 0]).abs().max() > slack) else target


def _snapped(target: Tensor, output: Tensor) -> Tensor:
    """Whole numbers where the subtraction has left only rounding beside them."""
    slack = 16 * torch.finfo(target.dtype).eps * output.abs().max().clamp_min(1.0)
    whole = target.round()
    return torch.where((target - whole).abs() <= slack, whole, target)
