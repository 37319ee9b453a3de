"""Many trainings beside each other, of which some are stopped early: what they share, and what each left."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ..data.augment import Augmentation
from ..data.batches import Batches, place
from ..records import INTERRUPTED, TIME_LIMIT, Epoch
from .copies import Copy, Judge, train_copies
from .goal import make_goal, measure
from .loop import Arrays, device_of
from .predict import prediction_batch
from .session import Trained


@dataclass(frozen=True)
class Trial:
    """One value, trained.

    Attributes
    ----------
    value:
        Of the setting.
    stage:
        short: a small part of a training, with a schedule of its own; full: as a whole training goes.
    start:
        Validation loss before the first step.
    history:
        Rows as in history.csv.
    planned, epochs:
        Epochs of its stage, and those that were run.
    steps:
        Planned updates.
    rows_seen:
        Training rows it met, each time counted.
    """

    value: Any
    stage: str
    start: float
    history: tuple[Epoch, ...]
    planned: int
    epochs: int
    steps: int
    rows_seen: int
    stopped: str

    @property
    def curve(self) -> tuple[Epoch, ...]:
        """The validation rows."""
        return tuple(row for row in self.history if row.split == "validation")

    @property
    def loss(self) -> float:
        """Lowest validation loss, whose parameters a training keeps; not a number where there is none."""
        losses = [row.loss for row in self.curve if math.isfinite(row.loss)]
        return min(losses, default=math.nan)

    @property
    def finished(self) -> bool:
        """Whether it ran to its end; one that diverged did not."""
        return self.epochs >= self.planned and math.isfinite(self.loss)


@dataclass
class Contest:
    """What all trials of a search share, and the trials so far."""

    loss: str | nn.Module
    train: Arrays
    validation: Arrays
    unit: float = 1.0
    augmentation: Augmentation | None = None
    deadline: float | None = None
    tell: Callable[[str], None] = lambda text: None
    trials: list[Trial] = field(default_factory=list)
    wanted: list[tuple[str, Any]] = field(default_factory=list)
    """(stage, value) of every trial that was to be."""
    stopped: str = ""
    """"interrupted" or "time limit" where it was ended early."""

    def run(
        self,
        values: Sequence[Any],
        make: Callable[[Any], Copy],
        *,
        stage: str,
        judge: Judge | None = None,
        deadline: float | None = None,
    ) -> list[Trial]:
        """Train one copy for each value; those that had not begun leave no trial.

        Raises KeyboardInterrupt after Ctrl-C, with the trials so far kept.
        """
        self.wanted += [(stage, value) for value in values]
        copies = [make(value) for value in values]
        starts = [_loss_before(self, one) for one in copies]
        limits = [limit for limit in (deadline, self.deadline) if limit is not None]
        trained = train_copies(
            copies,
            self.loss,
            self.train,
            self.validation,
            unit=self.unit,
            augmentation=self.augmentation,
            deadline=min(limits, default=None),
            judge=judge,
        )
        found = [
            _trial(value, stage, start, one, result)
            for value, start, one, result in zip(values, starts, copies, trained, strict=True)
            if result.steps
        ]
        self.trials += found
        if any(one.stopped == INTERRUPTED for one in trained):
            self.stopped = INTERRUPTED
            raise KeyboardInterrupt
        if any(one.stopped == TIME_LIMIT for one in trained):
            self.stopped = TIME_LIMIT
        return found

    @property
    def rows_seen(self) -> int:
        """Training rows that all trials met together, each time counted."""
        return sum(trial.rows_seen for trial in self.trials)


def _loss_before(contest: Contest, one: Copy) -> float:
    """Validation loss before the first step."""
    device = device_of(one.config)
    x, y = one.validation or contest.validation
    goal = make_goal(contest.loss, unit=contest.unit)
    placed = place(x, device)
    target = goal.prepare(Batches(placed[:0], y, size=1, device=device).y)
    return measure(one.module.to(device), goal, placed, target, size=prediction_batch(placed))[0]


def _trial(value: Any, stage: str, start: float, one: Copy, trained: Trained) -> Trial:
    planned, seen = one.config.epochs or 1, trained.steps * (one.config.batch_size or 128)
    steps = round(trained.steps / max(1, trained.epochs)) * planned
    return Trial(value, stage, start, trained.history, planned, trained.epochs, steps, seen, trained.stopped)
