"""Which column is the target, and what kind of prediction it asks for."""

import polars as pl

from ..records import BacklightError, ClassLabel, Task, TaskKind
from .counted import counted
from .dataset import Dataset
from .labels import without_classes

USUAL_NAMES = ("target", "label", "class", "y", "labels", "outcome")
FEW_INTEGERS = 20
"""Whole numbers with at most this many distinct values are classes (digits, grades, ratings)."""
LEAST_ROWS = 5
"""Fewer rows than this cannot be split into parts that mean anything."""


def find_target(dataset: Dataset, wanted: str | None) -> tuple[str, str]:
    """The name of the target, and a sentence where it was guessed.

    Order: the one asked for, the one the source implies, the only column with a usual name.
    """
    if wanted is not None:
        return dataset.column(wanted, "target").name, ""
    if dataset.target is not None:
        return dataset.target, ""
    columns = dataset.frame.columns
    usual = [name for name in columns if name.casefold() in USUAL_NAMES]
    if len(usual) == 1:
        return usual[0], f"No target was named; the column {usual[0]!r} is taken (--target COLUMN for another)."
    if dataset.images is not None:
        raise BacklightError(without_classes(dataset))
    shown = ", ".join(columns[:20]) + (f" and {len(columns) - 20} more" if len(columns) > 20 else "")
    raise BacklightError(f"Which column of {dataset.name} is the target? Say --target COLUMN; there are {shown}.")


def infer_task(target: pl.Series, wanted: TaskKind | None, place: str) -> Task:
    """The task of a target without missing cells, with the reason as a sentence.

    Raises `BacklightError` for too few rows, one class only, nearly as many classes as rows, or values that the
    wanted task cannot have.
    """
    name, dtype = target.name, target.dtype
    if not (dtype.is_numeric() or dtype in (pl.String, pl.Boolean)):
        raise BacklightError(f"The target {name!r} holds values of type {dtype}; choose words or numbers.")
    distinct = target.n_unique()
    if len(target) < LEAST_ROWS:
        raise BacklightError(
            f"{place} has {counted(len(target), 'row')} with a target; give at least {LEAST_ROWS}, better hundreds."
        )
    if distinct == 1:
        raise BacklightError(
            f"The target {name!r} is {target[0]!r} in all {len(target):,} rows of {place}; "
            "add rows with another value or choose another target."
        )
    quantity, reason = _is_quantity(target, distinct)
    likely: TaskKind = "regression" if quantity else _of_classes(distinct)
    kind = wanted or likely
    reason = reason if kind == likely else "As asked for."
    if kind == "regression":
        _require_numbers(target, distinct)
        return Task(kind, name, reason=reason)
    return Task(kind, name, _classes(target, distinct, wanted, likely), reason)


def _of_classes(distinct: int) -> TaskKind:
    return "binary" if distinct == 2 else "multiclass"


def _is_quantity(target: pl.Series, distinct: int) -> tuple[bool, str]:
    """Whether the target is a quantity, and the sentence that says why."""
    name = target.name
    if target.dtype == pl.Boolean:
        return False, f"{name!r} is true or false."
    if target.dtype == pl.String:
        return False, f"{name!r} holds {distinct:,} different words."
    if not (target.dtype.is_integer() or bool((target == target.round(0)).all())):
        return True, f"{name!r} holds numbers with fractions."
    if distinct <= min(FEW_INTEGERS, max(2, len(target) // 2)):
        return False, f"{name!r} holds {distinct} different whole numbers (--task regression takes them as quantities)."
    return True, f"{name!r} holds {distinct:,} different whole numbers (--task multiclass takes them as classes)."


def _require_numbers(target: pl.Series, distinct: int) -> None:
    if not target.dtype.is_numeric() and target.dtype != pl.Boolean:
        raise BacklightError(
            f"The target {target.name!r} holds words such as {target[0]!r}, which a regression cannot predict; "
            f"use --task {_of_classes(distinct)} or another target."
        )


def _classes(target: pl.Series, distinct: int, wanted: TaskKind | None, likely: TaskKind) -> tuple[ClassLabel, ...]:
    if wanted == "binary" and distinct > 2:
        what = "values" if likely == "regression" else "classes"
        raise BacklightError(
            f"The target {target.name!r} has {distinct:,} {what}, a binary task has 2 classes; use --task {likely}."
        )
    if distinct > max(2, len(target) // 2):
        raise BacklightError(
            f"The target {target.name!r} has {distinct:,} different values in {len(target):,} rows, too many to be "
            "classes; choose another column, or --task regression if they are quantities."
        )
    return tuple(target.unique().sort().to_list())
