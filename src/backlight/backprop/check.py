"""The plan held against autograd."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..records import BacklightError
from .objective import Objective
from .opaque import OpaqueStep
from .steps import LeafStep, Tape, walk_backward, walk_forward
from .unchanged import gpus_of

if TYPE_CHECKING:
    from .plan import Plan

TOLERANCE = 1e-9
"""Largest relative difference that rounding in float64 explains: sums of 10⁵ terms in another order stay below."""

_FLOOR = 1e-4
"""A gradient this much smaller than the largest beside it is compared with that: one that is zero but for rounding (of
a bias before batch normalisation) has no relative difference."""

_SEED = 0


@dataclass(frozen=True)
class Check:
    """How far the plan is from autograd.

    Attributes
    ----------
    differences:
        By layer, the largest relative difference in x(i+1), v(i) and the gradients of its parameters, the layer
        taken by itself; under the empty name that of the network as a whole: x(n), v(0), all gradients, all buffers.
    tolerance:
        What still counts as rounding.
    unchecked:
        By layer without a rule, why it has none: its gradients are autograd's own, and say nothing of the plan.
    """

    differences: dict[str, float]
    tolerance: float = TOLERANCE
    unchecked: dict[str, str] = field(default_factory=dict)

    @property
    def largest(self) -> float:
        """The largest relative difference of all."""
        return max(self.differences.values(), default=0.0)

    @property
    def layer(self) -> str | None:
        """The layer that is off most; "" where only the whole is; None where all agree."""
        layers = {name: d for name, d in self.differences.items() if name and d > self.tolerance}
        if layers:
            return max(layers, key=lambda name: layers[name])
        return "" if self.differences.get("", 0.0) > self.tolerance else None

    @property
    def passed(self) -> bool:
        """Whether all differences are rounding."""
        return self.layer is None

    def __str__(self) -> str:
        if self.passed:
            return "; ".join(self._passed())
        where = f"layer {self.layer}" if self.layer else "the network as a whole, though no layer by itself"
        return f"NOT as autograd: {where} is off by {self.largest:.1e} (tolerance {self.tolerance:.0e})"

    def _passed(self) -> list[str]:
        checked = [name for name in self.differences if name and name not in self.unchecked]
        difference = f", largest relative difference {self.largest:.1e}"
        told = [f"as autograd: {_counted(checked)}{difference}"] if checked or not self.unchecked else []
        if self.unchecked:
            these = "; ".join(f"{name}: {reason}" for name, reason in self.unchecked.items())
            only = "" if checked else "nothing was checked: "
            verb = "runs" if len(self.unchecked) == 1 else "run"
            told.append(f"{only}{_counted(self.unchecked)} {verb} as autograd itself ({these})")
        return told


def check(
    plan: Plan,
    x: Any,
    target: Tensor | None = None,
    *,
    loss: nn.Module | None = None,
    tolerance: float = TOLERANCE,
) -> Check:
    """See `Plan.check`."""
    if len(plan.modules) > 1:
        raise BacklightError("Copies are checked one by one: Plan(plan.modules[i]).check(…).")
    mine, theirs = (_double(plan.module) for _ in range(2))
    x, target = _doubled(x), None if target is None else _doubled(target)
    with torch.random.fork_rng(devices=gpus_of(plan.module)):
        twin = type(plan)(mine)
        v, differences, seen = _whole(twin, theirs, x, target, loss)
        with torch.no_grad():
            walk_backward(twin.steps, v, seen, True)
        layers: dict[str, float] = {}
        for leaf in twin.leaves:
            layers[leaf.label] = max(layers.get(leaf.label, 0.0), _alone(leaf, seen))
    unchecked = {leaf.label: leaf.reason for leaf in twin.leaves if isinstance(leaf, OpaqueStep)}
    return Check(layers | {"": differences}, tolerance, unchecked)


def _whole(
    twin: Plan, theirs: nn.Module, x: Any, target: Tensor | None, loss: nn.Module | None
) -> tuple[Tensor, float, Tape]:
    """v(n), the difference of the whole network, and a tape of a forward pass that observed every layer."""
    torch.manual_seed(_SEED)
    y = twin.forward(x)
    if loss is None:
        v = _random_like(y) if target is None else target
    else:
        objective = Objective(_double(loss))
        objective.forward(y, target)  # type: ignore[arg-type]
        v = objective.backward()
    v_in = twin.backward(v)
    leaves = _leaves(x)
    torch.manual_seed(_SEED)
    y2 = theirs(*(part * 1 if part.requires_grad else part for part in leaves))
    if loss is None:
        _backward(y2, v)
    else:
        _double(loss)(y2, target).backward()
    kept = [(y, y2), *zip(twin.module.buffers(), theirs.buffers(), strict=True)]
    pairs = list(zip(_parts(v_in, leaves), (part.grad for part in leaves), strict=True))
    pairs += [(p.grad, q.grad) for p, q in zip(twin.module.parameters(), theirs.parameters(), strict=True)]
    difference = max(_largest(pairs), *(_largest([pair]) for pair in kept))
    seen = Tape(observe=True)
    torch.manual_seed(_SEED)
    with torch.no_grad():
        walk_forward(twin.steps, x, seen)
    return v, difference, seen


def _alone(leaf: LeafStep, seen: Tape) -> float:
    """The difference of one layer by itself, at the x(i) and v(i+1) that were seen."""
    assert seen.layers is not None
    x, v = seen.layers[leaf.name]["x"], seen.layers[leaf.name].get("v_out")
    if v is None:
        return 0.0
    reference = copy.deepcopy(leaf.module)
    for p in leaf.parameters.values():
        p.grad = None
    torch.manual_seed(_SEED)
    with torch.no_grad():
        tape = Tape()
        y = leaf.forward(x, tape)
        v_in = leaf.backward(v, tape, True)
    leaves = _leaves(x)
    torch.manual_seed(_SEED)
    y2 = reference(*(part * 1 if part.requires_grad else part for part in leaves))
    _backward(y2, v)
    gradients = dict(reference.named_parameters())
    pairs = list(zip(_parts(v_in, leaves), (part.grad for part in leaves), strict=True))
    pairs += [(p.grad, gradients[k].grad) for k, p in leaf.parameters.items()]
    return max(_largest([(y, y2)]), _largest(pairs))


def _counted(layers: Collection[str]) -> str:
    return "1 layer" if len(layers) == 1 else f"{len(layers)} layers"


def _backward(y: Tensor, v: Tensor) -> None:
    if y.requires_grad:
        y.backward(v)


def _largest(pairs: Sequence[tuple[Tensor | None, Tensor | None]]) -> float:
    """The largest relative difference of pairs (mine, autograd's)."""
    floor = _FLOOR * max((_size(theirs) for _, theirs in pairs), default=0.0)
    return max((_relative(mine, theirs, floor) for mine, theirs in pairs), default=0.0)


def _relative(mine: Tensor | None, theirs: Tensor | None, floor: float) -> float:
    """max |a − b| / max |b|; no gradient counts as a gradient of zero."""
    if mine is None and theirs is None:
        return 0.0
    a = torch.zeros_like(theirs) if mine is None else mine.detach()  # type: ignore[arg-type]
    b = torch.zeros_like(a) if theirs is None else theirs.detach()
    if a.shape != b.shape:
        return float("inf")
    if not a.numel() or torch.equal(a, b):
        return 0.0
    difference = _size(a.double() - b.double())
    found = difference / (max(_size(b), floor) or 1.0)
    return found if found == found else float("inf")


def _size(tensor: Tensor | None) -> float:
    return 0.0 if tensor is None or not tensor.numel() else float(tensor.detach().double().abs().max())


def _parts(v_in: Any, leaves: Sequence[Tensor]) -> Sequence[Tensor | None]:
    """v(0) by input, as autograd tells it: None for codes."""
    parts = v_in if isinstance(v_in, tuple) else (v_in,)
    return [part if leaf.requires_grad else None for part, leaf in zip(parts, leaves, strict=True)]


def _leaves(x: Any) -> list[Tensor]:
    parts = x if isinstance(x, tuple) else (x,)
    return [part.detach().clone().requires_grad_(part.is_floating_point()) for part in parts]


def _double(module: nn.Module) -> nn.Module:
    try:
        return copy.deepcopy(module).double()
    except RuntimeError as error:
        raise BacklightError(
            f"The check works on copies in float64, and {type(module).__name__} cannot be copied: {error}."
        ) from error


def _doubled(x: Any) -> Any:
    if isinstance(x, tuple):
        return tuple(map(_doubled, x))
    return x.double() if x.is_floating_point() else x


def _random_like(y: Tensor) -> Tensor:
    return torch.randn(y.shape, generator=torch.Generator().manual_seed(_SEED), dtype=y.dtype).to(y.device)
