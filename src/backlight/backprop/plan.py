"""The plan: the ordered list of steps that the engine runs for a module, forward in order and backward in reverse."""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn

from ..records import Layer
from .steps import LeafStep, OpaqueStep, RuleStep, Step, Tape, walk_backward, walk_forward
from .table import find_container, find_rule


class Plan:
    """Back-propagation through any module, made explicit.

    Containers (`nn.Sequential`, `Residual`, `Concat`) are unfolded into steps. A step whose exact module type has a
    rule runs that rule; any other module runs as it is and autograd is asked for just that step. Train and eval
    mode, frozen parameters, tied parameters, buffers and random state behave as in PyTorch.

    Parameters
    ----------
    module:
        The network. The plan holds no copy of it: parameters and mode may change between calls, its layers may not.
    sample:
        An input (or a tuple of inputs) to try the plan on at once, in eval mode; None tries it at the first call.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    >>> x = torch.randn(5, 3)
    >>> plan = Plan(model, x)
    >>> y = plan.forward(x)
    >>> v_in = plan.backward(torch.ones_like(y))
    >>> v_in.shape, model[0].weight.grad.shape
    (torch.Size([5, 3]), torch.Size([4, 3]))
    """

    def __init__(self, module: nn.Module, sample: Any = None) -> None:
        self.module = module
        self.steps: list[Step] = unfold("", module)
        self._mark_shared()
        self._tape: Tape | None = None
        if sample is not None:
            self._try(sample)

    @property
    def leaves(self) -> list[LeafStep]:
        """The steps without children, in forward order."""
        return [leaf for step in self.steps for leaf in step.leaves()]

    @torch.no_grad()
    def forward(self, x: Any, *, observe: bool = False) -> Tensor:
        """The forward pass: x(0) → x(n).

        Parameters
        ----------
        x:
            Input, batch first; a tuple of tensors for a module with several inputs.
        observe:
            Keep x(i) and v(i) of every layer for `layers`.
        """
        tape = Tape(observe=observe)
        y = walk_forward(self.steps, x, tape)
        self._tape = tape
        return y

    @torch.no_grad()
    def backward(self, v: Tensor, *, wants_x: bool = True, accumulate: bool = True) -> Tensor | None:
        """The backward pass: from v(n) = ∂L/∂x(n) to v(0) = ∂L/∂x(0), parameter gradients into `p.grad`.

        Parameters
        ----------
        v:
            ∂L/∂y, of the shape of the last forward's output.
        wants_x:
            Whether ∂L/∂x is computed and returned; without it the walk stops at the lowest trained layer.
        accumulate:
            Add to the gradients that stand in `p.grad`, as PyTorch does; otherwise overwrite them.

        Raises
        ------
        RuntimeError
            When no forward pass is waiting for its backward pass.
        """
        if self._tape is None or not self._tape.saved:
            raise RuntimeError("no forward pass is waiting: call plan.forward(x) before each plan.backward(v)")
        self._tape.accumulate = accumulate
        return walk_backward(self.steps, v, self._tape, wants_x)

    def layers(self) -> tuple[Layer, ...]:
        """x(i), v(i), parameters and gradients of every layer of the last pass run with `observe=True`.

        The tensors are views: they are overwritten by the next step.
        """
        if self._tape is None or self._tape.layers is None:
            raise RuntimeError("nothing was observed: call plan.forward(x, observe=True) first")
        return tuple(leaf.observed(self._tape) for leaf in self.leaves)

    def release(self) -> None:
        """Forget the last pass and free what it holds."""
        self._tape = None

    def _mark_shared(self) -> None:
        leaves = self.leaves
        counts = Counter(id(p) for leaf in leaves for p in leaf.parameters.values())
        for leaf in leaves:
            leaf.shared = frozenset(k for k, p in leaf.parameters.items() if counts[id(p)] > 1)
        self.shared = [p for p in self.module.parameters() if counts[id(p)] > 1]

    def _try(self, sample: Any) -> None:
        modes = [(m, m.training) for m in self.module.modules()]
        self.module.eval()
        try:
            self.forward(sample)
        finally:
            for module, mode in modes:
                module.training = mode
            self.release()


def unfold(name: str, module: nn.Module) -> list[Step]:
    """The steps of a module, whose path is `name`."""
    make = find_container(module)
    if make is not None:
        steps: list[Step] = make(name, module, unfold)
        return steps
    entry = find_rule(module)
    return [OpaqueStep(name, module) if entry is None else RuleStep(name, module, entry)]
