"""What a program is: a network, data, a loss, an optimiser, and a plain loop over them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass
class Program:
    """One training loop, ready to run. The flags below `validation` are the faults of loops."""

    model: nn.Module
    x: Tensor
    y: Tensor
    loss: Loss
    optimizer: torch.optim.Optimizer
    batch: int = 64
    epochs: int = 8
    validation: tuple[Tensor, Tensor] | None = None
    zero_grad: bool = True
    evaluation_mode: bool = False
    shuffle: bool = True
    metrics: tuple[str, ...] = ()

    def run(self, seed: int = 0) -> list[float]:
        """Train; the losses of all steps."""
        generator = torch.Generator().manual_seed(seed)
        losses = []
        for _ in range(self.epochs):
            self.model.train(not self.evaluation_mode)
            for x, y in self._batches(generator):
                if self.zero_grad:
                    self.optimizer.zero_grad()
                loss = self.loss(self.model(x), y)
                loss.backward()
                self.optimizer.step()
                losses.append(float(loss.detach()))
            self._validate()
        return losses

    def _batches(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        n = len(self.x)
        order = torch.randperm(n, generator=generator) if self.shuffle else torch.arange(n)
        for rows in order.split(self.batch):
            yield self.x[rows], self.y[rows]

    def _validate(self) -> None:
        if self.validation is not None:
            self.model.eval()
            with torch.no_grad():
                self.loss(self.model(self.validation[0]), self.validation[1])


Build = Callable[[], Program]


@dataclass(frozen=True)
class Entry:
    """A program of the benchmark and the names that count as its cause (none: healthy)."""

    name: str
    build: Build
    causes: tuple[str, ...] = ()


@dataclass
class Collection:
    """Programs, gathered by decorators."""

    entries: list[Entry] = field(default_factory=list)

    def add(self, *causes: str) -> Callable[[Build], Build]:
        """Register a program; any of `causes` counts as naming its fault."""

        def register(build: Build) -> Build:
            self.entries.append(Entry(build.__name__.replace("_", "-"), build, causes))
            return build

        return register


POSTED = Collection()
"""Faults as people post them, on the small data sets they post about."""


SOUND = Collection()
"""Programs without a fault, on the same data and in other ways."""


def adam(model: nn.Module, rate: float = 3e-3) -> torch.optim.Optimizer:
    return torch.optim.Adam(model.parameters(), rate)


def sgd(model: nn.Module, rate: float = 0.1, momentum: float = 0.0) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), rate, momentum=momentum)
