"""The runs below folders, for `backlight runs`. Reads two small files of each; needs no PyTorch."""

import json
import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from .. import files
from ..records.config import Config
from ..records.errors import BacklightError

Row = dict[str, Any]

WATCHED = "watched loop"
UNFINISHED = "not finished"
"""Why there is no evaluation."""
_NO_SETTINGS = {"format", "created", "name", "versions", "diagnose", "treat"}
"""Keys of run.toml that tell nothing about how the network was trained. A treated run holds the treated settings."""
_ONE_SET = ("data.source", "data.target", "data.task")
"""Runs that agree in these are listed together: only their scores can be held against each other."""
_HIGHER = {"accuracy", "probability_of_right_class", "roc_auc", "r2"}
"""Scores of which more is better; of all others less."""


@dataclass(frozen=True)
class Group:
    """Runs on the same data, and where their settings differ."""

    source: str | None
    target: str | None
    task: str | None
    runs: list[Row]
    differ: list[str]
    """Settings that differ between the runs, as `section.name`, in the order of run.toml."""
    same: dict[str, Any]
    """Settings that all of them share."""

    @property
    def title(self) -> str:
        """Of which data the runs are."""
        if all(run["stopped"] == WATCHED for run in self.runs):
            return "Watched loops"
        target = "" if self.target is None else f": {self.target}"
        return f"{self.source or 'Data passed in Python'}{target}{'' if self.task is None else f' ({self.task})'}"

    @property
    def metrics(self) -> list[str]:
        """The scores that any of them has, in the order of evaluation.json."""
        return list(dict.fromkeys(name for run in self.runs for name in run["metrics"]))

    def best(self, name: str) -> Row | None:
        """The run with the best value of a score; where several have it, the one with the lower loss."""
        known = [run for run in self.runs if _value(run, name) is not None]
        return min(known, key=lambda run: (_rank(run, name), _rank(run, "log_loss")), default=None)

    def unusual(self, run: Row, setting: str) -> bool:
        """Whether a run has another value than most; none is unusual where no value is found more often than others."""
        values = [_hashable(one["settings"].get(setting)) for one in self.runs]
        counts = sorted((values.count(value) for value in set(values)), reverse=True)
        mine = values.count(_hashable(run["settings"].get(setting)))
        return len(counts) > 1 and counts[0] > counts[1] and mine < counts[0]

    def chosen(self) -> dict[str, Any]:
        """Of the shared settings those that are no default of every run."""
        defaults = _defaults()
        return {name: value for name, value in self.same.items() if value != defaults.get(name)}

    def indistinct(self, name: str) -> list[Row]:
        """Runs whose score lies within the 95 % interval of the best one."""
        best = self.best(name)
        if best is None:
            return []
        low, high = (best["metrics"][name].get(end) for end in ("low", "high"))
        others = [run for run in self.runs if run is not best and _value(run, name) is not None]
        if not isinstance(low, int | float) or not isinstance(high, int | float):
            return []
        return [run for run in others if low <= run["metrics"][name]["value"] <= high]


def find_runs(parents: Sequence[Path], *, sort: str | None = None) -> list[Row]:
    """One row a run, at any depth below the folders.

    Keys: run, created, source, task, target, settings {section.name: value}, metrics {name: {value, low, high}},
    metric and value (the leading one), epochs, best_epoch, seconds, stopped, findings {severity: number}, without those
    that a treatment took away.
    Newest first, or best first by a score (`score`: the leading one of each), or in the order of a setting or of
    another key.

    Raises:
        BacklightError: there is no such folder (unless it is the default one, which may not have been made yet), or
            nothing that runs could be sorted by has that name.

    """
    folders = [folder for parent in parents for folder in _folders(parent)]
    rows = [row for row in map(_row, dict.fromkeys(folders)) if row]
    rows.sort(key=lambda row: (row["created"], row["run"]), reverse=True)
    return rows if sort is None or not rows else _sorted(rows, sort)


def _folders(parent: Path) -> Iterator[Path]:
    """Run folders below `parent`, itself included; what lies within a run belongs to it."""
    if not parent.is_dir():
        if parent == files.RUNS:
            return
        raise BacklightError(f"There is no folder {parent}; name the folder that holds the runs.")
    for place, below, names in os.walk(parent):
        below[:] = sorted(name for name in below if not name.startswith("."))
        if files.RUN in names or {files.FINDINGS, files.HISTORY} <= set(names):
            below.clear()
            yield Path(place)


def _row(folder: Path) -> Row | None:
    facts = _facts(folder)
    if facts is None:
        return None
    evaluation = _parsed(folder / files.EVALUATION, dict) or {}
    settings = _defaults() | _settings(facts) if facts else {}
    metrics = evaluation.get("metrics") or {}
    leading = "r2" if settings.get("data.task") == "regression" else "accuracy"
    findings = [one.get("severity") for one in _parsed(folder / files.FINDINGS, list) or [] if not _treated(one)]
    return {
        "run": str(folder),
        "created": str(facts["created"]) if "created" in facts else _written(folder),
        "source": settings.get("data.source"),
        "task": settings.get("data.task"),
        "target": settings.get("data.target"),
        "metric": leading if leading in metrics else None,
        "value": metrics[leading]["value"] if leading in metrics else None,
        "metrics": metrics,
        "epochs": evaluation.get("epochs"),
        "best_epoch": evaluation.get("best_epoch"),
        "seconds": evaluation.get("seconds"),
        "stopped": evaluation.get("stopped", UNFINISHED if facts else WATCHED),
        "findings": {severity: findings.count(severity) for severity in dict.fromkeys(findings)},
        "settings": settings,
    }


def _treated(finding: Row) -> bool:
    """Whether it is of the network as it was before a treatment that was kept."""
    return bool((finding.get("verdict") or {}).get("kept"))


def _written(folder: Path) -> str:
    """When a watched loop ended: the time of its findings."""
    path = folder / files.FINDINGS
    moment = path.stat().st_mtime if path.exists() else folder.stat().st_mtime
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")


def _facts(folder: Path) -> dict[str, Any] | None:
    """run.toml; empty for a watched loop, which has none; None where it cannot be read."""
    path = folder / files.RUN
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _settings(facts: dict[str, Any]) -> dict[str, Any]:
    """section.name → value, without what tells nothing about the training."""
    return dict(_flat({key: value for key, value in facts.items() if key not in _NO_SETTINGS}))


@cache
def _defaults() -> dict[str, Any]:
    """What a run.toml leaves open that was written before a setting existed."""
    return _settings(Config().model_dump(mode="json", exclude_none=True))


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _parsed(path: Path, kind: type[dict[str, Any]] | type[list[Any]]) -> Any:
    try:
        return files.parse_json(path, kind)
    except (OSError, ValueError):
        return None


def groups(rows: Sequence[Row]) -> list[Group]:
    """The runs by data, target and task, in the order of the first of each."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row["settings"].get(name) for name in _ONE_SET), []).append(row)
    return [_group(key, part) for key, part in found.items()]


def _group(key: tuple[Any, ...], rows: list[Row]) -> Group:
    names = dict.fromkeys(name for row in rows for name in row["settings"] if name not in _ONE_SET)
    values = {name: {_hashable(row["settings"].get(name)) for row in rows} for name in names}
    differ = [name for name in names if len(values[name]) > 1]
    differ.sort(key=lambda name: not name.startswith(("network", "custom")))  # the network first
    same = {name: rows[0]["settings"][name] for name in names if len(values[name]) == 1}
    source, target, task = key
    return Group(source, target, task, rows, differ, same)


def _hashable(value: Any) -> Any:
    """Something equal for equal settings: lists and tables have no hash."""
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, list | dict) else value


def _sorted(rows: list[Row], name: str) -> list[Row]:
    """Best first by a score, else in ascending order; what lacks it comes last."""
    name = name.replace("-", "_")
    if name == "created":
        return rows
    if name == "score":
        return sorted(rows, key=lambda row: _rank(row, row["metric"]))
    scores = {metric for row in rows for metric in row["metrics"]}
    if name in scores:
        return sorted(rows, key=lambda row: _rank(row, name))
    own = ("run", "source", "target", "epochs", "best_epoch", "seconds", "stopped")
    settings = list(dict.fromkeys(setting for row in rows for setting in row["settings"]))
    named = next((one for one in settings if name in (one, one.rpartition(".")[2])), None)
    if name not in own and named is None:
        known = ["score", "created", *sorted(scores), *own, *(one.rpartition(".")[2] for one in settings)]
        raise BacklightError(f"Runs cannot be sorted by {name!r}; choose one of {', '.join(dict.fromkeys(known))}.")
    if name in own:
        return sorted(rows, key=lambda row: _ordered(row[name]))
    return sorted(rows, key=lambda row: _ordered(row["settings"].get(named)))


def _value(row: Row, name: str | None) -> float | None:
    """A score; None where it was not measured or is no finite number, which is text in evaluation.json."""
    value = (row["metrics"].get(name) or {}).get("value")
    return value if isinstance(value, int | float) else None


def _rank(row: Row, name: str | None) -> tuple[bool, float]:
    value = _value(row, name)
    return value is None, 0.0 if value is None else -value if name in _HIGHER else value


def _ordered(value: Any) -> tuple[int, Any]:
    """Numbers, then text, then what is missing: values of several kinds can be sorted, too."""
    if value is None:
        return 2, ""
    return (0, value) if isinstance(value, int | float) else (1, str(value))
