"""One layer as it was called in an observed pass, and the record of it."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle, unserializable_hook

from ..records import Layer
from ..signals.roles import role_of
from ..signals.thinning import thinned
from .memory import Glimpse, glimpse, has_memory


@dataclass
class Call:
    """One layer as it was called: evenly spaced rows and places of its tensors, never a whole large one."""

    name: str
    kind: str
    module: nn.Module | None
    x_shape: tuple[int, ...] = ()
    y: Tensor | None = None
    y_shape: tuple[int, ...] = ()
    source: str = ""
    v_out: Tensor | None = None
    v_shape: tuple[int, ...] = ()
    memory: Glimpse | None = None
    settings: dict[str, float] = field(default_factory=dict)
    finds_readers: bool = False
    """Whether `node` is to be kept."""
    node: Any = None
    """That of autograd's graph which made x(i+1)."""
    branches: bool = False
    handle: RemovableHandle | None = None
    """Of the hook on x(i+1)."""

    def keep_output(self, y: Tensor) -> None:
        """Copy what is read of x(i+1) before the program goes on: held whole, it would cost the loop fresh memory."""
        self.y, self.y_shape, self.memory = _copied(y), tuple(y.shape), glimpse(y)
        if self.finds_readers:
            self.node = y.grad_fn
        if y.grad_fn is not None:  # a parameter, or the program's own input, would bear the hook beyond the step
            self.handle = y.register_hook(self.keep_gradient)

    def let_go(self) -> None:
        """Take no gradient any more: the program may keep x(i+1)."""
        if self.handle is not None:
            self.handle.remove()

    @unserializable_hook
    def keep_gradient(self, v: Tensor) -> None:
        """Keep what is read of v(i+1)."""
        if not has_memory(v):
            return
        self.v_out = thinned(v)
        self.v_shape = tuple(v.shape) if self.v_out is not v else ()

    def widen(self) -> None:
        """Take the whole x(i+1) where its memory is still in use."""
        whole = self.memory.again() if self.memory is not None else None
        if whole is not None and self.y is not None and self.y.numel() < whole.numel():
            self.y = whole


def as_layer(call: Call, x: Tensor | None) -> Layer:
    """The call as a record, with the parameters and gradients of now; x is what the layer received, where kept."""
    named = () if call.module is None else call.module.named_parameters(recurse=role_of(call.kind) != "other")
    learned = {name: p for name, p in named if p.is_floating_point() or p.is_complex()}
    return Layer(
        name=call.name,
        kind=call.kind,
        x=x,
        y=call.y,
        v_out=call.v_out,
        v_shape=call.v_shape,
        parameters={name: _real(p) for name, p in learned.items()},
        gradients={name: _real(_plain(p.grad)) for name, p in learned.items() if p.grad is not None},
        x_shape=call.x_shape,
        y_shape=call.y_shape,
        source=call.source,
        settings=call.settings,
        branches=call.branches,
    )


def hidden_layer(name: str, module: nn.Module) -> Layer:
    """A layer inside of compiled code: parameters, gradients, and the units that its weight tells."""
    call = Call(name, type(module).__name__, module)
    weight = dict(module.named_parameters(recurse=False)).get("weight")  # to ask for a parametrized one computes it
    if role_of(call.kind) == "linear" and isinstance(weight, Tensor) and weight.dim() > 1:
        call.x_shape, call.y_shape = (0, weight.shape[1]), (0, weight.shape[0])
    return as_layer(call, None)


def _plain(gradient: Tensor) -> Tensor:
    """Of a sparse gradient the values that it has."""
    return gradient.coalesce().values() if gradient.layout == torch.sparse_coo else gradient


def _real(values: Tensor) -> Tensor:
    """Complex numbers as pairs."""
    return torch.view_as_real(values.detach()) if values.is_complex() else values


def _copied(tensor: Tensor) -> Tensor:
    """Evenly spaced rows and places, in memory of their own: the program may overwrite its tensor in place."""
    part = thinned(tensor.detach())
    return part.clone() if part.data_ptr() == tensor.data_ptr() else part
