"""Losses computed without gradients: the loop's own validation."""

import torch
from torch import Tensor

from ..records import Epoch


class ValidationLoss:
    """Averages the losses of one stretch of evaluation into one row of history."""

    def __init__(self) -> None:
        self._losses: list[tuple[Tensor, int]] = []
        self._right = 0.0
        self._judged = 0

    @property
    def waiting(self) -> bool:
        """Whether a stretch of evaluation has not been closed."""
        return bool(self._losses)

    def add(self, loss: Tensor, output: Tensor, target: Tensor) -> None:
        """One batch evaluated without gradients."""
        if loss.numel() != 1 or target.dim() == 0:
            return
        self._losses.append((loss.detach(), len(target)))
        if output.dim() == 2 and output.shape[1] > 1 and target.dim() == 1 and not target.is_floating_point():
            self._right += float((output.argmax(1) == target).sum())
            self._judged += len(target)

    def flush(self, epoch: float | None, step: int, learning_rate: float, seconds: float, into: list[Epoch]) -> None:
        """Close the stretch and append its row."""
        if not self._losses:
            return
        losses = torch.stack([loss.float().cpu() for loss, _ in self._losses])
        rows = torch.tensor([n for _, n in self._losses], dtype=torch.float32)
        accuracy = self._right / self._judged if self._judged else None
        mean = float((losses * rows).sum() / rows.sum())
        error = None if accuracy is None else 1 - accuracy
        into.append(Epoch(epoch or 0.0, step, "validation", mean, accuracy, error, learning_rate, seconds))
        self._losses, self._right, self._judged = [], 0.0, 0
