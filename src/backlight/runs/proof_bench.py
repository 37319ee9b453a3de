"""A bench on which one run's data is trained with several settings and seeds, beside each other.

The run's test rows take no part, so that its scores stay those of rows that decided nothing. The other rows are split
once more: training, validation (which chooses the epoch, and among treatments) and held-out (which gives the verdict).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from torch import nn

from ..data import Dataset, Part, prepare
from ..data.duplicates import fingerprints
from ..evaluation.side_by_side import balanced, constant_losses, row_losses
from ..records import CUT_SHORT, BacklightError
from ..records.config import Config
from ..training import Copy, Observer, train_copies
from .assembly import Assembly
from .checkup import Checkup
from .elsewhere import begin_elsewhere
from .ensemble import alternatives, join, member_seeds
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
    module: nn.Module
    """As trained."""
    facts: RunFacts | None = None


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
        each = [
            (i, config, own)
            for i, config, seed in trainings
            for own in member_seeds(seed, config.training.ensemble or 1)
        ]
        modules = [self._module(config, seed) for _, config, seed in each]
        loss = loss_name(assembly.task, count_outputs(modules[0], assembly.task, parts.train.x))
        doctors = {
            number: Checkup(modules[number], loss, config.training, len(parts.train.rows))
            for number, (i, config, _) in enumerate(each)
            if i == look and (not number or each[number - 1][0] != i)
        }
        watching: list[list[Observer]] = [[doctors[number]] if number in doctors else [] for number in range(len(each))]
        trained = train_copies(
            [Copy(module, c.training, seed) for module, (_, c, seed) in zip(modules, each, strict=True)],
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
            if one.stopped in CUT_SHORT:
                raise CutShortError(one.stopped)
        facts = {each[number][0]: doctor.facts for number, doctor in doctors.items()}
        members: dict[int, list[nn.Module]] = {}
        for (i, _, _), one in zip(each, trained, strict=True):
            members.setdefault(i, []).append(one.module)
        return {i: self._outcome(assembly, config, seed, members[i], facts.get(i)) for i, config, seed in trainings}

    def _outcome(
        self, assembly: Assembly, config: Config, seed: int, members: list[nn.Module], facts: RunFacts | None
    ) -> Outcome:
        module = members[0] if len(members) == 1 else join(members, assembly.task)
        return Outcome(config, seed, *self._losses(assembly, module, {}), module, facts)

    def without(self, outcome: Outcome, columns: Sequence[str]) -> Outcome:
        """The same training, scored on rows in which the values of these columns are not known.

        A network that cannot do without them gives no answers: infinite losses.
        """
        assembly = self.assembled(outcome.config)
        parts, unknown = assembly.prepared, dict[int, np.ndarray]()
        used = [name for name in columns if name in parts.preprocessing.sources]
        for part in (parts.validation, parts.test) if used else ():
            rows = self.dataset.take(part.rows)
            holes = rows.frame.with_columns(pl.lit(None, rows.frame.schema[name]).alias(name) for name in used)
            try:
                unknown[id(part)] = parts.preprocessing.transform(replace(rows, frame=holes))
            except BacklightError:  # preprocessing "none" fills no holes
                unknown[id(part)] = np.full_like(part.x, np.nan)
        validation, held_out = self._losses(assembly, outcome.module, unknown)
        return replace(outcome, validation=validation, held_out=held_out)

    def _losses(
        self, assembly: Assembly, module: nn.Module, other: dict[int, np.ndarray]
    ) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Losses of validation and held-out rows, and those of the constant answer; other: inputs to use instead."""
        assembly.module = module
        train = assembly.truth(assembly.prepared.train)

        def losses(part: Part) -> tuple[np.ndarray, np.ndarray]:
            truth = assembly.truth(part)
            found = row_losses(assembly.task, truth, assembly.predict(other.get(id(part), part.x)))
            return found, constant_losses(assembly.task, train, truth)

        return losses(assembly.prepared.validation), losses(assembly.prepared.test)

    def weights(self, judged_by: str, config: Config) -> tuple[np.ndarray, np.ndarray]:
        """Weights of the validation rows that these settings have, and of the held-out rows, in the mean loss; (n,)."""
        prepared = self.assembled(config).prepared
        parts = prepared.validation, prepared.test
        truths = [self.first.truth(part) for part in parts]
        if judged_by == "balanced-loss" and self.first.task.classes:
            return balanced(truths[0]), balanced(truths[1])
        if judged_by == "loss-of-new-rows":
            return _new(prepared.train, parts[0]), _new(prepared.train, parts[1])
        return np.ones(len(truths[0])), np.ones(len(truths[1]))

    def _module(self, config: Config, seed: int) -> nn.Module:
        if self.network is not None or config.network.description is None:
            if self.network is None:
                raise BacklightError("The network was passed in Python and is not at hand: treat the run there.")
            return own_copy(self.network, ending=config.network.ending)
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


def _new(train: Part, part: Part) -> np.ndarray:
    """Weights with mean 1 of the rows that equal no training row, 0 for the others; 1 where all of them do."""
    known = set(fingerprints(train.x, train.y))
    new = np.array([mark not in known for mark in fingerprints(part.x, part.y)], dtype=float)
    return new / new.mean() if new.any() else np.ones(len(new))
