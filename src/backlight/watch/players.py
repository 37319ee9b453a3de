"""Players of a game: optimisers that step each after a backward pass of their own, on losses that pull both ways."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn

from .leaves import learned_behind, learned_between

FEWEST = 3
"""Turns from which it is no exception."""


class Players:
    """Tells whether the losses of a loop are those of one goal, or of several players that act against each other."""

    def __init__(self, network: nn.Module) -> None:
        self._own = {id(p) for p in network.parameters()}
        self._judges: set[int] | None = None
        self._makers: set[int] = set()
        self._beside: list[tuple[nn.Parameter, int]] = []
        self._passes = self._turns = self._together = 0
        self._latest: tuple[Any, int] | None = None

    @property
    def several(self) -> bool:
        """Whether optimisers mostly take turns."""
        return self._turns >= FEWEST and self._turns > self._together

    def passed(self) -> None:
        """A backward pass begins."""
        self._passes += 1

    def read(self, loss: Tensor, output: Tensor | None, inputs: Sequence[Tensor]) -> None:
        """Remember the parameters of others that this loss goes through, behind the network and before it, once."""
        if self._judges is None and output is not None:
            judges = learned_between(loss, output)
            self._judges = judges.keys() - self._own
            self._beside = [(judges[key], judges[key]._version) for key in self._judges]
        if not self._makers:
            self._makers = set().union(*(learned_behind(tensor) for tensor in inputs)) - self._own

    def idle_weights(self) -> tuple[str, ...]:
        """Parameters of the loss itself that receive gradients and that nobody has changed, by shape: weights of tasks,
        a temperature, one matrix. Several matrices are a network that judges as it is."""
        idle = [p for p, version in self._beside if p.grad is not None and p._version == version]
        matrices = sum(p.dim() > 1 for p, _ in self._beside)
        return tuple(f"a parameter of shape {tuple(p.shape)}" for p in idle) if matrices < 2 else ()

    def plays(self, held: Iterable[int]) -> bool:
        """Whether an optimiser that is not watched holds parameters that the loss goes through."""
        others = (self._judges or set()) | self._makers
        return bool(others) and not others.isdisjoint(held)

    def stepped(self, optimizer: Any) -> None:
        """An optimiser makes its step: in turn with another where a pass lies between the two."""
        if self._latest is not None and self._latest[0] is not optimizer:
            turn = self._passes > self._latest[1]
            self._turns, self._together = self._turns + turn, self._together + (not turn)
        self._latest = optimizer, self._passes
