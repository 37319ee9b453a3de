"""Numbers that several signals share, taken once for all layers of a step, with one transfer from their device."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..records import Layer, Numbers


def with_numbers(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """The layers, each with its numbers."""
    layers = tuple(layers)
    taken = [_of_output(layer) | _of_norms(layer) for layer in layers]
    known = iter(to_floats([value for numbers in taken for value in numbers.values()]))
    found = [{name: next(known) for name in numbers} for numbers in taken]
    return tuple(replace(layer, numbers=_named(layer, numbers)) for layer, numbers in zip(layers, found, strict=True))


def numbers_of(layer: Layer) -> Numbers:
    """Those of one layer, taken now unless they have been before."""
    numbers = layer.numbers or with_numbers([layer])[0].numbers
    assert numbers is not None
    return numbers


def to_floats(values: list[Tensor | float]) -> list[float]:
    """One transfer for all tensors of one number; several where the network lies on several devices."""
    found = [0.0] * len(values)
    by_device: dict[torch.device, list[int]] = {}
    for i, value in enumerate(values):
        if isinstance(value, Tensor):
            by_device.setdefault(value.device, []).append(i)
        else:
            found[i] = float(value)
    for places in by_device.values():
        numbers = torch.stack([_scalar(values[i]) for i in places]).tolist()
        for i, number in zip(places, numbers, strict=True):
            found[i] = number
    return found


def whole_norm(norms: Iterable[float]) -> float:
    """Norm of several tensors as one; not a number where one of them is not (`math.hypot` prefers the infinite)."""
    return math.sqrt(sum(norm * norm for norm in norms))


def root_mean_square(values: Tensor) -> Tensor:
    """√ of the mean square; several times quicker than `var` along the rows."""
    return torch.linalg.vector_norm(values) * values.numel() ** -0.5


def _of_output(layer: Layer) -> dict[str, Tensor | float]:
    """By the law of total variance: the spread of the means over rows, and what rows differ from them by."""
    if layer.y is None or not layer.y.is_floating_point() or not layer.y.numel():
        return {}
    y = layer.y if layer.y.dtype in (torch.float32, torch.float64) else layer.y.float()
    means = y.mean(0)
    mean = means.mean()
    return {"y_mean": mean, "means_std": root_mean_square(means - mean), "row_std": root_mean_square(y - means)}


def _of_norms(layer: Layer) -> dict[str, Tensor | float]:
    found: dict[str, Tensor | float] = {}
    if layer.v_out is not None:
        found["v_norm"] = torch.linalg.vector_norm(layer.v_out)
    for kind, tensors in (("parameters", layer.parameters), ("gradients", layer.gradients)):
        found |= {f"{kind}.{name}": torch.linalg.vector_norm(tensor) for name, tensor in tensors.items()}
    return found


def _named(layer: Layer, numbers: dict[str, float]) -> Numbers:
    parameters = {name: numbers.pop(f"parameters.{name}") for name in layer.parameters}
    gradients = {name: numbers.pop(f"gradients.{name}") for name in layer.gradients}
    return Numbers(**numbers, parameters=parameters, gradients=gradients)


def _scalar(value: Any) -> Tensor:
    value = value if value.dtype is torch.float32 else value.float()
    return value if value.dim() == 0 else value.reshape(())
