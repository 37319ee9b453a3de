"""Printing: one JSON object on stdout, sentences on stderr, and the tables a person reads."""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.text import Text


def print_json(value: Mapping[str, Any]) -> None:
    """One JSON object on stdout."""
    from ..files import to_json_text

    sys.stdout.write(to_json_text(value))


def say(text: str) -> None:
    """One line for the user that is no result: it goes to stderr."""
    sys.stderr.write(f"{text}\n")


def say_all(notes: Iterable[str]) -> None:
    """What was noticed while reading, a line each."""
    for note in notes:
        say(note)


def print_text(text: str) -> None:
    """One line of the result, on stdout."""
    sys.stdout.write(f"{text}\n")


def text_width() -> int:
    """Characters of a line: those of the terminal up to 120; 80 where the output goes elsewhere."""
    return min(120, shutil.get_terminal_size().columns) if sys.stdout.isatty() else 80


def table_width() -> int:
    """Characters of a row of a table: those of the terminal; 160 where the output goes elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 160


def print_wrapped(text: str, *, indent: int = 0, hang: int = 0) -> None:
    """A paragraph of the result, broken at the width of the terminal; `hang` indents all lines but the first."""
    before = " " * indent
    print_text(textwrap.fill(text, text_width(), initial_indent=before, subsequent_indent=before + " " * hang))


def print_lines(lines: "Iterable[Text]") -> None:
    """Lines with styles on stdout; without colour where it is no terminal. What it cannot encode becomes `*`."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, width=200, soft_wrap=True)
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        try:
            line.plain.encode(encoding)
        except UnicodeEncodeError:
            line.plain = line.plain.encode(encoding, "replace").decode(encoding).replace("?", "*")
        console.print(line)


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[int] = (),
    whole: Sequence[int] = (),
    most: int | None = None,
) -> None:
    """A table on stdout, without borders; a cell may have a style.

    The columns numbered in `right` are flush right; the cells of those in `whole` stay on one line. Rows are
    as wide as the terminal, or `most`, at most; longer cells are broken.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for number, heading in enumerate(headings):
        justify: Literal["right", "left"] = "right" if number in right else "left"
        least = max(map(len, heading.split()), default=0)
        table.add_column(heading, justify=justify, overflow="fold", no_wrap=number in whole, min_width=least)
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else "" if cell is None else str(cell) for cell in row))
    console = Console(file=sys.stdout, highlight=False, markup=False)
    console.width = table_width() if most is None else min(most, table_width())
    console.print(table)


def print_scores(evaluation: Mapping[str, Any], title: str = "held-out rows") -> None:
    """The scores with their 95 % intervals beside those of the constant and of the linear model."""
    baseline, linear = evaluation.get("baseline") or {}, evaluation.get("linear") or {}
    rows = [
        (
            name.replace("_", " "),
            number(metric["value"]),
            f"[{number(metric['low'])}, {number(metric['high'])}]",
            number(linear.get(name)),
            number(baseline.get(name)),
        )
        for name, metric in evaluation["metrics"].items()
    ]
    print_table((title, "network", "95 % interval", "linear model", "constant"), rows, right=(1, 2, 3, 4))


def number(value: float | None) -> str:
    """Four digits that matter, or a dash; whole from 1,000 on."""
    if value is None:
        return "–"
    if abs(value) < 10:
        return f"{value:.4f}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.4g}"


def shape(sizes: Sequence[int]) -> str:
    """A shape as 3×32×32; a dash where it is not known."""
    return "×".join(map(str, sizes)) or "–"
