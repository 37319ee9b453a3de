"""The running average of the parameters, which predicts better than the last step's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..backprop import graphless
from .flat import FlatParameters


class Average:
    """Exponential moving average of parameters and floating-point buffers (Polyak, Juditsky 1992).

    Early on the decay is (1 + t)/(10 + t), so that the first steps do not linger (as TensorFlow's
    `ExponentialMovingAverage` with `num_updates`).
    """

    def __init__(self, flat: FlatParameters, decay: float) -> None:
        self.flat = flat
        self.decay = decay
        self.values = flat.copy()
        self.updates = 0
        self._followed = [flat.values, *flat.buffers]

    @graphless
    def update(self) -> None:
        """Follow the parameters by one step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.values, self._followed, 1 - decay)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The average stands in the module; afterwards the trained parameters stand there again."""
        trained = self.flat.copy()
        self.flat.load(self.values)
        try:
            yield
        finally:
            self.flat.load(trained)
