"""The losses of the steps, read late: to look at a number on an accelerator is to wait for it."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from .leaves import data_not_finite

READ_EVERY = 64
"""Losses that wait on an accelerator at most."""


class LossLog:
    """Hands every loss to `record` in its order, and counts the bad values in the data behind the first bad one.

    A loss that is infinite or not a number is noticed at once on a processor, where the graph of its step still tells
    what data it was made of; on an accelerator when the losses are read, with its own step all the same. There the
    numbers in the data are counted as the steps go by, on the device.
    """

    def __init__(self, record: Callable[[float], None]) -> None:
        self._record = record
        self._waiting: list[tuple[Tensor, Tensor | int | None]] = []
        self._all_finite = True
        self.bad_data: int | None = None
        """Of the first loss that is no number: infinite values and such that are no number, in the data behind it."""

    def look_behind(self, loss: Tensor, value: Tensor | None, data: Sequence[Tensor]) -> Tensor | int | None:
        """Count bad values behind a loss whose backward pass begins: its graph, and the parameters, are still whole."""
        if value is None or not self._all_finite:
            return None
        if is_read_late(value):
            counts = [torch.count_nonzero(part - part) for part in data if part.device == value.device]
            return torch.stack(counts).sum() if counts else None
        return None if math.isfinite(value) else data_not_finite(loss)

    def add(self, value: Tensor | None, bad_data: Tensor | int | None) -> None:
        """The loss of a pass that reached the network, and what `look_behind` said of it."""
        if value is None:
            return
        if self._waiting and self._waiting[-1][0].device != value.device:
            self.read()
        if not is_read_late(value):
            self._hand_over(float(value), bad_data)
            return
        self._waiting.append((value.clone(), bad_data))  # the program may change its own in place
        if len(self._waiting) >= READ_EVERY or not self._all_finite:
            self.read()

    def read(self) -> None:
        """Hand over the losses that wait, in one transfer."""
        waiting, self._waiting = self._waiting, []
        values = torch.stack([value for value, _ in waiting]).tolist() if waiting else ()
        for value, (_, bad_data) in zip(values, waiting, strict=True):
            self._hand_over(value, bad_data)

    def _hand_over(self, value: float, bad_data: Tensor | int | None) -> None:
        self._record(value)
        if self._all_finite and not math.isfinite(value):
            self._all_finite = False
            self.bad_data = int(bad_data) if bad_data is not None else 0


def is_read_late(tensor: Tensor) -> bool:
    """Whether its numbers are elsewhere, so that reading one of them waits for all work before it."""
    return tensor.device.type not in ("cpu", "meta")


def value_of(loss: Tensor, weights: object) -> Tensor | None:
    """The number that a backward pass descends: the loss, or the sum of its elements with the weights handed over."""
    loss = loss.detach()
    if loss.numel() == 1:
        return loss if loss.dim() == 0 else loss.reshape(())
    if isinstance(weights, (tuple, list)):
        weights = next(iter(weights), None)
    if not isinstance(weights, Tensor) or weights.shape != loss.shape:
        return None
    return (loss * weights.detach()).sum()
