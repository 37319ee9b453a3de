"""The parameters of the best epoch so far."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class Best:
    """The parameters of the epoch with the lowest validation loss so far."""

    loss: float = math.inf
    epoch: int = 0
    values: list[Tensor] = field(default_factory=list)
    """As `FlatParameters.copy` gives them; empty where no epoch has been measured."""

    def offer(self, epoch: int, loss: float, values: Sequence[Tensor]) -> None:
        """Keep these parameters where their loss is the first or the lowest, which one that is no number never is."""
        if loss < self.loss or not self.values:
            self.loss, self.epoch, self.values = loss, epoch, [t.clone() for t in values]
