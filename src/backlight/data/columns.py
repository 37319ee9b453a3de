"""What each column of a table is, and what becomes of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from .cells import LARGEST, is_mostly_numbers
from .dates import find_format

_READABLE = (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Duration, pl.Time, pl.Null)
"""Types beside numbers."""

ColumnKind = Literal["target", "continuous", "flag", "discrete", "date", "pixel", "file", "dropped"]

LEAST_ROWS_TO_JUDGE = 20
"""Training rows below which a column whose values all differ may do so by chance."""
IDENTIFYING_SHARE = 0.9
"""A text column with more distinct values than this share of its cells tells rows apart, not kinds of rows."""
PROSE_SHARE, PROSE_LENGTH, PROSE_WORDS = 0.3, 30, 4
"""Distinct share, mean characters and mean words from which text is prose rather than names."""

_IDENTIFIER_NAME = re.compile(r"^(id|uuid|guid|index|idx|no|nr|row|rowid|unnamed.*|column_1)$|[_\s-]id$|[a-z]Id$|ID$")
_TIME_NAMES = ("year", "month", "week", "day", "hour", "minute", "second", "time", "timestamp", "t", "step")
"""Columns that may go up by one from row to row and still say when a row was measured."""


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


_ROLES = {"continuous": "as numbers", "flag": "as 0 or 1", "discrete": "as categories", "date": "as dates"}
_NAMED = 6
"""Columns of a kind that are named one by one; more are counted."""


def columns_sentence(columns: Sequence[Column]) -> str:
    """What the columns of a table are taken for; empty for images."""
    told = []
    for kind, role in _ROLES.items():
        names = [column.name for column in columns if column.kind == kind]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        if names:
            told.append(f"{', '.join(names[:_NAMED])}{more} {role}")
    return f"Inputs: {'; '.join(told)}." if told else ""


@dataclass(frozen=True)
class Recognised:
    """What a column was recognised as."""

    kind: ColumnKind
    note: str = ""
    format: str | None = None
    """Of a date in text."""
    doubt: str = ""
    """How a column of numbers that was left out seems to tell rows apart; it is used where there is no other."""


def left_out(name: str, why: str) -> Recognised:
    """A column that is not used, with the sentence that says why."""
    return Recognised("dropped", f"The column {name!r} {why} and was left out.")


@dataclass(frozen=True)
class Place:
    """Where the training rows stood in the source."""

    numbers: np.ndarray
    """Their ascending row numbers."""
    total: int
    """Rows of the source."""


def recognise(column: pl.Series, place: Place) -> Recognised:
    """What a column is, judged by its training cells alone."""
    filled, dtype = column.drop_nulls(), column.dtype
    if not (dtype.is_numeric() or dtype in _READABLE):
        return left_out(column.name, f"holds values of type {dtype}, which no network reads,")
    if dtype.is_float():
        filled = filled.filter(filled.is_finite() & (filled.abs() <= LARGEST))
    if filled.is_empty():
        return left_out(column.name, "holds no value in the training rows")
    if filled.n_unique() == 1:
        holes = filled.len() < column.len()
        return Recognised("discrete") if holes else left_out(column.name, f"is constant ({filled[0]})")
    if dtype == pl.String:
        return _recognise_text(column, filled)
    if dtype in (pl.Date, pl.Datetime):
        return Recognised("date")
    if dtype.is_integer() and filled.len() == column.len() >= LEAST_ROWS_TO_JUDGE:
        why = _why_identifier(column, place)
        return replace(left_out(column.name, why), doubt=why) if why else Recognised("continuous")
    return Recognised("continuous")


def _why_identifier(column: pl.Series, place: Place) -> str | None:
    """How whole numbers tell rows apart, if they do nothing else."""
    if column.name.casefold() in _TIME_NAMES:
        return None
    values, rows = column.to_numpy().astype(np.float64), place.numbers
    steps = np.diff(values)
    if steps[0] != 0 and np.array_equal(steps * (rows[1] - rows[0]), np.diff(rows) * steps[0]):
        return "counts the rows"
    if column.n_unique() < column.len():
        return None
    if values.max() - values.min() < place.total:
        return "numbers the rows in another order"
    return "identifies the rows (every value differs)" if is_identifier_name(column.name) else None


def is_identifier_name(name: str) -> bool:
    """Whether a column is called like something that tells rows apart, such as `id` or `customer_id`."""
    return _IDENTIFIER_NAME.search(name) is not None


def _recognise_text(column: pl.Series, filled: pl.Series) -> Recognised:
    if is_mostly_numbers(column):
        return Recognised("continuous")
    form = find_format(filled)
    if form is not None:
        return Recognised("date", f"Read as a date written {form}.", form)
    if filled.len() < LEAST_ROWS_TO_JUDGE:
        return Recognised("discrete")
    share = filled.n_unique() / filled.len()
    if share > PROSE_SHARE and _is_prose(filled):
        return left_out(column.name, "holds free text")
    if share > IDENTIFYING_SHARE:
        return left_out(column.name, f"identifies the rows ({share:.0%} of its values differ)")
    return Recognised("discrete")


def _is_prose(filled: pl.Series) -> bool:
    characters, words = filled.str.len_chars(), filled.str.count_matches(r"\S+")
    return float(characters.mean()) >= PROSE_LENGTH and float(words.mean()) >= PROSE_WORDS  # type: ignore[arg-type]
