"""The rows of history of a training, and the losses of the epoch under way."""

from __future__ import annotations

import time

import torch
from torch import Tensor

from ..records import Epoch
from .course import Course
from .goal import Goal

WITHIN_EPOCHS = 400
"""Rows of history within the epochs over the whole run: enough for a smooth curve."""


class History:
    """Rows of the ended epochs, rows within them, and the losses of the steps of the epoch under way.

    Attributes
    ----------
    rows:
        In the order in which they came.
    within:
        Whether rows within the epochs are written.
    """

    def __init__(self, course: Course, goal: Goal, batches: int, size: int) -> None:
        """batches: steps in an epoch; size: rows in a batch."""
        self.rows: list[Epoch] = []
        self.within = True
        self._course, self._goal, self._batches, self._size = course, goal, batches, size
        self._window = max(1, course.steps // WITHIN_EPOCHS)
        self._first = course.step
        self._began = time.monotonic()

    def begin_epoch(self, like: Tensor) -> None:
        """Make ready for the losses of an epoch, of the dtype and on the device of `like`."""
        self._losses = torch.zeros(self._batches, dtype=like.dtype, device=like.device)
        self._cells = self._losses.unbind()  # to index a tensor takes as long as to fill it
        self._first, self._began = self._course.step, time.monotonic()

    @property
    def losses(self) -> Tensor:
        """Of every step of the epoch so far."""
        return self._losses[: self._course.step - self._first]

    @property
    def rows_per_second(self) -> float:
        """Over the epoch so far."""
        steps, seconds = self._course.step - self._first, time.monotonic() - self._began
        return steps * self._size / max(seconds, 1e-9)

    @property
    def tells_next(self) -> bool:
        """Whether the next step ends with a row within the epoch."""
        return self.within and (self._course.step + 1) % self._window == 0

    def note(self, loss: Tensor) -> None:
        """The loss of the step that the course counts next."""
        self._cells[self._course.step - self._first].copy_(loss)

    def tell(self, seen: tuple[Tensor, Tensor] | None) -> Epoch:
        """A row within the epoch: the mean loss since the last one, and the score of one batch.

        seen: outputs and target of the last batch, which alone is scored.
        """
        course = self._course
        last = course.step - self._first
        value = float(self._cells[last - 1] if self._window == 1 else self.losses[-self._window :].mean())
        scored = (None, None) if seen is None else self._scored(float(self._goal.score(*seen)), len(seen[1]))
        epoch = course.step / self._batches
        row = Epoch(epoch, course.step, "batches", value, *scored, course.learning_rate, course.seconds)
        self.rows.append(row)
        return row

    def of(self, split: str, epoch: int, loss: float, score: float | None = None, rows: int = 0) -> Epoch:
        """The row of a split at an epoch's end; score: as `Goal.score` over so many rows, None where not taken."""
        course = self._course
        scored = (None, None) if score is None else self._scored(score, rows)
        return Epoch(epoch, course.step, split, loss, *scored, course.learning_rate, course.seconds)

    def _scored(self, score: float, rows: int) -> tuple[float | None, float | None]:
        return self._goal.accuracy_and_error(score, rows)
