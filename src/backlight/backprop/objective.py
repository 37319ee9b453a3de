"""The loss as the last step of the plan: forward to one number, backward to v(n)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from .graphless import graphless
from .table import find_loss_rule


class Objective:
    """A loss module with its rule, or with autograd asked for just this step.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> objective = Objective(nn.MSELoss())
    >>> loss = objective.forward(torch.ones(2, 1), torch.zeros(2, 1))
    >>> loss.item(), objective.backward().tolist()
    (1.0, [[1.0], [1.0]])
    """

    def __init__(self, loss: nn.Module) -> None:
        self.loss = loss
        self._rule = find_loss_rule(loss)
        self._saved: Any = None

    @graphless
    def forward(self, y: Tensor, target: Tensor) -> Tensor:
        """y (n, …) and target → the loss, a scalar."""
        if self._rule is not None:
            value, self._saved = self._rule.forward(self.loss, y, target)
            return value
        leaf = y.detach().requires_grad_()
        with torch.enable_grad():
            value = self.loss(leaf, target)
        self._saved = (leaf, value)
        return value.detach()

    @graphless
    def backward(self) -> Tensor:
        """v(n) = ∂L/∂y of the last forward."""
        saved, self._saved = self._saved, None
        if self._rule is not None:
            assert self._rule.backward_function is not None
            return self._rule.backward_function(self.loss, saved)
        leaf, value = saved
        return torch.autograd.grad(value, leaf)[0]
