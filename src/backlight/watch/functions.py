"""Functions that a forward method calls without a module, seen as the module that does the same."""

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

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


class FunctionCalls(TorchFunctionMode):
    """Sees them while it is entered."""

    def __init__(
        self, take: Callable[[str, Tensor | None, Tensor, dict[str, float]], None], detached: Callable[[Tensor], None]
    ) -> None:
        super().__init__()
        self._take, self._detached = take, detached

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in FUNCTIONS and isinstance(result, Tensor):
            self._take(name, first_tensor(args), result, _settings(name, args, kwargs or {}))
        elif name == "detach":
            self._detached(args[0])
        return result


def _settings(name: str, args: Any, kwargs: dict[str, Any]) -> dict[str, float]:
    """The axis of `softmax(x, dim)`, and the share that `dropout(x, p, training)` drops."""
    if name in ("softmax", "log_softmax"):
        dim = args[1] if len(args) > 1 else kwargs.get("dim")
        return {"dim": dim} if isinstance(dim, int) else {}
    if name != "dropout":
        return {}
    training = args[2] if len(args) > 2 else kwargs.get("training", True)
    return {"p": float(args[1] if len(args) > 1 else kwargs.get("p", 0.5)) if training else 0.0}


def tensors_in(value: Any) -> list[Tensor]:
    """Tensors inside nested tuples, lists, dicts and plain objects, in their order."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = tuple(value.values())
    elif is_dataclass(value) and not isinstance(value, type):
        value = tuple(vars(value).values())
    if isinstance(value, (tuple, list)):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []


def first_tensor(value: Any) -> Tensor | None:
    """The first of the tensors inside."""
    return value if isinstance(value, Tensor) else next(iter(tensors_in(value)), None)
