"""What a plan takes for granted of a network: its layers and parameters, and that nothing hangs on them."""

from __future__ import annotations

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
        self._held: list[tuple[str, dict[str, Any], tuple[tuple[str, Any], ...]]] = [
            (path, held, tuple(held.items()))
            for path, m in module.named_modules()
            for held in (m._modules, m._parameters)
        ]

    def change(self) -> str:
        """What has changed, as the beginning of a sentence; empty where nothing has."""
        if any(self._hooks):
            return "a layer has got a hook, which its rule does not call"
        for path, held, kept in self._held:
            if len(held) != len(kept) or any(
                now is not then for now, (_, then) in zip(held.values(), kept, strict=True)
            ):
                then = dict(kept)
                name = next(name for name in {**then, **held} if held.get(name) is not then.get(name))
                return f"{path}.{name}".lstrip(".") + " was replaced, added or removed"
        return ""
