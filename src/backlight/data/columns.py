"""What each column of a table is, and what becomes of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from .cells import is_mostly_numbers, to_float
from .dates import find_format

ColumnKind = Literal["target", "continuous", "flag", "discrete", "date", "pixel", "file", "dropped"]

LEAST_ROWS_TO_JUDGE = 20
"""Training rows below which a column whose values all differ may do so by chance."""
IDENTIFYING_SHARE = 0.9
"""A text column with more distinct values than this share of its cells tells rows apart, not kinds of rows."""
PROSE_SHARE, PROSE_LENGTH, PROSE_WORDS = 0.3, 30, 4
"""Distinct share, mean characters and mean words from which text is prose rather than names."""

_IDENTIFIER_NAME = re.compile(r"^(id|uuid|guid|index|idx|no|nr|row|rowid|unnamed.*|column_1)$|[_\s-]id$|[a-z]Id$|ID$")


@dataclass(frozen=True)
class Column:
    """One column of the source."""

    name: str
    kind: ColumnKind
    missing: int
    """Training rows without a value."""
    distinct: int
    """Different values in the training rows."""
    features: tuple[str, ...] = ()
    """Names of the network's inputs that are made of it."""
    note: str = ""
    """What became of it, where the kind does not say it all; a sentence for a column that was dropped."""


@dataclass(frozen=True)
class Verdict:
    """What a column was recognised as."""

    kind: ColumnKind
    note: str = ""
    format: str | None = None
    """Of a date in text."""


def recognise(column: pl.Series, rows: np.ndarray, total: int) -> Verdict:
    """What a column is, judged by its training cells alone.

    Args:
        column: the training cells.
        rows: their row numbers in the source.
        total: number of rows in the source.

    """
    filled = column.drop_nulls()
    if column.dtype.is_float():
        filled = filled.filter(filled.is_finite())
    if filled.is_empty():
        return Verdict("dropped", f"The column {column.name!r} holds no value in the training rows and was left out.")
    if filled.n_unique() == 1 and filled.len() == column.len():
        return Verdict("dropped", f"The column {column.name!r} is constant ({filled[0]}) and was left out.")
    for applies, judge in _JUDGES:
        if applies(column.dtype):
            return judge(column, filled, rows, total)
    return Verdict(
        "dropped", f"The column {column.name!r} holds values of type {column.dtype}, which no network reads."
    )


def _judge_number(column: pl.Series, filled: pl.Series, rows: np.ndarray, total: int) -> Verdict:
    if column.dtype.is_integer() and filled.len() == column.len() >= LEAST_ROWS_TO_JUDGE:
        why = _why_identifier(column, rows, total)
        if why:
            return Verdict("dropped", f"The column {column.name!r} {why} and was left out.")
    return Verdict("continuous")


def _why_identifier(column: pl.Series, rows: np.ndarray, total: int) -> str | None:
    values = column.to_numpy().astype(np.float64)
    steps = np.diff(values)
    if steps[0] != 0 and np.array_equal(steps * (rows[1] - rows[0]), np.diff(rows) * steps[0]):
        return "counts the rows"
    if column.n_unique() < column.len():
        return None
    if values.max() - values.min() < total:
        return "numbers the rows in another order"
    return "identifies the rows (every value differs)" if _IDENTIFIER_NAME.search(column.name) else None


def _judge_text(column: pl.Series, filled: pl.Series, rows: np.ndarray, total: int) -> Verdict:
    if is_mostly_numbers(column):
        return Verdict("continuous")
    form = find_format(filled)
    if form is not None:
        return Verdict("date", f"Read as a date written {form}.", form)
    share = filled.n_unique() / filled.len()
    if filled.len() < LEAST_ROWS_TO_JUDGE:
        return Verdict("discrete")
    if share > PROSE_SHARE and _is_prose(filled):
        return Verdict("dropped", f"The column {column.name!r} holds free text and was left out.")
    if share > IDENTIFYING_SHARE:
        return Verdict(
            "dropped", f"The column {column.name!r} identifies the rows ({share:.0%} differ) and was left out."
        )
    return Verdict("discrete")


def _is_prose(filled: pl.Series) -> bool:
    characters, words = filled.str.len_chars(), filled.str.count_matches(r"\S+")
    return float(characters.mean()) >= PROSE_LENGTH and float(words.mean()) >= PROSE_WORDS  # type: ignore[arg-type]


def _judge_date(column: pl.Series, filled: pl.Series, rows: np.ndarray, total: int) -> Verdict:
    return Verdict("date")


def _judge_plain(column: pl.Series, filled: pl.Series, rows: np.ndarray, total: int) -> Verdict:
    return Verdict("continuous")


Judge = Callable[[pl.Series, pl.Series, np.ndarray, int], Verdict]

_JUDGES: tuple[tuple[Callable[[pl.DataType], bool], Judge], ...] = (
    (lambda dtype: dtype.is_numeric(), _judge_number),
    (lambda dtype: dtype == pl.String, _judge_text),
    (lambda dtype: dtype in (pl.Date, pl.Datetime), _judge_date),
    (lambda dtype: dtype in (pl.Boolean, pl.Duration, pl.Time), _judge_plain),
)


def number_matrix(frame: pl.DataFrame, names: list[str]) -> np.ndarray:
    """Columns as Float64 (n, names), nan where missing, infinite, or text that is no number."""
    if not names:
        return np.empty((frame.height, 0))
    schema = frame.schema
    columns = (pl.col(name).cast(pl.Float64) if schema[name].is_numeric() else to_float(frame[name]) for name in names)
    values = frame.select(columns).to_numpy()
    return np.where(np.isfinite(values), values, np.nan)
