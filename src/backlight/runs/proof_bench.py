"""A bench on which one run's data is trained with several settings and seeds, beside each other.

The run's test rows take no part, so that its scores stay those of rows that decided nothing. The other rows are split
once more: training, validation (which chooses the epoch, and among treatments) and held-out (which gives the verdict).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from ..data import Dataset, Part, prepare
from ..data.duplicates import fingerprints
from ..evaluation.side_by_side import balanced, constant_losses, row_losses
from ..records import BacklightError
from ..records.config import Config
from ..training import Copy, Observer, Trained, train_copies
from .assembly import Assembly
from .checkup import Checkup
from .elsewhere import begin_elsewhere
from .ensemble import alternatives
from .module import count_outputs, loss_name, new_module, own_copy
from .preconditions import check_batch_size

if TYPE_CHECKING:
    from ..doctor import RunFacts

LEAST_SHARE = 0.15
"""Share of the rows that are held out, or validate, where the run kept none."""


@dataclass(frozen=True)
class Outcome:
    """What one training on the bench gave."""

    config: Config
    seed: int
    validation: tuple[np.ndarray, np.ndarray]
    """Loss of each validation row (n,), and that of the constant answer."""
    held_out: tuple[np.ndarray, np.ndarray]
    facts: RunFacts | None = None


INTERRUPTED, TIME_LIMIT = "interrupted", "time limit"
"""What can end trainings early, as `Trained.stopped` says it."""


class CutShortError(Exception):
    """Time ran out, or Ctrl-C came, before the trainings were done; its message is INTERRUPTED or TIME_LIMIT."""


class Bench:
    """The rows of one run that may be looked at, and the trainings on them.

    Parameters
    ----------
    dataset:
        All rows of the source.
    rows:
        Numbers of those that are neither test rows nor without a target.
    config:
        Of the run, with nothing left open.
    network:
        A module that was passed in Python, untrained; None where the settings describe the network.
    deadline:
        `time.monotonic()` by which the trainings must be done.
    """

    def __init__(
        self, dataset: Dataset, rows: np.ndarray, config: Config, network: nn.Module | None, deadline: float | None
    ) -> None:
        self.dataset, self.network, self.deadline = dataset.take(rows), network, deadline
        self.seed = config.seed
        self._assemblies: dict[str, Assembly] = {}
        self.first = self.assembled(config)

    def assembled(self, config: Config) -> Assembly:
        """The data as these settings prepare it, with a network that is built to see whether it fits.

        Raises BacklightError where data and network do not go together.
        """
        data = config.data.model_copy(
            update={
                "test_fraction": config.data.test_fraction or LEAST_SHARE,
                "validation_fraction": config.data.validation_fraction or LEAST_SHARE,
            }
        )
        key = data.model_dump_json()
        if key not in self._assemblies:
            prepared = prepare(self.dataset, data, seed=self.seed)
            empty = nn.Identity()
            self._assemblies[key] = Assembly(config, self.dataset, prepared, empty, False, time.monotonic())
        return self._assemblies[key]

    def check(self, config: Config) -> None:
        """See whether these settings can be trained and held against the others.

        Raises BacklightError where they cannot.
        """
        assembly = self.assembled(config)
        if assembly.task.kind != self.first.task.kind:
            raise BacklightError("What is predicted changes: the scores cannot be held against each other.")
        module = self._module(config, self.seed)
        count_outputs(module, assembly.task, assembly.prepared.train.x)
        check_batch_size(module, config.training, assembly.prepared.train.x)

    def train(self, trainings: Sequence[tuple[Config, int]], *, look: int | None = None) -> list[Outcome]:
        """Train all (settings, seed); those on the same data at once.

        look: number of a training whose signals the doctor is to see.

        Raises CutShortError.
        """
        outcomes: dict[int, Outcome] = {}
        for group in self._grouped([config for config, _ in trainings]):
            outcomes |= self._train([(i, *trainings[i]) for i in group], look)
        return [outcomes[i] for i in range(len(trainings))]

    def _grouped(self, configs: Sequence[Config]) -> list[list[int]]:
        groups: dict[int, list[int]] = {}
        for i, config in enumerate(configs):
            groups.setdefault(id(self.assembled(config)), []).append(i)
        return list(groups.values())

    def _train(self, trainings: Sequence[tuple[int, Config, int]], look: int | None) -> dict[int, Outcome]:
        assembly = self.assembled(trainings[0][1])
        parts = assembly.prepared
        modules = [self._module(config, seed) for _, config, seed in trainings]
        loss = loss_name(assembly.task, count_outputs(modules[0], assembly.task, parts.train.x))
        doctors = [
            Checkup(module, loss, config.training, len(parts.train.rows)) if i == look else None
            for module, (i, config, _) in zip(modules, trainings, strict=True)
        ]
        watching: list[list[Observer]] = [[] if doctor is None else [doctor] for doctor in doctors]
        trained = train_copies(
            [Copy(module, c.training, seed) for module, (_, c, seed) in zip(modules, trainings, strict=True)],
            loss,
            (parts.train.x, parts.train.y),
            (parts.validation.x, parts.validation.y),
            unit=assembly.unit,
            augmentation=parts.augmentation,
            deadline=self.deadline,
            observers=watching,
            record=False,
        )
        for one in trained:
            if one.stopped in (INTERRUPTED, TIME_LIMIT):
                raise CutShortError(one.stopped)
        return {
            i: self._outcome(assembly, config, seed, one, doctor)
            for (i, config, seed), one, doctor in zip(trainings, trained, doctors, strict=True)
        }

    def _outcome(
        self, assembly: Assembly, config: Config, seed: int, trained: Trained, doctor: Checkup | None
    ) -> Outcome:
        assembly.module = trained.module
        train = assembly.truth(assembly.prepared.train)
        losses = []
        for part in (assembly.prepared.validation, assembly.prepared.test):
            truth = assembly.truth(part)
            found = row_losses(assembly.task, truth, assembly.predict(part.x))
            losses.append((found, constant_losses(assembly.task, train, truth)))
        return Outcome(config, seed, losses[0], losses[1], None if doctor is None else doctor.facts)

    def weights(self, judged_by: str) -> tuple[np.ndarray, np.ndarray]:
        """Weights of validation and held-out rows in the mean loss; (n,) each."""
        parts = self.first.prepared.validation, self.first.prepared.test
        truths = [self.first.truth(part) for part in parts]
        if judged_by == "balanced-loss" and self.first.task.classes:
            return balanced(truths[0]), balanced(truths[1])
        if judged_by == "loss-of-new-rows":
            return self._new(parts[0]), self._new(parts[1])
        return np.ones(len(truths[0])), np.ones(len(truths[1]))

    def _new(self, part: Part) -> np.ndarray:
        """Weights with mean 1 of the rows that equal no training row, 0 for the others; 1 where all of them do."""
        train = self.first.prepared.train
        known = set(fingerprints(train.x, train.y))
        new = np.array([mark not in known for mark in fingerprints(part.x, part.y)], dtype=float)
        return new / new.mean() if new.any() else np.ones(len(new))

    def _module(self, config: Config, seed: int) -> nn.Module:
        if self.network is not None or config.network.description is None:
            if self.network is None:
                raise BacklightError("The network was passed in Python and is not at hand: treat the run there.")
            return own_copy(self.network)
        parts = self.assembled(config).prepared
        module = new_module(
            alternatives(config.network.description)[0],
            parts.inputs,
            parts.task,
            parts.train.x,
            y=parts.train.y,
            init=config.network.init,
            seed=seed,
        )
        begin_elsewhere([module], config.model_copy(update={"init_seed": seed}), self.dataset, parts)
        return module
