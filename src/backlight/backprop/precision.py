"""A plan in mixed precision: matrix products and convolutions in bfloat16 or float16, all else as it needs.

As `torch.autocast` does it (Micikevicius et al. 2018, arXiv:1710.03740), with explicit casts: parameters and their
gradients stay float32, and each product works on low copies of its parameters and inputs. Layers without parameters
take what arrives; normalisations, embeddings and softmaxes work in float32. Layers without a rule, and the
calls between layers of a custom forward, run under `torch.autocast`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from .functions import Call
from .graph import GraphStep
from .opaque import OpaqueStep
from .steps import RuleStep, Step
from .table import Rule, Slots

if TYPE_CHECKING:
    from .plan import Plan


def lower(plan: Plan, dtype: torch.dtype) -> None:
    """Let the plan's products work in this dtype from now on."""
    for leaf in plan.leaves:
        if isinstance(leaf, OpaqueStep):
            leaf.precision = dtype
        elif isinstance(leaf, RuleStep):
            low = _Product(leaf.rule, leaf.module, dtype) if leaf.rule.product else _Other(leaf.rule, leaf.parameters)
            leaf.replace(low.forward, low.backward)
    for call in _calls(plan.steps):
        call.precision = dtype


def _calls(steps: Iterable[Step]) -> Iterator[Call]:
    """The calls between layers, of all graphs at any depth."""
    for step in steps:
        for branch in getattr(step, "branches", ()):
            yield from _calls(branch)
        if isinstance(step, GraphStep):
            yield from (node.call for node in step.nodes if node.call is not None)


class _Product:
    """A rule on low copies of the parameters, made anew by every forward pass."""

    def __init__(self, rule: Rule, module: nn.Module, dtype: torch.dtype) -> None:
        self.rule, self.dtype = rule, dtype
        self.low = copy.copy(module)
        self.low._parameters = {
            name: None if p is None else torch.empty_like(p, dtype=dtype, requires_grad=False)  # type: ignore[misc]
            for name, p in module._parameters.items()
        }

    def forward(self, m: nn.Module, x: Any) -> tuple[Tensor, Any]:
        for name, p in m._parameters.items():
            if p is not None:
                self.low._parameters[name].copy_(p)  # type: ignore[union-attr]
        y, saved = self.rule.forward(self.low, _cast(x, self.dtype))
        return y, (saved, _dtype(x))

    def backward(self, _m: nn.Module, saved: Any, v: Tensor, g: Slots) -> Any:
        inner, dtype = saved
        wanted = {name: getattr(g, name) for name in self.low._parameters}
        low = {name: None if to is None else torch.empty_like(to, dtype=self.dtype) for name, to in wanted.items()}
        assert self.rule.backward_function is not None
        v_in = self.rule.backward_function(self.low, inner, v.to(self.dtype), Slots(g.wants_x, **low))
        for name, to in wanted.items():
            if to is not None:
                to.copy_(low[name])
        return None if v_in is None else _cast(v_in, dtype)


class _Other:
    """A rule on what arrives; in float32 where it has parameters or its values need the digits."""

    def __init__(self, rule: Rule, parameters: dict[str, nn.Parameter]) -> None:
        self.rule = rule
        self.single = bool(parameters) or rule.single

    def forward(self, m: nn.Module, x: Any) -> tuple[Tensor, Any]:
        y, saved = self.rule.forward(m, _cast(x, torch.float32) if self.single else x)
        return y, (saved, y.dtype, _dtype(x))

    def backward(self, m: nn.Module, saved: Any, v: Tensor, g: Slots) -> Any:
        inner, dtype, dtype_in = saved
        assert self.rule.backward_function is not None
        v_in = self.rule.backward_function(m, inner, v.to(dtype), g)
        return _cast(v_in, dtype_in) if self.single and v_in is not None else v_in


def _cast(x: Any, dtype: torch.dtype) -> Any:
    if isinstance(x, tuple):
        return tuple(_cast(part, dtype) for part in x)
    return x.to(dtype) if isinstance(x, Tensor) and x.is_floating_point() and dtype.is_floating_point else x


def _dtype(x: Any) -> torch.dtype:
    first = x[0] if isinstance(x, tuple) else x
    dtype: torch.dtype = first.dtype
    return dtype
