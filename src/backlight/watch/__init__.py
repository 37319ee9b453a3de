"""The same signals from someone else's training loop."""

import sys
from types import ModuleType
from typing import Any

from .loop import Watch, watch
from .store import read_facts, save_run

__all__ = ["Watch", "read_facts", "save_run", "watch"]


class _Callable(ModuleType):
    """`backlight.watch` names this room and the function in it: calling the room calls the function."""

    def __call__(self, *args: Any, **kwargs: Any) -> Watch:
        return watch(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
