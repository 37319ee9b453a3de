"""Jacobians of one layer, a block or the whole network: the backward walk, run on unit vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..records import BacklightError
from .opaque import OpaqueStep
from .steps import Step, Tape, walk_backward, walk_forward
from .unchanged import RandomState, unchanged

if TYPE_CHECKING:
    from .plan import Plan

CHUNK = 1 << 24
"""Numbers held at once while unit vectors are sent back: 64 MiB in float32."""

LARGEST = 1 << 32
"""Bytes of the largest Jacobian that is made."""


def jacobian(plan: Plan, layer: int | str, x: Any = None, *, by: str = "input", whole: bool = False) -> Any:
    """See `Plan.jacobian`."""
    if len(plan.modules) > 1:
        raise BacklightError("Each copy has Jacobians of its own: ask Plan(plan.modules[i]).jacobian(…).")
    plan.require_current()
    x = plan.last_input if x is None else x
    if x is None:
        raise RuntimeError("a Jacobian belongs to a place: give plan.jacobian(layer, x), or run plan.forward(x) first")
    with unchanged(plan.module, frozen=by == "input"), torch.no_grad():
        steps, x = reach(plan, layer, x)
        at = Linearisation(steps, x, str(layer))
        if by == "input":
            return at.by_input(whole)
        names = at.parameters if by == "parameters" else {k: p for k, p in at.parameters.items() if k == by}
        if not names and by != "parameters":
            raise BacklightError(
                f"Layer {layer!r} has no parameter {by!r}; by is input, parameters, or one of "
                f"{', '.join(at.parameters) or 'no name, as it has none'}."
            )
        for p in names.values():  # a frozen one has a Jacobian, too
            p.requires_grad_(True)
        found = at.by_parameters(names)
        return found if by == "parameters" else found[by]


class Linearisation:
    """Some steps at one input x(i): pulls gradients v(i+1) back to v(i)."""

    def __init__(self, steps: Sequence[Step], x: Any, name: str) -> None:
        self.steps, self.x, self.name = steps, x, name
        self.inputs = x if isinstance(x, tuple) else (x,)
        self.rows = len(self.inputs[0])
        self._random_state = RandomState(self.inputs[0].device)
        self.y = self._forward(x)
        self.separate = not self._random_state.moved and self._keeps_examples_apart()

    @property
    def parameters(self) -> dict[str, Tensor]:
        """By name, relative to the layer that was asked for."""
        leaves = [leaf for step in self.steps for leaf in step.leaves()]
        return {
            _within(self.name, f"{leaf.name}.{k}", alone=len(leaves) == 1): p
            for leaf in leaves
            for k, p in leaf.parameters.items()
        }

    def pull(self, x: Any, v: Tensor) -> Any:
        """v(i+1) → v(i) at the input x, random layers with the same draw each time."""
        tape = Tape()
        self._forward(x, tape)
        return walk_backward(self.steps, v, tape, True)

    def by_input(self, whole: bool = False) -> Any:
        """(n, *y, *x) where examples do not mix, or (n, *y, n, *x) for the whole batch."""
        if not whole and not self.separate and self.rows > 1:
            raise BacklightError(
                f"Layer {self.name!r} mixes the examples of a batch or draws at random, so it has no Jacobian for each "
                "of them: call module.eval() first, give one example, or ask with whole=True."
            )
        units = self._units(whole)
        self._affordable(units * sum(part[0].numel() for part in self.inputs) * self.rows)
        found = self._batched(units) if self.separate else self._one_by_one(units, whole)
        if whole and self.separate:
            found = [_on_diagonal(part) for part in found]
        shaped = [self._shaped(part, x, whole) for part, x in zip(found, self.inputs, strict=True)]
        return tuple(shaped) if isinstance(self.x, tuple) else shaped[0]

    def by_parameters(self, names: dict[str, Tensor]) -> dict[str, Tensor]:
        """By parameter name: (n, *y, *θ)."""
        self._affordable(self.y.numel() * sum(p.numel() for p in names.values()))
        found = {k: p.new_zeros(self.y.shape + p.shape).reshape(-1, *p.shape) for k, p in names.items()}
        width = self.y[0].numel()
        for unit in range(self.y.numel()):
            row = unit // width
            alone = slice(row, row + 1) if self.separate else slice(None)
            v = torch.zeros_like(self.y)
            v.reshape(-1)[unit] = 1
            for p in names.values():
                p.grad = None
            self.pull(self._map(lambda part, kept=alone: part[kept]), v[alone])
            for k, p in names.items():
                if p.grad is not None:
                    found[k][unit] = p.grad
        return {k: value.reshape(self.y.shape + names[k].shape) for k, value in found.items()}

    def _forward(self, x: Any, tape: Tape | None = None) -> Tensor:
        self._random_state.put_back()
        return walk_forward(self.steps, x, Tape() if tape is None else tape)

    def _keeps_examples_apart(self) -> bool:
        """Whether each row of y depends on its own row of x alone: tried on the batch taken twice.

        A gradient that starts in one row must not arrive in another one.
        """
        if len(self.y) != self.rows:
            return False
        doubled = self._map(lambda part: torch.cat((part, part)))
        tape = Tape()
        y = self._forward(doubled, tape)
        v = torch.zeros_like(y)
        v[0] = torch.randn(y[0].shape, generator=torch.Generator().manual_seed(0), dtype=torch.float32).to(y)
        v_in = walk_backward(self.steps, v, tape, True)
        arrived = [part for part in (v_in if isinstance(v_in, tuple) else (v_in,)) if part is not None]
        same = torch.allclose(y[: self.rows], self.y, rtol=1e-4, atol=1e-6, equal_nan=True)
        return same and not any(bool(part[1:].any()) for part in arrived)

    def _units(self, whole: bool) -> int:
        one = self.y[0].numel()
        return one if self.separate else one * self.rows

    def _batched(self, units: int) -> list[Tensor]:
        """All examples at once, several unit vectors at a time: [(n, units, x) for each input]."""
        one = self.y[0].numel() + sum(part[0].numel() for part in self.inputs)
        count = max(1, min(units, CHUNK // max(1, self.rows * one)))
        parts = []
        for first in range(0, units, count):
            some = min(count, units - first)
            v = self.y.new_zeros(some, self.rows, units)
            v[torch.arange(some), :, torch.arange(first, first + some)] = 1
            copies = self._map(lambda part, k=some: part.repeat(k, *[1] * (part.dim() - 1)))
            v_in = self.pull(copies, v.reshape(some * self.rows, *self.y.shape[1:]))
            parts.append([part.reshape(some, self.rows, -1) for part in self._floats(v_in, some)])
        return [torch.cat(chunks).transpose(0, 1) for chunks in zip(*parts, strict=True)]

    def _one_by_one(self, units: int, whole: bool) -> list[Tensor]:
        """One unit vector at a time through the batch as it is: [(units, n·x) for each input]."""
        rows = []
        for unit in range(units):
            v = torch.zeros_like(self.y)
            v.reshape(-1)[unit] = 1
            rows.append([part.reshape(-1) for part in self._floats(self.pull(self.x, v), 1)])
        return [torch.stack(part) for part in zip(*rows, strict=True)]

    def _shaped(self, found: Tensor, x: Tensor, whole: bool) -> Tensor:
        if whole:
            return found.reshape(*self.y.shape, *x.shape)
        return found.reshape(*self.y.shape, *x.shape[1:])

    def _floats(self, v_in: Any, copies: int) -> list[Tensor]:
        """v(i) of each input; zero where none arrived."""
        arrived = v_in if isinstance(v_in, tuple) else (v_in,) * len(self.inputs)
        return [
            self.y.new_zeros(copies * len(x), *x.shape[1:]) if v is None else v
            for v, x in zip(arrived, self.inputs, strict=True)
        ]

    def _map(self, change: Any) -> Any:
        changed = tuple(map(change, self.inputs))
        return changed if isinstance(self.x, tuple) else changed[0]

    def _affordable(self, numbers: int) -> None:
        needed = numbers * self.y.element_size()
        if needed > LARGEST:
            raise BacklightError(
                f"The Jacobian of layer {self.name!r} would take {needed / 2**30:,.1f} GiB; give fewer examples or one "
                "parameter, or ask for a smaller layer."
            )


def reach(plan: Plan, layer: int | str, x: Any) -> tuple[Sequence[Step], Any]:
    """The steps of a layer (a leaf by number; a leaf, block or container by path) and x(i), which arrives there."""
    steps = [plan.leaves[layer]] if isinstance(layer, int) else _find(plan.steps, layer)
    if not steps:
        names = ", ".join(leaf.name or f'"" (the whole, {leaf.label})' for leaf in plan.leaves)
        notes = "".join(f" Of these, {leaf}." for leaf in plan.leaves if isinstance(leaf, OpaqueStep))
        raise BacklightError(f"There is no layer {layer!r} in the plan; its layers are {names}.{notes}")
    arrived: list[Any] = []

    def stop(x: Any, tape: Tape) -> Tensor:
        arrived.append(x)
        raise _ReachedError

    first = steps[0]
    first.forward = stop  # type: ignore[method-assign]
    try:
        walk_forward(plan.steps, x, Tape())
    except _ReachedError:
        pass
    finally:
        del first.forward
    if not arrived:
        raise BacklightError(f"Layer {layer!r} was not reached by a forward pass.")
    return steps, arrived[0]


class _ReachedError(Exception):
    """The forward pass has come to the layer that was looked for."""


def _find(steps: Sequence[Step], path: str) -> Sequence[Step]:
    """The steps at or below a path, which stand one after the other in one list."""
    if not path:
        return steps
    at = [step for step in steps if step.name == path or step.name.startswith(f"{path}.")]
    if at:
        return at
    for step in steps:
        for branch in getattr(step, "branches", ()):
            if found := _find(branch, path):
                return found
    return []


def _within(path: str, name: str, *, alone: bool) -> str:
    """A parameter's name as seen from the layer: `weight` in layer "0", `0.weight` in block "body"."""
    if path and name.startswith(f"{path}."):
        return name[len(path) + 1 :]
    return name.rpartition(".")[2] if alone else name


def _on_diagonal(found: Tensor) -> Tensor:
    """(n, y, x) → (n, y, n, x), zero between different examples."""
    whole = found.new_zeros(*found.shape[:2], len(found), found.shape[2])
    rows = torch.arange(len(found))
    whole[rows, :, rows] = found
    return whole


def numbers_of(at: Linearisation) -> tuple[int, int]:
    """Numbers in x(i+1) and in x(i) of one example: rows and columns of its Jacobian."""
    return at.y[0].numel(), sum(math.prod(part.shape[1:]) for part in at.inputs)
