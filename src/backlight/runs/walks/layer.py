"""One layer on the way of an example."""

from dataclasses import dataclass, replace

from ...backprop import Spectrum
from .effort import Found

MOST_VALUES = 4096
"""Singular values of a layer that are listed; of more, the largest."""


@dataclass(frozen=True)
class WalkedLayer:
    """One layer on the way. Sizes are Euclidean norms over all elements."""

    layer: str
    """Path in the module, as in `named_modules`."""
    kind: str
    shape: tuple[int, ...]
    """Of x(i), one example."""
    x_norm: float | None
    v_norm: float | None
    """|v(i)|; None where no gradient reaches x(i), such as codes."""
    parameter_gradient_norm: float | None
    """Of all parameters of the layer together; None where it has none."""
    jacobian_singular_values: tuple[float, ...] = ()
    """Of ∂x(i+1)/∂x(i), descending; empty where they were not found."""
    jacobian_complete: bool = False
    """Whether the list holds all of them."""
    jacobian_shape: tuple[int, int] | None = None
    """Numbers in x(i+1) and in x(i)."""
    jacobian_method: str = ""
    """How they were found, or why they were not looked for; empty where they cannot be found."""
    largest: float | None = None
    smallest: float | None = None
    """None where only the largest were found."""
    effective: float | None = None
    """Stable rank Σ σ²/σ₁²: how many directions pass about as well as the best."""

    def with_singular_values(self, spectrum: Found) -> "WalkedLayer":
        """The same with the singular values that were found."""
        if not isinstance(spectrum, Spectrum):
            return replace(self, jacobian_method=spectrum or "")
        return replace(
            self,
            jacobian_singular_values=tuple(spectrum.values[:MOST_VALUES].tolist()),
            jacobian_complete=spectrum.complete and len(spectrum.values) <= MOST_VALUES,
            jacobian_shape=spectrum.shape,
            jacobian_method=spectrum.method,
            largest=spectrum.largest,
            smallest=spectrum.smallest,
            effective=spectrum.effective,
        )
