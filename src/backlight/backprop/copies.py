"""Several copies of one network, forward and backward as one: a few large products instead of many small ones.

Axis 0 of every x(i) and v(i) is the copy, axis 1 the example. A layer goes one of three ways, always to the same
result as each copy by itself:

- **batched** where its rule has a form for copies (`Rule.copies`): fully connected layers as batched products, dropout
  with the random numbers of each copy;
- **merged** where it has no parameters and treats each example alone (`Rule.alone`): the single rule runs on all
  copies' examples in one batch;
- **looped** otherwise: the single rule runs copy after copy. Convolutions are bound by their arithmetic, so nothing is
  lost there on a processor, and grouped convolutions would have to move the channels of every x(i) twice.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from ..records import BacklightError
from .branches import ConcatStep, SumStep
from .graphless import graphless
from .objective import Objective
from .steps import LeafStep, RuleStep, Step
from .table import Rule, Slots, find_loss_rule

BY_EXAMPLE = (nn.CrossEntropyLoss, nn.BCEWithLogitsLoss, nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss)
"""Losses whose mean is the plain mean over the examples (where no classes are weighted): the copies' losses can be had
from one call on all examples."""


Unfold = Callable[[str, nn.Module], list[Step]]


class CannotBatchError(BacklightError):
    """These copies cannot run as one; the message names the layer and the reason."""


class Stack:
    """The copies of one layer, as a batched rule sees them: `m.weight` is (copies, *shape), settings are common.

    Attributes
    ----------
    modules:
        The layer of each copy.
    generators:
        The source of random numbers of each copy.
    """

    def __init__(self, leaves: Sequence[RuleStep], generators: Sequence[torch.Generator]) -> None:
        self.modules = [leaf.module for leaf in leaves]
        self.generators = generators
        self._parameters = {name: [leaf.parameters[name] for leaf in leaves] for name in leaves[0].parameters}
        self._views: dict[str, tuple[list[int], Tensor | None]] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._parameters:
            return getattr(self.modules[0], name)
        parameters = self._parameters[name]
        places = [p.data_ptr() for p in parameters]
        if name not in self._views or self._views[name][0] != places:  # someone has moved them
            self._views[name] = places, evenly_spaced([p.detach() for p in parameters])
        view = self._views[name][1]
        return torch.stack([p.detach() for p in parameters]) if view is None else view

    def each(self, name: str) -> list[Any]:
        """A setting of every copy, where copies may differ in it."""
        return [getattr(module, name) for module in self.modules]


class CopiesStep(LeafStep):
    """One layer of all copies."""

    def __init__(self, leaves: Sequence[RuleStep], generators: Sequence[torch.Generator]) -> None:
        first = leaves[0]
        super().__init__(first.name, first.module, first.parameters)
        self.copies = leaves
        rule = first.rule
        self._stack = Stack(leaves, generators)
        self._batched: Rule | None = rule.copies
        if rule.random and self._batched is None:
            raise CannotBatchError(f"layer {first.name} ({type(first.module).__name__}) draws from the common source")
        self._merged = self._batched is None and not first.parameters and rule.alone(first.module)
        trained = {name: [leaf.parameters[name] for leaf in leaves] for name in first.parameters}
        self._trained = {name: ps for name, ps in trained.items() if ps[0].requires_grad}

    def parts(self) -> Sequence[LeafStep]:
        """The layer of each copy."""
        return self.copies

    def _forward(self, x: Tensor) -> tuple[Tensor, Any]:
        if self._batched is not None:
            return self._batched.forward(self._stack, x)
        if self._merged:
            y, saved = self.copies[0].rule.forward(self.module, x.flatten(0, 1))
            return y.unflatten(0, x.shape[:2]), saved
        parts = [leaf.rule.forward(leaf.module, part) for leaf, part in zip(self.copies, x, strict=True)]
        return torch.stack([y for y, _ in parts]), [saved for _, saved in parts]

    def _backward(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Tensor | None:
        if self._batched is not None:
            return self._backward_batched(saved, v, accumulate, wants_x)
        if not self._merged:
            each = zip(self.copies, saved, v, strict=True)
            parts = [leaf._backward(kept, part, accumulate, wants_x) for leaf, kept, part in each]
            found = [part for part in parts if part is not None]
            return torch.stack(found) if wants_x and found else None
        if not wants_x:
            return None
        v_in = self.copies[0]._backward(saved, v.flatten(0, 1), accumulate, wants_x)
        return None if v_in is None else v_in.unflatten(0, v.shape[:2])

    def _backward_batched(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Tensor | None:
        assert self._batched is not None and self._batched.backward_function is not None
        slots = Slots(wants_x)
        written: list[tuple[list[nn.Parameter], Tensor]] = []
        for name, parameters in self._trained.items():
            view = None if accumulate else evenly_spaced([p.grad for p in parameters])
            if view is None:
                view = parameters[0].new_empty((len(parameters), *parameters[0].shape))
                written.append((parameters, view))
            slots.__dict__[name] = view
        v_in = self._batched.backward_function(self._stack, saved, v, slots)
        for parameters, gradients in written:
            for p, gradient in zip(parameters, gradients, strict=True):
                if p.grad is None:
                    p.grad = gradient.clone()
                elif accumulate:
                    p.grad.add_(gradient)
                else:
                    p.grad.copy_(gradient)
        return v_in


def evenly_spaced(tensors: Sequence[Tensor | None]) -> Tensor | None:
    """One view (copies, *shape) of tensors that lie in one buffer at even distances; None where they do not."""
    first = tensors[0]
    if first is None or any(t is None or t.stride() != first.stride() for t in tensors):
        return None
    places = [t.storage_offset() for t in tensors if t is not None]
    homes = {t.untyped_storage().data_ptr() for t in tensors if t is not None}
    step = places[1] - places[0] if len(places) > 1 else first.numel()
    if len(homes) > 1 or step < first.numel() or any(b - a != step for a, b in pairwise(places)):
        return None
    return first.detach().as_strided((len(places), *first.shape), (step, *first.stride()), places[0])


def unfold_copies(modules: Sequence[nn.Module], generators: Sequence[torch.Generator], unfold: Unfold) -> list[Step]:
    """The steps of several networks of one structure.

    Parameters
    ----------
    modules:
        The same layers with the same settings (but for the shares of dropout), each with parameters of its own.
    generators:
        Source of the random numbers of each copy.
    unfold:
        Path and module → the steps of one network.

    Raises
    ------
    CannotBatchError
        The networks differ, or hold a layer that cannot be batched: one without a rule, shared parameters, or a custom
        forward with branches.
    """
    owners = Counter(id(p) for module in modules for layer in module.modules() for p in layer._parameters.values())
    if any(owners[id(p)] > 1 for module in modules for p in module.parameters()):
        raise CannotBatchError("a parameter stands in several layers")
    return _together([unfold("", module) for module in modules], generators)


def _together(plans: Sequence[Sequence[Step]], generators: Sequence[torch.Generator]) -> list[Step]:
    if len({len(steps) for steps in plans}) > 1:
        raise CannotBatchError("the networks have different layers")
    return [_step(steps, generators) for steps in zip(*plans, strict=True)]


def _step(steps: Sequence[Any], generators: Sequence[torch.Generator]) -> Step:
    first = steps[0]
    if len({(type(step), step.name) for step in steps}) > 1:
        raise CannotBatchError(f"layer {first.name}: the networks have different layers here")
    if type(first) in (SumStep, ConcatStep):
        branches = [_together(parts, generators) for parts in zip(*(step.branches for step in steps), strict=True)]
        return SumStep(first.name, branches) if type(first) is SumStep else ConcatStep(first.name, branches, axis=2)
    if not isinstance(first, RuleStep):
        kind = type(getattr(first, "module", first)).__name__
        raise CannotBatchError(f"layer {first.name or 'the module'} ({kind}) has no rule")
    described = [_described(step) for step in steps]
    if any(other != described[0] for other in described):
        raise CannotBatchError(f"layer {first.name} ({type(first.module).__name__}) has different settings")
    return CopiesStep(steps, generators)


def _described(leaf: RuleStep) -> tuple[Any, ...]:
    """What must be the same in all copies of a layer."""
    free = leaf.rule.free if leaf.rule.copies is not None else ()
    plain = (bool, int, float, str, tuple, type(None))
    settings = {k: v for k, v in vars(leaf.module).items() if isinstance(v, plain) and k not in ("training", *free)}
    parameters = {name: (tuple(p.shape), p.dtype, p.requires_grad) for name, p in leaf.parameters.items()}
    return leaf.rule.name, {k: v for k, v in settings.items() if not k.startswith("_")}, parameters


class CopiesObjective:
    """The loss of every copy: forward to (copies,) numbers, backward to v(n) of all.

    Parameters
    ----------
    loss:
        A loss module that gives the mean over its examples, or any other, which is then asked copy after copy.
    whole:
        It is known that every target counts; otherwise each `forward` looks whether some are to be ignored.
    """

    def __init__(self, loss: nn.Module, *, whole: bool = False) -> None:
        self.loss, self._whole = loss, whole
        plain = getattr(loss, "weight", None) is None and getattr(loss, "pos_weight", None) is None
        self._rule = find_loss_rule(loss) if type(loss) in BY_EXAMPLE and plain else None
        self._merges = self._rule is not None and getattr(loss, "reduction", "") == "mean"
        self._by_row = _without_reduction(loss) if self._merges else loss
        self._backward: Callable[[], Tensor]

    @graphless
    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        """y (copies, n, …) and target (copies, n, …) → losses (copies,)."""
        if self._merges and (self._whole or not leaves_out(self.loss, target)):
            return self._forward_merged(y, target)
        each = [Objective(self.loss) for _ in y]
        losses = [objective.forward(*pair) for objective, pair in zip(each, zip(y, target, strict=True), strict=True)]
        self._backward = lambda: torch.stack([objective.backward() for objective in each])
        return torch.stack(losses)

    def _forward_merged(self, y: Tensor, target: Tensor) -> Tensor:
        assert self._rule is not None and self._rule.backward_function is not None
        backward, (copies, rows) = self._rule.backward_function, y.shape[:2]
        y, target = y.flatten(0, 1), target.flatten(0, 1)
        _, saved = self._rule.forward(self.loss, y, target)
        self._backward = lambda: backward(self.loss, saved).mul_(copies).unflatten(0, (copies, rows))
        return self._by_row(y, target).view(copies, -1).mean(1)

    @graphless
    def backward(self) -> Tensor:
        """v(n) = ∂L/∂y (copies, n, …) of the last forward, of each copy's own loss."""
        return self._backward()


def _without_reduction(loss: nn.Module) -> nn.Module:
    by_row = copy.copy(loss)
    by_row.reduction = "none"  # type: ignore[assignment]
    return by_row


def leaves_out(loss: nn.Module, target: Tensor) -> bool:
    """Whether some targets do not count, so that the mean is not over all examples."""
    ignored = getattr(loss, "ignore_index", None)
    return ignored is not None and not target.is_floating_point() and bool((target == ignored).any())
