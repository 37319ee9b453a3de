"""Several networks that predict together."""

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Ensemble(nn.Module):
    """The mean prediction of its members: of their values, or of their probabilities, given as logits again.

    Lakshminarayanan et al. 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles". Members
    are keywords, such as member1, member2, ….

    Args:
        mean_of: "values"; or "probabilities", of a softmax over several outputs or the sigmoid of a single one.
    """

    def __init__(self, mean_of: Literal["values", "probabilities"], **members: nn.Module) -> None:
        super().__init__()
        self.mean_of = mean_of
        for name, member in members.items():
            self.add_module(name, member)

    @property
    def members(self) -> tuple[nn.Module, ...]:
        """In the order in which they were given."""
        return tuple(self.children())

    def forward(self, x: Tensor) -> Tensor:
        """x (n, …) → (n, outputs)."""
        outputs = torch.stack([member(x) for member in self.children()])
        if self.mean_of == "values":
            return outputs.mean(0)
        if outputs.shape[-1] == 1:  # logit of the mean: ln Σ σ(z) − ln Σ σ(−z)
            return F.logsigmoid(outputs).logsumexp(0) - F.logsigmoid(-outputs).logsumexp(0)
        return F.log_softmax(outputs, -1).logsumexp(0) - math.log(len(outputs))

    def extra_repr(self) -> str:
        """Of what the mean is taken."""
        return f"mean of {self.mean_of}"
