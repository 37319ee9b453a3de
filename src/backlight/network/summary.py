"""The layers of a network as rows: what each is, and the shape of x before and behind it."""

import inspect
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..records import ArrayInputs, ImageInputs, Inputs, TableInputs
from . import layers as own
from .storage import settings

_SHOWN_BY_SHAPES = {
    "in_features", "out_features", "in_channels", "out_channels", "num_features", "num_channels", "normalized_shape",
    "num_parameters",
}  # fmt: skip
_SHORT = {"kernel_size": "kernel", "num_groups": "groups", "p": "share", "negative_slope": "slope"}


@dataclass(frozen=True)
class LayerRow:
    """One layer."""

    name: str
    """Dotted, as in `named_modules`."""
    kind: str
    settings: str
    """What distinguishes it, beyond its shapes, such as "kernel 3×3, padding 1×1, no bias"."""
    x_in: tuple[int, ...]
    """Shape of x(i) without the batch; empty when the layer did not run."""
    x_out: tuple[int, ...]
    """Shape of x(i+1)."""
    parameters: int
    """Trainable and frozen, its own and those of the layers in it."""
    depth: int
    """0 for layers of the network itself, 1 for layers within those, …"""


def summarise(module: nn.Module, sample: Inputs | tuple[int, ...] | Tensor) -> tuple[LayerRow, ...]:
    """One row for each layer, containers before what they hold, in order.

    Args:
        module: any network; run once in evaluation mode and left as it was.
        sample: what x(0) looks like: inputs, the shape of one example, or a batch.
    """
    shapes = _run(module, _batch(module, sample))
    return tuple(_row(name, layer, shapes.get(layer, ((), ()))) for name, layer in module.named_modules() if name)


def _batch(module: nn.Module, sample: Inputs | tuple[int, ...] | Tensor) -> Tensor:
    if isinstance(sample, Tensor):
        return sample
    shape = sample.shape if isinstance(sample, TableInputs | ImageInputs | ArrayInputs) else tuple(sample)
    kind = torch.uint8 if isinstance(sample, ImageInputs) else torch.float32
    parameter = next(module.parameters(), torch.empty(0))
    return torch.zeros(2, *shape, dtype=kind, device=parameter.device)


def _run(module: nn.Module, x: Tensor) -> dict[nn.Module, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Shapes of x before and behind each layer."""
    shapes: dict[nn.Module, tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def note(layer: nn.Module, args: Any, y: Any) -> None:
        before = next((a for a in args if isinstance(a, Tensor)), None)
        after = y if isinstance(y, Tensor) else next((a for a in y if isinstance(a, Tensor)), None)
        if before is not None and after is not None:
            shapes[layer] = (tuple(before.shape[1:]), tuple(after.shape[1:]))

    modes = {layer: layer.training for layer in module.modules()}
    hooks = [layer.register_forward_hook(note) for layer in modes]
    try:
        module.eval()
        with torch.no_grad():
            module(x)
    finally:
        for hook in hooks:
            hook.remove()
        for layer, training in modes.items():
            layer.training = training
    return shapes


def _row(name: str, layer: nn.Module, shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> LayerRow:
    return LayerRow(
        name=name,
        kind=type(layer).__name__,
        settings=_settings(layer),
        x_in=shapes[0],
        x_out=shapes[1],
        parameters=sum(p.numel() for p in layer.parameters()),
        depth=name.count("."),
    )


def _settings(layer: nn.Module) -> str:
    """What the layer says of itself, or those of PyTorch's settings that differ from their defaults."""
    home = type(layer).__module__
    if home.startswith("torch.nn.modules."):
        with suppress(AttributeError):  # a layer that hides its settings says nothing
            return ", ".join(_told(layer, settings(layer)))
    return "" if not home.startswith(own.__name__) else layer.extra_repr()


def _told(layer: nn.Module, found: dict[str, Any]) -> Iterator[str]:
    parameters = inspect.signature(type(layer)).parameters
    for name, value in found.items():
        default = parameters[name].default
        usual = name in _SHOWN_BY_SHAPES or value == default or _single(value) == default
        if usual or (name == "stride" and value == found.get("kernel_size")):
            continue
        yield "no bias" if name == "bias" else f"{_SHORT.get(name, name.replace('_', ' '))} {_text(value)}"


def _single(value: Any) -> Any:
    """A pair of equal numbers as one."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
