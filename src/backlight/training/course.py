"""The course of a training: how far it is, by steps and by the clock."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from .schedule import Schedule


@dataclass
class Course:
    """Progress from 0 to 1, by whichever of steps and time is further on.

    Attributes
    ----------
    steps:
        Steps planned in all.
    deadline:
        `time.monotonic()` by which the last evaluation must be done; None for no limit.
    """

    steps: int
    schedule: Schedule
    peak: float
    deadline: float | None = None
    step: int = 0
    before: float = 0.0
    """Seconds spent before this course was resumed."""
    already: float = 0.0
    """Progress made before it was resumed; the time that is left covers the rest."""
    evaluation_seconds: float = 0.0
    """What one evaluation takes, kept free before the deadline."""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since training began, earlier parts of a resumed run included."""
        return self.before + time.monotonic() - self.began

    @property
    def progress(self) -> float:
        """How far training is."""
        by_steps = self.step / max(1, self.steps)
        if self.deadline is None:
            return by_steps
        room = self.deadline - self.evaluation_seconds - self.began
        by_time = min(1.0, (time.monotonic() - self.began) / max(room, 1e-9))
        return max(by_steps, self.already + (1 - self.already) * by_time)

    @property
    def learning_rate(self) -> float:
        """For the next step."""
        return self.peak * self.schedule(self.progress)

    @property
    def out_of_time(self) -> bool:
        """Whether the deadline leaves room for the last evaluation only."""
        return self.deadline is not None and time.monotonic() >= self.deadline - self.evaluation_seconds

    @property
    def seconds_left(self) -> float:
        """Estimated from the pace so far."""
        spent = time.monotonic() - self.began
        done = max(self.progress - self.already, 1e-9)
        return spent * (1 - self.progress) / done
