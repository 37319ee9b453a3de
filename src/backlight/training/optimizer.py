"""Optimisers on flat buffers: each update is one or two of PyTorch's fused kernels."""

from __future__ import annotations

import torch
from torch import Tensor

from ..records import BacklightError
from ..records.config import TrainingConfig
from .flat import FlatParameters

BETAS = (0.9, 0.999)
EPSILON = 1e-8
"""Kingma, Ba 2015 (arXiv:1412.6980), section 2."""


class Optimizer:
    """SGD with momentum, Adam, or AdamW (Loshchilov, Hutter 2019, arXiv:1711.05101) on flat parameters.

    The arithmetic is `torch.optim`'s. Weight decay touches weights only, not biases and norm scales.

    Parameters
    ----------
    flat:
        Where parameters and gradients lie.
    config:
        `optimizer`, `momentum`, `nesterov`, `weight_decay`, `clip`; resolved.
    """

    def __init__(self, flat: FlatParameters, config: TrainingConfig) -> None:
        self.flat = flat
        self.config = config
        decay, whole = config.weight_decay or 0.0, flat.values.numel()
        ends = [(0, flat.decayed, decay), (flat.decayed, whole, 0.0)] if decay else [(0, whole, 0.0)]
        self._parts = [(slice(start, end), share) for start, end, share in ends if end > start]
        names = {"sgd": ("momentum",), "adam": ("mean", "square"), "adamw": ("mean", "square")}[str(config.optimizer)]
        self.state: dict[str, Tensor] = {name: torch.zeros_like(flat.values) for name in names}
        self.steps = [torch.zeros((), device=flat.values.device) for _ in self._parts]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """One update of the parameters from the gradients that lie in the flat buffer."""
        if self.config.clip is not None:
            self._clip(self.config.clip)
        update = self._sgd if self.config.optimizer == "sgd" else self._adam
        for (part, decay), step in zip(self._parts, self.steps, strict=True):
            update(part, decay, step, learning_rate)

    def _sgd(self, part: slice, decay: float, _step: Tensor, learning_rate: float) -> None:
        torch._fused_sgd_(
            [self.flat.values[part]],
            [self.flat.gradients[part]],
            [self.state["momentum"][part]] if self.config.momentum else [],
            weight_decay=decay,
            momentum=self.config.momentum,
            lr=learning_rate,
            dampening=0.0,
            nesterov=self.config.nesterov and self.config.momentum > 0,
            maximize=False,
            is_first_step=False,  # the momentum begins at zero, which gives the same first step
        )

    def _adam(self, part: slice, decay: float, step: Tensor, learning_rate: float) -> None:
        update = torch._fused_adamw_ if self.config.optimizer == "adamw" else torch._fused_adam_
        step.add_(1)
        update(
            [self.flat.values[part]],
            [self.flat.gradients[part]],
            [self.state["mean"][part]],
            [self.state["square"][part]],
            [],
            [step],
            lr=learning_rate,
            beta1=BETAS[0],
            beta2=BETAS[1],
            weight_decay=decay,
            eps=EPSILON,
            amsgrad=False,
            maximize=False,
        )

    def _clip(self, bound: float) -> None:
        norm = self.flat.gradients.norm()
        self.flat.gradients.mul_((bound / (norm + 1e-6)).clamp_(max=1.0))

    def state_tensors(self) -> dict[str, Tensor]:
        """What a checkpoint must hold to go on exactly."""
        steps = {f"step.{i}": step for i, step in enumerate(self.steps)}
        return {**self.state, **steps}

    @torch.no_grad()
    def load_state(self, tensors: dict[str, Tensor]) -> None:
        """Continue from what `state_tensors` gave."""
        mine = self.state_tensors()
        if mine.keys() != tensors.keys():
            raise BacklightError(
                f"the checkpoint holds optimiser state {sorted(tensors)}, and {self.config.optimizer} needs "
                f"{sorted(mine)}: resume with the optimiser that the run began with"
            )
        for name, tensor in mine.items():
            tensor.copy_(tensors[name])
