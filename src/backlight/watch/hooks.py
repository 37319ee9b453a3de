"""Hooks that cannot hurt the loop they are hung into."""

import contextlib
import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any, Protocol

import torch


class Hook:
    """A hook that stays with its module: in a copy of the module, should one get there, it does nothing."""

    def __init__(self, call: Callable[..., Any] | None = None) -> None:
        self._call = call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Look, and change nothing."""
        if self._call is None or torch.compiler.is_compiling():  # it leaves no trace in compiled code
            return None
        return self._call(*args, **kwargs)

    def __deepcopy__(self, memo: Any) -> "Hook":
        return Hook()

    def __reduce__(self) -> tuple[type, tuple[()]]:
        return Hook, ()


class Threads:
    """Which thread the watched loop runs in: PyTorch's functions are replaced for all of them."""

    def __init__(self) -> None:
        self._bound: int | None = None

    def bind(self) -> None:
        """The loop is here."""
        self._bound = threading.get_ident()

    def here(self) -> bool:
        """Whether this is the loop's own thread, as far as it is known."""
        return self._bound is None or self._bound == threading.get_ident()


class MayFail(Protocol):
    """Something that looks on, and can stop looking."""

    failure: Exception | None
    threads: "Threads"

    def stop_looking(self) -> None:
        """Let go of everything that was begun."""


def harmless_anywhere(look: Callable[..., None]) -> Callable[..., None]:
    """A method that looks on: what it raises ends the looking, with a warning, and not the training.

    While PyTorch compiles the program it does nothing, so that it leaves no trace in the compiled code.
    """

    @functools.wraps(look)
    def safe(self: MayFail, *args: Any, **kwargs: Any) -> None:
        if self.failure is not None or torch.compiler.is_compiling():
            return
        try:
            look(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever fails here, the training must go on
            self.failure = error
            with contextlib.suppress(Exception):  # what is half open may fail again
                self.stop_looking()
            warnings.warn(
                f"backlight stopped watching, the training goes on: {type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )

    return safe


def harmless(look: Callable[..., None]) -> Callable[..., None]:
    """The same, and deaf to threads other than that of the loop."""
    safe = harmless_anywhere(look)

    @functools.wraps(look)
    def here(self: MayFail, *args: Any, **kwargs: Any) -> None:
        if self.threads.here():
            safe(self, *args, **kwargs)

    return here
