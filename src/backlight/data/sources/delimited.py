"""Delimited text: CSV, TSV and their kin, plain or gzipped."""

import csv
import gzip
import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from backlight.records import BacklightError

from ..cells import type_columns
from ..dataset import Dataset
from ..dialect import SEPARATOR_NAMES, decode, find_separator, has_header, head, parse
from .registry import ReadOptions, source

SUFFIXES = (".csv", ".tsv", ".txt", ".tab", ".data", ".dat")
LARGEST = 16 << 30
"""Bytes that an unpacked text may have; more is taken for a bomb."""


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
    if path.is_dir():
        raise BacklightError(f"{path} is a folder, not a table; give a file.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BacklightError(f"{path} cannot be read: {error.strerror}.") from error
    if path.suffix.casefold() == ".gz":
        data = _unzip(data, str(path))
    return parse_delimited(data, str(path), options)


def _unzip(data: bytes, place: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            unpacked = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BacklightError(f"{place} is a broken gzip file ({error}); fetch or pack it again.") from error
    if len(unpacked) > LARGEST:
        raise BacklightError(f"{place} unpacks to more than {LARGEST >> 30} GiB; unpack it yourself if you trust it.")
    return unpacked


def parse_delimited(data: bytes, place: str, options: ReadOptions) -> Dataset:
    """The bytes of a delimited text as a dataset; `place` names it in messages."""
    text = decode(data, place)
    lines = head(text.data)
    if not lines:
        raise BacklightError(f"{place} is empty; give a file with a header and rows.")
    separator = options.separator or find_separator(lines)
    sample = [line.split() for line in lines] if separator == " " else parse(lines, separator)
    named = has_header(sample)
    columns = _names(sample[0], named, place)
    frame = _cells(text.data, separator, named, columns, place)
    if frame.height == 0:
        raise BacklightError(f"{place} has a header ({', '.join(columns[:8])}) but no rows; add rows.")
    typed = type_columns(frame, decimal_comma=separator != ",")
    notes = _recognised(place, frame, text.encoding, separator, named, typed.markers)
    return Dataset(Path(place).name, typed.frame, notes=notes, pixels=options.images)


def _names(first: list[str], named: bool, place: str) -> list[str]:
    """Column names; nameless columns are called by their place, twice the same name is an error."""
    if not named:
        return [f"column_{i}" for i in range(1, len(first) + 1)]
    names = [name.strip() or f"column_{i}" for i, name in enumerate(first, 1)]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        where = [i for i, name in enumerate(names, 1) if name == twice[0]]
        raise BacklightError(
            f"{place}, line 1: the column name {twice[0]!r} stands {len(where)} times "
            f"(columns {', '.join(map(str, where))}); give every column its own name."
        )
    return names


def _cells(data: bytes, separator: str, named: bool, columns: list[str], place: str) -> pl.DataFrame:
    """All cells as text."""
    if separator == " ":
        data = "\n".join("\t".join(line.split()) for line in data.decode().splitlines()).encode()
        separator = "\t"
    data = _without_blank_lines(data)
    if _is_regular(data, separator, len(columns)):
        try:
            return pl.read_csv(
                data,
                separator=separator,
                has_header=False,
                skip_lines=0,
                skip_rows=int(named),
                new_columns=columns,
                infer_schema_length=0,
                quote_char='"' if b'"' in data else None,
            )
        except pl.exceptions.NoDataError:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.String))
        except pl.exceptions.ComputeError:
            pass  # stray quotes, which the csv module reads
    return _cells_one_by_one(data, separator, named, columns, place)


def _without_blank_lines(data: bytes) -> bytes:
    """Lines without a character are no rows; those within quotes cannot be told here and keep the data as it is."""
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


def _cells_one_by_one(data: bytes, separator: str, named: bool, columns: list[str], place: str) -> pl.DataFrame:
    """The slow way for files with stray quotes; names the first line that has too many or too few cells."""
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=separator)
    rows: list[list[str]] = []
    start = 1
    try:
        for row in reader:
            if row and len(row) != len(columns):
                raise BacklightError(
                    f"{place}, line {start}: {len(row)} cells where the first line has {len(columns)}; "
                    f"mend that line (a {SEPARATOR_NAMES.get(separator, separator)} inside a cell needs quotes)."
                )
            if row:
                rows.append(row)
            start = reader.line_num + 1
    except csv.Error as error:
        raise BacklightError(f"{place}, line {reader.line_num}: {error}; mend that line.") from error
    return pl.DataFrame(rows[int(named) :], schema=dict.fromkeys(columns, pl.String), orient="row")


def _recognised(
    place: str, frame: pl.DataFrame, encoding: str, separator: str, named: bool, markers: dict[str, int]
) -> tuple[str, ...]:
    header = "a header" if named else f"no header (columns are called column_1 to column_{frame.width})"
    cut = SEPARATOR_NAMES.get(separator, repr(separator))
    notes = [f"{Path(place).name}: {frame.height:,} rows, {frame.width} columns; {encoding}, cut by {cut}, {header}."]
    if markers:
        counted = ", ".join(f"{marker!r} ({count:,} cells)" for marker, count in sorted(markers.items()))
        notes.append(f"Taken as missing: {counted}, and empty cells.")
    return tuple(notes)
