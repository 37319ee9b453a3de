"""Ensembles: several copies with their own starts, orders of rows and, for small tables, folds; trained at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ... import files
from ...data import Augmentation, Prepared
from ...network import default_network
from ...network.layers import Ensemble
from ...records import CUT_SHORT, BacklightError, Inputs, TableInputs, Task
from ...records.config import Config, TrainingConfig
from ...training import Copy, Observer, Trained, train_copies
from ...training.checkpoint import newest_checkpoint_facts
from ..prediction import Restore, predictions, raw_outputs

SMALL_TABLE = 2000
"""Rows up to which a table whose network is chosen gets an ensemble: one network's score hangs on its start and on the
few validation rows that choose its epoch, and several networks still take seconds."""
MEMBERS = 5
"""On small sets, five were within 1 % of eight in log-loss and RMSE, at two thirds of the time."""

FACTS = "ensemble.json"
HISTORIES = "history-members.csv"

_SEEDS_APART = 7919
"""Between the seeds of two members; a prime, so that runs with neighbouring seeds share no member."""


@dataclass(frozen=True)
class Member:
    """One network of an ensemble."""

    member: int
    """From 1."""
    seed: int
    rows: int
    """Rows it was trained on."""
    epochs: int
    best_epoch: int
    validation_loss: float | None
    """At the epoch that was kept."""
    stopped: str


def choose(config: Config, inputs: Inputs, rows: int, *, own: bool, may_fold: bool) -> TrainingConfig:
    """The training's settings with the number of members and their folds filled in.

    rows: training and validation rows together. own: whether the user gave the network. may_fold: whether any row may
    choose the epoch of a network that did not see it.
    """
    training = config.training
    small = isinstance(inputs, TableInputs) and rows <= SMALL_TABLE and not own
    many = training.ensemble or (MEMBERS if small and rows >= 2 * MEMBERS else 1)
    if training.folds and not 2 <= many <= rows:
        raise BacklightError("Folds need an ensemble of two members at least, and a row for each; give --ensemble 5.")
    folds = training.folds
    if folds is None:
        folds = small and many > 1 and may_fold
    return training.model_copy(update={"ensemble": many, "folds": folds})


def describe(given: str | None, inputs: Inputs, task: Task, rows: int, training: TrainingConfig) -> str:
    """The description of the run's networks: the one given, or the default for the data.

    Several, with semicolons between, are taken by the members in turn.

    Raises BacklightError where there are more descriptions than members.
    """
    many = training.ensemble or 1
    if given is None:
        return default_network(inputs, task, rows)
    if len(alternatives(given)) > many:
        raise BacklightError(
            f"{len(alternatives(given))} networks are described, with semicolons between, for an ensemble of {many}; "
            "give --ensemble a greater number."
        )
    return given


def alternatives(description: str) -> list[str]:
    """The descriptions that members take in turn; most often a single one."""
    return [part.strip() for part in description.split(";") if part.strip()] or [description]


def may_fold(config: Config, given_split: np.ndarray | None) -> bool:
    """Whether validation rows are drawn at random: not by groups, time or the source, and wanted at all."""
    data = config.data
    given = given_split is not None and "validation" in given_split
    return data.validation_fraction > 0 and data.group is None and data.time is None and not given


def join(modules: Sequence[nn.Module], task: Task) -> Ensemble:
    """One network out of several."""
    members = {f"member{number}": module for number, module in enumerate(modules, 1)}
    return Ensemble("probabilities" if task.classes else "values", **members)


def members_of(module: nn.Module) -> tuple[nn.Module, ...]:
    """The members of an ensemble; any other network is its own only one."""
    return module.members if isinstance(module, Ensemble) else (module,)


def member_seeds(seed: int, many: int) -> list[int]:
    """Seed of each member; that of the first is the run's own."""
    return [(seed + number * _SEEDS_APART) % 2**32 for number in range(many)]


def draw_folds(y: np.ndarray, many: int, seed: int) -> np.ndarray:
    """Number of the fold of each row (n,), of equal size to within a row, and alike in the target.

    Rows in the order of the target, random where it is equal, are dealt out like cards.
    """
    order = np.lexsort((np.random.default_rng(seed).random(len(y)), y))
    if not np.issubdtype(y.dtype, np.integer):
        order = _shuffled_in_hands(order, many, seed)
    fold = np.empty(len(y), dtype=np.int64)
    fold[order] = np.arange(len(y)) % many
    return fold


def _shuffled_in_hands(order: np.ndarray, many: int, seed: int) -> np.ndarray:
    """Values dealt in order would give fold 0 the lowest of each hand: shuffle within each hand."""
    rng = np.random.default_rng((seed, 1))
    return np.concatenate([rng.permutation(order[first : first + many]) for first in range(0, len(order), many)])


@dataclass(frozen=True)
class Trainees:
    """What the trainings of all members share."""

    modules: tuple[nn.Module, ...]
    config: TrainingConfig
    loss: str
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray] | None
    seed: int
    unit: float = 1.0
    augmentation: Augmentation | None = None
    deadline: float | None = None
    record: bool = True
    folder: Path | None = None
    """The run's, which gets checkpoints of each member; None for no checkpoints."""


def train_members(
    those: Trainees, *, observers: Sequence[Observer] = (), of_first: Sequence[Observer] = (), resume: bool = False
) -> tuple[list[Trained], list[Member]]:
    """Train every member; what each training left, and the facts of all.

    observers: of the first member that has epochs to go. of_first: of the first of all.
    resume: each goes on from its newest checkpoint.
    """
    (x, y), count = those.train, len(those.modules)
    fold = draw_folds(y, count, those.seed) if those.config.folds else None
    copies = [_copy(those, number, seed, fold) for number, seed in enumerate(member_seeds(those.seed, count))]
    folders = None if those.folder is None else checkpoint_folders(those.folder, those.config)
    watched = _first_open(folders, those.config.epochs or 1) if folders and resume else 0
    trained = train_copies(
        copies,
        those.loss,
        (x, y),
        those.validation,
        unit=those.unit,
        augmentation=those.augmentation,
        deadline=those.deadline,
        observers=[
            (*(observers if number == watched else ()), *(of_first if number == 0 else ())) for number in range(count)
        ],
        record=those.record,
        checkpoints=folders,
        resume=resume,
    )
    facts = [_facts(number, copy, one, len(y)) for number, (copy, one) in enumerate(zip(copies, trained, strict=True))]
    return trained, facts


def checkpoint_folders(run: Path, config: TrainingConfig) -> list[Path]:
    """Where in the run's folder the checkpoints lie: those of its network, or of each member of its ensemble."""
    folder, many = run / files.CHECKPOINTS, config.ensemble or 1
    return [folder] if many == 1 else [folder / f"member{number}" for number in range(1, many + 1)]


def _first_open(folders: Sequence[Path], epochs: int) -> int:
    """Number, from 0, of the first member with epochs to go; 0 where there is none."""
    found = [newest_checkpoint_facts(folder) for folder in folders]
    return next((number for number, one in enumerate(found) if one is None or one["epoch"] < epochs), 0)


def _copy(those: Trainees, number: int, seed: int, fold: np.ndarray | None) -> Copy:
    if fold is None:
        return Copy(those.modules[number], those.config, seed)
    x, y = those.train
    inside, outside = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
    fewest = len(fold) - int(np.bincount(fold).max())  # of as many rows for each member, all can train as one
    return Copy(those.modules[number], those.config, seed, outside[:fewest], (x[inside], y[inside]))


def _facts(number: int, copy: Copy, trained: Trained, rows: int) -> Member:
    kept = [row.loss for row in trained.history if row.split == "validation" and row.epoch == trained.best_epoch]
    seen = rows if copy.rows is None else len(copy.rows)
    loss = kept[-1] if kept and math.isfinite(kept[-1]) else None
    return Member(number + 1, copy.seed, seen, trained.epochs, trained.best_epoch, loss, trained.stopped)


def kept(facts: Sequence[Member]) -> list[Member]:
    """Members that predict: trained to their end, or at least one epoch where none was."""
    whole = [one for one in facts if one.stopped not in CUT_SHORT and one.epochs]
    begun = [one for one in facts if one.epochs]
    return whole or begun or list(facts[:1])


def missing_sentence(facts: Sequence[Member], many: int, folder: Path | None = None) -> str:
    """What an ensemble that was cut short has, and what it lacks; empty for a whole one."""
    whole = sum(one.stopped not in CUT_SHORT and one.epochs > 0 for one in facts)
    if whole == many:
        return ""
    short = [f"member {one.member} after {one.epochs} epochs" for one in facts if one.stopped in CUT_SHORT]
    what = (
        f"the {len(kept(facts))} that were trained to their end predict"
        if whole
        else f"{len(kept(facts))} predict as far as they came"
    )
    rest = "the others" if whole else "them all"
    go_on = f"; `backlight resume {folder}` trains {rest} on" if folder is not None else ""
    return f"{whole} of {many} members are whole, cut short: {', '.join(short)}; {what}{go_on}."


def save_facts(folder: Path, config: TrainingConfig, facts: Sequence[Member], trained: Sequence[Trained]) -> None:
    """Write ensemble.json, and history-members.csv with the epochs of every member."""
    in_use = {one.member for one in kept(facts)}
    content = {
        "members": config.ensemble,
        "folds": bool(config.folds),
        "missing": [one.member for one in facts if one.stopped in CUT_SHORT],
        "trained": [asdict(one) | {"predicts": one.member in in_use} for one in facts],
    }
    files.write_json(folder / FACTS, content)
    rows = [(number, *astuple(row)) for number, one in enumerate(trained, 1) for row in one.history]
    files.write_csv(folder / HISTORIES, [("member", *files.EPOCH_COLUMNS), *rows])


def member_predictions(
    module: nn.Module, task: Task, x: np.ndarray, restore: Restore, *, device: str = "auto", flips: bool = False
) -> np.ndarray:
    """Predictions of every member: (members, n, classes), or (members, n) in the target's units."""
    return np.stack(
        [predictions(task, raw_outputs(one, x, device=device, flips=flips), restore) for one in members_of(module)]
    )


def spread(task: Task, each: np.ndarray) -> np.ndarray:
    """How far the members disagree about each row (n,): the standard deviation between them.

    Of their values, in the target's units; for classes of the probability of the class that is predicted.
    """
    if not task.classes:
        return each.std(axis=0)
    chosen = each.mean(axis=0).argmax(axis=-1)
    return each[:, np.arange(each.shape[1]), chosen].std(axis=0)


def pooled(prepared: Prepared) -> int:
    """Training and validation rows together."""
    return len(prepared.train.rows) + len(prepared.validation.rows)


def ensemble_sentence(training: TrainingConfig) -> str:
    """One sentence on what will be trained."""
    if training.folds:
        how = "each leaves out another part of the training rows, which chooses its epoch"
    else:
        how = "each with its own start and order of the rows"
    return f"Ensemble: {training.ensemble} networks, {how}; the prediction is their mean."


def summary(folder: Path) -> dict[str, Any] | None:
    """What `--json` tells of an ensemble; None for a single network.

    `members`, `folds`, `missing`, and of each member in order `rows` (it was trained on), `epochs`, `best_epochs`.
    """
    if not (folder / FACTS).exists():
        return None
    content = files.read_json(folder / FACTS)
    each = {"rows": "rows", "epochs": "epochs", "best_epochs": "best_epoch"}
    return {name: content[name] for name in ("members", "folds", "missing")} | {
        name: [one[key] for one in content["trained"]] for name, key in each.items()
    }
