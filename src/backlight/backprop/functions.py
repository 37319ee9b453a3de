"""Functions that a custom forward may call and a plan may split at: pure, out of place, without random numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .opaque import autocast

_AS_MODULE: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "relu": (nn.ReLU, ("inplace",)),
    "relu6": (nn.ReLU6, ("inplace",)),
    "leaky_relu": (nn.LeakyReLU, ("negative_slope", "inplace")),
    "elu": (nn.ELU, ("alpha", "inplace")),
    "selu": (nn.SELU, ("inplace",)),
    "gelu": (nn.GELU, ("approximate",)),
    "silu": (nn.SiLU, ("inplace",)),
    "mish": (nn.Mish, ("inplace",)),
    "tanh": (nn.Tanh, ()),
    "sigmoid": (nn.Sigmoid, ()),
    "softplus": (nn.Softplus, ("beta", "threshold")),
    "hardswish": (nn.Hardswish, ("inplace",)),
    "hardsigmoid": (nn.Hardsigmoid, ("inplace",)),
    "softmax": (nn.Softmax, ("dim",)),
    "log_softmax": (nn.LogSoftmax, ("dim",)),
    "flatten": (nn.Flatten, ("start_dim", "end_dim")),
    "max_pool2d": (nn.MaxPool2d, ("kernel_size", "stride", "padding", "dilation", "ceil_mode")),
    "avg_pool2d": (nn.AvgPool2d, ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")),
    "adaptive_avg_pool2d": (nn.AdaptiveAvgPool2d, ("output_size",)),
}
"""Function → the module that does the same, and what the function takes after its input, in order."""

_OTHERS = """
add sub mul div neg matmul bmm exp log sqrt rsqrt square abs pow sin cos clamp mean sum amax amin
cat stack reshape transpose permute squeeze unsqueeze einsum
"""
_METHODS_ONLY = "view contiguous expand size detach"
_FUNCTIONAL_ONLY = """
normalize pad pixel_shuffle glu cosine_similarity one_hot max_pool1d avg_pool1d adaptive_avg_pool1d
"""
_OPERATORS = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.neg,
    operator.matmul,
    operator.pow,
    operator.getitem,
)

_NAMES = (*_AS_MODULE, *_OTHERS.split())
_OF_TENSORS = [name for name in _NAMES if hasattr(Tensor, name)]
_DISPATCHED = {getattr(F, name): name for name in ("max_pool1d", "max_pool2d", "adaptive_max_pool2d")}
"""Functions that PyTorch makes of two, one of them returning places; their own names say nothing."""

METHODS = frozenset((*_OF_TENSORS, *_METHODS_ONLY.split()))
"""Names of tensor methods."""

FUNCTIONS: frozenset[Callable[..., Any]] = frozenset(
    [getattr(home, name) for home in (torch, F) for name in _NAMES if hasattr(home, name)]
    + [getattr(F, name) for name in _FUNCTIONAL_ONLY.split()]
    + list(_OPERATORS)
)

VIEWS = frozenset(
    (
        "flatten",
        "view",
        "reshape",
        "transpose",
        "permute",
        "squeeze",
        "unsqueeze",
        "contiguous",
        "expand",
        "getitem",
        "detach",
    )
)
"""What may hand on the memory of its input."""


def name_of(target: Any) -> str:
    """`relu` for `torch.relu`, `F.relu` and the method alike."""
    if target in _DISPATCHED:
        return _DISPATCHED[target]
    return target if isinstance(target, str) else target.__name__.strip("_")


def as_module(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> nn.Module | None:
    """The module that does what `target(x, *args, **kwargs)` does; None where there is none."""
    name = name_of(target)
    if name not in _AS_MODULE or any(isinstance(a, torch.fx.Node) for a in (*args, *kwargs.values())):
        return None
    kind, names = _AS_MODULE[name]
    if len(args) > len(names) or not set(kwargs) <= set(names):
        return None
    settings = dict(zip(names, args, strict=False)) | kwargs
    settings.pop("inplace", None)
    if name == "flatten":
        settings = {"start_dim": 0, "end_dim": -1} | settings
    if name in ("softmax", "log_softmax") and not isinstance(settings.get("dim"), int):
        return None
    return kind(**settings)


def changes_input(node: torch.fx.Node) -> bool:
    """Whether the call is asked to work in place."""
    name = name_of(node.target)
    names = _AS_MODULE.get(name, (None, ()))[1]
    given = dict(zip(names, node.args[1:], strict=False)) | dict(node.kwargs)
    return bool(given.get("inplace")) or "out" in node.kwargs


class Call:
    """One call of a pure function on values computed before; its derivative is asked of autograd.

    Additions and concatenations, which join the branches of most networks, go by themselves.
    """

    def __init__(self, target: Any, args: Any, kwargs: dict[str, Any]) -> None:
        self.target, self.args, self.kwargs = target, args, kwargs
        self.name = name_of(target)
        self.sources = _places((args, kwargs))
        self.precision: torch.dtype | None = None
        """In which it runs under `torch.autocast`; None as it is."""

    def forward(self, values: list[Any]) -> tuple[Any, Any]:
        """The result, and what backward needs: None where no number has a derivative."""
        inputs = {place: values[place] for place in self.sources}
        if self.name == "add" and self._adds_alike(inputs):
            return inputs[self.args[0].place] + inputs[self.args[1].place], "add"
        leaves = {
            place: value.detach().requires_grad_(value.is_floating_point())
            for place, value in inputs.items()
            if isinstance(value, Tensor)
        }
        known = inputs | leaves
        device = next((leaf.device for leaf in leaves.values()), torch.device("cpu"))
        with torch.enable_grad(), autocast(device, self.precision):
            y = _run(self.target, _filled(self.args, known), _filled(self.kwargs, known))
        return (y.detach(), (y, leaves)) if isinstance(y, Tensor) else (y, None)

    def backward(self, saved: Any, v: Tensor, wanted: set[int]) -> dict[int, Tensor]:
        """Gradients by the place of the value, for the places that are wanted."""
        if saved is None:
            return {}
        if saved == "add":
            return {arg.place: v for arg in self.args if arg.place in wanted}
        y, leaves = saved
        asked = [place for place, leaf in leaves.items() if place in wanted and leaf.requires_grad]
        if not asked or not y.requires_grad:
            return {}
        found = torch.autograd.grad(y, [leaves[place] for place in asked], v, allow_unused=True)
        return {place: g for place, g in zip(asked, found, strict=True) if g is not None}

    def _adds_alike(self, inputs: dict[int, Any]) -> bool:
        """Two different tensors of one shape and type, so that both gradients are v itself."""
        if self.kwargs or len(self.args) != 2 or len(inputs) != 2:
            return False
        a, b = inputs.values()
        tensors = isinstance(a, Tensor) and isinstance(b, Tensor)
        return tensors and a.shape == b.shape and a.dtype == b.dtype and a.is_floating_point()


class Place:
    """Stands for a value computed before."""

    def __init__(self, place: int) -> None:
        self.place = place


def _places(arguments: Any) -> tuple[int, ...]:
    if isinstance(arguments, Place):
        return (arguments.place,)
    if isinstance(arguments, dict):
        arguments = tuple(arguments.values())
    if isinstance(arguments, tuple | list):
        return tuple(dict.fromkeys(place for part in arguments for place in _places(part)))
    return ()


def _filled(arguments: Any, values: dict[int, Any]) -> Any:
    if isinstance(arguments, Place):
        return values[arguments.place]
    if isinstance(arguments, dict):
        return {key: _filled(part, values) for key, part in arguments.items()}
    if isinstance(arguments, tuple | list):
        return type(arguments)(_filled(part, values) for part in arguments)
    return arguments


def _run(target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if isinstance(target, str):
        return getattr(args[0], target)(*args[1:], **kwargs)
    return target(*args, **kwargs)
