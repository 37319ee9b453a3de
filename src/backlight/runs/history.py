"""history.csv: one line for each split at the end of each epoch, written while training goes on."""

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

import polars as pl

from ..records import BacklightError, Epoch
from ..training import Observer
from . import folder

_COLUMNS = tuple(field.name for field in fields(Epoch))


class HistoryFile(Observer):
    """Adds the rows of every epoch to the file, so that a run that was killed shows how far it came."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_start(self, **_: Any) -> None:
        """Begin the file; what an earlier part of the run wrote stays until `save_history` sets it straight."""
        if not self.path.exists():
            self._add([_COLUMNS])

    def on_epoch(self, rows: tuple[Epoch, ...], **_: Any) -> None:
        """Add the rows."""
        self._add([astuple(row) for row in rows])

    def _add(self, lines: Sequence[Sequence[Any]]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows(lines)


def save_history(path: Path, history: Sequence[Epoch]) -> None:
    """Write the whole history in one move."""

    def save(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *map(astuple, history)])

    folder.write(path, save)


def load_history(path: Path) -> tuple[Epoch, ...]:
    """The rows of a history.csv.

    Raises:
        BacklightError: the file is missing or broken.

    """
    types = {name: pl.Float64() for name in _COLUMNS} | {"step": pl.Int64(), "split": pl.String()}
    try:
        return tuple(Epoch(**row) for row in pl.read_csv(path, schema_overrides=types).to_dicts())
    except FileNotFoundError as error:
        raise BacklightError(f"The run folder {path.parent} has no {path.name}; training has not begun.") from error
    except (OSError, TypeError, pl.exceptions.PolarsError) as error:
        raise BacklightError(f"{path} cannot be read ({error}); the run folder is damaged.") from error
