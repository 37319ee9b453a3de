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


def watch_backward(
    patches: Patches,
    before: Callable[[Tensor, Any, bool], None],
    after: Callable[[], None],
    is_own: Callable[[Any], bool],
) -> None:
    """Call `before(loss, weights, False)` and `after()` around every backward pass, not those that run inside one.

    A pass by `torch.autograd.grad` counts where `is_own(inputs)` says that it is for the network's parameters; then the
    last argument is True. One through which the program goes on to differentiate is a part of its loss.
    """
    depth = 0

    def around_pass(original: Any, asked: bool, tensors: Any, weights: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal depth
        loss = tensors if isinstance(tensors, Tensor) else next(iter(tensors), None)
        if depth or loss is None:
            return original(tensors, *args, **kwargs)
        before(loss, weights, asked)
        depth += 1
        try:
            result = original(tensors, *args, **kwargs)
        finally:
            depth -= 1
        after()
        return result

    def around_backward(original: Any) -> Any:
        def backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
            weights = args[0] if args else kwargs.get("grad_tensors")
            return around_pass(original, False, tensors, weights, *args, **kwargs)

        return backward

    def around_grad(original: Any) -> Any:
        def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("create_graph") or not is_own(inputs):
                return original(outputs, inputs, *args, **kwargs)
            weights = args[0] if args else kwargs.get("grad_outputs")
            return around_pass(original, True, outputs, weights, inputs, *args, **kwargs)

        return grad

    patches.replace(torch.autograd, "backward", around_backward)
    patches.replace(torch.autograd, "grad", around_grad)


def watch_scaling(patches: Patches, seen: Callable[[Any, Any], None]) -> None:
    """Call `seen(loss, scaled)` whenever a loss is scaled for mixed precision."""

    def around(original: Any) -> Any:
        def scale(self: Any, outputs: Any) -> Any:
            result = original(self, outputs)
            seen(outputs, result)
            return result

        return scale

    patches.replace(torch.amp.GradScaler, "scale", around)


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


def _unseen(function: Any) -> Any:
    """The function under a file name by which `warnings` takes its frame for one of the import system.

    Such frames it does not count: a warning of the original then names the line that it names without the function.
    """
    function.__code__ = function.__code__.replace(co_filename=f"{__file__} (not counted as importlib._bootstrap)")
    return function


def _seeing(name: str, seen: Callable[..., None], original: Any) -> Any:
    def call(input: Tensor, target: Tensor, *args: Any, **kwargs: Any) -> Any:
        result = original(input, target, *args, **kwargs)
        if isinstance(result, Tensor) and isinstance(target, Tensor) and not torch.compiler.is_compiling():
            seen(name, input, target, kwargs, result)
        return result

    return _unseen(call)
