"""What a plan takes for granted of a network: its layers and parameters, and that nothing hangs on them."""

from __future__ import annotations

from operator import is_
from typing import Any

from torch import nn

from .table import hooks_of


class Structure:
    """The layers, parameters and hooks of a module as they stand now, to be compared with later.

    Parameters
    ----------
    module:
        The network.
    called:
        `id` of the modules that are called as they are, so that their hooks are heard.
    """

    def __init__(self, module: nn.Module, called: set[int]) -> None:
        self._hooks = [hooks for m in module.modules() if id(m) not in called for hooks in hooks_of(m)]
        self._held: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
            (path, held, dict(held)) for path, m in module.named_modules() for held in (m._modules, m._parameters)
        ]

    def change(self) -> str:
        """What has changed, as the beginning of a sentence; empty where nothing has."""
        if any(self._hooks):
            return "a layer has got a hook, which its rule does not call"
        for path, held, kept in self._held:
            if len(held) != len(kept) or not all(map(is_, held.values(), kept.values())):
                name = next(name for name in {**kept, **held} if held.get(name) is not kept.get(name))
                return f"{path}.{name}".lstrip(".") + " was replaced, added or removed"
        return ""
