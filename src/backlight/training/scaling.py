"""Mixed precision in training: which number format, and the scale that keeps float16 gradients from vanishing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ..backprop import Plan
from ..backprop.precision import lower
from ..records.config import TrainingConfig

FIRST, GROWTH_STEPS, SMALLEST = 2.0**16, 2000, 1.0
"""The scale to begin with and the steps without overflow after which it doubles, as `torch.amp.GradScaler`."""

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class Scaling:
    """The factor on the loss, halved (and the update left out) when a gradient overflows, doubled when long none did.

    Micikevicius et al. 2018 (arXiv:1710.03740), section 3.2. Only float16 needs it: bfloat16 has float32's range.
    """

    def __init__(self, config: TrainingConfig, plan: Plan, device: torch.device) -> None:
        self._dtype = DTYPES.get(config.precision)
        self.lower(plan)
        self.scale = torch.full((), FIRST, device=device) if self._dtype is torch.float16 else None
        self.good = torch.zeros((), dtype=torch.int64, device=device)

    @property
    def lowers(self) -> bool:
        """Whether some of the network works in a low format."""
        return self._dtype is not None

    def lower(self, plan: Plan) -> None:
        """Let the plan work in the format that is asked for."""
        if self._dtype is not None:
            lower(plan, self._dtype)

    def scaled(self, v: Tensor) -> Tensor:
        """v(n) times the scale."""
        return v if self.scale is None else v * self.scale

    def unscale(self, gradients: Tensor) -> None:
        """Divide the gradients by the scale."""
        if self.scale is not None:
            gradients.div_(self.scale)

    def accepts(self, gradients: Tensor) -> bool:
        """Whether the update may be made; follows with the scale."""
        if self.scale is None:
            return True
        finite = bool(torch.isfinite(gradients).all())
        self.good.add_(1) if finite else self.good.zero_()
        if not finite:
            self.scale.div_(2).clamp_(min=SMALLEST)
        elif int(self.good) % GROWTH_STEPS == 0:
            self.scale.mul_(2)
        return finite

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint must hold to go on exactly."""
        return {} if self.scale is None else {"scale": self.scale, "good": self.good}

    def load(self, tensors: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        for name, mine in self.state().items():
            mine.copy_(tensors[name])
