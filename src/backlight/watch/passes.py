"""Which backward passes are those of the watched network: a program may train others beside it."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn


class Reached:
    """Tells whether a backward pass changed the gradient of any of the parameters.

    Once it is known which parameters a pass reaches, only the first and the last of them are asked.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._asked = parameters
        self._before: list[tuple[int, int]] = []

    def mark(self) -> None:
        """A backward pass is about to begin."""
        self._before = [_state(p) for p in self._asked]

    def moved(self) -> bool:
        """Whether the pass that has ended reached the network."""
        moved = [p for p, before in zip(self._asked, self._before, strict=True) if _state(p) != before]
        self._asked = [moved[0], moved[-1]] if moved else self._parameters
        return bool(moved)


def _state(parameter: nn.Parameter) -> tuple[int, int]:
    """Autograd puts a new gradient in place, or adds to the old one, which counts its version up."""
    gradient = parameter.grad
    return (0, 0) if gradient is None else (id(gradient), gradient._version)


def value_of(loss: Tensor, weights: Any) -> Tensor | None:
    """The number that a backward pass descends: the loss, or the sum of its elements with the weights handed over."""
    loss = loss.detach()
    if loss.numel() == 1:
        return loss if loss.dim() == 0 else loss.reshape(())
    if isinstance(weights, (tuple, list)):
        weights = next(iter(weights), None)
    if not isinstance(weights, Tensor) or weights.shape != loss.shape:
        return None
    return (loss * weights.detach()).sum()
