"""What one training leaves behind: epochs, steps, signals."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


INTERRUPTED, TIME_LIMIT = "interrupted", "time limit"
"""Why a training ended that Ctrl-C or its deadline cut short; written so into the run folder."""
CUT_SHORT = (INTERRUPTED, TIME_LIMIT)


@dataclass(frozen=True)
class Epoch:
    """One row of history.csv: one split at the end of one epoch."""

    epoch: float
    """Epochs done; fractional for rows within an epoch."""
    step: int
    split: str
    """train or validation (measured at the epoch's end, in eval mode), or batches: within the epoch, as training met
    them, with dropout, augmentation and smoothed labels; the mean loss of a few batches, the score of the last one."""
    loss: float
    accuracy: float | None
    """Share of right classes; None for regression."""
    error: float | None
    """1 − accuracy, or the root mean squared error in the target's units for regression."""
    learning_rate: float
    seconds: float
    """Since training began."""


@dataclass(frozen=True)
class Numbers:
    """What several signals of a layer are made from; not a number where there is no such tensor."""

    y_mean: float = math.nan
    """Of x(i+1)."""
    means_std: float = math.nan
    """Standard deviation, over units and places, of the means over rows of x(i+1)."""
    row_std: float = math.nan
    """Root mean square of what rows of x(i+1) differ from these means by."""
    v_norm: float = math.nan
    """Norm of `v_out`."""
    parameters: dict[str, float] = field(default_factory=dict)
    """Name → norm of the parameter."""
    gradients: dict[str, float] = field(default_factory=dict)
    """Name of the parameter → norm of its gradient."""


@dataclass(frozen=True)
class Layer:
    """One layer at one observed step. Tensors are views of the training's own: read, never keep or write."""

    name: str
    """Dotted path inside the module, as in `named_modules`."""
    kind: str
    """Class name of the module, such as Linear."""
    x: "Tensor | None" = None
    """Input x(i), batch first."""
    y: "Tensor | None" = None
    """Output x(i+1)."""
    v_out: "Tensor | None" = None
    """∂L/∂x(i+1), the gradient that reaches the layer from above."""
    v_in: "Tensor | None" = None
    """∂L/∂x(i), the gradient that it hands on below; None for the first layer or where it was not computed."""
    parameters: "dict[str, Tensor]" = field(default_factory=dict)
    gradients: "dict[str, Tensor]" = field(default_factory=dict)
    """By parameter. Of one that stands in several layers (tied weights), the part that comes from this layer."""
    passes: int = 1
    """Backward passes that `gradients` are the sum of; `v_out` is that of the first."""
    v_shape: tuple[int, ...] = ()
    """Shape of the whole ∂L/∂x(i+1), where `v_out` holds only some rows and places of it."""
    x_shape: tuple[int, ...] = ()
    """Shape of x(i), where `x` was not kept."""
    y_shape: tuple[int, ...] = ()
    """Shape of the whole x(i+1), where `y` holds only some rows and places of it."""
    source: str | None = None
    """The layer whose x(i+1) this layer received as it is, "" for none; None where x and y are whole and tell it."""
    settings: "dict[str, float]" = field(default_factory=dict)
    """What a function without a module was called with, such as `p` of a dropout."""
    branches: bool = False
    """Whether x(i+1) is known to be read in several places, as where a residual path begins."""
    numbers: Numbers | None = None
    """Of the tensors above, where they have been taken."""


@dataclass(frozen=True)
class Step:
    """One observed optimiser step; what signals read."""

    step: int
    epoch: float
    loss: float
    learning_rate: float
    layers: tuple[Layer, ...]
    """From input to output."""
    output: "Tensor | None" = None
    target: "Tensor | None" = None
    training: bool = True
    expects: str = ""
    """What the loss takes `output` for: logits, probabilities, log-probabilities or values; empty where unknown."""
    source: str | None = None
    """The layer whose x(i+1) is `output`, "" for none; None where the layers' y are whole and tell it."""


@dataclass(frozen=True)
class Signal:
    """One number of one layer at one step; one row of signals.parquet."""

    step: int
    layer: str
    """Dotted path; empty for the whole network."""
    signal: str
    value: float
