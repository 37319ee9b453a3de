"""One training under way: the steps of an epoch, and the look at held-out rows at its end."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..backprop import graphless
from ..data.batches import Batches
from ..records import INTERRUPTED, TIME_LIMIT, Epoch, Step
from ..records.config import TrainingConfig
from .best import Best
from .checkpoint import random_state, set_random_state
from .course import Course
from .goal import Goal, measure
from .history import History
from .layout import lay_out
from .observer import Observer
from .predict import prediction_batch
from .resumption import Checkpoints
from .schedule import schedule
from .steps import Steps
from .threads import suitable_threads, work_of_pass


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Attributes
    ----------
    module:
        With the parameters of the best epoch.
    best_epoch:
        Epoch whose parameters were kept: that of the lowest validation loss; the last one where there are no validation
        rows, or the settings say so.
    stopped:
        Why it ended: "all epochs done", "no better validation loss for N epochs", "time limit", "interrupted" or
        "the loss is not finite".
    """

    module: nn.Module
    history: tuple[Epoch, ...]
    best_epoch: int
    epochs: int
    steps: int
    seconds: float
    stopped: str


class Session:
    """One training under way."""

    def __init__(
        self,
        module: nn.Module,
        goal: Goal,
        batches: Batches,
        measured: dict[str, tuple[Tensor, Tensor]],
        config: TrainingConfig,
        buffers: tuple[Tensor, Tensor] | None = None,
    ) -> None:
        self.module, self.goal, self.batches, self.config = module, goal, batches, config
        self.module.to(batches.x.device)
        self.measured = lay_out(module, batches, measured)
        self.epoch, self.epochs = 0, config.epochs or 1
        name = config.schedule or "constant"
        factor = schedule(name, config.warmup if name != "constant" else 0.0)
        self.course = Course(self.epochs * len(batches), factor, config.learning_rate or 1e-3)
        self.steps = Steps(module, goal, config, self.course, buffers)
        self.history = History(self.course, goal, len(batches), batches.size)
        self.best = Best()
        self.observers: list[Observer] = []
        self.checkpoints = Checkpoints()
        self.random: dict[str, Tensor] | None = None
        """State of the source of random numbers where the last turn left it; None while PyTorch's own is drawn from."""
        self.work = 0.0
        """Multiply-adds of one forward pass of a batch."""
        self._told_at = 0.0

    # -- the loop ---------------------------------------------------------------------------------------------------

    def run(self) -> Trained:
        """From the current epoch to the end."""
        self.begin()
        self.take_turn()
        with suitable_threads(self.work):
            try:
                while not (stopped := self.why_stop()):
                    self.run_epoch()
            except KeyboardInterrupt:
                stopped = self.interrupted()
        return self.finish(stopped)

    def begin(self) -> None:
        """Tell the observers, and learn how much work a step and an evaluation are."""
        self._tell("on_start", module=self.module, config=self.config, epochs=self.epochs, rows=self.batches.rows)
        self._follow()
        if self.course.deadline is not None:
            self.course.evaluation_seconds = self._evaluation_seconds()
        self.module.eval()
        self.work = work_of_pass(self.steps.plan, self.batches.x[:2]) * self.batches.size

    def take_turn(self) -> None:
        """PyTorch's random state is from now on this session's."""
        if self.random is not None:
            set_random_state(self.random)
            self.random = None

    def end_turn(self) -> None:
        """Others may draw random numbers from now on."""
        self.random = random_state()

    def interrupted(self) -> str:
        """Keep what the broken epoch reached, if it is the best; why training stopped."""
        self.best.offer(self.epoch, self._measure("validation")[0], self.steps.standing)
        return INTERRUPTED

    def why_stop(self) -> str:
        """Why no further epoch is to be run; empty where one is."""
        if self.epoch >= self.epochs:
            return "all epochs done"
        if self.course.out_of_time and self.course.step:
            return TIME_LIMIT
        if self.history.rows and not math.isfinite(self.history.rows[-1].loss):
            return "the loss is not finite"
        patience = self.config.patience
        if patience and "validation" in self.measured and self.epoch - self.best.epoch >= patience:
            return f"no better validation loss for {patience} epochs"
        return ""

    @graphless
    def run_epoch(self) -> None:
        """One pass over the training rows, and the look at the held-out ones."""
        self.begin_epoch()
        self.steps.look()
        for x, target in self.batches.epoch(self.epoch):
            self.step(x, target)
            if self.course.out_of_time:
                break
        self.end_epoch()

    def begin_epoch(self) -> None:
        """Make ready to count steps."""
        self.module.train()
        self.steps.keep_up()
        self.history.begin_epoch(self.steps.flat.values)

    def step(self, x: Tensor, target: Tensor) -> None:
        """One batch: forward, loss, backward, update."""
        watching = self.watching()
        loss, outputs = self.observed(watching, x, target) if watching else self.steps.run(x, target)
        self.update(loss, (outputs, target) if self.history.tells_next else None)
        if watching:
            self.updated(watching)

    def watching(self) -> list[Observer]:
        """Observers that want the next step."""
        looking = self.observers and not self.config.layerwise  # whose gradients are gone before anyone can look
        return [o for o in self.observers if o.wants_step(self.course.step)] if looking else []

    def observed(self, watching: list[Observer], x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Loss and outputs of the batch, whose pass is shown to those who watch."""
        loss, outputs = self.steps.run(x, target, observe=True)
        self._show_step(watching, loss, outputs, target)
        return loss, outputs

    def updated(self, watching: list[Observer]) -> None:
        """Tell those who watch that the parameters have moved."""
        for observer in watching:
            observer.on_update(self.course.step - 1)
        self._follow()

    def _follow(self) -> None:
        """Take in what observers may have done to the network."""
        self.steps.keep_up()
        self.steps.look()

    def update(self, loss: Tensor, seen: tuple[Tensor, Tensor] | None = None, *, moved: bool = False) -> None:
        """The parameters follow the gradients in the flat buffer; the loss is that of the batch they come from.

        seen: outputs and target of that batch, where the history `tells_next`.
        moved: the parameters have followed already.
        """
        told = self.history.tells_next
        if not moved:
            self.steps.update()
        self.history.note(loss)
        self.course.step += 1
        if told:
            self._within(seen)

    def _show_step(self, watching: list[Observer], loss: Tensor, outputs: Tensor, target: Tensor) -> None:
        epoch = self.course.step / len(self.batches)
        seen = target[-len(outputs) :]
        layers, rate = self.steps.plan.layers(), self.course.learning_rate
        step = Step(self.course.step, epoch, float(loss), rate, layers, outputs, seen)
        for observer in watching:
            observer.on_step(step)

    # -- the end of an epoch ----------------------------------------------------------------------------------------

    def end_epoch(self, measured: Mapping[str, tuple[float, float]] | None = None, seconds: float = 0.0) -> None:
        """Measure the rows of every split, and keep the parameters where they are the best so far.

        measured: loss and score by split, where they are known.
        seconds: what it took to learn them.
        """
        self.epoch += 1
        losses, rows_per_second, began = self.history.losses, self.history.rows_per_second, time.monotonic()
        found = {split: measured[split] if measured else self._measure(split) for split in self.measured}
        rows = [self.history.of(split, self.epoch, *found[split], len(self.measured[split][1])) for split in found]
        if not self.history.within:
            rows.insert(0, self.history.of("train", self.epoch, float(losses.mean())))
        self.history.rows += rows
        if rows[-1].split == "validation":
            self.best.offer(self.epoch, rows[-1].loss, self.steps.standing)
        seconds += time.monotonic() - began
        self.course.evaluation_seconds = max(self.course.evaluation_seconds, 1.1 * seconds)
        self._tell(
            "on_epoch",
            rows=tuple(rows),
            losses=losses,
            epochs=self.epochs,
            rows_per_second=rows_per_second,
            seconds_left=self.course.seconds_left,
        )
        self.checkpoints.end_epoch(self)

    def _measure(self, split: str) -> tuple[float, float | None]:
        if split not in self.measured:
            return math.inf, None
        x, target = self.measured[split]
        with self.steps.average.in_place() if self.steps.average else nullcontext():
            return measure(self.module, self.goal, x, target, size=prediction_batch(x))

    def _within(self, seen: tuple[Tensor, Tensor] | None) -> None:
        """A row of history within the epoch; twice a second, the observers hear of it."""
        if seen is not None:
            outputs, target = seen
            seen = outputs, target[-len(outputs) :]  # of an accumulated batch, the last part
        row = self.history.tell(seen)
        now = time.monotonic()
        if now - self._told_at > 0.5:
            self._told_at = now
            self._tell(
                "on_progress",
                epoch=row.epoch,
                epochs=self.epochs,
                step=row.step,
                progress=self.course.progress,
                loss=row.loss,
                learning_rate=row.learning_rate,
                rows_per_second=self.history.rows_per_second,
                seconds_left=self.course.seconds_left,
            )

    # -- beginning and end ------------------------------------------------------------------------------------------

    def _evaluation_seconds(self) -> float:
        """What measuring the rows at an epoch's end will take, from a tenth of them."""
        began = time.monotonic()
        for x, target in self.measured.values():
            rows = max(1, len(target) // 10)
            measure(self.module, self.goal, x[:rows], target[:rows], size=prediction_batch(x))
        return 11 * (time.monotonic() - began)

    def finish(self, stopped: str) -> Trained:
        """The parameters that are kept into the module; what the training leaves."""
        self.checkpoints.finish(self, whole=stopped != INTERRUPTED)
        steps, keeps_best = self.steps, self.config.keep == "best" and "validation" in self.measured
        if keeps_best and self.best.values:
            steps.flat.load(self.best.values)
        elif steps.average is not None and self.course.step:
            steps.flat.load(steps.average.values)
        steps.plan.release()
        steps.flat.detach()
        self.module.eval()
        self._tell("on_end", stopped=stopped)
        best = self.best.epoch if keeps_best else self.epoch
        return Trained(
            self.module, tuple(self.history.rows), best, self.epoch, self.course.step, self.course.seconds, stopped
        )

    def _tell(self, hook: str, **facts: Any) -> None:
        for observer in self.observers:
            getattr(observer, hook)(**facts)
