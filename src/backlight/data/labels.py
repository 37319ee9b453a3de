"""The rows that have a target."""

from dataclasses import replace

import numpy as np
import polars as pl

from ..records import BacklightError, TaskKind
from .cells import LARGEST, is_mostly_numbers, numbers, to_float
from .dataset import Dataset


def labelled(dataset: Dataset, target: str, task: TaskKind | None = None) -> tuple[Dataset, np.ndarray]:
    """The rows that have a target, and their numbers; a note of the dataset counts the others.

    Infinite values count as missing, and so do words among numbers unless `task` takes the target as classes.

    Raises `BacklightError` if there is no such column, or no such row.
    """
    if dataset.images is not None and target not in dataset.frame.columns:
        raise BacklightError(without_classes(dataset))
    given = dataset.column(target, "target")
    column = _cleaned(given, task)
    rows = column.is_not_null().arg_true().to_numpy().astype(np.int64)
    if not len(rows):
        raise BacklightError(f"The target {target!r} of {dataset.name} is missing in every row; choose another column.")
    dataset = replace(dataset, frame=dataset.frame.with_columns(column))
    gone = dataset.rows - len(rows)
    if not gone:
        return dataset, rows
    verbs = ("has", "was") if gone == 1 else ("have", "were")
    note = f"{gone:,} of {dataset.rows:,} rows {verbs[0]} no {target!r} (the target) and {verbs[1]} left out"
    endless = int((given.is_not_nan() & column.is_null()).sum()) if given.dtype.is_float() else 0
    note += f"; in {endless:,} of them it is infinite." if endless else "."
    return replace(dataset.take(rows), notes=(*dataset.notes, note)), rows


def without_classes(dataset: Dataset) -> str:
    """The sentence for images whose classes are wanted and not there."""
    return f"{dataset.name} holds images without classes{_loose(dataset)}; put each into a folder named by its class."


def _loose(dataset: Dataset) -> str:
    """The first image beside the folders of classes, where some images lie in folders and some do not."""
    loose = [name for name in dataset.frame["file"] if "/" not in name]
    return f" ({len(loose):,} of {dataset.rows:,}, the first {loose[0]!r})" if 0 < len(loose) < dataset.rows else ""


def _cleaned(column: pl.Series, task: TaskKind | None) -> pl.Series:
    if column.dtype == pl.String and task in (None, "regression"):
        values = numbers(column)
        if values is None and is_mostly_numbers(column):
            values = to_float(column)
        elif task is None:
            values = None  # text of nothing but digits was made text on purpose: labels
        column = column if values is None else values
    if column.dtype.is_float():
        usable = column.is_finite() & (column.abs() <= LARGEST)
        return pl.select(pl.when(usable).then(column).alias(column.name)).to_series()
    return column
