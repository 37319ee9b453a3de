"""Many trainings beside each other, of which some are stopped early: what they share, and what each left."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from ..data.augment import Augmentation
from ..data.batches import Batches, place
from ..records import INTERRUPTED, TIME_LIMIT, Epoch
from .copies import Copy, Judge, train_copies
from .goal import make_goal, measure
from .loop import Arrays, device_of, open_session
from .predict import prediction_batch
from .relay import Relay
from .session import Session, Trained


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
    rows_seen:
        Training rows it met, each time counted.
    """

    value: Any
    stage: str
    start: float
    history: tuple[Epoch, ...]
    planned: int
    epochs: int
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

        deadline: of these trainings alone, where they have a share of the time; to meet it does not stop the contest.

        Raises KeyboardInterrupt after Ctrl-C, with the trials so far kept.
        """
        self.wanted += [(stage, value) for value in values]
        copies = [make(value) for value in values]
        starts = [_loss_before(self, one) for one in copies]
        until = min((limit for limit in (deadline, self.deadline) if limit is not None), default=None)
        trained = train_copies(
            copies,
            self.loss,
            self.train,
            self.validation,
            unit=self.unit,
            augmentation=self.augmentation,
            deadline=until,
            judge=judge,
        )
        found = self._keep(stage, values, starts, copies, trained, until=until)
        if self.stopped == INTERRUPTED:
            raise KeyboardInterrupt
        return found

    @contextmanager
    def race(self, make: Callable[[Any], Copy], *, stage: str) -> Iterator[Race]:
        """A race that values may join; its trials are kept when it ends, however it ends.

        Each of them is to the last bit the training that would be run with that value alone.
        """
        race = Race(self, make, stage)
        try:
            yield race
        finally:
            trained = race.relay.finish()
            self._keep(stage, race.values, race.starts, race.copies, trained, until=self.deadline)

    def _keep(
        self,
        stage: str,
        values: Sequence[Any],
        starts: Sequence[float],
        copies: Sequence[Copy],
        trained: Sequence[Trained],
        *,
        until: float | None,
    ) -> list[Trial]:
        """Keep the trials that had begun, and whether the contest ends early; `until` was their deadline."""
        found = [
            _trial(value, stage, start, one, result)
            for value, start, one, result in zip(values, starts, copies, trained, strict=True)
            if result.steps
        ]
        self.trials += found
        if any(one.stopped == INTERRUPTED for one in trained):
            self.stopped = INTERRUPTED
        elif until == self.deadline and any(one.stopped == TIME_LIMIT for one in trained):
            self.stopped = TIME_LIMIT
        return found

    @property
    def rows_seen(self) -> int:
        """Training rows that all trials met together, each time counted."""
        return sum(trial.rows_seen for trial in self.trials)


class Race:
    """Values that run to an epoch, stand there, and go on or not.

    Attributes
    ----------
    values, copies, starts:
        In the order in which they entered; `starts` are the validation losses before the first step.
    """

    def __init__(self, contest: Contest, make: Callable[[Any], Copy], stage: str) -> None:
        self.contest, self.make, self.stage = contest, make, stage
        self.relay = Relay(self._begin, contest.train)
        self.values: list[Any] = []
        self.copies: list[Copy] = []
        self.starts: list[float] = []

    def run(self, epoch: int, entering: Sequence[Any] = ()) -> dict[Any, float]:
        """All that run, and those that enter now, to that epoch; the validation loss there of each that ever ran.

        It is infinite for one that did not come to that epoch, or whose loss is not finite.
        """
        self.contest.wanted += [(self.stage, value) for value in entering]
        for value in entering:
            one = self.make(value)
            start = _loss_before(self.contest, one)
            self.relay.enter(one)
            self.values.append(value)
            self.copies.append(one)
            self.starts.append(start)
        self.relay.run_to(epoch)
        return {
            value: next((sortable(row.loss) for row in session.history.rows if _validated(row, epoch)), math.inf)
            for value, session in zip(self.values, self.relay.sessions, strict=True)
        }

    @property
    def cut_short(self) -> bool:
        """Whether the time is up."""
        return TIME_LIMIT in self.relay.ended.values()

    def keep(self, values: Collection[Any]) -> None:
        """End all others."""
        self.relay.keep([number for number, value in enumerate(self.values) if value in values])

    def _begin(self, one: Copy, train: Arrays) -> Session:
        contest = self.contest
        return open_session(
            one.module,
            contest.loss,
            train,
            one.validation or contest.validation,
            one.config,
            seed=one.seed,
            unit=contest.unit,
            augmentation=contest.augmentation,
            deadline=contest.deadline,
            observers=(),
            record=True,
        )


def _validated(row: Epoch, epoch: int) -> bool:
    return row.split == "validation" and row.epoch == epoch


def sortable(loss: float) -> float:
    """Infinite where it is not finite."""
    return loss if math.isfinite(loss) else math.inf


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
    return Trial(value, stage, start, trained.history, planned, trained.epochs, seen, trained.stopped)
