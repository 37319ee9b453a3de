"""Do successive batches pull the parameters the same way?"""

import torch
from torch import Tensor

from ..records import Step

SAMPLED = 20_000
"""Numbers of the whole gradient that are compared, evenly spaced."""


class GradientAgreement:
    """Cosine between the whole gradients of two neighbouring observed steps.

    Near 1: the batches agree, noise is small and steps could be larger. Near 0: noise outweighs the signal.
    Below 0: the step overshot, the gradient turned round.
    """

    def __init__(self) -> None:
        self._before: tuple[int, Tensor] | None = None

    def update(self, step: Step) -> float | None:
        """The cosine, or None unless the step before was observed too."""
        parts = [g.detach().flatten() for layer in step.layers for g in layer.gradients.values()]
        if not parts:
            return None
        stride = max(1, sum(map(len, parts)) // SAMPLED)
        gradient = torch.cat([part[::stride] for part in parts]).float()
        before, self._before = self._before, (step.step, gradient)
        if before is None or before[0] != step.step - 1 or before[1].shape != gradient.shape:
            return None
        norms = torch.linalg.vector_norm(gradient) * torch.linalg.vector_norm(before[1])
        return float(gradient @ before[1] / norms) if norms > 0 else None
