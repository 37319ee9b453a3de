"""The network inside of what a loop calls, and what cannot be watched."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import UninitializedParameter

from ..records import BacklightError

Watchable = nn.Module | Sequence[nn.Module] | Mapping[str, nn.Module]
"""A network, or several that are trained as one (an encoder and its decoder)."""


def network_of(model: nn.Module) -> nn.Module:
    """What lies inside wrappers that hand a batch on as it is: data parallel ones, and what `torch.compile` returns."""
    inside: Any = model
    while isinstance(inside, (DataParallel, DistributedDataParallel)) or _is_wrapped_by_compile(inside):
        inside = inside._orig_mod if _is_wrapped_by_compile(inside) else inside.module
    return inside


def as_one(model: Watchable) -> nn.Module:
    """Several networks as the parts of one, by their names or places.

    Raises:
        BacklightError: it is neither a network nor several, or one that hooks cannot look into.

    """
    if isinstance(model, nn.Module):
        _refuse_unwatchable(model)
        return model
    named = _by_name(model)
    if not named or not all(isinstance(part, nn.Module) for part in named.values()):
        raise BacklightError(
            "watch(model, optimizer) takes a torch.nn.Module as model, or a list or dict of those trained as one."
        )
    if any("." in name or not name for name in named):
        raise BacklightError("Names of networks given to watch stand in the names of their layers: leave out dots.")
    container = nn.Module()  # not a ModuleDict, which forbids names such as "items"
    for name, part in named.items():
        _refuse_unwatchable(part)
        container._modules[name] = network_of(part)
    return container


def _by_name(models: Any) -> dict[str, Any]:
    if isinstance(models, Mapping):
        return {str(name): part for name, part in models.items()}
    return {str(place): part for place, part in enumerate(models)} if isinstance(models, (list, tuple)) else {}


def in_training(model: nn.Module) -> bool:
    """Whether the network is in training mode; of several, whether any is."""
    return any(part.training for part in model.children()) if is_several(model) else model.training


def is_several(model: nn.Module) -> bool:
    """Whether this is what `as_one` made of several networks: nothing calls it as a whole."""
    return type(model) is nn.Module


def is_compiled(module: nn.Module) -> bool:
    """Whether a call of the module runs compiled code, in which no hook may stand."""
    return _is_wrapped_by_compile(module) or is_compiled_in_place(module)


def is_compiled_in_place(module: nn.Module) -> bool:
    """Whether `module.compile()` was called."""
    return getattr(module, "_compiled_call_impl", None) is not None


def inside_transform() -> bool:
    """Whether a transformation of `torch.func` (grad, vmap) is running: its tensors must not be kept beyond it."""
    return torch._C._functorch.peek_interpreter_stack() is not None


def _refuse_unwatchable(model: Any) -> None:
    if isinstance(model, torch.jit.ScriptModule):
        raise BacklightError("watch cannot look into a network of torch.jit: watch the one that it was made from.")
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        raise BacklightError(
            "The network has lazy layers without a shape: call it on one batch, make the optimizer, then watch."
        )
    if any(type(p).__name__ == "DTensor" for p in model.parameters()):
        raise BacklightError(
            "The parameters lie in parts on several devices (DTensor), and to read one makes all processes wait: watch "
            "the network before it is sharded, in one process."
        )


def _is_wrapped_by_compile(module: nn.Module) -> bool:
    """By name: importing `torch._dynamo` for its type takes seconds."""
    return type(module).__name__ == "OptimizedModule" and "_orig_mod" in module._modules
