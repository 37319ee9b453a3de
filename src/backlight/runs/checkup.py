"""The doctor's look at a run of our own: signals while it trains, findings when it has ended."""

import itertools
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data import Prepared, Preprocessing
from ..data.batches import place
from ..data.duplicates import share_of_copies
from ..doctor import Diagnosis, RunFacts, diagnose
from ..network.layers import Whiten
from ..records import Epoch, Finding, Inputs, LinearFacts, Step, TableInputs
from ..records.config import TrainingConfig
from ..signals import LoopFacts, LossFacts, OptimizerFacts, Recorder
from ..signals.silence import silent_units
from ..training import Observer
from ..training.layout import outputs_of
from ..training.predict import prediction_batch
from ..watch import save_run

OVERHEAD, GRACE = 0.008, 0.05
"""Share of the training time, and seconds besides, that reading signals may take, both as `signals.work` estimates them
for a PyTorch loop: the engine's steps are up to four times as quick, and one that is observed is not replayed."""

DEAD_SHARE, DEAD_SECONDS = 0.1, 0.1
"""Share of the training's work, and seconds under a time limit, that counting dead units over the data may take."""

_LOSSES: dict[str, tuple[str, Any, str]] = {
    "cross-entropy": ("cross_entropy", "logits", "CrossEntropyLoss"),
    "binary-cross-entropy": ("bce_logits", "logits", "BCEWithLogitsLoss"),
    "mean-squared-error": ("mse", "values", "MSELoss"),
    "huber": ("huber", "values", "HuberLoss"),
}


def _frozen_by_design(module: nn.Module) -> set[str]:
    """Names of the parameters that a layer of ours sets from the data and never trains."""
    return {f"{name}.weight".lstrip(".") for name, layer in module.named_modules() if isinstance(layer, Whiten)}


def feature_names(inputs: Inputs, preprocessing: Preprocessing | None) -> tuple[str, ...]:
    """Names of the network's inputs, where it has a table's: of its features, else of the columns as they came."""
    if isinstance(inputs, TableInputs):
        return tuple(feature.name for feature in inputs.features)
    return () if preprocessing is None else tuple(preprocessing.columns)


class Checkup(Observer):
    """Records signals of the engine's steps and hands them, with the facts of the run, to the doctor."""

    def __init__(
        self,
        module: nn.Module,
        loss: str,
        config: TrainingConfig,
        rows: int,
        x: np.ndarray | Tensor | None = None,
        columns: tuple[str, ...] = (),
        preprocessing: Preprocessing | None = None,
        linear: LinearFacts | None = None,
        copies: float | None = None,
    ) -> None:
        """x: the rows of training, over which dead units are counted at the end; else over the batches observed.

        columns: names of the features, for findings that speak of one. preprocessing: what made x, where it is known.
        linear: as `evaluation.reference` gives it. copies: share of the rows that repeat another.
        """
        self.module, self.loss, self.config, self.rows, self.x = module, loss, config, rows, x
        self.recorder = Recorder(module, budget=OVERHEAD, grace=GRACE)
        self.recorder.inputs.names = columns
        self.recorder.inputs.unclipped = preprocessing.unclipped if preprocessing is not None else None
        self.linear, self.copies = linear, copies
        self.steps = 0
        self.epochs = 0.0
        self._began = time.monotonic()

    @classmethod
    def of(
        cls,
        module: nn.Module,
        loss: str,
        config: TrainingConfig,
        parts: Prepared,
        *,
        x: np.ndarray | None = None,
        linear: LinearFacts | None = None,
    ) -> "Checkup":
        """Of a training on prepared rows, of which columns, preprocessing and copies are known."""
        train, columns = parts.train, feature_names(parts.inputs, parts.preprocessing)
        copies = share_of_copies(train.x, train.y)
        return cls(module, loss, config, len(train.rows), x, columns, parts.preprocessing, linear, copies)

    def on_start(self, **kwargs: Any) -> None:
        """Facts that are known before the first step."""
        config = self.config
        kind = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW"}[str(config.optimizer)]
        momentum = config.momentum if config.optimizer == "sgd" else 0.0
        rate, decay = config.learning_rate or 0.0, config.weight_decay or 0.0
        if config.epochs and config.batch_size:
            self.recorder.steps = config.epochs * -(-self.rows // (config.batch_size * config.accumulate))
        self.recorder.optimizer = OptimizerFacts(kind, rate, momentum, decay)

    def wants_step(self, step: int, **kwargs: Any) -> bool:
        """As often as the recorder's budget allows."""
        return self.recorder.wants(step)

    def on_step(self, step: Step, **kwargs: Any) -> None:
        """Read the signals."""
        if self.recorder.loss is None:
            name, expects, called = _LOSSES[self.loss]
            shapes = [tuple(t.shape) if t is not None else () for t in (step.output, step.target)]
            chosen: dict[str, Any] = {"label_smoothing": self.config.label_smoothing or 0.0}
            chosen |= {"weighted": True, "balanced": True} if self.config.class_weights == "balanced" else {}
            self.recorder.loss = LossFacts(name, expects, called, chosen, *shapes)
        self.recorder.observe(step)

    def on_update(self, step: int, **kwargs: Any) -> None:
        """Read how far the parameters moved."""
        self.recorder.observe_update()

    def on_epoch(self, rows: tuple[Epoch, ...], **kwargs: Any) -> None:
        """Take over the losses of the epoch's steps, and the row of validation."""
        losses: Tensor = kwargs["losses"]
        for loss in losses.tolist():
            self.recorder.record_loss(loss)
        self.recorder.epochs += [row for row in rows if row.split == "validation"]
        self.steps, self.epochs = rows[-1].step, rows[-1].epoch

    @property
    def facts(self) -> RunFacts:
        """Everything the doctor is told, when training has ended."""
        self.count_dead_units()
        seen = self.recorder
        trained = {name for name, p in self.module.named_parameters() if p.requires_grad}
        seen.loop = LoopFacts(
            steps=self.steps,
            backwards=self.steps,
            epochs=self.epochs,
            rows=self.rows,
            copies=self.copies,
            batch_size=self.config.batch_size,
            fresh_gradients=len(seen.observed),
            frozen=tuple(sorted(set(dict(self.module.named_parameters())) - trained - _frozen_by_design(self.module))),
            without_gradient=tuple(sorted(trained - seen.with_gradient)) if seen.observed else (),
            unchanged=tuple(sorted((trained & seen.with_gradient) - seen.changed)) if self.steps else (),
            keeps_best=self.config.keep == "best" and any(row.split == "validation" for row in seen.epochs),
            networks=self.config.ensemble or 1,
            seconds=time.monotonic() - self._began,
            finished=True,
        )
        return replace(RunFacts.of(seen), linear=self.linear)

    def count_dead_units(self) -> None:
        """One pass over the rows of training: which units are zero for each of them.

        It takes no more than `DEAD_SHARE` of the training's work (a forward pass being a third of a step), and under a
        time limit `DEAD_SECONDS`.
        """
        if self.x is None or not self.recorder.observed:
            return
        rows, self.x = torch.as_tensor(self.x), None
        size = prediction_batch(rows)
        most = max(1, int(3 * DEAD_SHARE * self.steps * (self.config.batch_size or size) / size))
        begun, read = time.monotonic(), itertools.count(1)

        def go_on() -> bool:
            in_time = self.config.time_limit is None or time.monotonic() - begun < DEAD_SECONDS
            return next(read) <= most and in_time

        device = next((p.device for p in self.module.parameters()), torch.device("cpu"))
        batches = (place(part, device) for part in rows.split(size))
        for layer, found in silent_units(self.module, batches, call=outputs_of, go_on=go_on).items():
            self.recorder.units.settle(layer, found.dead, found.rows, found.whole)

    def findings(self) -> list[Finding]:
        """What is wrong, most important first."""
        return list(diagnose(self.facts).findings)

    def save(self, folder: Path) -> Diagnosis:
        """Diagnose, and write signals.parquet, findings.json and considered.json into the run's folder."""
        facts = self.facts
        found = diagnose(facts)
        save_run(folder, facts, found, history=False)
        return found
