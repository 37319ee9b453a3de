"""How a delimited file is written: encoding, separator, header."""

import codecs
import csv
import io
import itertools
from collections import Counter
from dataclasses import dataclass

from backlight.records import BacklightError

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", " ": "spaces"}
SAMPLE_LINES = 200
"""Lines at the head of the file from which separator and header are recognised."""
SAMPLE_BYTES = 1 << 20
"""Where the head ends at the latest, but for the line that stands there."""


@dataclass(frozen=True)
class Text:
    """The bytes of a file as UTF-8, and how they were written."""

    data: bytes
    encoding: str


def decode(data: bytes, place: str) -> Text:
    """UTF-8 bytes of a text file in UTF-8, UTF-16 or Windows-1252 (Latin-1); a byte order mark is taken off."""
    if data.startswith(codecs.BOM_UTF8):
        return Text(_utf8(data[3:], "utf-8", place), "UTF-8 with byte order mark")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Text(_utf8(data, "utf-16", place), "UTF-16")
    if b"\0" in data[:4096]:
        raise BacklightError(
            f"{place} is not a text file (it holds zero bytes); give a CSV, Parquet, image or .npz file."
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _western(data)
    return Text(data if b"\n" in data else data.replace(b"\r", b"\n"), "UTF-8")


def _utf8(data: bytes, encoding: str, place: str) -> bytes:
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as error:
        raise BacklightError(
            f"{place} starts as {encoding.upper()} but byte {error.start} does not fit; save it again as UTF-8."
        ) from error


def _western(data: bytes) -> Text:
    """Windows-1252 where its five undefined bytes are absent, else Latin-1, which every byte sequence fits."""
    try:
        return Text(data.decode("cp1252").encode("utf-8"), "Windows-1252")
    except UnicodeDecodeError:
        return Text(data.decode("latin-1").encode("utf-8"), "Latin-1")


@dataclass(frozen=True)
class Dialect:
    """How the cells of a file are laid out."""

    separator: str
    """One character; a space stands for any run of spaces and tabs."""
    header: bool
    """Whether the first row names the columns."""
    first: list[str]
    """Cells of the first row."""


def recognise_dialect(data: bytes, place: str, separator: str | None = None) -> Dialect:
    """Separator (unless given, by character or name) and header, from the head of the file."""
    lines = head(data)
    if not lines:
        raise BacklightError(f"{place} is empty; give a file with a header and rows.")
    characters = {name: character for character, name in SEPARATOR_NAMES.items()}
    separator = find_separator(lines) if separator is None else characters.get(separator, separator)
    if len(separator) != 1:
        raise BacklightError(f"{separator!r} is no separator; give one character or one of {', '.join(characters)}.")
    rows = parse(lines, separator)
    if not rows:
        raise BacklightError(
            f"{place}: a cell goes on for {csv.field_size_limit():,} characters; is a quote not closed?"
        )
    return Dialect(separator, has_header(rows), rows[0])


def head(data: bytes, lines: int = SAMPLE_LINES) -> list[str]:
    """The first lines that are not blank."""
    end = data.find(b"\n", SAMPLE_BYTES)
    stream = io.StringIO(data[: end if end >= 0 else None].decode("utf-8"), newline="")
    return list(itertools.islice((line for line in stream if line.strip()), lines))


def find_separator(lines: list[str]) -> str:
    """The separator that cuts most lines into one same number of cells; comma for a single column.

    The share of lines that agree decides, then the number of cells. Runs of spaces count as a separator only where
    no other one cuts the lines.
    """
    scores = {separator: _agreement(parse(lines, separator)) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda separator: scores[separator])
    if scores[best] > (0.0, 0):
        return best
    return " " if _agreement(parse(lines, " "))[0] == 1 else ","


def parse(lines: list[str], separator: str) -> list[list[str]]:
    """Cells of the lines; nothing where a quote is opened and not closed for very long."""
    if separator == " ":
        return [line.split() for line in lines]
    try:
        return [row for row in csv.reader(lines, delimiter=separator) if row]
    except csv.Error:
        return []


def _agreement(rows: list[list[str]]) -> tuple[float, int]:
    """Share of rows with the most common number of cells, and that number; nothing for a single cell."""
    if not rows:
        return 0.0, 0
    cells, count = Counter(map(len, rows)).most_common(1)[0]
    return (count / len(rows), cells) if cells > 1 else (0.0, 0)


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns.

    It does not if it holds a number above a column of numbers (unless its numbers simply count the columns), or if
    most of its cells come again further down in their own column.
    """
    first, body = rows[0], rows[1:]
    if not body or _counts_columns(first):
        return True
    columns = [[row[i] for row in body if i < len(row)] for i in range(len(first))]
    if any(_is_number(name) and _mostly_numbers(column) for name, column in zip(first, columns, strict=True)):
        return False
    again = sum(name.strip() != "" and name in column for name, column in zip(first, columns, strict=True))
    return again * 2 <= len(first)


def _counts_columns(names: list[str]) -> bool:
    """0, 1, 2, … as pandas writes for nameless columns, possibly beside other names."""
    digits = [int(name) for name in names if name.strip().isdecimal()]
    return len(digits) > 1 and digits == list(range(digits[0], digits[0] + len(digits))) and digits[0] in (0, 1)


def _mostly_numbers(column: list[str]) -> bool:
    return sum(map(_is_number, column)) * 2 > len(column)


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return cell.strip().casefold() not in ("nan", "inf", "-inf", "infinity")
