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
    side_by_side = isinstance(module, Residual | Concat)
    for key, child in reversed(list(module.named_children())):
        yield from _walk(child, f"{name}.{key}".strip("."), following)
        if not side_by_side:
            following = _met(child, following)


def _met(module: nn.Module, following: nn.Module | None) -> nn.Module | None:
    """The activation that x meets first on its way through the module and what is behind it."""
    if is_activation(module):
        return module
    if isinstance(module, WEIGHTED):
        return None
    children = list(module.children())
    if isinstance(module, Residual | Concat):
        return _met(children[0], following)
    for child in reversed(children):
        following = _met(child, following)
    return following


def residual_ends(network: nn.Module) -> list[nn.Module]:
    """The last norm or weighted layer of the body of each residual block, without those whose weight is frozen."""
    ends: list[nn.Module] = []
    for block in network.modules():
        if isinstance(block, Residual):
            scaled = [m for m in block.body.modules() if isinstance(m, (*WEIGHTED, *_NORMS)) and m.weight is not None]
            ends += [m for m in scaled[-1:] if m.weight.requires_grad]
    return ends
