"""A step without a rule: the module runs as it is, and autograd is asked for just that step."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from ..records import BacklightError
from .steps import LeafStep


class OpaqueStep(LeafStep):
    """A step without a rule: the module runs as it is, and autograd is asked for just this step.

    The input may be a tuple of tensors when the module takes several. `reason` says why the module has no rule and
    was not split into its layers.
    """

    def __init__(self, name: str, module: nn.Module, reason: str = "there is no rule for it") -> None:
        super().__init__(name, module, dict(module.named_parameters()))
        self.reason = reason
        self.precision: torch.dtype | None = None
        """In which the module runs under `torch.autocast`; None as it is."""
        self._changes_input = any(getattr(m, "inplace", False) for m in module.modules())

    def __str__(self) -> str:
        kind = type(self.module).__name__
        place = f"layer {self.name} ({kind})" if self.name else f"the whole network ({kind})"
        return f"{place} runs as it is, on autograd: {self.reason}"

    def _forward(self, x: Any) -> tuple[Tensor, Any]:
        inputs = [_leaf(part) for part in (x if isinstance(x, tuple) else (x,))]
        with torch.enable_grad(), autocast(inputs[0].device, self.precision):
            y = self.module(*(part.clone() if self._changes_input else part for part in inputs))
        if not isinstance(y, Tensor):
            raise BacklightError(
                f"layer {self.name or 'the module'} ({type(self.module).__name__}) returns "
                f"{type(y).__name__}, and a plan carries one tensor from layer to layer; wrap it so that it returns one"
            )
        return y.detach(), (inputs, y)

    def _backward(self, saved: Any, v: Tensor, accumulate: bool, wants_x: bool) -> Any:
        inputs, y = saved
        wanted = [part for part in inputs if wants_x and part.requires_grad]
        trained = [(name, p) for name, p in self.parameters.items() if p.requires_grad]
        answers: Sequence[Tensor | None] = [None] * (len(wanted) + len(trained))
        if y.requires_grad and answers:
            answers = torch.autograd.grad(y, [*wanted, *(p for _, p in trained)], v.to(y.dtype), allow_unused=True)
        gradients = answers[len(wanted) :]
        self.unreached = [p for (_, p), gradient in zip(trained, gradients, strict=True) if gradient is None]
        for (name, p), gradient in zip(trained, gradients, strict=True):
            self._keep(name, p, gradient, accumulate)
        if not wanted or not y.requires_grad:
            return None
        found = iter([torch.zeros_like(p) if a is None else a for p, a in zip(wanted, answers, strict=False)])
        v_in = tuple(next(found) if part.requires_grad else None for part in inputs)  # codes have no gradient
        return v_in[0] if len(inputs) == 1 else v_in

    def _keep(self, name: str, p: nn.Parameter, gradient: Tensor | None, accumulate: bool) -> None:
        if p.grad is not None and (accumulate or name in self.shared):
            if gradient is not None:
                p.grad.add_(gradient)
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
