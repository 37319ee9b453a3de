"""Everything the doctor is told of a run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import fmean

import numpy as np

from ..records import Epoch, LinearFacts, Severity
from ..signals import (
    InputFacts,
    LayerFacts,
    LoopFacts,
    LossFacts,
    OptimizerFacts,
    OutputFacts,
    Recorder,
    SignalTable,
    TargetFacts,
    UnitFacts,
)
from ..signals.losses import ONE_PER_CLASS, TWO_CLASS
from .constant import constant_loss
from .probes import Probe, probe
from .settled import settle

MOST_CLASSES = 200
"""A whole-number target with more values than this is taken for a measurement."""
FEW_VALUES = 20
"""A whole-number target of integer type with at most this many values is taken for classes."""
HITS = ("acc", "accuracy", "categorical_accuracy", "sparse_categorical_accuracy", "multiclass_accuracy")
"""Names of scores that count exact answers among classes."""
ADAPTIVE = ("Adam", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "Adafactor", "Lion", "SparseAdam")
"""Optimisers, by the beginning of their name, whose step does not grow with the gradient."""
FEWEST_STEPS = 30
"""Steps before it can be said that a run learns nothing."""
PROBED_ROWS = 600
"""Rows that two quick predictors are asked of: they compare each with each."""
FITTED = 0.1
"""Share of the reference loss below which next to nothing is left to gain."""
FAR_BEHIND = 2.0
"""Times the loss of a linear model on new rows. Without any hidden unit at work a network is that model: a tuned one is
not twice as bad by the luck of its start."""
FEWEST_NEW_ROWS = 200
"""New rows from which that is no luck of the rows: of one predictor on two sets of 100 it happens in up to 6 %
(simulated), on two of 400 in none."""
STRETCHES = 100
"""Rows of the history of a loop whose epochs could not be seen."""
LEARNED = 0.05
"""Loss below that of the best constant prediction, and below the first loss, by this share: something was learned."""


@dataclass(frozen=True)
class RunFacts:
    """Facts and rows of one run; a diagnosis is a pure function of these. Holds no tensor of the training."""

    layers: tuple[LayerFacts, ...] = ()
    loss: LossFacts | None = None
    output: OutputFacts | None = None
    optimizer: OptimizerFacts | None = None
    inputs: InputFacts | None = None
    targets: TargetFacts | None = None
    loop: LoopFacts = field(default_factory=LoopFacts)
    units: dict[str, UnitFacts] = field(default_factory=dict)
    signals: SignalTable = field(default_factory=SignalTable)
    losses: Sequence[float] = ()
    """Training loss of each step."""
    epochs: Sequence[Epoch] = ()
    """Rows of validation."""
    metrics: tuple[str, ...] = ()
    observed: tuple[int, ...] = ()
    sample: tuple[np.ndarray, np.ndarray] | None = None
    """A few hundred different rows: inputs (flattened, thinned) and the target as one number."""
    linear: LinearFacts | None = None
    """What a linear model made of held-out rows; None where none was fitted."""
    probed: Probe | None = None
    """What two quick predictors made of the sample, where the rows themselves were not kept."""

    @classmethod
    def of(cls, recorder: Recorder) -> "RunFacts":
        """What a recorder has gathered so far."""
        loss, output = settle(recorder.loss, recorder.output)
        rows = recorder.inputs.sample if recorder.inputs.alone else []
        x, y = (np.concatenate(parts)[:PROBED_ROWS] for parts in zip(*rows, strict=True)) if rows else (None, None)
        run = cls(
            layers=recorder.layers,
            loss=loss,
            output=output,
            optimizer=recorder.optimizer,
            targets=recorder.targets.facts(),
            loop=recorder.loop,
            units=recorder.units.facts(),
            signals=recorder.table,
            losses=tuple(recorder.losses),
            epochs=tuple(recorder.epochs),
            metrics=recorder.metrics,
            observed=tuple(recorder.observed),
            sample=None if x is None or y is None else (x, y),
        )
        return replace(run, inputs=recorder.inputs.facts(classes=bool(run.is_classification)))

    # Layers

    @cached_property
    def by_name(self) -> dict[str, LayerFacts]:
        """Layers by name."""
        return {layer.name: layer for layer in self.layers}

    @cached_property
    def weighted(self) -> tuple[LayerFacts, ...]:
        """Layers that multiply by a weight (linear and convolutional), from input to output."""
        return tuple(layer for layer in self.layers if layer.role == "linear" and layer.parameters)

    @cached_property
    def hidden(self) -> tuple[LayerFacts, ...]:
        """Weighted layers without the last one."""
        last = self.output.layer if self.output is not None else ""
        if not any(layer.name == last for layer in self.weighted):
            last = self.weighted[-1].name if self.weighted else ""
        return tuple(layer for layer in self.weighted if layer.name != last)

    def followers(self, name: str) -> tuple[LayerFacts, ...]:
        """Layers that receive this layer's output as it is."""
        return tuple(layer for layer in self.layers if name and layer.source == name)

    def before(self, layer: LayerFacts) -> LayerFacts | None:
        """The layer whose output this one receives as it is; None where something unnamed lies between."""
        return self.by_name.get(layer.source) if layer.source else None

    def weighted_after(self, name: str) -> tuple[LayerFacts, ...]:
        """Weighted layers that read this layer's output, with no activation or other weight between."""
        found: list[LayerFacts] = []
        for follower in self.followers(name):
            if follower.role == "linear" and follower.parameters:
                found.append(follower)
            elif follower.role in ("shape", "dropout", "pooling", "normalisation") and follower.name != name:
                found.extend(self.weighted_after(follower.name))
        return tuple(found)

    def softmax_over_rows(self, layer: LayerFacts) -> bool:
        """Whether a softmax goes over the first axis, that of the rows, and not over units."""
        axes = len(layer.x_shape) + 1
        return layer.kind in ("Softmax", "LogSoftmax") and axes > 1 and layer.settings.get("dim") in (0, -axes)

    @cached_property
    def multiplying(self) -> tuple[LayerFacts, ...]:
        """Layers with a weight of two or more axes, recurrent and attention layers included, embeddings not."""
        return tuple(
            layer
            for layer in self.layers
            if layer.role != "embedding" and any(len(p.shape) > 1 for p in layer.parameters.values())
        )

    def gradients_beside_weight(self, layer: str, first: int) -> list[float]:
        """‖∂L/∂W‖ / ‖W‖ at the first observed steps, where both are numbers."""
        return [v for v in self.signals.values("gradient_share", layer)[:first] if math.isfinite(v)]

    @property
    def adaptive(self) -> bool:
        """Whether the optimiser divides by the gradient's own size, so that its scale does not set the step."""
        return self.optimizer is not None and self.optimizer.kind.startswith(ADAPTIVE)

    # Task

    @cached_property
    def is_classification(self) -> bool | None:
        """Whether the target names classes; None where neither the loss nor the target tells."""
        t, loss = self.targets, self.loss
        if t is not None and (t.one_hot or t.dtype == "bool"):
            return True
        if loss is not None and loss.name in ONE_PER_CLASS:
            return t is None or not t.floating or t.simplex
        if loss is not None and loss.name in TWO_CLASS:
            return t is None or (t.integers and t.classes <= MOST_CLASSES) or (t.minimum >= 0 and t.maximum <= 1)
        if t is None or loss is None:
            return None
        few = t.integers and 1 < t.classes <= FEW_VALUES and t.shape in ((), (1,))
        if few and (not t.floating or self.counts_hits):
            return True
        return t.integers and t.classes == 2

    @property
    def counts_hits(self) -> bool:
        """Whether the program itself judges by the share of exact answers."""
        return any(name.lower() in HITS for name in self.metrics)

    @cached_property
    def probe(self) -> Probe | None:
        """What two quick predictors make of a few hundred rows; None where no rows were kept or asked."""
        if self.sample is None:
            return self.probed
        return probe(*self.sample, classes=bool(self.is_classification))

    # Loss over time

    @cached_property
    def finite(self) -> list[float]:
        """Training losses that are numbers."""
        return [loss for loss in self.losses if math.isfinite(loss)]

    @property
    def diverged(self) -> bool:
        """Whether the loss stopped being a number."""
        return len(self.finite) < len(self.losses)

    @property
    def first_loss(self) -> float:
        """Mean loss of the first few steps."""
        return fmean(self.finite[: max(1, min(5, len(self.finite) // 10))]) if self.finite else math.nan

    @property
    def last_loss(self) -> float:
        """Mean loss of the last tenth of the steps."""
        return fmean(self.finite[-max(1, min(100, len(self.finite) // 10)) :]) if self.finite else math.nan

    @cached_property
    def constant_loss(self) -> float | None:
        """Loss of the best constant prediction on the targets seen; None where it is not known."""
        return constant_loss(self.targets, self.loss) if self.targets is not None and self.loss is not None else None

    @property
    def reference_loss(self) -> float:
        """The loss that learning has to beat: the first one, or that of the best constant if lower.

        Of several losses in one the first values of the others, too: of them no constant is known.
        """
        return self.first_loss if self.cold_loss is None else min(self.first_loss, self.cold_loss)

    @property
    def cold_loss(self) -> float | None:
        """What a network descends that answers with the best constant; None where that is not known. One that has
        learned before begins below."""
        if self.constant_loss is None or self.loss is None:
            return self.constant_loss
        return self.constant_loss + max(0.0, self.loss.beside)

    @property
    def gain(self) -> float:
        """Share by which the last loss lies below `reference_loss`; negative when above."""
        reference = self.reference_loss
        if not math.isfinite(reference):
            return -math.inf
        return (reference - self.last_loss) / max(abs(reference), 1e-12)

    @property
    def left(self) -> float:
        """Share of `reference_loss` that is left at the end; 1 where the reference is no positive number, 0 where the
        loss does not measure it."""
        if not self.measured:
            return 0.0
        return self.last_loss / self.reference_loss if self.reference_loss > 0 else 1.0

    @property
    def fitted(self) -> bool:
        """Whether the loop is over and the training rows are fitted, new ones not far worse than by a linear model:
        what was far from usual did not hinder it."""
        return (
            self.finished and not self.diverged and self.left < FITTED and self.measured and not self.far_behind_linear
        )

    def severity(self, *, fatal: bool = False) -> Severity:
        """That of something far from usual, by what came of it: an error where that was `fatal`, a note where the rows
        are fitted all the same."""
        return "error" if fatal else "note" if self.fitted else "warning"

    @property
    def left_on_new_rows(self) -> float:
        """Least share of the constant's loss that was left on the rows of validation; nan where it is not known."""
        losses = [row.loss for row in self.epochs if row.split == "validation" and math.isfinite(row.loss)]
        return min(losses) / self.constant_loss if losses and self.constant_loss else math.nan

    @property
    def far_behind_linear(self) -> bool:
        """Whether a linear model leaves less than half as much of the loss on new rows, where that is not next to
        nothing: so much of what the inputs tell of the target the network has not learned."""
        if self.linear is None or self.linear.rows < FEWEST_NEW_ROWS:
            return False
        return self.left_on_new_rows > max(FITTED, FAR_BEHIND * self.linear.left)

    @property
    def rate_kept(self) -> float:
        """Last learning rate beside the largest: 1 without a schedule."""
        return self._rate_kept(len(self.losses))

    @property
    def rate_kept_midway(self) -> float:
        """The same in the middle of the run: a schedule that is over by then left the second half without steps."""
        return self._rate_kept(len(self.losses) // 2)

    def _rate_kept(self, until: int) -> float:
        rates = self.signals.series("learning_rate") + [(row.step, row.learning_rate) for row in self.epochs]
        rates = sorted((step, rate) for step, rate in rates if math.isfinite(rate))
        largest = max((rate for _, rate in rates), default=0.0)
        before = [rate for step, rate in rates if step <= until]
        return before[-1] / largest if before and largest > 0 else 1.0

    @property
    def measured(self) -> bool:
        """Whether the size of the loss tells how well the network does.

        Adversaries pull theirs both ways; and of a loss that the program made up and that goes below zero (a return
        beside what was expected of it) nobody knows where it ends. That of a policy follows what it meets.
        """
        policy = self.loss is not None and bool(self.loss.settings.get("policy"))
        return not (self.loop.players or policy) and (
            self.constant_loss is not None or min(self.finite, default=0.0) >= 0
        )

    @property
    def learned(self) -> bool:
        """Whether the run got clearly better than a constant prediction and stayed a number; or cannot be judged."""
        return not self.diverged and len(self.losses) > 0 and (self.gain > LEARNED or not self.measured)

    @property
    def failed(self) -> bool:
        """Whether the loop is over and nothing was learned in steps enough to tell."""
        return self.finished and (len(self.losses) >= FEWEST_STEPS or self.diverged) and not self.learned

    @property
    def finished(self) -> bool:
        """Whether the loop is over: diagnoses of the whole course wait for that."""
        return self.loop.finished

    @cached_property
    def history(self) -> list[Epoch]:
        """Rows of history.csv: mean training loss of each epoch, and validation as it came.

        Where epochs could not be seen, of each of `STRETCHES` parts of the course, as epoch 0.
        """
        epochs = max(1, round(self.loop.epochs)) if self.loop.epochs else 0
        rate = self.optimizer.learning_rate if self.optimizer else math.nan
        rows = list(self.epochs)
        size = max(1, math.ceil(len(self.losses) / (epochs or STRETCHES)))
        for start in range(0, len(self.losses), size):
            part = self.losses[start : start + size]
            step, epoch = start + len(part), (start + len(part)) / size if epochs else 0.0
            seconds = self.loop.seconds * step / len(self.losses)
            rows.append(Epoch(epoch, step, "train", fmean(part), None, None, rate, seconds))
        return sorted(rows, key=lambda row: (row.step, row.split))
