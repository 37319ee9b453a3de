"""From a dataset to what a training needs: task, parts, fitted preprocessing."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..records import BacklightError, ImageInputs, Inputs, Task
from ..records.config import DataConfig
from .augment import Augmentation
from .cells import is_mostly_numbers, to_float
from .columns import Column
from .dataset import Dataset
from .dates import find_format, parse
from .duplicates import duplicate_notes
from .fit import fit
from .order import order_notes
from .preprocessing import Preprocessing
from .split import Rows, split_rows
from .task import find_target, infer_task

FEW_ROWS = 100
"""Rows below which a score on the held-out ones says little; the 95 % interval of an accuracy is then ±0.2 and more."""


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
    labelled, rows, hole_notes = _labelled(dataset, name)
    task = infer_task(labelled.frame[name], config.task, dataset.name)
    preliminary = Preprocessing(inputs=_NOTHING, task=task)
    codes = preliminary.encode_target(labelled) if task.classes else None
    split = split_rows(labelled.rows, _facts(labelled, codes, config), config, seed)
    fitted, columns = fit(labelled, task, split.train, config, rows)
    x, y = fitted.transform(labelled), fitted.encode_target(labelled)
    parts = {part: getattr(split, part) for part in ("train", "validation", "test")}
    notes = [guess, *hole_notes, *fitted.notes, split.sentence, *_size_notes(task, labelled.rows)]
    notes += [*duplicate_notes(x, y, split), *order_notes(labelled, fitted, config)]
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


_NOTHING = ImageInputs(1, 1, 1, (0.0,), (1.0,))


def _require_columns(dataset: Dataset, config: DataConfig) -> None:
    if dataset.rows == 0:
        raise BacklightError(f"{dataset.name} has no rows; add some.")
    for name in config.drop:
        dataset.column(name, "--drop")
    for option, column in (("--group", config.group), ("--time", config.time)):
        if column is not None:
            dataset.column(column, option)
            if column == config.target:
                raise BacklightError(f"The target {column!r} cannot be the column of {option}, too; choose another.")


def _labelled(dataset: Dataset, name: str) -> tuple[Dataset, np.ndarray, list[str]]:
    """The rows that have a target, their numbers, and a note on the others."""
    target = dataset.frame[name]
    if target.dtype == pl.String and is_mostly_numbers(target):
        target = to_float(target)
    if target.dtype.is_float():
        target = target.replace([float("inf"), float("-inf"), float("nan")], None)
    known = target.is_not_null()
    rows = known.arg_true().to_numpy().astype(np.int64)
    gone = dataset.rows - len(rows)
    if not len(rows):
        raise BacklightError(f"The target {name!r} of {dataset.name} is missing in every row; choose another column.")
    labelled = Dataset(
        dataset.name,
        dataset.frame.with_columns(target.alias(name)),
        dataset.images,
        dataset.target,
        dataset.given_split,
        (),
        dataset.pixels,
    )
    if not gone:
        return labelled, rows, []
    note = f"{gone:,} of {dataset.rows:,} rows have no {name!r} (the target) and were left out."
    return labelled.take(rows), rows, [note]


def _facts(labelled: Dataset, codes: np.ndarray | None, config: DataConfig) -> Rows:
    group: np.ndarray | None = None
    time: np.ndarray | None = None
    if config.group is not None:
        group = labelled.frame[config.group].rank("dense").fill_null(0).to_numpy()
    if config.time is not None:
        time = _ranks(labelled.frame[config.time])
    return Rows(codes, group, time, labelled.given_split)


def _ranks(column: pl.Series) -> np.ndarray:
    """Dense ranks of moments; equal moments share one."""
    if column.dtype == pl.String:
        form = find_format(column)
        if form is None:
            raise BacklightError(
                f"--time {column.name}: {column[0]!r} is neither a date nor a number; choose another column."
            )
        column = parse(column, form)
    if column.null_count():
        row = int(column.is_null().arg_true()[0]) + 1
        raise BacklightError(
            f"--time {column.name}: {column.null_count():,} rows have no time (first row {row:,}); fill them."
        )
    return column.rank("dense").to_numpy()


def _size_notes(task: Task, n: int) -> list[str]:
    if n >= FEW_ROWS:
        return []
    return [f"{n} rows are few: scores on so few held-out rows say little about new ones."]


def choose_augmentation(inputs: Inputs, config: DataConfig) -> Augmentation | None:
    """Flips and shifts for colour images, small shifts for grey ones, nothing below 16 pixels a side.

    A mirrored photograph is as good as its original (He et al. 2016, CIFAR-10: flip and a shift of 4 of 32 pixels);
    a mirrored letter or digit is another one.
    """
    if not isinstance(inputs, ImageInputs) or config.augment == "none":
        return None
    side = min(inputs.height, inputs.width)
    wanted = config.augment if config.augment != "auto" else "flip-crop" if inputs.channels > 1 else "crop"
    if side < SMALLEST_AUGMENTED and config.augment == "auto":
        return None
    flip = wanted == "flip-crop"
    return Augmentation(flip, max(1, side // (8 if flip else 14)))


SMALLEST_AUGMENTED = 16
