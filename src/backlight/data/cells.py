"""Text cells to values: which words mean "missing", which columns of text are numbers."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from .numerals import MANY_NUMBERS, MOSTLY, Numerals, find_numerals, rewritten

MISSING_MARKERS = ("", "na", "n/a", "#n/a", "<na>", "?", "nan", "-nan", "null")
"""Compared without surrounding spaces and letter case; pandas' own list without its rarer entries."""

AMBIGUOUS_MARKERS = ("none", "-", "--", "–", "—")
"""Missing among numbers, but an ordinary word among words (a class called "None" must not vanish)."""


@dataclass(frozen=True)
class Typed:
    """A frame with numeric columns as numbers, and what stood for missing cells."""

    frame: pl.DataFrame
    markers: dict[str, int]
    """Cells by marker as written, empty cells excluded."""
    numerals: dict[str, Numerals]
    """How numbers are written, by column of numbers that are not written as programs do."""
    guessed: dict[str, str]
    """Those of them where the cells could mean either, with such a cell."""


def type_columns(frame: pl.DataFrame, *, decimal: bool = False, known: Mapping[str, Numerals] | None = None) -> Typed:
    """Turn every text column whose filled cells are all numbers into Int64 or Float64; mark missing cells.

    Columns that convert as they stand are the common case and cost one cast; only the others are stripped of
    spaces and searched for markers, and those that are no numbers then for other ways to write them. A column of many
    numbers beside a few words stays text, its numbers as programs write them.

    Args:
        frame: columns of text.
        decimal: whether commas that could stand for either are decimals rather than thousands.
        known: how columns write their numbers, where that is known, as from training.

    """
    text = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    quick = _whole_numbers(frame, text)
    markers: dict[str, int] = {}
    others = {name: _Words.of(frame[name]) for name in text if name not in quick}
    known = {name: way for name, way in (known or {}).items() if name in others}
    values = {name: numbers(words.plain) for name, words in others.items() if name not in known}
    texts = [others[name].plain for name, found in values.items() if found is None]
    found, samples = find_numerals(texts, decimal=decimal)
    numerals = found | known
    slow = {}
    for name, words in others.items():
        plain = rewritten(words.plain, numerals[name]) if name in numerals else words.plain
        read = numbers(plain) if name in numerals else values[name]
        words.count(markers, unclear=read is not None or name in numerals)
        slow[name] = read if read is not None else plain if name in numerals else words.words
    return Typed(frame.with_columns(*quick.values(), *slow.values()), markers, numerals, samples)


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


@dataclass(frozen=True)
class _Words:
    """The cells of a column of text without spaces around them."""

    stripped: pl.Series
    folded: pl.Series
    words: pl.Series
    """Null where a cell is missing for certain."""
    plain: pl.Series
    """Null also where a cell is missing if the others are numbers."""

    @classmethod
    def of(cls, column: pl.Series) -> "_Words":
        stripped = column.str.strip_chars()
        folded = stripped.str.to_lowercase()
        words = _without(stripped, folded.is_in(MISSING_MARKERS))
        return cls(stripped, folded, words, _without(words, folded.is_in(AMBIGUOUS_MARKERS)))

    def count(self, markers: dict[str, int], *, unclear: bool) -> None:
        """Add up the words that stand for missing cells."""
        known = (*MISSING_MARKERS, *AMBIGUOUS_MARKERS) if unclear else MISSING_MARKERS
        filled = self.stripped.filter(self.folded.is_in(known) & (self.folded != ""))
        for marker, count in filled.value_counts().iter_rows():
            markers[marker] = markers.get(marker, 0) + count


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
