"""One pass forward and backward with everything kept: x(i), v(i) and the gradients, layer by layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, overload

import torch
from torch import Tensor, nn

from ..records import BacklightError, Layer
from .objective import Objective
from .opaque import OpaqueStep
from .steps import Tape, walk_backward, walk_forward
from .unchanged import unchanged

if TYPE_CHECKING:
    from .plan import Plan


_NUMBERS = (0, 4, 5, 6)
"""Columns of the printed table that are flush right."""


@dataclass(frozen=True)
class Trace(Sequence[Layer]):
    """The layers of one pass, from input to output; `print` shows a table.

    A layer is found by its place or by its name: `trace[0]`, `trace["3.body.0"]`. The tensors are copies.

    Attributes
    ----------
    output:
        x(n).
    loss:
        The loss, where one was given.
    v_in:
        v(0) = ∂L/∂x(0); None for codes, which have no gradient; a tuple for several inputs.
    notes:
        A sentence for each layer that has no rule and was not split: why not, so that autograd gives its gradients.
    """

    layers: tuple[Layer, ...]
    output: Tensor
    loss: float | None
    v_in: Any
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    @overload
    def __getitem__(self, place: int | str) -> Layer: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Layer, ...]: ...
    def __getitem__(self, place: int | str | slice) -> Layer | tuple[Layer, ...]:
        if isinstance(place, str):
            found = next((layer for layer in self.layers if place in (layer.name, _label(layer))), None)
            if found is None:
                raise KeyError(f"no layer {place!r}; there are {', '.join(map(_label, self.layers))}")
            return found
        return self.layers[place]

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [("i", "layer", "kind", "x(i)", "|x(i)|", "|v(i)|", "|∂L/∂θ|")]
        rows += [(str(i), *_row(layer)) for i, layer in enumerate(self.layers)]
        rows.append((str(len(self.layers)), "", "output", _shape(self.output), *_sizes(self.output, self._last_v), ""))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(
                c.rjust(w) if i in _NUMBERS else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        if self.loss is not None:
            lines.append(f"loss {self.loss:.6g}")
        return "\n".join(line.rstrip() for line in (*lines, *self.notes))

    @property
    def _last_v(self) -> Tensor | None:
        return self.layers[-1].v_out if self.layers else None


def trace(plan: Plan, x: Any, target: Tensor | None = None, *, loss: nn.Module | None = None) -> Trace:
    """See `Plan.trace`."""
    plan.require_current()
    objective = None if loss is None else Objective(loss)
    with unchanged(plan.module), torch.no_grad():
        tape = Tape(observe=True)
        output = walk_forward(plan.steps, x, tape)
        value = None
        if objective is not None:
            if target is None:
                raise TypeError("a loss compares the output with a target: give plan.trace(x, target, loss=…)")
            value = float(objective.forward(output, target))
            v = objective.backward()
        else:
            v = _given(output, target)
        v_in = walk_backward(plan.steps, v, tape, True)
        notes = tuple(str(leaf) for leaf in plan.leaves if isinstance(leaf, OpaqueStep))
        layers = tuple(_copy(leaf.observed(tape)) for leaf in plan.leaves)
    return Trace(layers, output.clone(), value, _clone(v_in), notes)


def _given(output: Tensor, v: Tensor | None) -> Tensor:
    """v(n) where there is no loss: what was given for it, or ones."""
    if v is None:
        return torch.ones_like(output)
    if v.shape != output.shape or not v.is_floating_point():
        raise BacklightError(
            f"Without loss= the second argument is v(n) = ∂L/∂x(n), real numbers of the output's shape "
            f"{tuple(output.shape)}, and this is {v.dtype} of shape {tuple(v.shape)}: for a target, give the loss too, "
            "as in plan.trace(x, target, loss=nn.CrossEntropyLoss())."
        )
    return v


def _label(layer: Layer) -> str:
    return layer.name or layer.kind


def _copy(layer: Layer) -> Layer:
    return replace(
        layer,
        x=_clone(layer.x),
        y=_clone(layer.y),
        v_out=_clone(layer.v_out),
        v_in=_clone(layer.v_in),
        parameters={k: p.clone() for k, p in layer.parameters.items()},
        gradients={k: g.clone() for k, g in layer.gradients.items()},
    )


def _clone(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_clone, value))
    return value.clone() if isinstance(value, Tensor) else value


def norm(value: Any) -> float | None:
    """Euclidean norm over all elements of a tensor or a tuple of them; None for None."""
    parts = [part for part in (value if isinstance(value, tuple) else (value,)) if part is not None]
    if not parts:
        return None
    return float(torch.stack([part.double().norm() for part in parts]).norm())


def gradient_size(layer: Layer) -> float | None:
    """Norm of all parameter gradients of a layer together; None where it has none."""
    return norm(tuple(layer.gradients.values()))


def _row(layer: Layer) -> tuple[str, ...]:
    gradient = gradient_size(layer)
    return (
        _label(layer),
        layer.kind,
        _shape(layer.x),
        *_sizes(layer.x, layer.v_in),
        "" if gradient is None else f"{gradient:.4g}",
    )


def _sizes(x: Any, v: Any) -> tuple[str, str]:
    sizes = norm(x), norm(v)
    return tuple("–" if s is None else f"{s:.4g}" for s in sizes)  # type: ignore[return-value]


def _shape(x: Any) -> str:
    parts = x if isinstance(x, tuple) else (x,)
    return ", ".join("×".join(map(str, part.shape)) for part in parts if part is not None)
