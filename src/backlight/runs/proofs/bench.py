"""A bench on which one run's data is trained with several settings and seeds, beside each other.

The run's test rows take no part, so that its scores stay those of rows that decided nothing. The other rows are split
once more: training, validation (which chooses the epoch, and among treatments) and held-out (which gives the verdict;
another part in each training, see `folds`).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from torch import nn

from ...data import Dataset, Part, Prepared, prepare
from ...data.duplicates import fingerprints
from ...evaluation.side_by_side import balanced, constant_losses, row_losses
from ...records import CUT_SHORT, BacklightError, LinearFacts
from ...records.config import Config
from ...training import Copy, train_copies
from ..assembly import Assembly
from ..checkup import Checkup
from ..elsewhere import begin_elsewhere
from ..ensembles.ensemble import alternatives, join, member_seeds
from ..module import count_outputs, loss_name, new_module, own_copy
from ..preconditions import check_batch_size
from .folds import folded

if TYPE_CHECKING:
    from ...doctor import RunFacts

LEAST_SHARE = 0.15
"""Share of the rows that are held out, or validate, where the run kept none."""
SEEDS_APART = 104_729
"""Between two seeds of the bench; a prime other than that between the members of an ensemble."""


@dataclass(frozen=True)
class Outcome:
    """What one training on the bench gave."""

    config: Config
    number: int
    """Of the training; trainings of one number start alike and hold out the same rows."""
    validation: tuple[np.ndarray, np.ndarray]
    """Loss of each validation row (n,), and that of the constant answer."""
    held_out: tuple[np.ndarray, np.ndarray]
    module: nn.Module
    """As trained."""
    facts: RunFacts | None = None
    members: tuple[tuple[np.ndarray, np.ndarray], ...] = ()
    """Of several networks that answer together, each one's own `held_out`."""


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
    linear:
        What a linear model made of the run's held-out rows, where that is known.
    """

    def __init__(
        self,
        dataset: Dataset,
        rows: np.ndarray,
        config: Config,
        network: nn.Module | None,
        deadline: float | None,
        linear: LinearFacts | None = None,
    ) -> None:
        self.dataset, self.network, self.deadline = dataset.take(rows), network, deadline
        self.seed, self.linear = config.seed, linear
        self._assemblies: dict[tuple[str, int], Assembly] = {}
        self._folds = [self.dataset]
        self.first = self.assembled(config)
        self._folds = folded(self.dataset, self.first.prepared, config.data, self.seed)
        if network is not None and self._widths(config) != {self.first.prepared.train.x.shape[1:]}:
            self._folds = [self.dataset]  # a column is constant in some part, and the network is built for all of them

    @property
    def crossed(self) -> bool:
        """Whether every training holds out the same rows."""
        return len(self._folds) == 1

    def assembled(self, config: Config, number: int = 0) -> Assembly:
        """The data as these settings prepare it for the training of a number; its network is an empty one.

        Raises BacklightError where the settings do not suit the data.
        """
        data = config.data.model_copy(
            update={
                "test_fraction": config.data.test_fraction or LEAST_SHARE,
                "validation_fraction": config.data.validation_fraction or LEAST_SHARE,
            }
        )
        fold = self._folds[number % len(self._folds)]
        key = data.model_dump_json(), id(fold)
        if key not in self._assemblies:
            prepared = prepare(fold, data, seed=self.seed)
            self._assemblies[key] = Assembly(config, fold, prepared, nn.Identity(), False, time.monotonic())
        return self._assemblies[key]

    def _widths(self, config: Config) -> set[tuple[int, ...]]:
        """Shapes of a row of x(0), over all parts."""
        return {self.assembled(config, number).prepared.train.x.shape[1:] for number in range(len(self._folds))}

    def check(self, config: Config, before: Config, judged_by: str = "loss") -> None:
        """See whether these settings can be trained and held against those before.

        Raises BacklightError where they cannot.
        """
        assembly, untreated = self.assembled(config), self.assembled(before)
        same_rows = np.array_equal(assembly.prepared.test.rows, untreated.prepared.test.rows)
        if assembly.task.kind != untreated.task.kind and not (judged_by == "wrong-answers" and same_rows):
            raise BacklightError("What is predicted changes: the scores cannot be held against each other.")
        if self.network is not None and len(self._widths(config)) > 1:
            raise BacklightError("Parts of the rows have columns that do not vary: the network does not fit them.")
        module = self._module(config, self.seed, assembly.prepared)
        count_outputs(module, assembly.task, assembly.prepared.train.x)
        check_batch_size(module, config.training, assembly.prepared.train.x)

    def train(self, trainings: Sequence[tuple[Config, int]], *, look: int | None = None) -> list[Outcome]:
        """Train all (settings, number); those of the same inputs at once.

        look: place of a training whose signals the doctor is to see.

        Raises CutShortError.
        """
        outcomes: dict[int, Outcome] = {}
        for group in self._grouped(trainings):
            outcomes |= self._train([(i, *trainings[i]) for i in group], look)
        return [outcomes[i] for i in range(len(trainings))]

    def _grouped(self, trainings: Sequence[tuple[Config, int]]) -> list[list[int]]:
        """Places of those whose networks receive alike."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for i, (config, number) in enumerate(trainings):
            parts = self.assembled(config, number).prepared
            kind = (
                parts.task.kind,
                parts.train.x.shape[1:],
                str(parts.train.x.dtype),
                parts.augmentation,
                config.data.target_scaling,
            )
            groups.setdefault(kind, []).append(i)
        return list(groups.values())

    def _train(self, trainings: Sequence[tuple[int, Config, int]], look: int | None) -> dict[int, Outcome]:
        assemblies = {i: self.assembled(config, number) for i, config, number in trainings}
        first = assemblies[trainings[0][0]]
        each = [
            (i, config, seed)
            for i, config, number in trainings
            for seed in member_seeds(self._seed(number), config.training.ensemble or 1)
        ]
        modules = [self._module(config, seed, assemblies[i].prepared) for i, config, seed in each]
        loss = loss_name(first.task, count_outputs(modules[0], first.task, first.prepared.train.x))
        doctors = {
            place: Checkup.of(modules[place], loss, config.training, assemblies[i].prepared, linear=self.linear)
            for place, (i, config, _) in enumerate(each)
            if i == look and (not place or each[place - 1][0] != i)
        }
        x, y, rows = _one_behind_another([one.prepared.train for one in assemblies.values()])
        trained = train_copies(
            [
                Copy(module, c.training, seed, rows[id(parts.train)], (parts.validation.x, parts.validation.y))
                for module, (i, c, seed) in zip(modules, each, strict=True)
                for parts in (assemblies[i].prepared,)
            ],
            loss,
            (x, y),
            None,
            unit=first.unit,
            augmentation=first.prepared.augmentation,
            deadline=self.deadline,
            observers=[[doctors[place]] if place in doctors else [] for place in range(len(each))],
            record=False,
        )
        for one in trained:
            if one.stopped in CUT_SHORT:
                raise CutShortError(one.stopped)
        facts = {each[place][0]: doctor.facts for place, doctor in doctors.items()}
        members: dict[int, list[nn.Module]] = {}
        for (i, _, _), one in zip(each, trained, strict=True):
            members.setdefault(i, []).append(one.module)
        return {
            i: self._outcome(assemblies[i], config, number, members[i], facts.get(i)) for i, config, number in trainings
        }

    def _seed(self, number: int) -> int:
        return self.seed + (number + 1) * SEEDS_APART

    def _outcome(
        self, assembly: Assembly, config: Config, number: int, members: list[nn.Module], facts: RunFacts | None
    ) -> Outcome:
        if len(members) == 1:
            return Outcome(config, number, *self._losses(assembly, members[0], {}), members[0], facts)
        each, module = tuple(self._losses(assembly, one, {})[1] for one in members), join(members, assembly.task)
        return Outcome(config, number, *self._losses(assembly, module, {}), module, facts, each)

    def without(self, outcome: Outcome, columns: Sequence[str]) -> Outcome:
        """The same training, scored on rows in which the values of these columns are not known.

        A network that cannot do without them gives no answers: infinite losses.
        """
        assembly = self.assembled(outcome.config, outcome.number)
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

    def wrong(self, outcome: Outcome) -> Outcome:
        """The same training, scored by whether the answer is wrong; a number stands for the class nearest to it."""
        assembly = self.assembled(outcome.config, outcome.number)
        assembly.module = outcome.module
        train = assembly.truth(assembly.prepared.train)
        values, counts = np.unique(train, return_counts=True)

        def errors(part: Part) -> tuple[np.ndarray, np.ndarray]:
            truth, answer = assembly.truth(part), assembly.predict(part.x)
            if assembly.task.classes:
                told = answer.argmax(axis=1)
            else:
                told = values[np.abs(answer[:, None] - values).argmin(axis=1)]
            return 1.0 - np.isclose(told, truth), 1.0 - np.isclose(values[counts.argmax()], truth)

        return replace(
            outcome, validation=errors(assembly.prepared.validation), held_out=errors(assembly.prepared.test)
        )

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

    def weights(self, judged_by: str, config: Config, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Weights in the mean loss (n,) of the validation rows that these settings have in the training of a number,
        and of the rows that it holds out."""
        prepared = self.assembled(config, number).prepared
        validation, held_out = prepared.validation, prepared.test
        if judged_by == "balanced-loss" and prepared.task.classes:
            return balanced(validation.y), balanced(held_out.y)
        if judged_by == "loss-of-new-rows":
            return _new(prepared.train, validation), _new(prepared.train, held_out)
        return np.ones(len(validation.y)), np.ones(len(held_out.y))

    def _module(self, config: Config, seed: int, parts: Prepared) -> nn.Module:
        if self.network is not None or config.network.description is None:
            if self.network is None:
                raise BacklightError("The network was passed in Python and is not at hand: treat the run there.")
            return own_copy(self.network, ending=config.network.ending, frozen=config.network.frozen)
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


def _one_behind_another(parts: Sequence[Part]) -> tuple[np.ndarray, np.ndarray, dict[int, np.ndarray | None]]:
    """Inputs and targets of all parts, and the numbers of the rows of each, by its identity; None for all."""
    distinct = list({id(part): part for part in parts}.values())
    if len(distinct) == 1:
        return distinct[0].x, distinct[0].y, {id(distinct[0]): None}
    x, y = np.concatenate([part.x for part in distinct]), np.concatenate([part.y for part in distinct])
    ends = np.cumsum([len(part.x) for part in distinct])
    return x, y, {id(part): np.arange(end - len(part.x), end) for part, end in zip(distinct, ends, strict=True)}
