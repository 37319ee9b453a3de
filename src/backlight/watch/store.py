"""The run folder of a watched loop: the files that a report is made from."""

import csv
import json
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..doctor import Diagnosis, RunFacts
from ..records import Epoch


def save_run(folder: Path, facts: RunFacts, diagnosis: Diagnosis, *, history: bool = True) -> Path:
    """Write signals.parquet, findings.json and considered.json, and history.csv unless the run keeps its own."""
    folder.mkdir(parents=True, exist_ok=True)
    if history:
        _write_history(folder, facts)
    columns = {"step": pl.Int64, "layer": pl.String, "signal": pl.String, "value": pl.Float64}
    signals = [(row.step, row.layer, row.signal, row.value) for row in facts.signals]
    pl.DataFrame(signals, schema=columns, orient="row").write_parquet(folder / "signals.parquet")
    _write_json(folder / "findings.json", [asdict(finding) for finding in diagnosis.findings])
    _write_json(folder / "considered.json", [asdict(considered) for considered in diagnosis.considered])
    return folder


def _write_history(folder: Path, facts: RunFacts) -> None:
    with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([field.name for field in fields(Epoch)])
        rows.writerows(["" if value is None else value for value in astuple(epoch)] for epoch in facts.history)


def _write_json(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps(_plain(rows), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _plain(value: Any) -> Any:
    """JSON knows no infinity, no not-a-number and no NumPy: the first two become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
