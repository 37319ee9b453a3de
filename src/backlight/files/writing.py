"""Writing in one move: a crash leaves the old file or the new one, never half of it."""

import csv
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def write(path: Path, save: Callable[[Path], object]) -> None:
    """Let `save` write to a temporary file beside `path`, then put it in place in one move."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        save(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one move."""
    write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_csv(path: Path, lines: Iterable[Iterable[Any]]) -> None:
    """Write a table in one move, its headings first; None becomes an empty cell."""

    def save(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)

    write(path, save)
