"""The runs below a folder, for `backlight runs`. Reads two small files of each; needs no PyTorch."""

import json
import tomllib
from pathlib import Path
from typing import Any

from ..records.errors import BacklightError
from . import folder as files


def list_runs(parent: Path) -> list[dict[str, Any]]:
    """One row a run, newest first: run, created, source, task, target, metric, value, stopped.

    A run that was not evaluated has no metric. A folder that cannot be read is left out.

    Raises:
        BacklightError: there is no such folder, unless it is the default one, which may not have been made yet.

    """
    if not parent.is_dir():
        if parent == files.RUNS:
            return []
        raise BacklightError(f"There is no folder {parent}; name the folder that holds the runs.")
    rows = [_row(path.parent) for path in parent.glob(f"*/{files.RUN}")]
    return sorted((row for row in rows if row), key=lambda row: (row["created"], row["run"]), reverse=True)


def _row(folder: Path) -> dict[str, Any] | None:
    try:
        facts = tomllib.loads((folder / files.RUN).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    data, evaluation = facts.get("data") or {}, _evaluation(folder)
    name = "r2" if data.get("task") == "regression" else "accuracy"
    metric = (evaluation.get("metrics") or {}).get(name)
    return {
        "run": str(folder),
        "created": str(facts.get("created", "")),
        "source": data.get("source"),
        "task": data.get("task"),
        "target": data.get("target"),
        "metric": name if metric else None,
        "value": metric["value"] if metric else None,
        "stopped": evaluation.get("stopped", "not finished"),
    }


def _evaluation(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / files.EVALUATION).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
