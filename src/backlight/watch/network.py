"""The network inside the object that a loop calls, and what cannot be watched."""

from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import UninitializedParameter

from ..records import BacklightError


def network_of(model: nn.Module) -> nn.Module:
    """What lies inside wrappers that hand a batch on as it is: data parallel ones, and what `torch.compile` returns."""
    inside: Any = model
    while isinstance(inside, (DataParallel, DistributedDataParallel)) or _is_wrapped_by_compile(inside):
        inside = inside._orig_mod if _is_wrapped_by_compile(inside) else inside.module
    return inside


def is_compiled(module: nn.Module) -> bool:
    """Whether a call of the module runs compiled code, in which no hook may stand."""
    return _is_wrapped_by_compile(module) or getattr(module, "_compiled_call_impl", None) is not None


def refuse_unwatchable(model: Any) -> None:
    """A sentence for networks that hooks cannot look into.

    Raises:
        BacklightError: the network is scripted, or has parameters without a shape.

    """
    if isinstance(model, torch.jit.ScriptModule):
        raise BacklightError("watch cannot look into a network of torch.jit: watch the one that it was made from.")
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        raise BacklightError(
            "The network has lazy layers without a shape: call it on one batch, make the optimizer, then watch."
        )


def _is_wrapped_by_compile(module: nn.Module) -> bool:
    """By name: importing `torch._dynamo` for its type takes seconds."""
    return type(module).__name__ == "OptimizedModule" and "_orig_mod" in module._modules
