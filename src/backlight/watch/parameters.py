"""The parameters of the watched network, and which backward passes reach them: a program may train others, too."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def held_by(*optimizers: Optimizer) -> set[int]:
    """Identities of the parameters that these optimizers hold."""
    return {id(p) for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]}


class Parameters:
    """The parameters that can be trained, as they are now: a loop may freeze, add and replace some midway.

    Once it is known which of them a backward pass reaches, only the first and the last are asked for a new gradient.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self.trained: list[nn.Parameter] = []
        self.held: list[nn.Parameter] = []
        """Those that an optimizer holds."""
        self._by_optimizer: list[list[nn.Parameter]] = []
        self._unreached: dict[int, nn.Parameter] = {}
        self._known: set[int] = set()
        self._asked: list[nn.Parameter] = []
        self._before: list[tuple[int, int]] = []

    def find(self, held: Sequence[Collection[int]]) -> None:
        """Look which there are, and which of them each of the optimizers holds."""
        now = [p for p in self._network.parameters() if p.requires_grad]
        if len(now) != len(self.trained) or any(a is not b for a, b in zip(now, self.trained, strict=True)):
            self.trained = self._asked = now
        self._by_optimizer = [[p for p in now if id(p) in one] for one in held]
        self.held = [p for several in self._by_optimizer for p in several]
        self._unreached |= {id(p): p for p in self.held if id(p) not in self._known}
        self._known |= self._unreached.keys()

    def note_gradients(self) -> None:
        """Which of them have a gradient by now."""
        if self._unreached:
            self._unreached = {key: p for key, p in self._unreached.items() if p.grad is None}

    def is_unreached(self, parameter: nn.Parameter) -> bool:
        """Whether an optimizer holds it, and it never had a gradient."""
        return id(parameter) in self._unreached

    def none_reached(self, place: int) -> bool:
        """Whether an optimizer holds some, and none of them ever had a gradient."""
        several = self._by_optimizer[place] if place < len(self._by_optimizer) else []
        return bool(several) and all(map(self.is_unreached, several))

    def mark(self) -> None:
        """A backward pass is about to begin."""
        self._before = [_state(p) for p in self._asked]

    def moved(self) -> bool:
        """Whether the pass that has ended reached the network: it changed the gradient of any parameter."""
        moved = [p for p, before in zip(self._asked, self._before, strict=False) if _state(p) != before]
        self._asked = [moved[0], moved[-1]] if moved else self.trained
        return bool(moved)

    def among(self, inputs: Any) -> bool:
        """Whether gradients are asked for any of them."""
        several = inputs.values() if isinstance(inputs, Mapping) else inputs
        tensors = [inputs] if isinstance(inputs, Tensor) else list(several)
        return any(isinstance(t, nn.Parameter) and any(t is p for p in self.trained) for t in tensors)

    def clean(self) -> set[int]:
        """Places of the optimizers for which a backward pass begins with gradients that are zero or None.

        Gradients are left over only where none of the passes since the last step began so: the first of several adds
        to the others on purpose, and a pass of another player may go through this network before its own begins.
        """
        return {place for place, several in enumerate(self._by_optimizer) if _are_clean(several)}

    def without_gradient(self) -> bool:
        """Whether there are some that an optimizer holds, and not one of them has a gradient."""
        return bool(self.held) and all(p.grad is None for p in self.held)

    def filled(self) -> bool:
        """Whether the first gradient of those that an optimizer holds is not zero."""
        return not _are_clean(self.held)

    def emptied(self) -> bool:
        """Whether every gradient of those that an optimizer holds is zero."""
        return _are_clean(self.held) and all(_are_clean([p]) for p in self.held)


class First:
    """Tells whether a program wrote to a parameter, perhaps its first values: its version counts what has written."""

    def __init__(self, parameter: nn.Parameter) -> None:
        self.parameter = parameter
        self._start = self._sum()
        self._version = parameter._version

    def moved(self) -> None:
        """The optimisers have changed it."""
        self._version = self.parameter._version

    def is_back(self) -> bool:
        """Whether something else has written to it since, and it holds its first values again."""
        return self.is_rewritten() and self._sum() == self._start

    def is_rewritten(self) -> bool:
        """Whether something else has written to it since."""
        return self.parameter._version != self._version

    def _sum(self) -> float:
        return float(self.parameter.detach().abs().double().sum())


def _state(parameter: nn.Parameter) -> tuple[int, int]:
    """Autograd puts a new gradient in place, or adds to the old one, which counts its version up."""
    gradient = parameter.grad
    return (0, 0) if gradient is None else (id(gradient), gradient._version)


def _are_clean(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether the first gradient that there is, is zero."""
    first = next((p.grad for p in parameters if p.grad is not None), None)
    if first is not None and first.layout is not torch.strided:
        first = first.coalesce().values()
    return first is None or not bool((first != 0).any())
