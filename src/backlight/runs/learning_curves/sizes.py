"""The trainings of a learning curve: the rows that may be used, the sizes, and all trainings of one size at once."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from torch import nn

from ...data import Augmentation, Dataset, Part, Prepared, prepare
from ...evaluation import best_constant, constant_scores, score
from ...network import default_network
from ...records import CUT_SHORT, INTERRUPTED, BacklightError, OptionError, Task
from ...records.config import Config, TrainingConfig
from ...training import Copy, Trained, resolve, train_copies
from ...training.defaults import LEAST_STEPS
from ..assembly import filled_in
from ..module import count_outputs, loss_name, new_module, own_copy
from ..prediction import predictions, raw_outputs

FEWEST_ROWS = 32
"""Of the smallest subset; below, a score says more of the draw than of the rows."""
_SMALL_BATCH = 16
"""Rows of a batch that is not made smaller."""
FEWEST_PER_OUTPUT = 4
"""Rows for each class in the smallest subset, on average."""


@dataclass(frozen=True)
class Ground:
    """What all trainings of the curve share."""

    config: Config
    prepared: Prepared
    all_rows: int
    """Training rows there are; `up_to` of them are in `prepared.train`."""
    network: nn.Module | None
    own: bool
    """Whether the user described the network."""
    name: str

    @property
    def task(self) -> Task:
        """What is learned."""
        return self.prepared.task

    @property
    def train(self) -> np.ndarray:
        """Rows that subsets are drawn from."""
        return self.prepared.train.rows

    @property
    def held_out(self) -> Part:
        """The rows that every training is scored on."""
        return self.prepared.test if len(self.prepared.test.rows) else self.prepared.validation

    @property
    def augmentation(self) -> Augmentation | None:
        """Of images."""
        return self.prepared.augmentation

    def introduction(self, wanted: Sequence[int], seeds: int) -> Iterator[str]:
        """What the user should know before the trainings begin."""
        yield f"Task: {self.task.kind}, target {self.task.target!r}. {self.task.reason}".strip()
        used = "all" if len(self.train) == self.all_rows else f"at most {len(self.train):,}"
        yield (
            f"Rows: {used} of {self.all_rows:,} training rows, {len(self.prepared.validation.rows):,} validation, "
            f"{len(self.held_out.rows):,} held out."
        )
        yield f"Network: {self.config.network.description or type(self.network).__name__}."
        listed = ", ".join(f"{rows:,}" for rows in wanted)
        yield f"{seeds} trainings on each of {listed} rows."


@dataclass(frozen=True)
class Measured:
    """One training of the curve."""

    rows: int
    seed: int
    scores: dict[str, float]
    """On the held-out rows."""
    train_loss: float
    """At the epoch that was kept, in eval mode."""
    validation_loss: float
    epochs: int
    seconds: float
    """Its share of the time that the trainings of this size took together."""


def ground(
    dataset: Dataset, source: Any, config: Config, description: str | None, module: nn.Module | None, up_to: float
) -> Ground:
    """Split the rows as `train` does, keep the share that may be used, and prepare those.

    The rows left out are seen by nothing: not by the preprocessing either. Held-out rows are those of `train` with the
    same seed.
    """
    whole = prepare(dataset, config.data, seed=config.seed)
    if not len(whole.test.rows) and not len(whole.validation.rows):
        raise BacklightError("A learning curve needs held-out rows; give a --test-fraction above 0.")
    available = len(whole.train.rows)
    kept = _number(up_to, available)
    prepared = whole if kept == available else _prepare_part(dataset, whole, kept, config)
    own = description is not None or module is not None
    if description is None and module is None:
        description = default_network(prepared.inputs, prepared.task, available)
    config = filled_in(config, source, prepared, description).model_copy(update={"training": config.training})
    return Ground(config, prepared, available, module, own, dataset.name)


def _number(up_to: float, available: int) -> int:
    """Rows of the largest subset."""
    if not 0 < up_to < math.inf or (up_to > 1 and up_to != int(up_to)):
        raise OptionError("up_to", up_to, "give a share such as 0.25, or a number of rows")
    return min(available, round(up_to * available) if up_to <= 1 else int(up_to))


def _prepare_part(dataset: Dataset, whole: Prepared, kept: int, config: Config) -> Prepared:
    """The same split with fewer training rows, prepared as if the others did not exist."""
    rng = np.random.default_rng((config.seed, kept))
    train = rng.permutation(whole.train.rows)[:kept]
    parts = {"train": train, "validation": whole.validation.rows, "test": whole.test.rows}
    rows = np.concatenate(list(parts.values()))
    names = np.repeat(np.array(list(parts), dtype="<U10"), [len(part) for part in parts.values()])
    order = np.argsort(rows)
    part = replace(dataset.take(rows[order]), given_split=names[order])
    task = {"target": whole.task.target, "task": whole.task.kind}
    fractions = {f"{name}_fraction": 0.0 for name in ("test", "validation") if not len(parts[name])}
    prepared = prepare(part, config.data.model_copy(update=task | fractions), seed=config.seed)
    numbers = {name: getattr(prepared, name) for name in parts}
    return replace(prepared, **{name: replace(one, rows=rows[order][one.rows]) for name, one in numbers.items()})


def sizes(largest: int, most: int, *, outputs: int) -> list[int]:
    """Sizes, ascending, each half of the next.

    Raises BacklightError where not three of them are large enough.
    """
    fewest = max(FEWEST_ROWS, FEWEST_PER_OUTPUT * outputs)
    found = [size for size in (round(largest / 2**step) for step in range(most)) if size >= fewest]
    if len(found) < 3:
        raise BacklightError(
            f"{largest:,} training rows are too few for a learning curve, which needs {4 * fewest:,} at least; add "
            "rows or raise --up-to."
        )
    return found[::-1]


def measure(
    place: Ground, rows: int, seeds: int, *, augment: bool = True, deadline: float | None = None
) -> list[Measured]:
    """All trainings on that many rows, at once.

    Raises KeyboardInterrupt or TimeoutError where they were cut short: a training that did not end has no place in a
    curve.
    """
    began = time.monotonic()
    if deadline is not None and began >= deadline:
        raise TimeoutError
    part, validation = place.prepared.train, place.prepared.validation
    copies = [_copy(place, rows, seed) for seed in range(seeds)]
    loss = loss_name(place.task, count_outputs(copies[0].module, place.task, part.x))
    trained = train_copies(
        copies,
        loss,
        (part.x, part.y),
        (validation.x, validation.y) if len(validation.rows) else None,
        augmentation=place.augmentation if augment else None,
        deadline=deadline,
    )
    for one in trained:
        if one.stopped in CUT_SHORT or not one.epochs:
            raise KeyboardInterrupt if one.stopped == INTERRUPTED else TimeoutError
    share = (time.monotonic() - began) / seeds
    return [_measured(place, rows, seed, one, share) for seed, one in enumerate(trained)]


def passes(place: Ground) -> int:
    """Epochs of a training on all rows there are."""
    return _settings(place, place.all_rows).epochs or 1


def constant_score(place: Ground, metric: str) -> float:
    """Score of the best constant answer, on the rows that every training is scored on."""
    task, restore = place.task, place.prepared.preprocessing.restore_target
    trained, truth = (part.y if task.classes else restore(part.y) for part in (place.prepared.train, place.held_out))
    return constant_scores(task, truth, best_constant(task, trained)).get(metric, math.nan)


def _copy(place: Ground, rows: int, seed: int) -> Copy:
    """One training: its own rows, start and order."""
    config, prepared = place.config, place.prepared
    number = config.seed * 1000 + seed
    drawn = np.arange(len(prepared.train.rows))
    if rows < len(drawn):
        drawn = np.sort(np.random.default_rng((number, rows)).choice(drawn, rows, replace=False))
    if place.network is not None:
        module = own_copy(place.network)
    else:
        x = prepared.train.x[drawn]
        description = str(config.network.description)
        module = new_module(description, prepared.inputs, prepared.task, x, init=config.network.init, seed=number)
    training = _settings(place, rows)
    return Copy(module, training, number, drawn)


def _settings(place: Ground, rows: int) -> TrainingConfig:
    """The settings for all rows, with passes that suit the subset: only the rows shall differ.

    Passes as many as on all rows, and at least so many that the subset has the updates of all rows, up to 1,500. A
    curve at equal passes would show how little 60 updates do, not how little 60 rows tell. Where there are validation
    rows, too many passes do no harm: the best epoch is kept. Batches hold an eighth of the subset at most.
    """
    prepared, whole = place.prepared, place.all_rows
    chosen = resolve(
        place.config.training, inputs=prepared.inputs, task=prepared.task, rows=whole, own_network=place.own
    )
    full, passes = chosen.batch_size or 128, chosen.epochs or 1
    batch = min(full, max(_SMALL_BATCH, rows // 8)) if rows < whole else full
    updates = min(LEAST_STEPS, passes * max(1, round(whole / full)))
    epochs = max(passes, round(updates / max(1, round(rows / batch))))
    return chosen.model_copy(update={"batch_size": batch, "epochs": epochs, "time_limit": None})


def _measured(place: Ground, rows: int, seed: int, trained: Trained, seconds: float) -> Measured:
    part, prepared, task = place.held_out, place.prepared, place.task
    flips = place.augmentation is not None and place.augmentation.flip
    outputs = raw_outputs(trained.module, part.x, device=place.config.training.device, flips=flips)
    if not np.isfinite(outputs).all():
        raise BacklightError(
            f"The training on {rows:,} rows with seed {seed} diverged; lower the learning rate, with --lr."
        )
    restore = prepared.preprocessing.restore_target
    truth = part.y if task.classes else restore(part.y)
    losses = {row.split: row.loss for row in trained.history if row.epoch == trained.best_epoch}
    return Measured(
        rows,
        seed,
        score(task, truth, predictions(task, outputs, restore)),
        losses.get("train", math.nan),
        losses.get("validation", math.nan),
        trained.epochs,
        seconds,
    )
