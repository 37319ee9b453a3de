"""The state of a training at an epoch's end: taken to be written down, and put back to go on exactly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from ..records import Epoch
from .checkpoint import load_newest_checkpoint, random_state, set_random_state

if TYPE_CHECKING:
    from .session import Session

State = tuple[int, dict[str, Tensor], dict[str, Any]]
"""Step, tensors, and facts that JSON can hold but for the rows of history, which a written checkpoint spells out."""


def state_of(session: Session) -> State:
    """Step, tensors and facts at the end of an epoch, from which `restore` goes on exactly."""
    tensors = {f"module.{k}": t for k, t in session.module.state_dict().items()}
    tensors |= {f"optimizer.{k}": t for k, t in session.optimizer.state_tensors().items()}
    tensors |= {f"best.{i}": t for i, t in enumerate(session.best.values)}
    tensors |= {f"average.{i}": t for i, t in enumerate(session.average.values if session.average else [])}
    tensors |= {f"scaling.{k}": t for k, t in session.scaling.state().items()}
    facts = {
        "epoch": session.epoch,
        "step": session.course.step,
        "seconds": session.course.seconds,
        "progress": session.course.progress,
        "best_loss": session.best.loss if math.isfinite(session.best.loss) else None,
        "best_epoch": session.best.epoch,
        "average_updates": session.average.updates if session.average else 0,
        "history": list(session.history),
    }
    return session.course.step, {k: t.detach().clone() for k, t in tensors.items()} | random_state(), facts


def restore(session: Session, folder: Path) -> None:
    """Go on from the newest checkpoint in the folder; from the beginning where there is none."""
    found = load_newest_checkpoint(folder)
    if found is None:
        return
    tensors, facts = found
    with torch.no_grad():
        for name, mine in session.module.state_dict().items():
            mine.copy_(tensors[f"module.{name}"])
    session.optimizer.load_state(_below("optimizer.", tensors))
    session.scaling.load(_below("scaling.", tensors))
    loss = math.inf if facts["best_loss"] is None else facts["best_loss"]
    session.best.loss, session.best.epoch, session.best.values = loss, facts["best_epoch"], _listed("best.", tensors)
    if session.average is not None:
        for mine, theirs in zip(session.average.values, _listed("average.", tensors), strict=True):
            mine.copy_(theirs)
        session.average.updates = facts["average_updates"]
    set_random_state(tensors)
    session.epoch, session.course.step, session.course.before = facts["epoch"], facts["step"], facts["seconds"]
    by_steps = facts["step"] / max(1, session.course.steps)  # less than then where more epochs are asked for now
    session.course.already = facts["progress"] if session.course.deadline is not None else by_steps
    session.history = [Epoch(**row) for row in facts["history"]]


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _listed(prefix: str, tensors: dict[str, Tensor]) -> list[Tensor]:
    below = _below(prefix, tensors)
    return [below[str(i)] for i in range(len(below))]
