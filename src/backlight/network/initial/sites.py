"""Finds the layers to be filled, and what follows each."""

from collections.abc import Iterator

from torch import nn

from ..layers import Concat, Residual
from .gains import is_activation

WEIGHTED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.LayerNorm, nn.GroupNorm)


def weighted(network: nn.Module) -> list[tuple[str, nn.Module, nn.Module | None]]:
    """Name, layer and following activation of each layer with a trainable weight, from input to output."""
    return list(_walk(network, "", None))[::-1]


def _walk(
    module: nn.Module, name: str, following: nn.Module | None
) -> Iterator[tuple[str, nn.Module, nn.Module | None]]:
    """From output to input; `following` is the activation behind the module."""
    if isinstance(module, WEIGHTED):
        if module.weight.requires_grad:
            yield name, module, following
        return
    behind = None if isinstance(module, Residual) else following  # a sum follows, which is linear
    for key, child in reversed(list(module.named_children())):
        yield from _walk(child, f"{name}.{key}".strip("."), behind)
        if not isinstance(module, Residual | Concat):
            behind = _met(child, behind)


def _met(module: nn.Module, following: nn.Module | None) -> nn.Module | None:
    """The activation that x meets first on its way through the module and what is behind it."""
    if is_activation(module):
        return module
    if isinstance(module, (*WEIGHTED, Residual)):
        return None
    children = list(module.children())
    for child in children[:1] if isinstance(module, Concat) else reversed(children):
        following = _met(child, following)
    return following


def residual_ends(network: nn.Module) -> tuple[int, dict[nn.Module, nn.Module | None]]:
    """Number of residual blocks; and the last weighted layer in the body of each, with the norm that ends the body."""
    blocks = [block for block in network.modules() if isinstance(block, Residual)]
    ends: dict[nn.Module, nn.Module | None] = {}
    for block in blocks:
        layers = [m for m in block.body.modules() if isinstance(m, WEIGHTED + _NORMS) and m.weight is not None]
        last = next((i for i in reversed(range(len(layers))) if isinstance(layers[i], WEIGHTED)), None)
        if last is not None:
            ends[layers[last]] = layers[-1] if last < len(layers) - 1 else None
    return len(blocks), ends
