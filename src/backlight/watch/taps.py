"""What flows through someone else's module during one forward and backward pass, taken by hooks.

Hooks on the layers live only for the forward pass of an observed step. Small parts of the tensors are copied as they
pass: nothing is written, no random number is drawn, and no memory that the program would free is held.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils.hooks import RemovableHandle

from ..records import Layer
from ..signals.roles import role_of
from ..signals.thinning import thinned

FUNCTIONS = {
    "relu": "ReLU",
    "relu_": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "tanh": "Tanh",
    "tanh_": "Tanh",
    "sigmoid": "Sigmoid",
    "sigmoid_": "Sigmoid",
    "logsigmoid": "LogSigmoid",
    "hardtanh": "Hardtanh",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
    "clamp": "Clamp",
    "clip": "Clamp",
    "clamp_min": "ReLU",
    "log": "Log",
    "exp": "Exp",
    "dropout": "Dropout",
    "max_pool1d": "MaxPool1d",
    "max_pool2d": "MaxPool2d",
    "avg_pool2d": "AvgPool2d",
    "adaptive_avg_pool2d": "AdaptiveAvgPool2d",
}
"""Functions of PyTorch called in a forward method → the module that does the same."""


class Glimpse:
    """The memory of a tensor: known again, and found again, as long as someone else keeps it."""

    def __init__(self, tensor: Tensor) -> None:
        self._storage = StorageWeakRef(tensor.untyped_storage())
        self._start = tensor.data_ptr()
        self._end = self._start + max(1, tensor.numel()) * tensor.element_size()
        self._place = tensor.storage_offset(), tensor.shape, tensor.stride()
        self._empty = torch.empty(0, dtype=tensor.dtype, device=tensor.device)

    def holds(self, x: Tensor) -> bool:
        """Whether x begins in this memory."""
        return self._start <= x.data_ptr() < self._end and not self._storage.expired()

    def again(self) -> Tensor | None:
        """The whole tensor with the values of now; None once its memory is free."""
        storage = torch.UntypedStorage._new_with_weak_ptr(self._storage.cdata)
        return None if storage is None else self._empty.set_(storage, *self._place)


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

    def keep_output(self, y: Tensor) -> None:
        """Copy what is read of x(i+1) before the program goes on: held whole, it would cost the loop fresh memory."""
        self.y, self.y_shape, self.memory = _copied(y), tuple(y.shape), glimpse(y)
        if y.requires_grad:
            y.register_hook(self.keep_gradient)

    def keep_gradient(self, v: Tensor) -> None:
        """Keep what is read of v(i+1)."""
        self.v_out = thinned(v)
        self.v_shape = tuple(v.shape) if self.v_out is not v else ()

    def widen(self) -> None:
        """Take the whole x(i+1) where its memory is still in use."""
        whole = self.memory.again() if self.memory is not None else None
        if whole is not None and self.y is not None and self.y.numel() < whole.numel():
            self.y = whole


class Taps:
    """Takes the calls of one forward pass of `model`, and the gradients of the backward pass that follows."""

    def __init__(self, model: nn.Module) -> None:
        self.calls: list[Call] = []
        self._layers = dict(layers_of(model))
        self._handles: list[RemovableHandle] = []
        self._names: set[str] = set()
        self._inside = 0
        self._x: tuple[Tensor, int] | None = None
        self._functions = _Functions(self._take_function)

    def open(self) -> None:
        """Start taking calls; the tensors of an earlier pass are let go."""
        self.forget()
        for name, module in self._layers.items():
            self._handles.append(module.register_forward_pre_hook(self._enter))
            self._handles.append(module.register_forward_hook(self._taker(name)))
        self._functions.__enter__()

    def close(self) -> None:
        """Take no more calls; gradients still arrive."""
        if self._handles:
            self._functions.__exit__(None, None, None)
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def forget(self) -> None:
        """Let go of everything that was taken."""
        self.calls, self._names, self._inside, self._x = [], set(), 0, None

    def layers(self) -> tuple[Layer, ...]:
        """The calls as records, with the parameters and gradients of now; x(0) is that of the first call."""
        x = self._x[0].detach() if self._x is not None and self._x[0]._version == self._x[1] else None
        return tuple(_as_layer(call, x if i == 0 else None) for i, call in enumerate(self.calls))

    def source(self, x: Tensor | None) -> str:
        """The latest call whose output x is, or is a view of."""
        if x is None:
            return ""
        return next((c.name for c in reversed(self.calls) if c.memory is not None and c.memory.holds(x)), "")

    def widen(self) -> None:
        """Take whole outputs where their memory is still in use: to find the place of a single number."""
        for call in self.calls:
            call.widen()

    def _enter(self, module: nn.Module, args: Any) -> None:
        self._inside += 1

    def _taker(self, name: str) -> Callable[[nn.Module, Any, Any], None]:
        def take(module: nn.Module, args: Any, output: Any) -> None:
            self._inside = max(0, self._inside - 1)  # a model that is one layer is entered before its hooks live
            self._take(name, type(module).__name__, module, first_tensor(args), first_tensor(output))

        return take

    def _take_function(self, name: str, x: Tensor | None, y: Tensor) -> None:
        if self._inside:
            return
        name_here = f"{self.source(x)}.{name}".lstrip(".")
        while name_here in self._names:
            name_here += "'"
        self._take(name_here, FUNCTIONS[name], None, x, y)

    def _take(self, name: str, kind: str, module: nn.Module | None, x: Tensor | None, y: Tensor | None) -> None:
        if name in self._names:
            return
        call = Call(name, kind, module, source=self.source(x))
        if x is not None:
            call.x_shape = tuple(x.shape)
            if not self.calls:
                self._x = x, x._version
        if y is not None:
            call.keep_output(y)
        self._names.add(name)
        self.calls.append(call)


class _Functions(TorchFunctionMode):
    """Sees activation functions that a forward method calls without a module."""

    def __init__(self, take: Callable[[str, Tensor | None, Tensor], None]) -> None:
        super().__init__()
        self._take = take

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in FUNCTIONS and isinstance(result, Tensor):
            self._take(name, first_tensor(args), result)
        return result


def layers_of(model: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Module]]:
    """Modules seen as one layer: leaves, composites that PyTorch itself calls a layer, holders of own parameters."""
    children = list(model.named_children())
    is_layer = not children or role_of(type(model).__name__) != "other"
    if is_layer or next(model.parameters(recurse=False), None) is not None:
        yield prefix, model
    if not is_layer:
        for name, child in children:
            yield from layers_of(child, f"{prefix}.{name}".lstrip("."))


def first_tensor(value: Any) -> Tensor | None:
    """The first tensor inside nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return value
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        return next((found for item in value if (found := first_tensor(item)) is not None), None)
    return None


def glimpse(tensor: Tensor) -> Glimpse | None:
    """None for tensors without plain memory (sparse, nested, traced)."""
    return Glimpse(tensor) if type(tensor) in (Tensor, nn.Parameter) and tensor.layout == torch.strided else None


def _copied(tensor: Tensor) -> Tensor:
    """Evenly spaced rows and places, in memory of their own: the program may overwrite its tensor in place."""
    part = thinned(tensor.detach())
    return part.clone() if part.data_ptr() == tensor.data_ptr() else part


def _as_layer(call: Call, x: Tensor | None) -> Layer:
    parameters: dict[str, Tensor] = {}
    if call.module is not None:
        recurse = role_of(call.kind) != "other"
        parameters = {name: p.detach() for name, p in call.module.named_parameters(recurse=recurse)}
    return Layer(
        name=call.name,
        kind=call.kind,
        x=x,
        y=call.y,
        v_out=call.v_out,
        v_shape=call.v_shape,
        parameters=parameters,
        gradients=_gradients(call),
        x_shape=call.x_shape,
        y_shape=call.y_shape,
        source=call.source,
    )


def _gradients(call: Call) -> dict[str, Tensor]:
    if call.module is None:
        return {}
    named = call.module.named_parameters(recurse=role_of(call.kind) != "other")
    return {name: p.grad for name, p in named if p.grad is not None and p.grad.layout == torch.strided}
