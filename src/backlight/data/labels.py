"""The rows that have a target."""

from dataclasses import replace

import numpy as np
import polars as pl

from ..records import BacklightError, TaskKind
from .cells import is_mostly_numbers, numbers, to_float
from .dataset import Dataset


def labelled(dataset: Dataset, target: str, task: TaskKind | None = None) -> tuple[Dataset, np.ndarray]:
    """The rows that have a target, and their numbers; a note of the dataset counts the others.

    Infinite values count as missing, and so do words among numbers unless `task` takes the target as classes.

    Raises `BacklightError` if there is no such column, or no such row.
    """
    column = _cleaned(dataset.column(target, "target"), task)
    rows = column.is_not_null().arg_true().to_numpy().astype(np.int64)
    if not len(rows):
        raise BacklightError(f"The target {target!r} of {dataset.name} is missing in every row; choose another column.")
    dataset = replace(dataset, frame=dataset.frame.with_columns(column))
    gone = dataset.rows - len(rows)
    if not gone:
        return dataset, rows
    note = f"{gone:,} of {dataset.rows:,} rows have no {target!r} (the target) and were left out."
    return replace(dataset.take(rows), notes=(*dataset.notes, note)), rows


def _cleaned(column: pl.Series, task: TaskKind | None) -> pl.Series:
    if column.dtype == pl.String and task in (None, "regression"):
        values = numbers(column) if task == "regression" else None
        column = values if values is not None else to_float(column) if is_mostly_numbers(column) else column
    if column.dtype.is_float():
        return column.replace([float("inf"), float("-inf"), float("nan")], None)
    return column
