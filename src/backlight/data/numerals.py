"""Numbers as people write them: 1,254.48, 1.254,48, 1 254, € 12,50, 12 %."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

MOSTLY = 0.95
"""Share of a column's filled cells that must be numbers (or dates) for the rest to be taken as missing."""
MANY_NUMBERS = 20
"""Distinct numbers above which a text column with a few words is a column of numbers, not of codes."""

_SIGN = r"(?:\p{Sc}|%|EUR|USD|GBP|CHF)"
_AROUND = rf"^(?:{_SIGN}\s*)?([+-]?)\s*(?:{_SIGN}\s*)?([\d.,](?:[\d.,'’\s]*[\d.,])?(?:[eE][+-]?\d+)?)\s*{_SIGN}?$"
"""A number between signs of a currency or of per cent: its own sign, and its digits and marks."""
_SPACES, _APOSTROPHES = r"\s", "['’]"
_UNCLEAR = r"^[+-]?[1-9]\d{0,2}(?:,\d{3})$"
"""61,903: thousands or decimals."""


@dataclass(frozen=True)
class Numerals:
    """How a column writes its numbers: the mark of the decimals, and an expression for that between thousands."""

    decimal: str = "."
    thousands: str = ""

    @property
    def pattern(self) -> str:
        """What such a number looks like, without signs around it."""
        grouped = rf"[1-9]\d{{0,2}}(?:{self.thousands}\d{{3}})+|" if self.thousands else ""
        return rf"^[+-]?(?:(?:{grouped}\d+)(?:\{self.decimal}\d*)?|\{self.decimal}\d+)(?:[eE][+-]?\d+)?$"


PLAIN = Numerals()
THOUSANDS, DECIMAL = Numerals(".", ","), Numerals(",", r"\.")
_KNOWN = (
    PLAIN,
    THOUSANDS,
    DECIMAL,
    Numerals(".", _SPACES),
    Numerals(",", _SPACES),
    Numerals(".", _APOSTROPHES),
    Numerals(",", _APOSTROPHES),
)
"""In the order of preference where two read as many cells."""


def meaning(way: Numerals) -> str:
    """What the marks are, in a few words."""
    if way == PLAIN:
        return "Signs of a currency or of per cent, left out,"
    mark = {_SPACES: "Spaces", _APOSTROPHES: "Apostrophes", ",": "Commas"}.get(way.thousands)
    between = f"{mark} between thousands" if mark else ""
    if way.decimal == ".":
        return between
    return f"{between} and decimal commas" if mark else "Decimal commas"


def find_numerals(columns: Iterable[pl.Series], *, decimal: bool) -> tuple[dict[str, Numerals], dict[str, str]]:
    """How each column of text writes its numbers, if it holds such, and a sample of each column where that is a guess.

    All filled cells must be numbers, or nearly all of a column of many different ones. That way counts which reads
    most of the cells. Cells such as 61,903 (one to three digits before, three behind) could be either: where nothing
    else in the column tells, they are decimals if the file has other columns with decimal commas, or if `decimal`
    says so; else thousands.
    """
    found: dict[str, Numerals] = {}
    unclear: dict[str, str] = {}
    for column in columns:
        cells = column.drop_nulls()
        bare = cells.str.extract(_AROUND, 2).drop_nulls()
        if not _enough(len(bare), len(cells), bare):
            continue
        read = {way: int(bare.str.contains(way.pattern).sum()) for way in _KNOWN}
        best = max(read, key=read.__getitem__)
        if not _enough(read[best], len(cells), bare) or (best == PLAIN and not cells.str.contains(_SIGN).any()):
            continue
        found[column.name] = best
        if best == THOUSANDS and read[DECIMAL] == read[THOUSANDS]:
            unclear[column.name] = bare.filter(bare.str.contains(_UNCLEAR))[0]
    others = (way.decimal for name, way in found.items() if name not in unclear)
    guess = DECIMAL if decimal or "," in others else THOUSANDS
    return found | dict.fromkeys(unclear, guess), unclear


def _enough(numbers: int, filled: int, cells: pl.Series) -> bool:
    if numbers == filled:
        return filled > 0
    return numbers >= MOSTLY * filled and cells.n_unique() > MANY_NUMBERS


def rewritten(column: pl.Series, way: Numerals) -> pl.Series:
    """The same numbers as programs write them; cells that are no such numbers stay."""
    bare = column.str.extract(_AROUND, 2)
    plain = bare.str.replace_all(way.thousands, "") if way.thousands else bare
    plain = column.str.extract(_AROUND, 1) + plain.str.replace(way.decimal, ".", literal=True)
    return pl.select(
        pl.when(bare.str.contains(way.pattern).fill_null(False)).then(plain).otherwise(column).alias(column.name)
    ).to_series()
