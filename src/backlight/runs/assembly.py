"""What one training needs, put together: data, network, settings with nothing left open."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ..data import Dataset, Part, Prepared, prepare, read
from ..data.columns import columns_sentence
from ..data.counted import counted
from ..network import load_description, parse
from ..records import BacklightError, Task
from ..records.config import FROM_SWEEP, Config, TrainingConfig
from ..training import resolve
from .elsewhere import begin_elsewhere
from .ensembles.ensemble import (
    alternatives,
    choose,
    describe,
    ensemble_sentence,
    join,
    may_fold,
    member_seeds,
    members_of,
    pooled,
)
from .module import count_outputs, new_module, own_copy
from .preconditions import check_batch_size, check_device, check_task
from .prediction import predictions, raw_outputs
from .sweeps.automatic_rate import find_rate


@dataclass
class Assembly:
    """Everything one training needs."""

    config: Config
    """With every open choice filled in."""
    dataset: Dataset
    prepared: Prepared
    module: nn.Module
    custom: bool
    """Whether the module was passed in Python instead of a description."""
    started: float
    """time.monotonic() when the command began."""
    observers: Sequence[Any] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def task(self) -> Task:
        """What is learned."""
        return self.prepared.task

    @property
    def held_out(self) -> Part:
        """The rows that are scored: test; where none were kept for it, validation; else training."""
        parts = (self.prepared.test, self.prepared.validation, self.prepared.train)
        return next(part for part in parts if len(part.rows))

    @property
    def flips(self) -> bool:
        """Whether a prediction is the mean over an image and its mirror image."""
        augmentation = self.prepared.augmentation
        return augmentation is not None and augmentation.flip

    def note(self, text: str) -> None:
        """Tell the user one thing, now and in the report."""
        self.notes.append(text)
        for observer in self.observers:
            if hasattr(observer, "on_note"):
                observer.on_note(text)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Inputs → probabilities (n, classes), or values (n,) in the target's units."""
        outputs = raw_outputs(self.module, x, device=self.config.training.device, flips=self.flips)
        return predictions(self.task, outputs, self.prepared.preprocessing.restore_target)

    @property
    def unit(self) -> float:
        """Size of one standardised unit of a regression's target; 1 for classes."""
        if self.task.classes:
            return 1.0
        return float(np.diff(self.prepared.preprocessing.restore_target(np.array([0.0, 1.0])))[0])

    def truth(self, part: Part) -> np.ndarray:
        """Class codes (n,), or true values (n,) in the target's units."""
        return part.y if self.task.classes else self.prepared.preprocessing.restore_target(part.y)


def assemble(
    source: Any,
    config: Config,
    *,
    network: nn.Module | None = None,
    observers: Sequence[Any] = (),
    started: float | None = None,
    fresh: bool = True,
) -> Assembly:
    """Read, split and prepare the data, build the network, and fill in what `config` leaves open.

    fresh: False where a checkpoint will replace the parameters, so that `init_from` need not exist any more.
    """
    started = time.monotonic() if started is None else started
    source = config.data.source if source is None else source
    if source is None:
        raise BacklightError("No data was given; name a file, a folder of images, or sklearn:NAME.")
    check_device(config.training)
    description = written(config.network.description)  # a wrong word is told before the data is read
    dataset = source if isinstance(source, Dataset) else read(source, images=config.data.images)
    prepared = prepare(dataset, config.data, seed=config.seed)
    check_task(prepared.task, config.training)
    own = network is not None or description is not None
    folding = may_fold(config, dataset.given_split)
    members = choose(config, prepared.inputs, pooled(prepared), own=own, may_fold=folding)
    config = config.model_copy(update={"training": members})
    if members.folds:  # each member has validation rows of its own
        whole = config.data.model_copy(update={"validation_fraction": 0.0})
        prepared = prepare(dataset, whole, seed=config.seed)
    seed = config.seed if config.init_seed is None else config.init_seed
    if network is None:
        x = prepared.train.x
        description = describe(description, prepared.inputs, prepared.task, len(x), members)
        build = partial(
            new_module, inputs=prepared.inputs, task=prepared.task, x=x, y=prepared.train.y, init=config.network.init
        )
        seeds = member_seeds(seed, members.ensemble or 1)
        modules = [build(one, seed=own) for one, own in zip(cycle(alternatives(description)), seeds, strict=False)]
    else:
        given = {"ending": config.network.ending, "frozen": config.network.frozen}
        modules = [own_copy(network, **given) for _ in range(members.ensemble or 1)]
    begun = begin_elsewhere(modules, config, dataset, prepared) if fresh else []
    module = modules[0] if len(modules) == 1 else join(modules, prepared.task)
    filled = filled_in(config, source, prepared, description)
    check_batch_size(module, filled.training, prepared.train.x)
    if network is not None:  # one of a wrong width is refused before anything is said of the training
        count_outputs(modules[0], prepared.task, prepared.train.x)
    assembly = Assembly(filled, dataset, prepared, module, network is not None, started, observers)
    introduce(assembly, chosen=config.network.description is None)
    for note in begun:
        assembly.note(note)
    if fresh:
        find_rate(assembly, modules[0])
    return assembly


def written(description: str | None) -> str | None:
    """The description that the user gave, as text, checked: their line, or what their .toml file says."""
    if description is None:
        return None
    if description.strip().endswith(".toml"):
        return str(load_description(description.strip()))
    for one in alternatives(description):
        parse(one)
    return description


def filled_in(config: Config, source: Any, prepared: Prepared, description: str | None) -> Config:
    """The settings with every choice that was left open, for run.toml."""
    task, inputs = prepared.task, prepared.inputs
    own = config.network.description is not None or description is None
    begun = config.network.init_from is not None
    rows = len(prepared.train.rows)
    training = resolve(config.training, inputs=inputs, task=task, rows=rows, own_network=own, begun=begun)
    data = {
        "target": task.target,
        "task": task.kind,
        "source": config.data.source if isinstance(source, Dataset) else _lasting(source),
    }
    return config.model_copy(
        update={
            "data": config.data.model_copy(update=data),
            "network": config.network.model_copy(
                update={"description": description, "init_from": _lasting(config.network.init_from)}
            ),
            "training": training,
        }
    )


def _lasting(source: Any) -> str | None:
    """The source as it can be found again from any folder; None for what was passed in memory."""
    if not isinstance(source, str | Path):
        return None
    return str(Path(source).resolve()) if Path(source).exists() else str(source)


def introduce(assembly: Assembly, *, chosen: bool) -> None:
    """Say aloud what was recognised and chosen, before training begins."""
    prepared, training = assembly.prepared, assembly.config.training
    task = assembly.task
    for note in (*assembly.dataset.notes, *prepared.notes):
        assembly.note(note)
    sizes = [f"{len(getattr(prepared, name).rows):,} {name}" for name in ("train", "validation", "test")]
    if training.folds:
        sizes[:2] = [f"{len(prepared.train.rows):,} train and validation"]
    assembly.note(f"Task: {task.kind}, target {task.target!r}. {task.reason}".strip())
    assembly.note(f"Rows: {', '.join(sizes)}.")
    used = columns_sentence(prepared.columns)
    if used:
        assembly.note(used)
    if not len(prepared.test.rows):
        seen = "validation rows, which also choose the best epoch" if len(prepared.validation.rows) else "training rows"
        assembly.note(f"No row is held out for test: the scores are those of {seen}, and flatter.")
    parameters = f"{sum(parameter.numel() for parameter in assembly.module.parameters()):,} parameters"
    members = members_of(assembly.module)
    if len(members) > 1:
        parameters = (
            f"{sum(p.numel() for p in members[0].parameters()):,} in each of {len(members)} networks, {parameters}"
        )
    what = type(assembly.module).__name__ if assembly.custom else assembly.config.network.description
    assembly.note(f"Network{' (chosen)' if chosen and not assembly.custom else ''}: {what}; {parameters}.")
    rate = "to be found" if training.learning_rate_from == FROM_SWEEP else f"{training.learning_rate:g}"
    assembly.note(
        f"Training: up to {counted(training.epochs or 0, 'epoch')} in batches of {training.batch_size}, "
        f"{training.optimizer}, learning rate {rate}, {training.schedule} schedule{_regularised(training)}."
    )
    if (training.ensemble or 1) > 1:
        assembly.note(ensemble_sentence(training))


def _regularised(training: TrainingConfig) -> str:
    """What else shapes the parameters, chosen or given, as the end of a sentence."""
    told = []
    if training.weight_decay:
        told.append(f"weight decay {training.weight_decay:g}")
    if training.label_smoothing:
        told.append(f"label smoothing {training.label_smoothing:g}")
    if training.average:
        told.append(f"running average of the weights ({training.average:g})")
    return "".join(f", {one}" for one in told)
