"""Trainings that wait for each other: each runs to an epoch, stands, and may go on; others may join them late."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager

import torch

from ..data.batches import place
from ..records import INTERRUPTED
from .copies import OTHERS_DO_BETTER, Copy
from .loop import Arrays, device_of
from .session import Session, Trained
from .threads import suitable_threads

Open = Callable[[Copy, Arrays], Session]
"""A session for a copy, on these training rows."""


class Relay:
    """Trainings of one set of rows, an epoch each in turn.

    Each computes by itself, and so is to the last bit what `train` alone would make of it; copies that are computed as
    one (`train_copies`) are rounded otherwise, which over a whole training changes the loss by a percent or so.

    Parameters
    ----------
    begin:
        Opens a session, for example with `open_session`.
    train:
        (x, y) that all copies share.
    """

    def __init__(self, begin: Open, train: Arrays) -> None:
        self.begin, self.train = begin, train
        self.sessions: list[Session] = []
        self.ended: dict[int, str] = {}
        """Number → why it ended."""
        self._placed: dict[torch.device, Arrays] = {}

    def enter(self, copy: Copy) -> int:
        """Take in one more training, which stands before its first epoch; its number."""
        device = device_of(copy.config)
        with _apart(device):
            session = self.begin(copy, self._rows(copy, device))
            session.begin()
            torch.manual_seed(copy.seed)
            session.end_turn()
        self.sessions.append(session)
        return len(self.sessions) - 1

    def run_to(self, epoch: int) -> None:
        """All that run, to the end of that epoch. Raises KeyboardInterrupt after Ctrl-C, with what was trained kept."""
        try:
            while behind := [i for i in self.running() if self.sessions[i].epoch < epoch]:
                for i in behind:
                    self._run_epoch(i)
        except KeyboardInterrupt:
            self.ended |= {i: self.sessions[i].interrupted() for i in self.running()}
            raise

    def keep(self, numbers: Collection[int]) -> None:
        """End all others: these do better."""
        self.ended |= {i: OTHERS_DO_BETTER for i in self.running() if i not in numbers}

    def running(self) -> list[int]:
        """Numbers of those that have not ended."""
        self.ended |= {i: why for i, one in enumerate(self.sessions) if i not in self.ended and (why := one.why_stop())}
        return [i for i in range(len(self.sessions)) if i not in self.ended]

    def finish(self) -> list[Trained]:
        """What each training leaves, in the order in which they entered."""
        self.running()
        return [one.finish(self.ended.get(i, INTERRUPTED)) for i, one in enumerate(self.sessions)]

    def _run_epoch(self, number: int) -> None:
        session = self.sessions[number]
        with _apart(session.batches.x.device), suitable_threads(session.work):
            session.take_turn()
            session.run_epoch()
            session.end_turn()

    def _rows(self, copy: Copy, device: torch.device) -> Arrays:
        if device not in self._placed:
            self._placed[device] = place(self.train[0], device), torch.as_tensor(self.train[1])
        x, y = self._placed[device]
        return (x, y) if copy.rows is None else (x[copy.rows], y[copy.rows])


def _apart(device: torch.device) -> AbstractContextManager[None]:
    """PyTorch's global random state comes back as it was."""
    return torch.random.fork_rng(devices=[device] if device.type == "cuda" else [])
