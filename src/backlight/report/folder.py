"""What a run folder holds, read once. A file that is missing leaves its part of the report out."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from ..files import FACTS, HISTORY, parse_json, read_history
from ..records import BacklightError, Epoch

T = TypeVar("T")


@dataclass(frozen=True)
class RunFolder:
    """The files of one run, as plain values; empty where a file is missing."""

    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    """run.toml."""
    history: tuple[Epoch, ...] = ()
    evaluation: dict[str, Any] = field(default_factory=dict)
    findings: tuple[dict[str, Any], ...] | None = None
    """Ranked; None where the run was not diagnosed."""
    considered: tuple[dict[str, Any], ...] = ()
    signals: pl.DataFrame | None = None
    walk: dict[str, Any] = field(default_factory=dict)
    """The way of one example; walk.json."""
    ensemble: dict[str, Any] = field(default_factory=dict)
    """The members that were trained; ensemble.json. Empty for a single network."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the doctor was told besides signals; facts.json."""
    proof: dict[str, Any] = field(default_factory=dict)
    """Which treatments were tried, and why others were not; proof.json."""

    @property
    def task(self) -> dict[str, Any]:
        """kind, target, classes and reason; empty for a run without an evaluation."""
        return self.evaluation.get("task") or {}

    @property
    def classes(self) -> list[Any]:
        """The user's own class labels."""
        return list(self.task.get("classes") or [])


def read_folder(path: Path) -> RunFolder:
    """Read every file that the report is made of.

    Raises BacklightError where the folder does not exist or a file in it cannot be read.
    """
    if not path.is_dir():
        raise BacklightError(f"there is no run folder {path}: give the folder that `backlight train` wrote")
    findings = _read(path / "findings.json", _objects)
    return RunFolder(
        path=path,
        settings=_read(path / "run.toml", lambda file: tomllib.loads(file.read_text(encoding="utf-8"))) or {},
        history=read_history(path / HISTORY) if (path / HISTORY).is_file() else (),
        evaluation=_read(path / "evaluation.json", parse_json) or {},
        findings=None if findings is None else tuple(findings),
        considered=tuple(_read(path / "considered.json", _objects) or ()),
        signals=_read(path / "signals.parquet", pl.read_parquet),
        walk=_read(path / "walk.json", parse_json) or {},
        ensemble=_read(path / "ensemble.json", parse_json) or {},
        facts=_read(path / FACTS, parse_json) or {},
        proof=_read(path / "proof.json", parse_json) or {},
    )


def _read(file: Path, read: Callable[[Path], T]) -> T | None:
    if not file.is_file():
        return None
    try:
        return read(file)
    except (ValueError, KeyError, pl.exceptions.PolarsError) as error:
        raise BacklightError(f"{file} is damaged ({error}): delete it to make the report without it") from error


def _objects(file: Path) -> list[dict[str, Any]]:
    return parse_json(file, list)
