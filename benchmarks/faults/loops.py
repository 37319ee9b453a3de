"""Training loops written out as people write them: a DataLoader, a module of one's own, a loop."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from .programs import Collection

FORUM, FORUM_SOUND = Collection(), Collection()
"""Faulty and sound scripts, written before the doctor saw any of them; its rules were mended with these in view."""
LATER, LATER_SOUND = Collection(), Collection()
"""The same, written after that: the first figure on these was a blind one again."""
THIRD, THIRD_SOUND = Collection(), Collection()
"""And once more."""
FOURTH, FOURTH_NAMELESS = Collection(), Collection()
"""A fourth time, over more domains; and faults for which no finding has a name."""
FIFTH, FIFTH_NAMELESS, FIFTH_SOUND = Collection(), Collection(), Collection()
"""A fifth time: trainers, collated rows, mixed precision, players and policies; with sound ones that look alike."""
NETWORK = Collection()
"""Scripts whose fault is in the network, its start or its depth; written before the doctor saw one of them."""
UNUSUAL_SOUND = Collection()
"""Sound scripts of the kinds that the others leave out, written before the doctor saw one of them."""
EVERYDAY_SOUND = Collection()
"""A second such set, half of it as most people write them; the first figure on it was a blind one again."""
ORDINARY_SOUND = Collection()
"""A third, of recipes that are held good practice, most of it on real data; written before the doctor saw one of it."""


@dataclass
class Loop:
    """What `watch` is given, and the loop to run inside."""

    model: nn.Module
    optimizer: torch.optim.Optimizer | list[torch.optim.Optimizer]
    train: Callable[[], None]
    metrics: tuple[str, ...] = ()

    def run(self, seed: int = 0) -> None:
        """Train."""
        self.train()


def batches(*tensors: Tensor, size: int = 32, shuffle: bool = True) -> DataLoader[Any]:
    return DataLoader(TensorDataset(*tensors), batch_size=size, shuffle=shuffle)


def fit(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: DataLoader[Any],
    criterion: Callable[[Tensor, Tensor], Tensor],
    epochs: int,
    metrics: tuple[str, ...] = (),
) -> Loop:
    """The loop of every tutorial."""

    def train() -> None:
        for _ in range(epochs):
            model.train()
            running = 0.0
            for inputs, targets in loader:
                optimizer.zero_grad()
                loss = criterion(model(inputs), targets)
                loss.backward()
                optimizer.step()
                running += loss.item() * len(inputs)

    return Loop(model, optimizer, train, metrics)


def learn(optimizer: torch.optim.Optimizer, loader: DataLoader[Any], loss: Callable[..., Tensor], epochs: int) -> None:
    """Minimise `loss(*batch)`: the loop of a script whose loss takes more than an answer and a target."""
    for _ in range(epochs):
        for batch in loader:
            optimizer.zero_grad()
            loss(*batch).backward()
            optimizer.step()
