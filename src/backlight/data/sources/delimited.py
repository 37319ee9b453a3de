"""Delimited text: CSV, TSV and their kin, plain or gzipped."""

import csv
import gzip
import io
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from backlight.records import BacklightError

from ..bombs import most_bytes
from ..cells import Typed, type_columns
from ..counted import counted
from ..dataset import Dataset
from ..dialect import SEPARATOR_NAMES, Dialect, decode, head, parse, recognise_dialect
from ..numerals import meaning
from ..quotes import doubtful_quotes
from .registry import ReadOptions, read_bytes, source

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".data", ".dat")
SHOWN = 12
"""Columns that a note names."""


def is_delimited(name: str) -> bool:
    """Whether a file name is that of a delimited text, gzipped or not."""
    return name.casefold().removesuffix(".gz").endswith(SUFFIXES)


@source(
    "delimited",
    example="table.csv (.tsv, .txt; also .gz)",
    accepts=lambda given: isinstance(given, str | Path) and is_delimited(str(given)),
)
def read_delimited(path: Any, options: ReadOptions) -> Dataset:
    """A delimited file."""
    path = Path(path)
    data = read_bytes(path)
    if path.suffix.casefold() == ".gz":
        data = _unzip(data, str(path))
    return parse_delimited(data, str(path), options)


def _unzip(data: bytes, place: str) -> bytes:
    most = most_bytes(len(data))
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            unpacked = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BacklightError(f"{place} is a broken gzip file ({error}); fetch or pack it again.") from error
    if len(unpacked) > most:
        raise BacklightError(
            f"{place} would unpack from {len(data):,} to more than {most:,} bytes, as a bomb does; "
            "unpack it yourself if you trust it."
        )
    return unpacked


def parse_delimited(data: bytes, place: str, options: ReadOptions) -> Dataset:
    """The bytes of a delimited text as a dataset; `place` names it in messages."""
    text = decode(data, place)
    dialect = recognise_dialect(text.data, place, options.separator)
    columns = _names(dialect, place)
    frame = _cells(text.data, dialect, columns, place)
    quoted = doubtful_quotes(frame, dialect.separator)
    if frame.height == 0:
        raise BacklightError(f"{place} has a header ({', '.join(columns[:8])}) but no rows; add rows.")
    typed = type_columns(frame, decimal=dialect.separator == ";", known=options.numerals)
    notes = (_recognised(place, frame, text.encoding, dialect), *quoted, *_told(typed))
    return Dataset(Path(place).name, typed.frame, notes=notes, pixels=options.images, numerals=typed.numerals)


def _names(dialect: Dialect, place: str) -> list[str]:
    """Column names; nameless columns are called by their place, the same name twice is an error."""
    if not dialect.header:
        return [f"column_{i}" for i in range(1, len(dialect.first) + 1)]
    names = [name.strip() or f"column_{i}" for i, name in enumerate(dialect.first, 1)]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        places = ", ".join(str(i) for i, name in enumerate(names, 1) if name == twice)
        raise BacklightError(
            f"{place}, line 1: the column name {twice!r} stands more than once (columns {places}); "
            "give every column its own name."
        )
    return names


def _cells(data: bytes, dialect: Dialect, columns: list[str], place: str) -> pl.DataFrame:
    """All cells as text."""
    if dialect.separator == " ":
        data = "\n".join("\t".join(line.split()) for line in data.decode().splitlines()).encode()
        dialect = replace(dialect, separator="\t")
    compact = _without_blank_lines(data)
    frame = _cells_at_once(compact, dialect, columns) if _is_regular(compact, dialect.separator, len(columns)) else None
    return _cells_by_line(data, dialect, columns, place) if frame is None else frame


def _cells_at_once(data: bytes, dialect: Dialect, columns: list[str]) -> pl.DataFrame | None:
    """The fast way; None for files with stray quotes, which polars refuses."""
    try:
        return pl.read_csv(
            data,
            separator=dialect.separator,
            has_header=False,
            skip_rows=int(dialect.header),
            new_columns=columns,
            infer_schema_length=0,
            quote_char='"' if b'"' in data else None,
        )
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
    except pl.exceptions.ComputeError:
        return None


def _without_blank_lines(data: bytes) -> bytes:
    """Lines without a character are no rows. Where there are quotes, such lines may lie within them and stay."""
    if b'"' in data or not (b"\n\n" in data or b"\n\r\n" in data or data[:1] in b"\r\n"):
        return data
    return b"\n".join(line for line in data.splitlines() if line) + b"\n"


def _is_regular(data: bytes, separator: str, cells: int) -> bool:
    """Whether every line has the same number of cells, seen from the bytes: quoted ones are left out of the count.

    A byte is within quotes if an odd number of quotes stands before it; a doubled quote inside leaves that right.
    """
    raw = np.frombuffer(data, np.uint8)
    ends, cuts = np.flatnonzero(raw == ord("\n")), np.flatnonzero(raw == ord(separator))
    if b'"' in data:
        quotes = np.flatnonzero(raw == ord('"'))
        if len(quotes) % 2:
            return False
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
        cuts = cuts[np.searchsorted(quotes, cuts) % 2 == 0]
    if len(data) and not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    before = np.searchsorted(cuts, ends)
    return bool((np.diff(before, prepend=0) == cells - 1).all())


def _cells_by_line(data: bytes, dialect: Dialect, columns: list[str], place: str) -> pl.DataFrame:
    """The slow way for irregular files; names the first line that has too many or too few cells."""
    _require_usual_width(data, dialect, len(columns), place)
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=dialect.separator)
    rows: list[list[str]] = []
    start = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row) or len(row) == len(columns) > 1:
                _require_cells(row, len(columns), f"{place}, line {start}", dialect.separator)
                rows.append(row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise BacklightError(f"{place}, line {reader.line_num}: {error}; mend that line.") from error
    return pl.DataFrame(rows[int(dialect.header) :], schema=dict.fromkeys(columns, pl.String), orient="row")


def _require_usual_width(data: bytes, dialect: Dialect, wanted: int, place: str) -> None:
    """Refuse a first line that is unlike most others: where it is a title, no other line is to be mended."""
    widths = Counter(map(len, parse(head(data), dialect.separator)))
    usual, lines = widths.most_common(1)[0]
    if usual != wanted and 2 * lines > widths.total():
        raise BacklightError(
            f"{place}, first line: {counted(wanted, 'cell')} where most lines have {usual}; take it out if it is a "
            "title or a comment, else give every column a name there."
        )


def _require_cells(row: list[str], wanted: int, place: str, separator: str) -> None:
    if len(row) != wanted:
        raise BacklightError(
            f"{place}: {counted(len(row), 'cell')} where the first line has {wanted}; mend that line "
            f"(a {SEPARATOR_NAMES.get(separator, separator)} inside a cell needs quotes around the cell)."
        )


def _recognised(place: str, frame: pl.DataFrame, encoding: str, dialect: Dialect) -> str:
    header = "a header" if dialect.header else f"no header (columns are called column_1 to column_{frame.width})"
    cut = SEPARATOR_NAMES.get(dialect.separator, repr(dialect.separator))
    size = f"{counted(frame.height, 'row')}, {counted(frame.width, 'column')}"
    return f"{Path(place).name}: {size}; {encoding}, separated by {cut}, {header}."


def _told(typed: Typed) -> list[str]:
    """What marks in numbers, and words, were taken for."""
    notes = []
    for way in dict.fromkeys(typed.numerals.values()):
        names = [name for name in typed.numerals if typed.numerals[name] == way]
        guess = next((typed.guessed[name] for name in names if name in typed.guessed), None)
        doubt = f"; {guess!r} could mean either, write such numbers without commas if that is wrong"
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        columns = f"{', '.join(names[:SHOWN])}{more}{doubt if guess else ''}"
        notes.append(f"{meaning(way)} in columns {columns}.")
    if typed.markers:
        words = ", ".join(f"{marker!r} ({counted(count, 'cell')})" for marker, count in sorted(typed.markers.items()))
        notes.append(f"Taken as missing: {words}, and empty cells.")
    return notes
