"""What flows through someone else's module during one forward and backward pass, taken by hooks.

Hooks on the layers live only for the forward pass of an observed step. Tensors are held by reference until
the step is read: nothing is copied, nothing is written, no random number is drawn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
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


@dataclass
class Call:
    """One layer as it was called."""

    name: str
    kind: str
    module: nn.Module | None
    x: Tensor | None
    y: Tensor | None
    x_version: int = 0
    y_version: int = 0
    v_out: Tensor | None = None
    v_shape: tuple[int, ...] = ()

    def keep_gradient(self, v: Tensor) -> None:
        """Keep evenly spaced values of a large v(i+1): held whole, it would cost the loop fresh memory."""
        self.v_out = thinned(v)
        self.v_shape = tuple(v.shape) if self.v_out is not v else ()


class Taps:
    """Takes the calls of one forward pass of `model`, and the gradients of the backward pass that follows."""

    def __init__(self, model: nn.Module) -> None:
        self.calls: list[Call] = []
        self._layers = dict(layers_of(model))
        self._handles: list[RemovableHandle] = []
        self._inside = 0
        self._functions = _Functions(self._take_function)

    def open(self) -> None:
        """Start taking calls; the tensors of an earlier pass are let go."""
        self.calls, self._inside = [], 0
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

    def layers(self) -> tuple[Layer, ...]:
        """The calls as records, with the parameters and gradients of now."""
        return tuple(_as_layer(call) for call in self.calls)

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
        before = next((call.name for call in reversed(self.calls) if x is not None and call.y is x), "")
        known = {call.name for call in self.calls}
        name_here = f"{before}.{name}".lstrip(".")
        while name_here in known:
            name_here += "'"
        self._take(name_here, FUNCTIONS[name], None, x, y)

    def _take(self, name: str, kind: str, module: nn.Module | None, x: Tensor | None, y: Tensor | None) -> None:
        if any(call.name == name for call in self.calls):
            return
        call = Call(name, kind, module, x, y)
        if x is not None:
            call.x_version = x._version
        if y is not None:
            call.y_version = y._version
            if y.requires_grad:
                y.register_hook(call.keep_gradient)
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


def _as_layer(call: Call) -> Layer:
    """Tensors that an in-place operation has overwritten since are left out."""
    parameters: dict[str, Tensor] = {}
    if call.module is not None:
        recurse = role_of(call.kind) != "other"
        parameters = {name: p.detach() for name, p in call.module.named_parameters(recurse=recurse)}
    gradients = _gradients(call)
    return Layer(
        name=call.name,
        kind=call.kind,
        x=_unwritten(call.x, call.x_version),
        y=_unwritten(call.y, call.y_version),
        v_out=call.v_out,
        v_shape=call.v_shape,
        parameters=parameters,
        gradients=gradients,
    )


def _gradients(call: Call) -> dict[str, Tensor]:
    if call.module is None:
        return {}
    named = call.module.named_parameters(recurse=role_of(call.kind) != "other")
    return {name: p.grad for name, p in named if p.grad is not None and p.grad.layout == torch.strided}


def _unwritten(tensor: Tensor | None, version: int) -> Tensor | None:
    return tensor.detach() if tensor is not None and tensor._version == version else None
