"""Mixed precision: a loss is multiplied before its backward pass, so that no small gradient vanishes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from ..records import Layer

Scale = Callable[[Tensor], Tensor]
"""Multiplies a number as the loss was multiplied."""


class Scaling:
    """Losses by what they were scaled to, as long as the program keeps that."""

    def __init__(self) -> None:
        self._losses = WeakIdKeyDictionary()

    def scaled(self, loss: Any, result: Any, scale: Scale) -> None:
        """The program has scaled a loss."""
        if isinstance(loss, Tensor) and result is not loss:
            self._losses[result] = loss, scale

    def of(self, loss: Tensor) -> tuple[Tensor, Tensor | None]:
        """The loss itself where this is a scaled one, and by what it was multiplied."""
        known = self._losses.get(loss)
        if known is None:
            return loss, None
        own, scale = known
        return own, scale(torch.ones((), device=own.device))


def unscaled(layers: tuple[Layer, ...], v: Tensor | None, gradients: Tensor | None) -> tuple[Layer, ...]:
    """The layers with v(i+1), and the parameters' gradients, as they are without these factors."""
    if v is None and gradients is None:
        return layers
    return tuple(
        replace(
            layer,
            v_out=_divided(layer.v_out, v) if layer.v_out is not None else None,
            gradients={name: _divided(g, gradients) for name, g in layer.gradients.items()},
        )
        for layer in layers
    )


def _divided(values: Tensor, by: Tensor | None) -> Tensor:
    return values if by is None else values.to(torch.promote_types(values.dtype, torch.float32)) / by.to(values.device)
