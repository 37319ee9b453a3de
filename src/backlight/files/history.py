"""history.csv: one line for each split at the end of each epoch, and for a few batches within it."""

import csv
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from ..records import BacklightError, Epoch
from .writing import write_csv

EPOCH_COLUMNS = tuple(field.name for field in fields(Epoch))


def begin_history(path: Path) -> None:
    """Write the headings, unless an earlier part of the run has; then cut off a line that it did not end."""
    if not path.exists() or b"\n" not in path.read_bytes():
        save_history(path, ())
        return
    with path.open("rb+") as file:
        file.truncate(file.read().rfind(b"\n") + 1)


def add_epochs(path: Path, rows: Iterable[Epoch]) -> None:
    """Add lines to a history that was begun."""
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(map(astuple, rows))


def save_history(path: Path, rows: Iterable[Epoch]) -> None:
    """Write a whole history in one move."""
    write_csv(path, [EPOCH_COLUMNS, *map(astuple, rows)])


def read_history(path: Path, of: Callable[[dict[str, str]], bool] = bool) -> tuple[Epoch, ...]:
    """The rows of a history.csv, or those that `of` accepts; a last line that has no end is left out.

    Such a line is being written, or was when the program was killed. Further columns, such as the trial of a sweep, are
    passed over.

    Raises:
        BacklightError: the file is missing or broken.

    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            whole = (line for line in file if line.endswith("\n"))
            return tuple(_epoch(row) for row in csv.DictReader(whole) if row["split"] and of(row))
    except FileNotFoundError as error:
        raise BacklightError(f"The run folder {path.parent} has no {path.name}; training has not begun.") from error
    except (OSError, ValueError, KeyError) as error:
        raise BacklightError(f"{path} is damaged ({error}); delete it to go on without the curves.") from error


def _epoch(row: dict[str, str]) -> Epoch:
    return Epoch(
        epoch=float(row["epoch"]),
        step=int(float(row["step"] or 0)),
        split=row["split"],
        loss=_number(row["loss"], float("nan")),
        accuracy=_number(row["accuracy"], None),
        error=_number(row["error"], None),
        learning_rate=_number(row["learning_rate"], 0.0),
        seconds=_number(row["seconds"], 0.0),
    )


def _number(text: str | None, missing: Any) -> Any:
    return float(text) if text else missing
