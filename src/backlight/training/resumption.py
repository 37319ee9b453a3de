"""The state of a training at an epoch's end: taken to be written down, and put back to go on exactly."""

from __future__ import annotations

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..records import Epoch
from .checkpoint import load_newest_checkpoint, random_state, save_checkpoint

if TYPE_CHECKING:
    from .session import Session

KEEP_SECONDS = 1.0
"""Training that may be repeated after an interrupt, beside the epoch that was cut short."""

WRITE_SECONDS = 30
"""A checkpoint is written at an epoch's end when the last one is older than this."""

State = tuple[int, dict[str, Tensor], dict[str, Any]]
"""Step, tensors, and facts that JSON can hold but for the rows of history, which a written checkpoint spells out."""


def state_of(session: Session) -> State:
    """Step, tensors and facts at the end of an epoch, from which `restore` goes on exactly."""
    tensors = {f"module.{k}": t for k, t in session.module.state_dict().items()}
    steps = session.steps
    tensors |= {f"optimizer.{k}": t for k, t in steps.optimizer.state_tensors().items()}
    tensors |= {f"average.{i}": t for i, t in enumerate(steps.average.values if steps.average else [])}
    tensors |= {f"scaling.{k}": t for k, t in steps.scaling.state().items()}
    best = {f"best.{i}": t for i, t in enumerate(session.best.values)}  # which nobody changes
    random = random_state() if session.random is None else session.random
    facts = {
        "epoch": session.epoch,
        "step": session.course.step,
        "seconds": session.course.seconds,
        "progress": session.course.progress,
        "best_loss": session.best.loss if math.isfinite(session.best.loss) else None,
        "best_epoch": session.best.epoch,
        "average_updates": steps.average.updates if steps.average else 0,
        "history": list(session.history.rows),
    }
    return session.course.step, {k: t.detach().clone() for k, t in tensors.items()} | best | random, facts


class Checkpoints:
    """The newest state from which a training can go on exactly, and the files where it is written.

    To take it copies every tensor, so that it is taken once in a while: a training that is interrupted and resumed
    repeats the epoch that was cut short, and those that ended within `KEEP_SECONDS` before it.

    Attributes
    ----------
    folder:
        None for no checkpoints.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._state: State | None = None
        self._taken_at = self._written_at = time.monotonic()

    def end_epoch(self, session: Session) -> None:
        """Take the state where the last one is old, and write it where the last one written is."""
        now = time.monotonic()
        due = self._state is None or now - self._taken_at >= KEEP_SECONDS
        if self.folder is not None and due:
            self._state, self._taken_at = state_of(session), now
            if now - self._written_at > WRITE_SECONDS:
                self._write()

    def finish(self, session: Session, *, whole: bool) -> None:
        """Write the newest state; whole: the training stands at an epoch's end."""
        if self.folder is not None and whole and session.epoch:
            self._state = state_of(session)
        self._write()

    def _write(self) -> None:
        if self.folder is not None and self._state is not None:
            step, tensors, facts = self._state
            rows = [asdict(row) for row in facts["history"]]
            save_checkpoint(self.folder, step, tensors, facts | {"history": rows})
            self._written_at = time.monotonic()


def restore(session: Session, folder: Path) -> None:
    """Go on from the newest checkpoint in the folder, the random state at the session's next turn; from the beginning
    where there is none."""
    found = load_newest_checkpoint(folder)
    if found is None:
        return
    tensors, facts = found
    with torch.no_grad():
        for name, mine in session.module.state_dict().items():
            mine.copy_(tensors[f"module.{name}"])
    steps = session.steps
    steps.optimizer.load_state(_below("optimizer.", tensors))
    steps.scaling.load(_below("scaling.", tensors))
    loss = math.inf if facts["best_loss"] is None else facts["best_loss"]
    session.best.loss, session.best.epoch, session.best.values = loss, facts["best_epoch"], _listed("best.", tensors)
    if steps.average is not None:
        for mine, theirs in zip(steps.average.values, _listed("average.", tensors), strict=True):
            mine.copy_(theirs)
        steps.average.updates = facts["average_updates"]
    session.random = {name: t for name, t in tensors.items() if name.startswith("random.")}
    session.epoch, session.course.step, session.course.before = facts["epoch"], facts["step"], facts["seconds"]
    by_steps = facts["step"] / max(1, session.course.steps)  # less than then where more epochs are asked for now
    session.course.already = facts["progress"] if session.course.deadline is not None else by_steps
    session.history.rows = [Epoch(**row) for row in facts["history"]]


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _listed(prefix: str, tensors: dict[str, Tensor]) -> list[Tensor]:
    below = _below(prefix, tensors)
    return [below[str(i)] for i in range(len(below))]
