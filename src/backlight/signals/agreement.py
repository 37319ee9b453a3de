"""Do successive batches, and like examples of one batch, pull the same way?"""

from collections.abc import Iterator

import torch
from torch import Tensor

from ..records import Layer, Step
from .gauges.predictions import class_targets
from .registry import MEANINGS, Meaning

SAMPLED = 20_000
"""Numbers of the whole gradient that are compared, evenly spaced."""

LIKE_ROWS = 96
"""Rows whose v(i+1) are compared."""
LIKE_EVERY = 4
"""Observations from one look at like examples to the next."""

MEANINGS["like_agreement"] = Meaning(
    "agreement of the gradients v(i+1) of like examples",
    unit="mean cosine within a class minus that between classes",
    scale="even",
    low=0.02,
    ends=(0, 1),
    source="Below 0.02 it is noise, and says nothing of the class (after Balduzzi et al. 2017).",
)
MEANINGS["gradient_agreement"] = Meaning(
    "agreement of the gradients of two batches",
    unit="cosine of neighbouring steps",
    scale="even",
    ends=(-1, 1),
)


def like_agreement(step: Step) -> Iterator[tuple[str, Tensor]]:
    """Layer → by how much v(i+1) of two rows of one class agree more than those of two rows of different classes.

    The mean cosine among the former minus that among the latter, for layers with parameters. At the output it is near
    its largest, since v is softmax − truth. Further down, near 0: v is noise, like examples pull in unrelated
    directions (shattered gradients, Balduzzi et al. 2017, arXiv:1702.08591). Still at its largest: v depends on the
    class alone, and says nothing of how one x(i) differs from another.
    """
    classes = class_targets(step)
    if classes is None:
        return
    for layer in step.layers:
        v = _rows_of_v(layer)
        if v is None or not layer.gradients or len(classes) % len(v):
            continue
        like = classes[:: len(classes) // len(v)][:LIKE_ROWS]
        value = _agreement(v[:LIKE_ROWS], like)
        if value is not None:
            yield layer.name, value


def _rows_of_v(layer: Layer) -> Tensor | None:
    v = layer.v_out
    return None if v is None or v.dim() < 2 or len(v) < 2 or v.is_complex() else v.detach().flatten(1)


def _agreement(v: Tensor, classes: Tensor) -> Tensor | None:
    v = v.double()
    v = v / torch.linalg.vector_norm(v, dim=1, keepdim=True).clamp_min(1e-300)
    cosine = v @ v.T
    like = classes[:, None] == classes[None, :]
    pairs = like.sum() - len(v), (~like).sum()
    if not all(int(count) for count in pairs):
        return None
    among = (cosine * like).sum() - cosine.diagonal().sum()
    return among / pairs[0] - (cosine * ~like).sum() / pairs[1]


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
