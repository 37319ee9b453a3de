"""One training under way: the steps of an epoch, and the look at held-out rows at its end."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..backprop import LeafStep, Objective, Plan, graphless
from ..data.batches import Batches
from ..records import BacklightError, Epoch, Step
from ..records.config import TrainingConfig
from .average import Average
from .checkpoint import save_checkpoint
from .course import Course
from .flat import FlatParameters
from .goal import Goal, measure
from .layout import lay_out
from .observer import Observer
from .optimizer import Optimizer
from .predict import prediction_batch
from .replay import ReplayedPass
from .resumption import State, state_of
from .scaling import Scaling
from .schedule import schedule
from .threads import suitable_threads

WITHIN_EPOCHS = 400
"""Rows of history within the epochs over the whole run: enough for a smooth curve."""

CHECKPOINT_SECONDS = 30
"""A checkpoint is written at an epoch's end when the last one is older than this."""


@dataclass(frozen=True)
class Trained:
    """What a training leaves.

    Attributes
    ----------
    module:
        With the parameters of the best epoch.
    best_epoch:
        Epoch whose validation loss was lowest; the last one where there are no validation rows.
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


@dataclass
class Best:
    """The parameters of the epoch with the lowest validation loss so far."""

    loss: float = math.inf
    epoch: int = 0
    values: list[Tensor] = field(default_factory=list)


@dataclass(frozen=True)
class Pace:
    """What the epoch under way has seen."""

    losses: Tensor
    """Of every step of the epoch."""
    first: int
    """Step at which it began."""
    cells: tuple[Tensor, ...] = field(init=False)
    """The losses one by one: to index a tensor takes as long as to fill it."""
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cells", self.losses.unbind())


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
        self.objective = Objective(goal.loss)
        self.plan = Plan(module)
        layers = [leaf.parameters.values() for leaf in self.plan.leaves] if self._layerwise() else None
        self.flat = FlatParameters(module, None if layers else buffers, layers)
        self.scaling = Scaling(config, self.plan, self.flat.values.device)
        self._replayed = ReplayedPass((module, goal.loss), self._forward_and_backward, capture=config.capture)
        self.optimizer = Optimizer(self.flat, config)
        self.average = Average(self.flat, config.average) if config.average else None
        self.epoch, self.epochs = 0, config.epochs or 1
        name = config.schedule or "constant"
        factor = schedule(name, config.warmup if name != "constant" else 0.0)
        self.course = Course(self.epochs * len(batches), factor, config.learning_rate or 1e-3)
        self._window = max(1, self.course.steps // WITHIN_EPOCHS)
        self.history: list[Epoch] = []
        self.best = Best()
        self.observers: list[Observer] = []
        self.folder: Path | None = None
        self.record = True
        self.kept: State | None = None
        self.work = 0.0
        """Multiply-adds of one forward pass of a batch."""
        self._saved_at, self._told_at = time.monotonic(), 0.0

    # -- the loop ---------------------------------------------------------------------------------------------------

    def run(self) -> Trained:
        """From the current epoch to the end."""
        self.begin()
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
        self.work = self._work()

    def interrupted(self) -> str:
        """Keep what the broken epoch reached, if it is the best; why training stopped."""
        self._keep_if_best(self.epoch, self._measure("validation")[0])
        return "interrupted"

    def why_stop(self) -> str:
        """Why no further epoch is to be run; empty where one is."""
        if self.epoch >= self.epochs:
            return "all epochs done"
        if self.course.out_of_time and self.course.step:
            return "time limit"
        if self.history and not math.isfinite(self.history[-1].loss):
            return "the loss is not finite"
        patience = self.config.patience
        if patience and "validation" in self.measured and self.epoch - self.best.epoch >= patience:
            return f"no better validation loss for {patience} epochs"
        return ""

    @graphless
    def run_epoch(self) -> None:
        """One pass over the training rows, and the look at the held-out ones."""
        self.begin_epoch()
        self._replayed.look()
        for x, target in self.batches.epoch(self.epoch):
            self._step(x, target)
            if self.course.out_of_time:
                break
        self.end_epoch()

    def begin_epoch(self) -> None:
        """Make ready to count steps."""
        self.module.train()
        self._keep_up()
        values = self.flat.values
        self._pace = Pace(torch.zeros(len(self.batches), dtype=values.dtype, device=values.device), self.course.step)

    def _step(self, x: Tensor, target: Tensor) -> None:
        """One batch: forward, loss, backward, update."""
        looking = self.observers and not self.config.layerwise  # whose gradients are gone before anyone can look
        watching = [o for o in self.observers if o.wants_step(self.course.step)] if looking else []
        if watching:
            loss, outputs = self._forward_and_backward(x, target, observe=True)
            self._show_step(watching, loss, self.course.learning_rate, outputs, target)
        elif self.config.layerwise:
            loss, outputs = self._forward_and_backward(x, target)
        else:
            loss, outputs = self._replayed(x, target)
        self.update(loss, (outputs, target) if self.tells_next else None)
        for observer in watching:
            observer.on_update(self.course.step - 1)
        if watching:
            self._follow()

    def _follow(self) -> None:
        """Take in what observers may have done to the network."""
        self._keep_up()
        self._replayed.look()

    def _keep_up(self) -> None:
        """Put parameters that were moved back into the flat buffers, and plan anew where hooks were hung."""
        self.flat.gather()
        if self.plan.outdated:
            if self.config.layerwise:
                raise BacklightError("layerwise updates know the layers from the start: hang hooks on them before it.")
            self.plan = Plan(self.module)
            self.scaling.lower(self.plan)

    @property
    def tells_next(self) -> bool:
        """Whether the next update writes a row of history within the epoch."""
        return self.record and (self.course.step + 1) % self._window == 0

    def update(self, loss: Tensor, seen: tuple[Tensor, Tensor] | None = None) -> None:
        """The parameters follow the gradients in the flat buffer; the loss is that of the batch they come from.

        seen: outputs and target of that batch, where the update `tells_next`.
        """
        told = self.tells_next
        if self.scaling.accepts(self.flat.gradients):
            if not self.config.layerwise:
                self.optimizer.step(self.course.learning_rate)
            if self.average is not None:
                self.average.update()
        self._pace.cells[self.course.step - self._pace.first].copy_(loss)
        self.course.step += 1
        if told:
            done = self.course.step - self._pace.first
            self._within(self._pace.losses[max(0, done - self._window) : done].mean(), seen)

    def _forward_and_backward(self, x: Tensor, target: Tensor, *, observe: bool = False) -> tuple[Tensor, Tensor]:
        """Loss and outputs of the batch; the gradients in the flat buffer."""
        if self.config.accumulate > 1:
            return self._in_parts(x, target, observe=observe)
        loss, outputs = self._forward(x, target, observe=observe)
        self._backward(accumulate=False)
        self.scaling.unscale(self.flat.gradients)
        return loss, outputs

    def _in_parts(self, x: Tensor, target: Tensor, *, observe: bool) -> tuple[Tensor, Tensor]:
        """The same from parts of the batch, whose gradients add up; outputs and observed layers are the last part's."""
        count = math.ceil(
            len(x) / (self.config.batch_size or len(x))
        )  # of equal size: batch norm fails on a single row
        whole = self.goal.weight(target)
        self.flat.gradients.zero_()
        losses: list[Tensor] = []
        for part, wanted in zip(x.tensor_split(count), target.tensor_split(count), strict=True):
            share = 1.0 if self.goal.summed else self.goal.weight(wanted) / whole
            loss, outputs = self._forward(part, wanted, observe=observe)
            self._backward(accumulate=True, share=share)
            losses.append(loss * share)
        self.scaling.unscale(self.flat.gradients)
        return torch.stack(losses).sum(), outputs

    def _forward(self, x: Tensor, target: Tensor, *, observe: bool) -> tuple[Tensor, Tensor]:
        outputs = self.plan.forward(x, observe=observe)
        if outputs.dtype != self.flat.values.dtype and self.scaling.lowers:
            outputs = outputs.to(self.flat.values.dtype)
        return self.objective.forward(outputs, self.goal.smoothed(target)), outputs

    def _backward(self, *, accumulate: bool, share: float | Tensor = 1.0) -> None:
        v = self.scaling.scaled(self.objective.backward())
        after = self._update_layer if self.config.layerwise else None
        self.plan.backward(
            v if isinstance(share, float) and share == 1.0 else v * share,
            wants_x=False,
            accumulate=accumulate,
            after=after,
        )

    def _update_layer(self, leaf: LeafStep) -> None:
        self.optimizer.step_layer(leaf.parameters.values(), self.course.learning_rate)

    def _layerwise(self) -> bool:
        """Whether layers are updated one by one; refused where something needs all gradients at once."""
        config = self.config
        if not config.layerwise:
            return False
        needs = {"clip": config.clip is not None, "accumulate": config.accumulate > 1}
        needs |= {"precision float16": config.precision == "float16", "shared parameters": bool(self.plan.shared)}
        found = ", ".join(name for name, there in needs.items() if there)
        if found:
            raise BacklightError(f"layerwise updates keep one layer's gradient at a time, and {found} needs them all.")
        return True

    def _show_step(self, watching: list[Observer], loss: Tensor, rate: float, outputs: Tensor, target: Tensor) -> None:
        epoch = self.course.step / len(self.batches)
        seen = target[-len(outputs) :]
        step = Step(self.course.step, epoch, float(loss), rate, self.plan.layers(), outputs, seen)
        for observer in watching:
            observer.on_step(step)

    # -- the end of an epoch ----------------------------------------------------------------------------------------

    def end_epoch(self, measured: Mapping[str, tuple[float, float]] | None = None) -> None:
        """Measure the rows of every split, and keep the parameters where they are the best so far.

        measured: loss and score by split, where they are known.
        """
        self.epoch += 1
        losses = self._pace.losses[: self.course.step - self._pace.first]
        rows_per_second, began = self._rows_per_second, time.monotonic()
        rows = [self._row(split, *(measured[split] if measured else self._measure(split))) for split in self.measured]
        if not self.record:
            rows.insert(0, self._row("train", float(losses.mean()), None))
        self.history += rows
        if rows[-1].split == "validation":
            self._keep_if_best(self.epoch, rows[-1].loss)
        self.course.evaluation_seconds = max(self.course.evaluation_seconds, 1.1 * (time.monotonic() - began))
        self._tell(
            "on_epoch",
            rows=tuple(rows),
            losses=losses,
            epochs=self.epochs,
            rows_per_second=rows_per_second,
            seconds_left=self.course.seconds_left,
        )
        if self.folder is not None:
            self.kept = state_of(self)
        if time.monotonic() - self._saved_at > CHECKPOINT_SECONDS:
            self.save()

    def _measure(self, split: str) -> tuple[float, float | None]:
        if split not in self.measured:
            return math.inf, None
        x, target = self.measured[split]
        with self.average.in_place() if self.average else nullcontext():
            return measure(self.module, self.goal, x, target, size=prediction_batch(x))

    def _row(self, split: str, loss: float, score: float | None) -> Epoch:
        accuracy, error = None, None
        if score is not None:
            accuracy, error = self.goal.accuracy_and_error(score, len(self.measured[split][1]))
        course = self.course
        return Epoch(self.epoch, course.step, split, loss, accuracy, error, course.learning_rate, course.seconds)

    def _keep_if_best(self, epoch: int, loss: float) -> None:
        if loss < self.best.loss or not self.best.values:  # a loss that is not a number is never the lower one
            values = self.average.values if self.average else [self.flat.values, *self.flat.buffers]
            self.best = Best(loss, epoch, [t.clone() for t in values])

    @property
    def _rows_per_second(self) -> float:
        steps, seconds = self.course.step - self._pace.first, time.monotonic() - self._pace.began
        return steps * self.batches.size / max(seconds, 1e-9)

    def _within(self, loss: Tensor, seen: tuple[Tensor, Tensor] | None) -> None:
        """A row of history within the epoch; twice a second, the observers hear of it.

        loss: mean over the batches since the last row. seen: outputs and target of the last of them, which alone is
        scored.
        """
        course, value = self.course, float(loss)
        epoch, rate = course.step / len(self.batches), course.learning_rate
        scored: tuple[float | None, float | None] = (None, None)
        if seen is not None:
            outputs, target = seen
            target = target[-len(outputs) :]  # of an accumulated batch, the last part
            scored = self.goal.accuracy_and_error(float(self.goal.score(outputs, target)), len(target))
        self.history.append(Epoch(epoch, course.step, "batches", value, *scored, rate, course.seconds))
        now = time.monotonic()
        if now - self._told_at > 0.5:
            self._told_at = now
            self._tell(
                "on_progress",
                epoch=epoch,
                epochs=self.epochs,
                step=course.step,
                progress=course.progress,
                loss=value,
                learning_rate=rate,
                rows_per_second=self._rows_per_second,
                seconds_left=course.seconds_left,
            )

    # -- beginning and end ------------------------------------------------------------------------------------------

    def _work(self) -> float:
        """Multiply-adds of one forward pass of a batch, from a trial of two rows in eval mode."""
        self.module.eval()
        self.plan.forward(self.batches.x[:2], observe=True)
        layers = self.plan.layers()
        self.plan.release()
        one = sum(
            layer.y.numel() / len(layer.y) * layer.parameters["weight"][0].numel()
            for layer in layers
            if layer.y is not None and "weight" in layer.parameters and layer.parameters["weight"].dim() > 1
        )
        return one * self.batches.size

    def _evaluation_seconds(self) -> float:
        """What measuring the rows at an epoch's end will take, from a tenth of them."""
        began = time.monotonic()
        for x, target in self.measured.values():
            rows = max(1, len(target) // 10)
            measure(self.module, self.goal, x[:rows], target[:rows], size=prediction_batch(x))
        return 11 * (time.monotonic() - began)

    def finish(self, stopped: str) -> Trained:
        """The best parameters into the module; what the training leaves."""
        self.save()
        if self.best.values and "validation" in self.measured:
            self.flat.load(self.best.values)
        elif self.average is not None and self.course.step:
            self.flat.load(self.average.values)
        self.plan.release()
        self.flat.detach()
        self.module.eval()
        self._tell("on_end", stopped=stopped)
        best = self.best.epoch if "validation" in self.measured else self.epoch
        return Trained(
            self.module, tuple(self.history), best, self.epoch, self.course.step, self.course.seconds, stopped
        )

    def _tell(self, hook: str, **facts: Any) -> None:
        for observer in self.observers:
            getattr(observer, hook)(**facts)

    # -- checkpoints ------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the state of the last epoch's end, if one was reached, as a checkpoint."""
        if self.folder is not None and self.kept is not None:
            step, tensors, facts = self.kept
            rows = [asdict(row) for row in facts["history"]]
            save_checkpoint(self.folder, step, tensors, facts | {"history": rows})
            self._saved_at = time.monotonic()
