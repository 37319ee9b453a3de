"""The optimizers of a loop, and facts of what they train."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ..records import BacklightError
from ..signals.facts import OptimizerFacts
from .parameters import held_by
from .players import Players

SUCCEEDED = 10
"""Steps in a row after which an optimizer has taken the place of one that made as many before: a new phase of the loop,
and none that steps now and then, or is created anew in every step."""

MODE_MATTERS = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


class Optimizers:
    """Those that are watched, and others that make steps on parameters of the network.

    Watched are those that were given; without any, those that step on the network first, each for parameters that no
    other holds. One that takes the place of a watched one, as when a loop has unfrozen a body, is watched from then on.
    """

    def __init__(self, given: Any, network: nn.Module) -> None:
        several = given if isinstance(given, (list, tuple)) else (given,)
        self.watched: list[Optimizer] = [] if given is None else list(several)
        self._adopts = given is None
        self._network = network
        if not all(isinstance(one, Optimizer) for one in self.watched) or not (self.watched or self._adopts):
            raise BacklightError(
                "watch(model, optimizer) takes a torch.optim.Optimizer as optimizer, or a list of them; without any, "
                "those that step on the model are watched."
            )
        self.players = Players(network)
        self._handles: dict[int, RemovableHandle] = {}
        self._others: dict[frozenset[int], Optimizer] = {}
        self._steps: Counter[int] = Counter()
        """Place of the watched one → the steps that it made."""
        self._row = 0
        """Steps that the latest of the others made since any other optimizer did."""
        self._latest: Optimizer | None = None
        self.other_steps = 0
        """Steps on parameters of the network by optimizers that are not watched."""
        self.others = 0
        """How many such optimizers there were; one created anew in every step counts each time."""

    def held(self) -> list[set[int]]:
        """Identities of the parameters that each of the watched ones holds."""
        return [held_by(one) for one in self.watched]

    def hear(self, optimizer: Optimizer, before: Callable[..., None]) -> bool:
        """Call `before` from now on when a watched one begins its step, after the program's own hooks, which may clip
        gradients; whether it was not heard of before."""
        if self.place_of(optimizer) is None or id(optimizer) in self._handles:
            return False
        self._handles[id(optimizer)] = optimizer.register_step_pre_hook(before)
        return True

    def leave(self) -> None:
        """Hear of nothing more."""
        for handle in self._handles.values():
            handle.remove()
        self._handles.clear()

    def place_of(self, optimizer: Optimizer) -> int | None:
        """Which of the watched ones it is, or makes steps for: a wrapper (SAM, lookahead) shares its groups."""
        for place, one in enumerate(self.watched):
            if optimizer is one or optimizer.param_groups is one.param_groups:
                return place
        own = self._own(optimizer) if self._adopts else frozenset()
        if not own or any(own & held for held in self.held()):
            return None
        self.watched.append(optimizer)
        return len(self.watched) - 1

    def stepped(self, place: int) -> None:
        """A watched one makes its step."""
        self.players.stepped(self.watched[place])
        self._steps[place] += 1
        self._latest = None

    def note_other(self, optimizer: Optimizer) -> bool:
        """One that is not watched made a step: the latest of those with the same parameters is kept, for a loop may
        create one in every step. Whether it is another player's, and none of the network's parameters moved."""
        plays = self.players.plays(held_by(optimizer))
        if plays:
            self.players.stepped(optimizer)
        if not any(optimizer is other for other in self._others.values()):
            own = self._own(optimizer)
            if not own:
                return plays and self.players.several
            self._others[own] = optimizer
            self.others += 1
        self.other_steps += 1
        self._row = self._row + 1 if optimizer is self._latest else 1
        self._latest = optimizer
        if self._row == SUCCEEDED:
            self._succeed(optimizer)
        return False

    def _succeed(self, optimizer: Optimizer) -> None:
        own = self._own(optimizer)
        places = [place for place, held in enumerate(self.held()) if held & own]
        if len(places) != 1 or self._steps[places[0]] < SUCCEEDED:
            return
        before, self.watched[places[0]] = self.watched[places[0]], optimizer
        if (handle := self._handles.pop(id(before), None)) is not None:
            handle.remove()
        self._others.pop(own, None)
        self._others[self._own(before)] = before
        self._steps[places[0]] = 0

    def facts(self) -> OptimizerFacts | None:
        """Kind and settings of the first one, and which parameters they all do and do not hold."""
        if not self.watched:
            return None
        everyone = (*self.watched, *self._others.values())
        return optimizer_facts(self.watched, everyone, self._network)

    def learning_rate(self) -> float:
        """That of the first group now."""
        return rate_of(self.watched[0].param_groups[0]) if self.watched else math.nan

    def _own(self, optimizer: Optimizer) -> frozenset[int]:
        return frozenset(id(p) for p in self._network.parameters()) & held_by(optimizer)


def idle_norms(model: nn.Module) -> tuple[str, ...]:
    """Batch normalisations whose running statistics are those of the start (mean 0, variance 1), by name; those with a
    momentum of 0, which keep them whatever comes, left out."""
    return tuple(
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.modules.batchnorm._BatchNorm)
        and module.momentum != 0
        and module.running_mean is not None
        and module.running_var is not None
        and not bool(module.running_mean.any())
        and bool((module.running_var == 1).all())
    )


def optimizer_facts(optimizers: Sequence[Optimizer], everyone: Sequence[Optimizer], model: nn.Module) -> OptimizerFacts:
    """Of the first optimizer; parameters are missing that nobody in `everyone` holds, foreign those of `optimizers`."""
    optimizer = optimizers[0]
    own = {id(p) for p in model.parameters()}
    held, by_anyone = held_by(*optimizers), held_by(*everyone)
    group = max(optimizer.param_groups, key=lambda g: sum(p.numel() for p in g["params"]))
    plain = {k: v for k, v in group.items() if k != "params" and isinstance(v, (bool, int, float, tuple))}
    return OptimizerFacts(
        kind=type(optimizer).__name__,
        learning_rate=rate_of(group),
        momentum=float(group.get("momentum", 0.0) or 0.0),
        weight_decay=float(group.get("weight_decay", 0.0) or 0.0),
        missing=tuple(name for name, p in model.named_parameters() if p.requires_grad and id(p) not in by_anyone),
        foreign=len(held - own),
        settings=plain,
    )


def rate_of(group: Mapping[str, Any]) -> float:
    """Learning rate of a parameter group; not a number where the optimizer has none, or chooses it by itself."""
    rate = group.get("lr")
    return math.nan if rate is None else float(rate)


def mode_matters(model: nn.Module) -> bool:
    """Whether training and evaluation mode differ: dropout with p > 0, or batch normalisation."""
    return any(isinstance(m, MODE_MATTERS) and getattr(m, "p", 1.0) > 0 for m in model.modules())
