"""Functions of PyTorch that are replaced while a loop is watched, and put back after it.

Each replacement calls the original with the same arguments and returns its result unchanged.
"""

import functools
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.data import DataLoader

from ..signals.losses import LOSSES


class Patches:
    """Replacements that can be undone in reverse order."""

    def __init__(self) -> None:
        self._undo: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, around: Callable[[Any], Any]) -> None:
        """Set `owner.name` to what `around` makes of it."""
        original = getattr(owner, name)
        self._undo.append((owner, name, original))
        setattr(owner, name, functools.wraps(original)(around(original)))

    def undo(self) -> None:
        """Put every original back."""
        while self._undo:
            owner, name, original = self._undo.pop()
            setattr(owner, name, original)


def watch_backward(patches: Patches, before: Callable[[Tensor], None], after: Callable[[], None]) -> None:
    """Call `before(loss)` and `after()` around every backward pass."""

    def around(original: Any) -> Any:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            loss = tensors if isinstance(tensors, Tensor) else next(iter(tensors), None)
            if loss is not None:
                before(loss)
            result = original(tensors, *args, **kwargs)
            after()
            return result

        return backward

    patches.replace(torch.autograd, "backward", around)


def watch_losses(patches: Patches, seen: Callable[[str, Tensor, Tensor, dict[str, Any], Tensor], None]) -> None:
    """Call `seen(name, output, target, settings, loss)` after every call of a loss in `torch.nn.functional`."""
    for name in LOSSES:
        patches.replace(F, name, functools.partial(_seeing, name, seen))


def watch_loaders(patches: Patches, seen: Callable[[DataLoader[Any]], None]) -> None:
    """Call `seen(loader)` whenever a DataLoader begins a pass over its data."""

    def around(original: Any) -> Any:
        def begin(self: DataLoader[Any]) -> Any:
            seen(self)
            return original(self)

        return begin

    patches.replace(DataLoader, "__iter__", around)


def _seeing(name: str, seen: Callable[..., None], original: Any) -> Any:
    def call(input: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> Any:
        result = original(input, target, *args, **kwargs)
        if isinstance(result, Tensor) and isinstance(target, Tensor):
            seen(name, input, target, kwargs, result)
        return result

    return call
