"""Steps: what a plan is made of. Each goes forward onto a tape and backward off it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..records import BacklightError, Layer
from .table import Rule, Slots


class Tape:
    """What the forward walk leaves for the backward walk: a stack, and the layers seen where that is asked for.

    Attributes
    ----------
    saved:
        One entry a step, pushed going forward and popped going backward.
    layers:
        None, or the observed `Layer` fields by name: x and y going forward, v_out and v_in going backward.
    accumulate:
        Whether parameter gradients are added to those already in `p.grad`, as PyTorch does.
    after:
        Called with each layer as soon as the gradients of its parameters are ready; None for nobody.
    unreached:
        Parameters of the steps that no gradient came to.
    """

    __slots__ = ("accumulate", "after", "layers", "saved", "unreached")

    def __init__(self, *, observe: bool = False) -> None:
        self.saved: list[Any] = []
        self.layers: dict[str, dict[str, Any]] | None = {} if observe else None
        self.accumulate = True
        self.after: Callable[[LeafStep], None] | None = None
        self.unreached: list[nn.Parameter] = []


class Step(Protocol):
    """One entry of a plan."""

    name: str

    def forward(self, x: Tensor, tape: Tape) -> Tensor:
        """x(i) → x(i+1); pushes on the tape what backward needs."""
        ...

    def backward(self, v: Tensor, tape: Tape, wants_x: bool) -> Tensor | None:
        """v(i+1) → v(i) (None unless wanted); pops the tape and fills the gradients of the step's parameters."""
        ...

    def skip(self, tape: Tape) -> None:
        """Take the step's entries off the tape unused."""
        ...

    def leaves(self) -> Iterable[LeafStep]:
        """The steps without children, in forward order."""
        ...


class LeafStep:
    """A step without children: one module with its own parameters.

    `needs_gradient` tells whether any parameter of it is trained. `shared` holds the names of parameters that stand
    in other steps too (tied weights); their gradients are added up.
    """

    unreached: Sequence[nn.Parameter] = ()
    """Parameters that no gradient came to in the last backward pass."""

    def __init__(self, name: str, module: nn.Module, parameters: dict[str, nn.Parameter]) -> None:
        self.name = name
        self.module = module
        self.parameters = parameters
        self.shared: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """Its path; the kind of the module where it is the whole network, which has none."""
        return self.name or type(self.module).__name__

    @property
    def needs_gradient(self) -> bool:
        """Whether a parameter of this step is trained."""
        return any(p.requires_grad for p in self.parameters.values())

    def leaves(self) -> Iterable[LeafStep]:
        """Itself."""
        return (self,)

    def parts(self) -> Sequence[LeafStep]:
        """The layers it stands for: itself alone, or that of each copy."""
        return (self,)

    def skip(self, tape: Tape) -> None:
        """Take the step's entry off the tape unused; no gradient reaches its parameters."""
        tape.saved.pop()
        tape.unreached.extend(self.parameters.values())
        if not tape.accumulate:
            for name, p in self.parameters.items():
                if p.grad is not None and name not in self.shared:
                    p.grad.zero_()

    def forward(self, x: Tensor, tape: Tape) -> Tensor:
        """x(i) → x(i+1)."""
        try:
            y, saved = self._forward(x)
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise self._unfit(x, error) from error
        tape.saved.append(saved)
        if tape.layers is not None:
            tape.layers[self.name] = {"x": x, "y": y}
        return y

    def backward(self, v: Tensor, tape: Tape, wants_x: bool) -> Tensor | None:
        """v(i+1) → v(i), writing the gradients of the parameters into `p.grad`."""
        if tape.layers is None:
            v_in = self._backward(tape.saved.pop(), v, tape.accumulate, wants_x)
        else:
            v_in, own = self._backward_apart(tape.saved.pop(), v, tape.accumulate, wants_x)
            tape.layers[self.name].update(v_out=v, v_in=v_in, own=own)
        tape.unreached.extend(self.unreached)
        if tape.after is not None:
            tape.after(self)
        return v_in

    def observed(self, tape: Tape, unreached: Collection[int] = ()) -> Layer:
        """What the tape saw of this step; of shared parameters the gradients that come from this step.

        unreached: identities of the parameters that no gradient was brought to.
        """
        seen = dict(tape.layers[self.name]) if tape.layers is not None else {}
        own = seen.pop("own", {})
        found = {k: own.get(k) if k in self.shared else p.grad for k, p in self.parameters.items()}
        reached = {k: g for k, g in found.items() if g is not None and id(self.parameters[k]) not in unreached}
        parameters = {k: p.detach() for k, p in self.parameters.items()}
        return Layer(self.name, type(self.module).__name__, parameters=parameters, gradients=reached, **seen)

    def _backward_apart(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> tuple[Any, dict[str, Tensor]]:
        """v(i), and this step's part of the gradients of shared parameters, by name."""
        totals = {name: self.parameters[name].grad for name in self.shared}
        for name in totals:
            self.parameters[name].grad = None
        v_in = self._backward(saved, v, accumulate, wants_x)
        own = {name: part for name in totals if (part := self.parameters[name].grad) is not None}
        for name, total in totals.items():
            if total is None and name in own:
                total = torch.zeros_like(own[name])
            if total is not None and name in own:
                total.add_(own[name])
            self.parameters[name].grad = total
        return v_in, own

    def _unfit(self, x: Any, error: Exception) -> Exception:
        """The error to be raised where the layer cannot take x: its place, what came, and PyTorch's reason."""
        if isinstance(error, torch.OutOfMemoryError):
            return error
        given = ", ".join(map(_described, x if isinstance(x, tuple) else (x,)))
        first = next(iter(self.parameters.values()), None)
        kind = type(self.module).__name__
        kind += f", parameters {first.dtype} on {first.device}" if first is not None else ""
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return BacklightError(f"layer {self.name or 'the module'} ({kind}) cannot take x of {given}: {reason}")

    def _forward(self, x: Tensor) -> tuple[Tensor, Any]:
        raise NotImplementedError

    def _backward(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Tensor | None:
        raise NotImplementedError


class RuleStep(LeafStep):
    """A step whose module type has a rule: no graph is recorded."""

    def __init__(self, name: str, module: nn.Module, rule: Rule) -> None:
        super().__init__(name, module, dict(module.named_parameters(recurse=False)))
        if rule.backward_function is None:
            raise TypeError(f"the rule {rule.name!r} has no backward function")
        self.rule = rule
        self._rule_forward = rule.forward
        self._rule_backward = rule.backward_function
        self._slots = Slots(wants_x=False)  # filled anew by every call

    def replace(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> None:
        """Run these in place of the rule's functions; they take the same arguments."""
        self._rule_forward, self._rule_backward = forward, backward

    def _forward(self, x: Tensor) -> tuple[Tensor, Any]:
        return self._rule_forward(self.module, x)

    def _backward(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Tensor | None:
        if not self.parameters:
            return self._rule_backward(self.module, saved, v, _ONLY_X) if wants_x else None
        slots, destinations = self._slots, self._slots.__dict__
        slots.wants_x = wants_x
        pending = []
        for name, p in self.parameters.items():
            if not p.requires_grad:
                destinations[name] = None
                continue
            if p.grad is None:
                p.grad = torch.empty_like(p)
            elif accumulate or name in self.shared:
                destinations[name] = torch.empty_like(p)
                pending.append((p.grad, destinations[name]))
                continue
            destinations[name] = p.grad
        v_in = self._rule_backward(self.module, saved, v, slots)
        for gradient, part in pending:
            gradient.add_(part)
        destinations.clear()
        return v_in


_ONLY_X = Slots(wants_x=True)


def _described(part: Any) -> str:
    if not isinstance(part, Tensor):
        return type(part).__name__
    return f"shape {tuple(part.shape)}, {part.dtype} on {part.device}"


def walk_forward(steps: Sequence[Step], x: Tensor, tape: Tape) -> Tensor:
    """The forward pass, from input to output."""
    for step in steps:
        x = step.forward(x, tape)
    return x


def walk_backward(steps: Sequence[Step], v: Tensor, tape: Tape, wants_x: bool) -> Tensor | None:
    """The backward pass, from output to input: from v(i+1) compute v(i).

    Where neither ∂L/∂x nor a parameter of this or an earlier step is asked for, the walk only empties the tape.
    """
    if not steps:
        return v
    first = 0 if wants_x else _first_trained(steps)
    carried: Tensor | None = v
    for i in range(len(steps) - 1, -1, -1):
        if carried is None or i < first:
            for step in reversed(steps[: i + 1]):
                step.skip(tape)
            return None
        carried = steps[i].backward(carried, tape, wants_x or i > first)
    return carried


def _first_trained(steps: Sequence[Step]) -> int:
    for i, step in enumerate(steps):
        if any(leaf.needs_gradient for leaf in step.leaves()):
            return i
    return len(steps)
