"""Losses of Keras written out in PyTorch: they read probabilities, clip them, and broadcast the target."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-7
Loss = Callable[[Tensor, Tensor], Tensor]


def binary(p: Tensor, y: Tensor) -> Tensor:
    p = p.clamp(EPSILON, 1 - EPSILON)
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def categorical(p: Tensor, y: Tensor) -> Tensor:
    p = (p / p.sum(-1, keepdim=True)).clamp(EPSILON, 1 - EPSILON)
    return -(y * torch.log(p)).sum(-1).mean()


def sparse(p: Tensor, y: Tensor) -> Tensor:
    p = (p / p.sum(-1, keepdim=True)).clamp(EPSILON, 1 - EPSILON)
    return F.nll_loss(torch.log(p), y.reshape(len(y)).long())


def squared(p: Tensor, y: Tensor) -> Tensor:
    return ((p - y) ** 2).mean()


def absolute(p: Tensor, y: Tensor) -> Tensor:
    return (p - y).abs().mean()


def poisson(p: Tensor, y: Tensor) -> Tensor:
    return F.poisson_nll_loss(p, y, log_input=False, eps=EPSILON)


def divergence(p: Tensor, y: Tensor) -> Tensor:
    y, p = y.clamp(EPSILON, 1), p.clamp(EPSILON, 1)
    return (y * torch.log(y / p)).sum(-1).mean()


def cosine(p: Tensor, y: Tensor) -> Tensor:
    return -(F.normalize(p, dim=-1) * F.normalize(y, dim=-1)).sum(-1).mean()


_LOSSES: dict[str, Loss] = {
    "binarycrossentropy": binary,
    "categoricalcrossentropy": categorical,
    "sparsecategoricalcrossentropy": sparse,
    "meansquarederror": squared,
    "mse": squared,
    "meanabsoluteerror": absolute,
    "mae": absolute,
    "poisson": poisson,
    "kldivergence": divergence,
    "cosinesimilarity": cosine,
}


def loss_of(described: Any) -> Loss:
    """The function for a name, or for a class with its settings; a function of one's own stays as it is."""
    if callable(described):
        return described
    name = described["class"] if isinstance(described, dict) else described
    if isinstance(described, dict) and described.get("from_logits"):
        return _logits(name)
    key = name.replace("_", "").lower()
    if key not in _LOSSES:
        raise KeyError(f"no loss is known by the name {name!r}")
    return _LOSSES[key]


def _logits(name: str) -> Loss:
    key = name.replace("_", "").lower()
    if key.startswith("binary"):
        return F.binary_cross_entropy_with_logits
    if key.startswith("sparse"):
        return lambda z, y: F.cross_entropy(z, y.reshape(len(y)).long())
    return lambda z, y: -(y * F.log_softmax(z, -1)).sum(-1).mean()
