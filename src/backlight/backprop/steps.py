"""Steps: what a plan is made of. Each goes forward onto a tape and backward off it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ..records import Layer
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
    """

    __slots__ = ("accumulate", "after", "layers", "saved")

    def __init__(self, *, observe: bool = False) -> None:
        self.saved: list[Any] = []
        self.layers: dict[str, dict[str, Any]] | None = {} if observe else None
        self.accumulate = True
        self.after: Callable[[LeafStep], None] | None = None


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

    def __init__(self, name: str, module: nn.Module, parameters: dict[str, nn.Parameter]) -> None:
        self.name = name
        self.module = module
        self.parameters = parameters
        self.shared: frozenset[str] = frozenset()

    @property
    def needs_gradient(self) -> bool:
        """Whether a parameter of this step is trained."""
        return any(p.requires_grad for p in self.parameters.values())

    def leaves(self) -> Iterable[LeafStep]:
        """Itself."""
        return (self,)

    def skip(self, tape: Tape) -> None:
        """Take the step's entry off the tape unused; no gradient reaches its parameters."""
        tape.saved.pop()
        if not tape.accumulate:
            for p in self.parameters.values():
                if p.grad is not None:
                    p.grad.zero_()
        if tape.after is not None:
            tape.after(self)

    def forward(self, x: Tensor, tape: Tape) -> Tensor:
        """x(i) → x(i+1)."""
        y, saved = self._forward(x)
        tape.saved.append(saved)
        if tape.layers is not None:
            tape.layers[self.name] = {"x": x, "y": y}
        return y

    def backward(self, v: Tensor, tape: Tape, wants_x: bool) -> Tensor | None:
        """v(i+1) → v(i), writing the gradients of the parameters into `p.grad`."""
        v_in = self._backward(tape.saved.pop(), v, tape.accumulate, wants_x)
        if tape.layers is not None:
            tape.layers[self.name].update(v_out=v, v_in=v_in)
        if tape.after is not None:
            tape.after(self)
        return v_in

    def observed(self, tape: Tape) -> Layer:
        """What the tape saw of this step."""
        seen = tape.layers[self.name] if tape.layers is not None else {}
        gradients = {k: p.grad for k, p in self.parameters.items() if p.grad is not None}
        parameters = {k: p.detach() for k, p in self.parameters.items()}
        return Layer(self.name, type(self.module).__name__, parameters=parameters, gradients=gradients, **seen)

    def _forward(self, x: Tensor) -> tuple[Tensor, Any]:
        raise NotImplementedError

    def _backward(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Tensor | None:
        raise NotImplementedError

    def _adds(self, name: str, parameter: nn.Parameter, accumulate: bool) -> bool:
        return parameter.grad is not None and (accumulate or name in self.shared)


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


class OpaqueStep(LeafStep):
    """A step without a rule: the module runs as it is, and autograd is asked for just this step.

    The input may be a tuple of tensors when the module takes several.
    """

    def __init__(self, name: str, module: nn.Module) -> None:
        super().__init__(name, module, dict(module.named_parameters()))
        self.precision: torch.dtype | None = None
        """In which the module runs under `torch.autocast`; None as it is."""
        self._changes_input = any(getattr(m, "inplace", False) for m in module.modules())

    def _forward(self, x: Any) -> tuple[Tensor, Any]:
        inputs = [_leaf(part) for part in (x if isinstance(x, tuple) else (x,))]
        with torch.enable_grad(), autocast(inputs[0].device, self.precision):
            y = self.module(*(part.clone() if self._changes_input else part for part in inputs))
        if not isinstance(y, Tensor):
            raise TypeError(
                f"layer {self.name or 'the module'} ({type(self.module).__name__}) returns "
                f"{type(y).__name__}, and a plan carries one tensor from layer to layer; wrap it so that it returns one"
            )
        return y.detach(), (inputs, y)

    def _backward(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Any:
        inputs, y = saved
        wanted = [part for part in inputs if wants_x and part.requires_grad]
        trained = [(name, p) for name, p in self.parameters.items() if p.requires_grad]
        if not y.requires_grad or not (wanted or trained):
            return None
        answers = torch.autograd.grad(y, [*wanted, *(p for _, p in trained)], v.to(y.dtype), allow_unused=True)
        for (name, p), gradient in zip(trained, answers[len(wanted) :], strict=True):
            self._keep(name, p, gradient, accumulate)
        if not wanted:
            return None
        found = iter([torch.zeros_like(p) if a is None else a for p, a in zip(wanted, answers, strict=False)])
        v_in = tuple(next(found) if part.requires_grad else None for part in inputs)  # codes have no gradient
        return v_in[0] if len(inputs) == 1 else v_in

    def _keep(self, name: str, p: nn.Parameter, gradient: Tensor | None, accumulate: bool) -> None:
        if self._adds(name, p, accumulate):
            if gradient is not None:
                p.grad.add_(gradient)  # type: ignore[union-attr]
        elif gradient is None:
            p.grad = None if p.grad is None else p.grad.zero_()
        elif p.grad is None:
            p.grad = gradient
        else:
            p.grad.copy_(gradient)


def autocast(device: torch.device, precision: torch.dtype | None) -> AbstractContextManager[Any]:
    """Mixed precision as PyTorch chooses it for each function; nothing where precision is None."""
    return nullcontext() if precision is None else torch.autocast(device.type, precision)


def _leaf(part: Tensor) -> Tensor:
    return part.detach().requires_grad_(part.is_floating_point())


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
