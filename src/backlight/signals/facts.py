"""What is known of a run besides its rows of signals: layers, data, loss, optimiser, loop.

Numbers only, never tensors of the training. Whoever feeds a `Recorder` (the engine, or `watch` on someone
else's loop) fills these in; the doctor reads them and cannot tell where they came from.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Role = Literal[
    "linear",
    "activation",
    "normalisation",
    "dropout",
    "recurrent",
    "attention",
    "embedding",
    "pooling",
    "shape",
    "other",
]
Expects = Literal["logits", "probabilities", "log-probabilities", "values"]


@dataclass(frozen=True)
class ParameterFacts:
    """One parameter tensor before the first update."""

    shape: tuple[int, ...]
    mean: float
    std: float
    largest: float
    """Largest absolute value."""
    equal_units: bool
    """Whether every unit (first axis) has the same values; False for a single unit."""

    @property
    def fan_in(self) -> int:
        """Inputs of one unit."""
        return int(np.prod(self.shape[1:])) if len(self.shape) > 1 else 1


@dataclass(frozen=True)
class LayerFacts:
    """One layer as it was called, in the order of the forward pass."""

    name: str
    kind: str
    role: Role
    settings: dict[str, Any]
    """Scalar settings of the module, such as `in_features` or `p`."""
    x_shape: tuple[int, ...]
    """Shape of one example of x(i)."""
    y_shape: tuple[int, ...]
    """Shape of one example of x(i+1)."""
    source: str = ""
    """Layer whose output is this layer's input as it is; empty where something unnamed (an addition, a
    concatenation) or the data lies between."""
    parameters: dict[str, ParameterFacts] = field(default_factory=dict)
    x_rows: int = 0
    """Length of the first axis of x(i) at the first observation; 0 where it is not known."""
    branches: bool = False
    """Whether several places read x(i+1), as where a residual path begins."""

    @property
    def units(self) -> int:
        """Units of the output: channels of an image, else features."""
        return (self.y_shape[0] if len(self.y_shape) == 3 else self.y_shape[-1]) if self.y_shape else 1


@dataclass(frozen=True)
class UnitFacts:
    """The units of one layer over all rows that were observed lately (up to the recorder's window)."""

    layer: str
    kind: str
    units: int
    rows: int
    """Rows (times positions) that the counts rest on."""
    dead: tuple[int, ...]
    """Units whose output was zero for every one of these rows (rectifiers only)."""
    dead_at_start: int
    """Units that were zero for every row at the first observation."""
    saturated: tuple[int, ...]
    """Units that lay in the flat ends of their activation for at least `SATURATED_ROWS` of these rows."""
    redundant: tuple[tuple[int, ...], ...] = ()
    """Groups of live units with the same output up to scale and sign."""
    distinct: int = 0
    """Units left when each group counts once; dead units not counted."""
    whole_data: bool = False
    """Whether `dead` holds for every row of the training data, by a pass over it when training had ended."""
    last_spoke: tuple[int, ...] = ()
    """For each of `dead` the last observed step at which it was not zero for every row; −1 for none."""
    zero_shares: tuple[float, ...] = ()
    """For each unit of a rectifier the share of the rows lately observed for which it was zero."""


@dataclass(frozen=True)
class InputFacts:
    """What the network received, over the observed rows."""

    shape: tuple[int, ...]
    dtype: str
    floating: bool
    rows: int
    """Rows observed, repeats included."""
    distinct_rows: int
    repeated_in_batch: int
    """Rows of a batch that are copies of an earlier one in it."""
    minimum: float
    maximum: float
    mean: float
    std: float
    non_finite: int
    integers: bool
    """Whether every value was a whole number."""
    column_mean: np.ndarray
    """Per feature (last axis), or per channel of images."""
    column_std: np.ndarray
    column_low: np.ndarray
    column_high: np.ndarray
    columns_are_features: bool
    """Whether the columns are a table's features (two axes) rather than pixels or time steps."""
    target_correlation: np.ndarray
    """Pearson correlation of each feature with the target; empty where it has no meaning."""
    target_told: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """How much of the target each feature of few values tells alone, from 0 to 1, as `told_by_value` says; nan for the
    others, empty where the columns are no features."""
    target_order: np.ndarray = field(default_factory=lambda: np.zeros(0))
    """How well the order of each feature is that of the target, from 0 to 1, as `told_by_order` says; empty where
    it is that of classes."""
    target_is_input: bool = False
    """Whether the target of each row was, place by place, the codes of the row."""
    names: tuple[str, ...] = ()
    """Names of the columns, where the source knows them."""

    @property
    def shared_end(self) -> float | None:
        """The smallest (or else the largest) value that most features have in common, None where there is none.

        Pixels, counts of words and other features of one unit share it; measurements in different units do not.
        """
        for ends in (self.column_low, self.column_high):
            values, counts = np.unique(ends, return_counts=True)
            if self.columns_are_features and len(ends) > 2 and counts.max() > len(ends) / 2:
                return float(values[counts.argmax()])
        return None


@dataclass(frozen=True)
class TargetFacts:
    """What the loss compared with, over the observed rows."""

    shape: tuple[int, ...]
    """Shape of one example; () for a plain column."""
    batch_shape: tuple[int, ...]
    dtype: str
    floating: bool
    rows: int
    minimum: float
    maximum: float
    mean: float
    std: float
    variance: float
    """Mean over the columns of the variance of each: the squared error of the best constant."""
    deviation: float
    """Mean over the columns of the mean absolute deviation from the mean."""
    non_finite: int
    integers: bool
    one_hot: bool
    """Two or more columns of 0 and 1, each row with one 1."""
    simplex: bool
    """Two or more columns, non-negative, rows that sum to one."""
    counts: dict[float, int]
    """Rows by value (by column of a one-hot target); empty above `MOST_CLASSES` values."""
    run_share: float
    """Share of neighbouring rows of a batch with the same class; nan where it has no meaning."""
    run_expected: float
    """The same share if the rows were in random order."""
    batch_purity: float
    """Mean over batches of the largest class's share in the batch."""
    sorted_share: float = float("nan")
    """Of neighbouring rows of a batch with different values, the share that goes the commoner way, up or down: 0.5 in
    random order, 1 where rows are sorted by the target; nan where rows have several values, or hardly any differ."""

    @property
    def several_labels(self) -> bool:
        """Two or more columns of 0 and 1 that do not exclude each other: labels, each with a yes or no of its own."""
        yes_no = self.integers and self.minimum == 0 and self.maximum == 1 and len(self.shape) == 1
        return yes_no and self.shape[0] > 1 and not self.one_hot and not self.simplex

    @property
    def one_class_a_row(self) -> bool:
        """Whether each row has one class: a code, or a one-hot row."""
        return self.one_hot or (self.integers and self.shape in ((), (1,)))

    @property
    def classes(self) -> int:
        """Classes seen; 0 where the target does not look like classes."""
        return len(self.counts)


@dataclass(frozen=True)
class LossFacts:
    """The loss as the program called it."""

    name: str
    """cross_entropy, nll, bce, bce_logits, mse, mae, huber, poisson_nll, kl_div, hinge, custom, …"""
    expects: Expects
    called: str = ""
    """What the program wrote, such as BCELoss."""
    settings: dict[str, Any] = field(default_factory=dict)
    output_shape: tuple[int, ...] = ()
    target_shape: tuple[int, ...] = ()
    """Shapes of a whole batch as they met in the loss."""
    beside: float = field(default=0.0, kw_only=True)
    """What the program descended at first, less this loss: other losses, penalties; below 0 where it divided it."""


@dataclass(frozen=True)
class OutputFacts:
    """What the loss received from the network."""

    chain: tuple[str, ...]
    """Kinds applied after the last layer with units, in order: ("Softmax",), ("Sigmoid", "Clamp"), or ()."""
    shape: tuple[int, ...]
    """Shape of one example."""
    layer: str = ""
    """The last layer with units."""
    minimum: float = float("nan")
    maximum: float = float("nan")
    rows_sum_to_one: bool = False
    """Whether the outputs of each row (or their exponentials, for log-probabilities) sum to one."""
    columns_sum_to_one: bool = False
    """Whether each output (or its exponential, for log-probabilities) sums to one over the rows of the batch."""

    @property
    def units(self) -> int:
        """Numbers (or classes) put out for one prediction."""
        return self.shape[0] if len(self.shape) == 3 else (self.shape[-1] if self.shape else 1)


@dataclass(frozen=True)
class OptimizerFacts:
    """The optimiser at the start."""

    kind: str
    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0
    missing: tuple[str, ...] = ()
    """Trainable parameters of the network that no group holds."""
    foreign: int = 0
    """Tensors in its groups that are no parameters of the network."""
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LoopFacts:
    """How the loop treated the network."""

    steps: int = 0
    """Optimiser steps."""
    backwards: int = 0
    epochs: float | None = None
    rows: int | None = None
    """Rows of the training data, where known."""
    copies: float | None = None
    """Share of those rows that repeat another in all inputs and the target, where it was counted."""
    batch_size: int | None = None
    stale_gradients: int = 0
    """Observed backward passes, right after an optimiser step, that began with gradients not set to zero."""
    fresh_gradients: int = 0
    """The same with gradients that were zero or None."""
    lost_gradients: int = 0
    """Observed steps whose backward pass reached the network, and whose gradients were gone when the optimiser came."""
    idle_steps: int = 0
    """Steps of an optimiser whose parameters never had a gradient, while none or only those of others received one."""
    players: bool = False
    """Whether optimisers step in turn, each after a backward pass of its own, as those of adversaries do."""
    other_steps: int = 0
    """Steps on parameters of the network by optimisers that are not watched."""
    other_optimizers: int = 0
    """How many such optimisers made a step; one created anew in every step counts each time."""
    bad_data: int = 0
    """Values, infinite or not a number, in the data behind the first loss that is no number."""
    eval_steps: int = 0
    """Training steps with the network in evaluation mode."""
    mode_matters: bool = False
    """Whether the network has layers that behave differently in evaluation mode."""
    idle_norms: tuple[str, ...] = ()
    """Normalisation layers that were called and hold the running statistics of the start: no batch changed them."""
    resets: int = 0
    """Times that the parameters were found back at their first values when an optimiser came to change them."""
    rewrites: int = 0
    """Times that the program itself had written to a parameter since the optimiser last changed it."""
    strays: tuple[str, ...] = ()
    """Parameters behind the output that are not registered with the network, and that no optimiser holds."""
    idle_weights: tuple[str, ...] = ()
    """Trainable parameters between the output and the loss that received gradients, and that nobody has changed."""
    without_gradient: tuple[str, ...] = ()
    """Trainable parameters held by the optimiser that never received a gradient."""
    unused_layers: tuple[str, ...] = ()
    """Layers with parameters that the forward pass never called."""
    frozen: tuple[str, ...] = ()
    """Parameters with requires_grad=False."""
    unchanged: tuple[str, ...] = ()
    """Parameters with a gradient that no step changed."""
    keeps_best: bool = False
    """Whether the parameters of the epoch with the lowest validation loss are kept."""
    networks: int = 1
    """Networks that answer together; what else is known of the run is of the first."""
    seconds: float = 0.0
    finished: bool = False
