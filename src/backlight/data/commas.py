"""Commas in numbers: 1,5 or 61,903."""

from collections.abc import Iterable
from typing import Literal

import polars as pl

Comma = Literal["decimal", "thousands"]

_DECIMAL = r"^([+-]?\d*),(\d+(?:[eE][+-]?\d+)?)$"
_THOUSANDS = r"^[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$"
_SEVERAL = r",.*[,.]"
"""A second mark after a comma, as decimals do not have."""


def find_commas(columns: Iterable[pl.Series], *, decimal: bool) -> tuple[dict[str, Comma], dict[str, str]]:
    """What commas mean in each column of text that has them, and a sample of each column where that is a guess.

    Cells such as 61,903 (one to three digits before, three behind) could be either. They are decimals where the file
    has other columns that are, or where `decimal` says so; else thousands.
    """
    kinds: dict[str, Comma] = {}
    unclear: dict[str, str] = {}
    for column in columns:
        cells = column.str.strip_chars()
        cells = cells.filter(cells.str.contains(",", literal=True).fill_null(False))
        if cells.is_empty():
            continue
        if not cells.str.contains(_THOUSANDS).all():
            if cells.str.contains(_DECIMAL).all():
                kinds[column.name] = "decimal"
        elif cells.str.contains(_SEVERAL).any():
            kinds[column.name] = "thousands"
        else:
            unclear[column.name] = cells[0]
    guess: Comma = "decimal" if decimal or "decimal" in kinds.values() else "thousands"
    return kinds | dict.fromkeys(unclear, guess), unclear


def without_commas(column: pl.Series, comma: Comma) -> pl.Series:
    """The same numbers as programs write them: a decimal comma becomes a point, those of thousands vanish."""
    if comma == "thousands":
        return column.str.replace_all(",", "", literal=True)
    return column.str.replace(_DECIMAL, "${1}.${2}")
