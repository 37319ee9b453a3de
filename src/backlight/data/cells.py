"""Text cells to values: which words mean "missing", which columns of text are numbers."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .commas import Comma, find_commas, without_commas

MISSING_MARKERS = ("", "na", "n/a", "#n/a", "<na>", "?", "nan", "-nan", "null")
"""Compared without surrounding spaces and letter case; pandas' own list without its rarer entries."""

AMBIGUOUS_MARKERS = ("none",)
"""Missing among numbers, but an ordinary word among words (a class called "None" must not vanish)."""


@dataclass(frozen=True)
class Typed:
    """A frame with numeric columns as numbers, and what stood for missing cells."""

    frame: pl.DataFrame
    markers: dict[str, int]
    """Cells by marker as written, empty cells excluded."""
    commas: dict[str, Comma]
    """What commas meant, by column of numbers that had them."""
    guessed: dict[str, str]
    """Those of them where the cells could mean either, with such a cell."""


def type_columns(frame: pl.DataFrame, *, commas: bool = False, decimal: bool = False) -> Typed:
    """Turn every text column whose filled cells are all numbers into Int64 or Float64; mark missing cells.

    Columns that convert as they stand are the common case and cost one cast; only the others are stripped of
    spaces and searched for markers.

    Args:
        frame: columns of text.
        commas: whether numbers may hold commas.
        decimal: whether commas that could stand for either are decimals rather than thousands.

    """
    text = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    quick = _whole_numbers(frame, text)
    markers: dict[str, int] = {}
    others = [frame[name] for name in text if name not in quick]
    kinds, samples = find_commas(others, decimal=decimal) if commas else ({}, {})
    slow = {column.name: _type_column(column, kinds.get(column.name), markers) for column in others}
    kinds = {name: kind for name, kind in kinds.items() if slow[name].dtype.is_numeric()}
    samples = {name: cell for name, cell in samples.items() if name in kinds}
    return Typed(frame.with_columns(*quick.values(), *slow.values()), markers, kinds, samples)


def _whole_numbers(frame: pl.DataFrame, names: list[str]) -> dict[str, pl.Series]:
    """Columns of plain integers, all at once."""
    if not names:
        return {}
    texts = frame.select(names)
    values = texts.select(pl.all().cast(pl.Int64, strict=False))
    coded = texts.select(_looks_coded(pl.all()).any())
    missing_before, missing_after = texts.null_count().row(0), values.null_count().row(0)
    return {
        name: values[name]
        for name, before, after in zip(names, missing_before, missing_after, strict=True)
        if before == after and after < frame.height and not coded[name][0]
    }


def _looks_coded(texts: pl.Expr) -> pl.Expr:
    """Whether digits are a code (postcode 01234) rather than a number: a leading zero before two digits or more.

    Two digits with a leading zero stay numbers, as in months and hours.
    """
    return texts.str.contains(r"^0\d\d+$")


def _type_column(column: pl.Series, comma: Comma | None, markers: dict[str, int]) -> pl.Series:
    stripped = column.str.strip_chars()
    folded = stripped.str.to_lowercase()
    missing = folded.is_in(MISSING_MARKERS)
    words = _without(stripped, missing)
    unclear = folded.is_in(AMBIGUOUS_MARKERS)
    plain = _without(words, unclear)
    values = numbers(plain if comma is None else without_commas(plain, comma))
    if values is not None:
        missing = missing | unclear
    filled = stripped.filter(missing & (folded != ""))
    for marker, count in filled.value_counts().iter_rows():
        markers[marker] = markers.get(marker, 0) + count
    return words if values is None else values


def _without(column: pl.Series, missing: pl.Series) -> pl.Series:
    """The column with null where `missing`."""
    return pl.select(pl.when(~missing).then(column).alias(column.name)).to_series()


def numbers(column: pl.Series) -> pl.Series | None:
    """A text column as Int64 or Float64; None if a filled cell is no number, or the digits are codes."""
    filled = column.len() - column.null_count()
    if filled == 0 or bool(column.to_frame().select(_looks_coded(pl.all()).any()).item()):
        return None
    for dtype in (pl.Int64, pl.Float64):
        values = column.cast(dtype, strict=False)
        if values.null_count() == column.null_count():
            return values
    return None


def as_text(column: pl.Series) -> pl.Series:
    """Every cell as the text a category is known by: whole floats lose their `.0`, so that 5 and 5.0 are one."""
    if column.dtype.is_float():
        whole = column.cast(pl.Int64, strict=False)
        same = (whole.cast(pl.Float64) == column.cast(pl.Float64)).fill_null(False)
        return pl.select(
            pl.when(same).then(whole.cast(pl.String)).otherwise(column.cast(pl.String)).alias(column.name)
        ).to_series()
    if column.dtype == pl.Boolean:
        return column.replace_strict({True: "True", False: "False"}, return_dtype=pl.String)
    if column.dtype == pl.String:
        return column
    return column.cast(pl.String)


LARGEST = 1e150
"""Numbers beyond this count as infinite, and so as missing: their squares overflow."""
MOSTLY = 0.95
"""Share of a column's filled cells that must be numbers (or dates) for the rest to be taken as missing."""
MANY_NUMBERS = 20
"""Distinct numbers above which a text column with a few words is a column of numbers, not of codes."""


def is_mostly_numbers(column: pl.Series) -> bool:
    """Whether a text column holds measurements beside a few stray words, such as "unknown" or "-"."""
    words = column.str.strip_chars()
    filled = words.filter(~words.str.to_lowercase().is_in(MISSING_MARKERS))
    if filled.is_empty() or bool(filled.to_frame().select(_looks_coded(pl.all()).any()).item()):
        return False
    values = filled.cast(pl.Float64, strict=False).drop_nulls()
    return len(values) >= MOSTLY * len(filled) and values.n_unique() > MANY_NUMBERS


def to_float(column: pl.Series) -> pl.Series:
    """Any column as Float64, null where missing and where text is no number.

    Booleans become 0 and 1, durations and times of day seconds.
    """
    if column.dtype == pl.String:
        return column.str.strip_chars().cast(pl.Float64, strict=False)
    if column.dtype in (pl.Duration, pl.Time):
        return column.cast(pl.Duration("ns")).cast(pl.Int64).cast(pl.Float64) / 1e9
    return column.cast(pl.Float64)


def number_matrix(frame: pl.DataFrame, names: list[str]) -> np.ndarray:
    """Columns as Float64 (n, names), nan where missing, not between ±`LARGEST`, or text that is no number."""
    if not names:
        return np.empty((frame.height, 0))
    schema = frame.schema
    columns = (pl.col(name).cast(pl.Float64) if schema[name].is_numeric() else to_float(frame[name]) for name in names)
    values = frame.select(columns).to_numpy()
    return np.where(np.abs(values) <= LARGEST, values, np.nan)
