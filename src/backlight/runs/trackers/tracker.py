"""What every tracker is told, and what it finds in the run folder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from ...records import Epoch
from ...report.folder import RunFolder
from ...training import Observer


class Tracker(Observer):
    """Looks on while a run trains and writes it down elsewhere; a replayed run tells it the same."""

    tell: Callable[[str], object] | None = None
    """Where it says something to the user."""

    @property
    def place(self) -> str:
        """Where the run can be found, once it has begun."""
        raise NotImplementedError

    def on_folder(self, folder: Path, **_: Any) -> None:
        """The run begins: its folder with run.toml is there."""

    def on_finished(self, folder: Path, **_: Any) -> None:
        """The run is scored and its folder complete."""

    def fail(self) -> None:
        """The run ended with an error or was interrupted before its scores were known."""


_NO_SETTINGS = {"format", "created", "name"}


def flat_settings(run: RunFolder) -> dict[str, str | int | float | bool]:
    """Every setting of run.toml by its dotted name: training.learning_rate, seed, versions.torch, …"""
    found: dict[str, str | int | float | bool] = {}

    def walk(values: dict[str, Any], before: str) -> None:
        for name, value in values.items():
            if isinstance(value, dict):
                walk(value, f"{before}{name}.")
            elif before + name not in _NO_SETTINGS and value not in ([], ""):
                found[before + name] = value if isinstance(value, str | int | float | bool) else str(value)

    walk(run.settings, "")
    return found


def held_out(run: RunFolder) -> dict[str, float]:
    """Scores on the held-out rows by name."""
    return {name: float(metric["value"]) for name, metric in (run.evaluation.get("metrics") or {}).items()}


def numbers(rows: tuple[Epoch, ...]) -> dict[str, float]:
    """The numbers of one moment by their names: loss/train, accuracy/validation, learning_rate, epoch, …"""
    found: dict[str, float] = {}
    for row in rows:
        score = ("error", row.error) if row.accuracy is None else ("accuracy", row.accuracy)
        for name, value in (("loss", row.loss), score):
            if value is not None and not math.isnan(value):
                found[f"{name}/{row.split}"] = value
    return found | {"learning_rate": rows[-1].learning_rate, "epoch": rows[-1].epoch}


def began(run: RunFolder) -> float:
    """When training began, in seconds since 1970: what run.toml says, else from the age of history.csv."""
    created = run.settings.get("created")
    if created:
        return datetime.fromisoformat(str(created)).timestamp()
    history = run.path / "history.csv"
    return (history.stat().st_mtime if history.exists() else time.time()) - (
        run.history[-1].seconds if run.history else 0
    )
