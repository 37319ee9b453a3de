"""The steps of a training: the pass of a batch forward and backward, and the update after it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ..backprop import LeafStep, Objective, Plan
from ..records import BacklightError
from ..records.config import TrainingConfig
from .average import Average
from .course import Course
from .flat import FlatParameters
from .goal import Goal
from .optimizer import Optimizer
from .replay import ReplayedPass
from .scaling import Scaling


class Steps:
    """What is changed by each batch, and how: the network by its plan, in flat buffers, by the optimiser.

    Attributes
    ----------
    plan:
        Of the network as it is now.
    flat, optimizer, average, scaling:
        Where parameters and gradients lie, and what goes on from step to step; there may be no average.
    """

    def __init__(
        self,
        module: nn.Module,
        goal: Goal,
        config: TrainingConfig,
        course: Course,
        buffers: tuple[Tensor, Tensor] | None,
    ) -> None:
        """buffers: as in `FlatParameters`."""
        self.module, self.goal, self.config = module, goal, config
        self.objective = Objective(goal.loss)
        self.plan = Plan(module)
        layers = [leaf.parameters.values() for leaf in self.plan.leaves] if self._layerwise() else None
        self.flat = FlatParameters(module, None if layers else buffers, layers)
        self.scaling = Scaling(config, self.plan, self.flat.values.device)
        self.optimizer = Optimizer(self.flat, config)
        self.average = Average(self.flat, config.average) if config.average else None
        self._course = course
        self._replayed = ReplayedPass((module, goal.loss), self._passed, capture=config.capture)
        self._unreached = self.plan.unreached

    def keep_up(self) -> None:
        """Take in what others did to the network: moved parameters, other layers without any, hooks.

        Raises BacklightError where parameters were frozen, unfrozen or replaced.
        """
        self.flat.gather()
        if self.plan.outdated:
            self.flat.require_same()
            if self.config.layerwise:
                raise BacklightError(
                    "layerwise updates know the layers from the start: change layers and hang hooks on them before it."
                )
            self.plan = Plan(self.module)
            self.scaling.lower(self.plan)

    def look(self) -> None:
        """Forget the recorded passes where the network is no longer as it was."""
        self._replayed.look()

    def run(self, x: Tensor, target: Tensor, *, observe: bool = False) -> tuple[Tensor, Tensor]:
        """Loss and outputs of the batch; the gradients in the flat buffer.

        observe: keep x(i) and v(i) of every layer for `plan.layers()`.
        """
        if observe or self.config.layerwise:
            return self._passed(x, target, observe=observe)
        return self._replayed(x, target)

    def update(self) -> None:
        """The parameters follow the gradients that lie in the flat buffer."""
        if self.scaling.accepts(self.flat.gradients):
            if not self.config.layerwise:
                self.optimizer.step(self._course.learning_rate, without=self._unreached)
            if self.average is not None:
                self.average.update()

    @property
    def plain(self) -> bool:
        """Whether an update moves every parameter, whatever its gradient."""
        return self.scaling.scale is None and not self._unreached

    @property
    def standing(self) -> list[Tensor]:
        """The parameters and buffers that predict: the average's, where there is one."""
        return self.average.values if self.average else [self.flat.values, *self.flat.buffers]

    def _passed(self, x: Tensor, target: Tensor, *, observe: bool = False) -> tuple[Tensor, Tensor]:
        if self.config.accumulate > 1:
            return self._in_parts(x, target, observe=observe)
        loss, outputs = self._forward(x, target, observe=observe)
        self._backward(accumulate=False)
        self._unreached = self.plan.unreached
        self.scaling.unscale(self.flat.gradients)
        return loss, outputs

    def _in_parts(self, x: Tensor, target: Tensor, *, observe: bool) -> tuple[Tensor, Tensor]:
        """The same from parts of the batch, whose gradients add up; outputs and observed layers are the last part's."""
        count = math.ceil(len(x) / (self.config.batch_size or len(x)))  # of equal size, or a single row might be left
        whole = self.goal.weight(target)
        self.flat.gradients.zero_()
        losses: list[Tensor] = []
        self._unreached = list(self.flat.parameters)
        for part, wanted in zip(x.tensor_split(count), target.tensor_split(count), strict=True):
            share = 1.0 if self.goal.summed else self.goal.weight(wanted) / whole
            loss, outputs = self._forward(part, wanted, observe=observe)
            self._backward(accumulate=True, share=share)
            missed = {id(p) for p in self.plan.unreached}
            self._unreached = [p for p in self._unreached if id(p) in missed]
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
        missed = set(map(id, leaf.unreached))
        reached = [p for p in leaf.parameters.values() if id(p) not in missed]
        self.optimizer.step_layer(reached, self._course.learning_rate)

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
