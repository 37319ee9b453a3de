"""From a dataset to what a training needs: task, parts, fitted preprocessing."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from ..records import ArrayInputs, BacklightError, ImageInputs, Inputs, Task
from ..records.config import DataConfig
from .augment import Augmentation
from .cells import as_text, numbers
from .columns import Column
from .dataset import Dataset
from .dates import find_format, parse
from .duplicates import duplicate_notes, new_rows, without_repeats
from .fit import fit
from .labels import labelled
from .order import order_notes
from .preprocessing import Preprocessing
from .split import Rows, Split, split_rows
from .task import find_target, infer_task

FEW_ROWS = 100
"""Rows below which a score on the held-out ones says little; the 95 % interval of an accuracy is then ±0.2 and more."""

SHOWN = 12
"""Classes that a note names."""

LEAST_AUGMENTED = 16
"""Pixels a side below which a shift by one is a change too great to be made unasked."""


@dataclass(frozen=True)
class Part:
    """The rows of one side of a split."""

    x: np.ndarray
    """float32 (n, features) or uint8 (n, c, h, w)."""
    y: np.ndarray
    """int64 class codes or float32 standardised values, (n,)."""
    rows: np.ndarray
    """int64 (n,), ascending: row numbers in the dataset, from 0."""


@dataclass(frozen=True)
class Prepared:
    """Everything a training needs of the data."""

    task: Task
    inputs: Inputs
    train: Part
    validation: Part
    test: Part
    preprocessing: Preprocessing
    columns: tuple[Column, ...]
    split: str
    """How the rows were split, as a sentence."""
    notes: tuple[str, ...] = ()
    """What else the user should know, as sentences; those of the dataset not repeated."""
    augmentation: Augmentation | None = None
    """Changes of images that leave their class as it is; None for tables."""


def prepare(dataset: Dataset, config: DataConfig, *, seed: int) -> Prepared:
    """Find the target, infer the task, split, then fit on the training rows and transform all.

    Raises `BacklightError` for what cannot be learned from: no target, one class, too few rows, no usable column.
    """
    _require_columns(dataset, config)
    name, guess = find_target(dataset, config.target)
    usable, rows = labelled(dataset, name, config.task)
    task = infer_task(usable.frame[name], config.task, dataset.name)
    codes = Preprocessing(ArrayInputs(()), task).encode_target(usable) if task.classes else None
    split = split_rows(usable.rows, _facts(usable, rows, codes, config), config, seed)
    unknown = _absent_classes(task, codes, split, usable.name) if codes is not None else []
    fitted, columns = fit(usable, task, split.train, config, rows)
    fitted = replace(fitted, numerals=dataset.numerals)
    x, y = fitted.transform(usable), fitted.encode_target(usable)
    parts = {part: getattr(split, part) for part in ("train", "validation", "test")}
    if config.duplicates == "drop":
        parts["train"] = without_repeats(x, y, split.train)
        parts["validation"] = new_rows(x, y, split.validation, split.train)
    notes = [
        _repeats_note(len(split.train) - len(parts["train"])),
        guess,
        *usable.notes[len(dataset.notes) :],
        *fitted.notes,
        split.sentence,
        *unknown,
        _size_note(usable.rows),
    ]
    notes += [*duplicate_notes(x, y, split), *order_notes(usable, fitted, config)]
    return Prepared(
        task=task,
        inputs=fitted.inputs,
        **{part: Part(x[chosen], y[chosen], rows[chosen]) for part, chosen in parts.items()},
        preprocessing=fitted,
        columns=columns,
        split=split.sentence,
        notes=tuple(note for note in notes if note),
        augmentation=choose_augmentation(fitted.inputs, config),
    )


def _require_columns(dataset: Dataset, config: DataConfig) -> None:
    if dataset.rows == 0:
        raise BacklightError(f"{dataset.name} has no rows; add some.")
    for name in config.drop:
        dataset.column(name, "--drop")
        if name == config.target:
            raise BacklightError(f"The target {name!r} cannot be left out with --drop; choose one or the other.")
    for option, column in (("--group", config.group), ("--time", config.time)):
        if column is not None:
            dataset.column(column, option)
            if column == config.target:
                raise BacklightError(f"The target {column!r} cannot be the column of {option}, too; choose another.")


def _facts(usable: Dataset, rows: np.ndarray, codes: np.ndarray | None, config: DataConfig) -> Rows:
    """What the split looks at. rows: numbers of the usable rows in the source."""
    group = time = None
    if config.group is not None:
        group = as_text(usable.frame[config.group]).rank("dense").fill_null(0).to_numpy()
    if config.time is not None:
        time = _ranks(usable.frame[config.time], rows)
    return Rows(codes, group, time, usable.given_split)


def _ranks(column: pl.Series, rows: np.ndarray) -> np.ndarray:
    """Dense ranks of moments; equal moments share one."""
    moments = _moments(column)
    missing = moments.is_null()
    if missing.any():
        row = int(rows[missing.arg_true()[0]]) + 1
        raise BacklightError(
            f"--time {column.name}: {missing.sum():,} rows have no time, the first is row {row:,}; fill it or leave "
            "those rows out."
        )
    return moments.rank("dense").to_numpy()


def _moments(column: pl.Series) -> pl.Series:
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).fill_nan(None)
    if column.dtype.is_temporal():
        return column
    form = find_format(column) if column.dtype == pl.String else None
    values = numbers(column) if column.dtype == pl.String and form is None else None
    if form is None and values is None:
        raise BacklightError(
            f"--time {column.name}: {column[0]!r} is neither a date nor a number; choose another column."
        )
    return parse(column, form) if values is None else values


def _absent_classes(task: Task, codes: np.ndarray, split: Split, place: str) -> list[str]:
    """Sentences that name the classes without a training row (which a split by time, group or source can leave), and
    those without a held-out row, as of a class of one row.

    Raises `BacklightError` if one class alone is left to train on.
    """
    trained = np.unique(codes[split.train])
    if len(trained) == 1:
        raise BacklightError(
            f"All {len(split.train):,} training rows of {place} are of one class, {task.classes[trained[0]]!r}, while "
            "held-out rows are of others; choose another --time or --group column, or let the rows be split at random."
        )
    notes = []
    if absent := _named_without(task, trained):
        notes.append(
            f"No training row is of the class {absent}: such rows are held out by the split, and will be predicted as "
            "other classes."
        )
    if len(split.test) and (absent := _named_without(task, codes[split.test])):
        notes.append(f"No held-out row is of the class {absent}: the scores do not tell how well it is known.")
    return notes


def _named_without(task: Task, codes: np.ndarray) -> str:
    """The classes that are not among the codes, the first of them by name; empty where all are."""
    there = set(codes.tolist())
    absent = [str(label) for code, label in enumerate(task.classes) if code not in there]
    more = f" and {len(absent) - SHOWN} more" if len(absent) > SHOWN else ""
    return ", ".join(absent[:SHOWN]) + more


def _repeats_note(dropped: int) -> str:
    return f"{dropped:,} training rows that repeat an earlier one were left out." if dropped else ""


def _size_note(n: int) -> str:
    return f"{n} rows are few: scores on so few held-out rows say little about new ones." if n < FEW_ROWS else ""


def choose_augmentation(inputs: Inputs, config: DataConfig) -> Augmentation | None:
    """Flips and shifts for colour images, small shifts for grey ones, nothing below 16 pixels a side.

    A mirrored photograph is as good as its original (He et al. 2016, CIFAR-10: flip and a shift of 4 of 32 pixels);
    a mirrored letter or digit is another one.
    """
    if not isinstance(inputs, ImageInputs):
        if config.augment in ("crop", "flip-crop"):
            raise BacklightError(f"--augment {config.augment} changes images, and this data is a table; leave it out.")
        return None
    if config.augment == "none":
        return None
    side = min(inputs.height, inputs.width)
    wanted = config.augment if config.augment != "auto" else "flip-crop" if inputs.channels > 1 else "crop"
    if side < LEAST_AUGMENTED and config.augment == "auto":
        return None
    flip = wanted == "flip-crop"
    return Augmentation(flip, max(1, side // (8 if flip else 14)))
