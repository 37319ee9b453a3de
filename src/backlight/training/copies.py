"""Several trainings at once: sweeps, ensembles, seeds, and the treated beside the untreated stand on this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..data.augment import Augmentation
from ..data.batches import place
from ..records import Epoch
from ..records.config import TrainingConfig
from .loop import Arrays, device_of, open_session
from .observer import Observer
from .resumption import restore
from .session import Session, Trained
from .threads import suitable_threads
from .together import Together, grouped

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


class _Alone:
    """One session, which takes turns with others."""

    def __init__(self, session: Session) -> None:
        self.sessions = [session]
        if session.random is None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(session.batches.seed)
                session.end_turn()

    def run_epoch(self) -> None:
        session = self.sessions[0]
        session.take_turn()
        with suitable_threads(session.work):
            session.run_epoch()
        session.end_turn()

    def keep(self, numbers: Sequence[int]) -> None:
        """Go on with these of `sessions`, by their place in it."""
        self.sessions = [self.sessions[i] for i in numbers]


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
    checkpoints: Sequence[Path] | None = None,
    resume: bool = False,
) -> list[Trained]:
    """Train several networks on the same data; each ends as `train` alone would have left it.

    Copies of one structure run as one (`Together`); others take turns, an epoch each, so that they can be compared
    while they train and the losers stopped. PyTorch's global random state is left as it was.

    Parameters
    ----------
    loss, train, validation, unit, augmentation, deadline, record:
        As in `train`, for all copies; `deadline` is when the last of them must be done.
    judge:
        Called after every round of epochs; names the copies to stop.
    observers:
        Those of each copy, in the order of the copies.
    checkpoints, resume:
        A folder for the checkpoints of each copy; with `resume`, each goes on from the newest one there.

    Returns
    -------
    What each training left, in the order of the copies. After Ctrl-C every copy keeps what it has, with
    `stopped="interrupted"`; one that had not begun has `epochs == 0`.
    """
    if not copies:
        return []
    device = device_of(copies[0].config)
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        data = place(train[0], device), torch.as_tensor(train[1])
        sessions = []
        for i, (copy, buffers) in enumerate(zip(copies, _buffers(copies, device), strict=True)):
            session = open_session(
                copy.module,
                loss,
                data if copy.rows is None else (data[0][copy.rows], data[1][copy.rows]),
                copy.validation or validation,
                copy.config,
                seed=copy.seed,
                unit=unit,
                augmentation=augmentation,
                deadline=deadline,
                observers=() if observers is None else observers[i],
                record=record,
                buffers=buffers,
            )
            if checkpoints is not None:
                session.checkpoints.folder = checkpoints[i]
                if resume:
                    restore(session, checkpoints[i])
            session.begin()
            sessions.append(session)
        return _Rounds(sessions).run(judge)


def _buffers(copies: Sequence[Copy], device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """Where the parameters and gradients of each copy shall lie: those of one size side by side, for `Together`."""
    trained = [[p for p in copy.module.parameters() if p.requires_grad] for copy in copies]
    kinds = [(sum(p.numel() for p in ps), ps[0].dtype if ps else torch.float32) for ps in trained]
    rows = {
        kind: [iter(torch.empty(kinds.count(kind), kind[0], dtype=kind[1], device=device)) for _ in range(2)]
        for kind in set(kinds)
    }
    return [(next(rows[kind][0]), next(rows[kind][1])) for kind in kinds]


class _Rounds:
    """All sessions, an epoch each in every round: those of one structure together, the others in turn."""

    def __init__(self, sessions: Sequence[Session]) -> None:
        self.sessions = sessions
        self.parties = [Together(group) if len(group) > 1 else _Alone(group[0]) for group in grouped(sessions)]
        self.trained: dict[int, Trained] = {}

    def run(self, judge: Judge | None) -> list[Trained]:
        try:
            while True:
                self._end({i: why for i in self._running() if (why := self.sessions[i].why_stop())})
                if not self._running():
                    break
                for party in self.parties:
                    party.run_epoch()
                if judge is not None:
                    losers = judge([_latest(session) for session in self.sessions])
                    self._end(dict.fromkeys(losers, OTHERS_DO_BETTER))
        except KeyboardInterrupt:
            self._end({i: self.sessions[i].interrupted() for i in self._running()})
        return [self.trained[i] for i in range(len(self.sessions))]

    def _running(self) -> list[int]:
        return [i for i in range(len(self.sessions)) if i not in self.trained]

    def _end(self, reasons: Mapping[int, str]) -> None:
        ended = {i: why for i, why in reasons.items() if i not in self.trained}
        numbers = {id(session): i for i, session in enumerate(self.sessions)}
        for party in self.parties:
            kept = [place for place, session in enumerate(party.sessions) if numbers[id(session)] not in ended]
            if len(kept) < len(party.sessions):
                party.keep(kept)
        self.parties = [party for party in self.parties if party.sessions]
        for i, why in ended.items():
            self.trained[i] = self.sessions[i].finish(why)


def _latest(session: Session) -> tuple[Epoch, ...]:
    """Rows of history of the session's last epoch."""
    return tuple(row for row in session.history.rows[-3:] if row.split != "batches" and row.epoch == session.epoch)
