"""What a training aims at: the loss, the form of its target, and the share of right answers beside it."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn

from ..records import BacklightError

LOSSES: dict[str, type[nn.Module]] = {
    "cross-entropy": nn.CrossEntropyLoss,
    "binary-cross-entropy": nn.BCEWithLogitsLoss,
    "mean-squared-error": nn.MSELoss,
    "huber": nn.HuberLoss,
}


BY_NUMBER = (
    nn.MSELoss,
    nn.L1Loss,
    nn.SmoothL1Loss,
    nn.HuberLoss,
    nn.BCELoss,
    nn.BCEWithLogitsLoss,
    nn.PoissonNLLLoss,
    nn.SoftMarginLoss,
)
"""Losses that compare output and target number by number."""


@dataclass(frozen=True)
class Goal:
    """Loss and score of one kind of target.

    Attributes
    ----------
    loss:
        Mean loss of a batch, as used for the gradient.
    plain:
        The same without label smoothing, as reported.
    target:
        codes: int64 class codes (n,); logit: one output against 0/1; value: outputs against numbers of their shape.
    smoothing:
        Label smoothing of a single logit: targets ε/2 and 1 − ε/2. Cross-entropy smooths by itself.
    unit:
        Size of one standardised unit of the target, for the error in the target's own units.
    row:
        Shape of the outputs for one row; None where it is not known.
    """

    loss: nn.Module
    plain: nn.Module
    target: Literal["codes", "logit", "value"]
    smoothing: float = 0.0
    unit: float = 1.0
    row: tuple[int, ...] | None = None

    def prepare(self, y: Tensor) -> Tensor:
        """The target in the form and shape that the loss compares with the output: y (n,) → (n,) codes or (n, o).

        Raises BacklightError where the loss compares number by number and there are not as many: PyTorch would stretch
        one to the other.
        """
        if self.target == "codes":
            return y.long()
        values = y.float()
        if self.row is None:
            return values.unsqueeze(1) if values.dim() == 1 else values
        if math.prod(values.shape[1:]) == math.prod(self.row):
            return values.reshape(len(values), *self.row)
        if isinstance(self.loss, BY_NUMBER):
            outputs, target = _of_rows(self.row), _of_rows(values.shape[1:])
            raise BacklightError(
                f"the network gives outputs of shape {outputs} and the target has {target}: "
                f"{type(self.loss).__name__} compares them number by number; change the last layer."
            )
        return values.unsqueeze(1) if values.dim() == 1 else values

    def balanced(self, target: Tensor, outputs: int) -> Goal:
        """The goal in whose loss each class weighs as much as any other: n / (k · rows of the class).

        So it does in the loss that is reported, which chooses the best epoch.

        target: of all training rows, as prepared. A loss of values stays as it is.
        """
        if type(self.loss) is nn.CrossEntropyLoss:
            seen = target[target != self.loss.ignore_index]
            counts = torch.bincount(seen, minlength=outputs).clamp_min(1).float()
            loss = copy.deepcopy(self.loss)
            loss.register_buffer("weight", len(seen) / (len(counts) * counts))
            return replace(self, loss=loss, plain=_without_smoothing(loss))
        if type(self.loss) is nn.BCEWithLogitsLoss and 0 < target.mean() < 1:
            share = target.mean()
            balanced = nn.BCEWithLogitsLoss(0.5 / (1 - share), pos_weight=(1 - share) / share)
            return replace(self, loss=balanced, plain=balanced)
        return self

    def to(self, device: torch.device | str) -> Goal:
        """With the weights of the classes on the device."""
        self.loss.to(device)
        self.plain.to(device)
        return self

    def smoothed(self, target: Tensor) -> Tensor:
        """The target that the gradient sees."""
        return target * (1 - self.smoothing) + self.smoothing / 2 if self.smoothing else target

    @property
    def summed(self) -> bool:
        """Whether the loss adds up over examples; it is their mean otherwise."""
        return getattr(self.loss, "reduction", "mean") == "sum"

    def weight(self, target: Tensor, *, plain: bool = False) -> float | Tensor:
        """What these rows count in a mean over more of them: their number, or the weights of their classes."""
        loss = self.plain if plain else self.loss
        classes, ignored = getattr(loss, "weight", None), getattr(loss, "ignore_index", None)
        if self.target != "codes" or ignored is None:
            return float(len(target))
        kept = target != ignored
        if classes is None:
            return kept.sum()
        return (classes[torch.where(kept, target, 0)] * kept).sum()

    def score(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Number of right answers among the rows, or the sum of squared errors (mean over outputs) for values.

        A row of several codes counts by the share of them that is right.
        """
        if self.target == "codes":
            right = outputs.argmax(1) == target
            return right.sum() if right.dim() == 1 else right.float().flatten(1).mean(1).sum()
        if self.target == "logit":
            right = (outputs > 0) == (target > 0.5)
            return right.sum() if right.dim() == 1 else right.flatten(1).all(1).sum()
        squares = (outputs - target).square()
        return squares.sum() if squares.dim() == 1 else squares.flatten(1).mean(1).sum()

    def accuracy_and_error(self, score: float, rows: int) -> tuple[float | None, float]:
        """(accuracy, error rate), or (None, root mean squared error in the target's units)."""
        if self.target == "value":
            return None, (score / rows) ** 0.5 * self.unit
        return score / rows, 1 - score / rows


def _of_rows(row: Sequence[int]) -> str:
    return "(" + ", ".join(["n", *map(str, row)]) + ("," if not row else "") + ")"


def _without_smoothing(loss: nn.CrossEntropyLoss) -> nn.CrossEntropyLoss:
    plain = copy.deepcopy(loss)
    plain.label_smoothing = 0.0
    return plain


def make_goal(loss: str | nn.Module, *, smoothing: float = 0.0, unit: float = 1.0) -> Goal:
    """The goal for a loss by name, or for any loss module that takes (outputs, target) and returns a number."""
    if isinstance(loss, nn.Module):
        takes_codes = isinstance(loss, nn.CrossEntropyLoss | nn.NLLLoss)
        is_logit = isinstance(loss, nn.BCEWithLogitsLoss)
        return Goal(loss, loss, "codes" if takes_codes else "logit" if is_logit else "value", unit=unit)
    if loss not in LOSSES:
        raise BacklightError(f"there is no loss {loss!r}; choose one of {', '.join(LOSSES)}")
    plain = LOSSES[loss]()
    if loss == "cross-entropy":
        return Goal(nn.CrossEntropyLoss(label_smoothing=smoothing) if smoothing else plain, plain, "codes")
    if loss == "binary-cross-entropy":
        return Goal(plain, plain, "logit", smoothing=smoothing)
    return Goal(plain, plain, "value", unit=unit)


@torch.no_grad()
def measure(module: nn.Module, goal: Goal, x: Tensor, target: Tensor, *, size: int) -> tuple[float, float]:
    """Plain loss and total score of the rows, in eval mode; the module's mode is restored.

    The loss is the mean over the rows, or the sum where the loss adds up.
    """
    training = module.training
    module.eval()
    outputs = (module(part) for part in x.split(size))
    found = judge(goal, zip(outputs, target.split(size), strict=True))
    module.train(training)
    return found


@torch.no_grad()
def judge(goal: Goal, parts: Iterable[tuple[Tensor, Tensor]]) -> tuple[float, float]:
    """Plain loss and total score of outputs and targets that come in parts, as `measure` gives them."""
    loss: float | Tensor = 0.0
    score: float | Tensor = 0.0
    weights = 0.0
    for outputs, wanted in parts:
        weight = goal.weight(wanted, plain=True)
        if weight:
            loss = loss + goal.plain(outputs, wanted) * (1.0 if goal.summed else weight)
            weights += float(weight)
        score = score + goal.score(outputs, wanted)
    return float(loss) / (1.0 if goal.summed else weights or math.nan), float(score)
