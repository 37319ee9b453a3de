"""Which rectified units are zero for every row of the data: one pass over it when training has ended."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from .roles import RECTIFIERS
from .units import by_unit


@dataclass(frozen=True)
class Silence:
    """The units of one layer, over the rows of the pass."""

    dead: tuple[int, ...]
    """Units that were zero for every row and place."""
    rows: int
    """Rows, times places, that were read."""
    whole: bool
    """Whether the answer holds for all rows of the data: all were read, or every unit spoke before."""


def silent_units(
    module: nn.Module, batches: Iterable[Tensor], *, call: Callable[[nn.Module, Tensor], Any], go_on: Callable[[], bool]
) -> dict[str, Silence]:
    """Layer of rectifiers, by its path → its silent units, in evaluation mode; the module's mode is restored.

    A layer is left alone once each of its units has spoken, and the pass ends when that is so of all of them: in a
    healthy network after a few batches. `call` runs the module on a batch; `go_on` is asked before each, and what is
    left unread when it says no makes the answer that of a part. A layer that is called more than once in a pass has no
    answer: its calls are not the same units.
    """
    layers = {name: _Listener() for name, m in module.named_modules() if type(m).__name__ in RECTIFIERS}
    for name, listener in layers.items():
        listener.hook = module.get_submodule(name).register_forward_hook(listener.hear)
    training = module.training
    complete = True
    try:
        module.eval()
        with torch.inference_mode():
            for x in batches:
                complete = go_on()
                if not complete or all(listener.settled for listener in layers.values()):
                    break
                call(module, x)
                for listener in layers.values():
                    listener.end_batch()
    finally:
        module.train(training)
        for listener in layers.values():
            listener.leave()
    return {name: listener.silence(complete) for name, listener in layers.items() if listener.calls == 1}


class _Listener:
    """Which units of one layer have spoken."""

    def __init__(self) -> None:
        self.hook: Any = None
        self.rows = 0
        self.calls = 0
        """In the latest batch that was heard."""
        self.settled = False
        self._began = True
        self._spoke: Tensor | None = None

    def hear(self, module: nn.Module, args: Any, y: Tensor) -> None:
        self.calls = 1 if self._began else self.calls + 1
        self._began = False
        if self.calls > 1:
            return
        flat = by_unit(y)
        spoke = flat.abs().amax(0) != 0
        self._spoke = spoke if self._spoke is None else self._spoke | spoke
        self.rows += len(flat)

    def end_batch(self) -> None:
        """Hear no more where nothing can be learned any more."""
        self._began = True
        self.settled = self.settled or self.calls > 1 or (self._spoke is not None and bool(self._spoke.all()))
        if self.settled:
            self.leave()

    def leave(self) -> None:
        self.hook.remove()

    def silence(self, complete: bool) -> Silence:
        assert self._spoke is not None
        dead = tuple(torch.nonzero(~self._spoke).flatten().tolist())
        return Silence(dead, self.rows, complete or not dead)
