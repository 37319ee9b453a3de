"""Hooks that cannot hurt the loop they are hung into."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import torch


class Hook:
    """A hook that stays with its module: the copy of a module, or its file, holds one that does nothing."""

    def __init__(self, call: Callable[..., Any] | None = None) -> None:
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Look, and change nothing."""
        return None if self._call is None else self._call(*args, **kwargs)

    def __deepcopy__(self, memo: Any) -> "Hook":
        return Hook()

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return Hook, ()


class MayFail(Protocol):
    """Something that looks on, and can stop looking."""

    failure: Exception | None

    def stop_looking(self) -> None:
        """Let go of everything that was begun."""


def harmless(look: Callable[..., None]) -> Callable[..., None]:
    """A method that looks on: what it raises ends the looking, with a warning, and not the training.

    While PyTorch compiles the program it does nothing, so that it leaves no trace in the compiled code.
    """

    @functools.wraps(look)
    def safe(self: MayFail, *args: Any, **kwargs: Any) -> None:
        if torch.compiler.is_compiling() or self.failure is not None:
            return
        try:
            look(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever fails here, the training must go on
            self.failure = error
            self.stop_looking()
            warnings.warn(
                f"backlight stopped watching, the training goes on: {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )

    return safe
