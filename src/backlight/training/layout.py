"""How images lie in memory: channels-last, which convolutions prefer, unless a forward cannot work on that."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..data.batches import Batches

_REFUSED = "view size is not compatible"
"""What PyTorch says when a forward asks for a `view` that only the plain layout allows."""

Measured = dict[str, tuple[Tensor, Tensor]]


def lay_out(module: nn.Module, batches: Batches, measured: Measured) -> Measured:
    """Put module and images into one layout, in place; the measured rows in that layout."""
    if batches.x.dim() != 4:
        return measured
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    if _works(module, batches.x[:2]):
        return measured
    module.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    batches.x = batches.x.contiguous()
    return {split: (x.contiguous(), target) for split, (x, target) in measured.items()}


def outputs_of(module: nn.Module, x: Tensor) -> Tensor:
    """module(x), with images in the plain layout where its forward needs that."""
    try:
        outputs: Tensor = module(x)
    except RuntimeError as error:
        if x.dim() != 4 or _REFUSED not in str(error):
            raise
        return module(x.contiguous())
    return outputs


def _works(module: nn.Module, x: Tensor) -> bool:
    """Whether the forward runs on images laid out channels-last; only one that PyTorch did not write is tried."""
    if all(type(m).__module__.partition(".")[0] in ("torch", "backlight") for m in module.modules()):
        return True
    modes = [(m, m.training) for m in module.modules()]
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            module.eval()(x)
    except RuntimeError as error:
        return _REFUSED not in str(error)
    finally:
        for m, training in modes:
            m.training = training
    return True
