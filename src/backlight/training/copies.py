"""Several trainings at once: sweeps, ensembles, seeds, and the treated beside the untreated stand on this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from ..data.augment import Augmentation
from ..data.batches import place
from ..records import Epoch
from ..records.config import TrainingConfig
from .checkpoint import random_state, set_random_state
from .loop import Arrays, device_of, open_session
from .observer import Observer
from .session import Session, Trained
from .threads import suitable_threads

OTHERS_DO_BETTER = "stopped early: others do better"
"""Why a copy ended that the judge took out."""

Judge = Callable[[list[tuple[Epoch, ...]]], Collection[int]]
"""Rows of the latest epoch of every copy, in the order of the copies → numbers of the copies to stop now.

A copy that ended earlier stands there with the rows of its last epoch, one that has not begun with none.
"""


@dataclass(frozen=True)
class Copy:
    """One training among several.

    Attributes
    ----------
    module:
        The network; changed in place.
    config:
        Resolved by `resolve`.
    seed:
        Of the order of the rows, of augmentation and of dropout.
    rows:
        Numbers of the training rows that this copy sees; None for all.
    validation:
        (x, y) of this copy alone; None for those that all copies share.
    """

    module: nn.Module
    config: TrainingConfig
    seed: int = 0
    rows: np.ndarray | None = None
    validation: Arrays | None = None


@dataclass
class _Turn:
    """One copy, and PyTorch's random state where its last turn left it."""

    session: Session
    random: dict[str, Tensor] = field(default_factory=random_state)
    latest: tuple[Epoch, ...] = ()
    trained: Trained | None = None

    def epoch(self) -> None:
        set_random_state(self.random)
        known = len(self.session.history)
        with suitable_threads(self.session.work):
            self.session.run_epoch()
        self.random = random_state()
        self.latest = tuple(row for row in self.session.history[known:] if row.split != "batches")

    def end(self, why: str) -> None:
        if self.trained is None:
            self.trained = self.session.finish(why)


def train_copies(
    copies: Sequence[Copy],
    loss: str | nn.Module,
    train: Arrays,
    validation: Arrays | None,
    *,
    unit: float = 1.0,
    augmentation: Augmentation | None = None,
    deadline: float | None = None,
    judge: Judge | None = None,
    observers: Sequence[Sequence[Observer]] | None = None,
    record: bool = True,
) -> list[Trained]:
    """Train several networks on the same data; each ends as `train` alone would have left it.

    The copies take turns, an epoch each, so that they can be compared while they train and the losers stopped.
    PyTorch's global random state is left as it was.

    Parameters
    ----------
    loss, train, validation, unit, augmentation, deadline, record:
        As in `train`, for all copies; `deadline` is when the last of them must be done.
    judge:
        Called after every round of epochs; names the copies to stop.
    observers:
        Those of each copy, in the order of the copies.

    Returns
    -------
    What each training left, in the order of the copies. After Ctrl-C every copy keeps what it has, with
    `stopped="interrupted"`; one that had not begun has `epochs == 0`.
    """
    if not copies:
        return []
    device = device_of(copies[0].config)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        x, y = place(train[0], device), torch.as_tensor(train[1])
        turns = []
        for i, copy in enumerate(copies):
            rows = slice(None) if copy.rows is None else torch.as_tensor(copy.rows)
            session = open_session(
                copy.module,
                loss,
                (x[rows], y[rows]),
                copy.validation or validation,
                copy.config,
                seed=copy.seed,
                unit=unit,
                augmentation=augmentation,
                deadline=deadline,
                observers=() if observers is None else observers[i],
                record=record,
            )
            session.begin()
            turns.append(_Turn(session))
        _take_turns(turns, judge)
    return [turn.trained for turn in turns if turn.trained is not None]


def _take_turns(turns: list[_Turn], judge: Judge | None) -> None:
    """Round after round until every copy has ended."""
    running = turns
    try:
        while running:
            for turn in running:
                if why := turn.session.why_stop():
                    turn.end(why)
                else:
                    turn.epoch()
            losers = judge([turn.latest for turn in turns]) if judge is not None else ()
            for number in losers:
                turns[number].end(OTHERS_DO_BETTER)
            running = [turn for turn in turns if turn.trained is None]
    except KeyboardInterrupt:
        for turn in turns:
            turn.end("interrupted")
