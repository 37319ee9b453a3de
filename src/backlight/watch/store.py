"""The run folder of a watched loop: the files that a report is made from."""

import csv
import json
from dataclasses import asdict, astuple, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ..doctor import Diagnosis, RunFacts, from_plain, to_plain
from ..records import BacklightError, Epoch, Signal
from ..signals import SignalTable

FACTS = "facts.json"
SIGNALS = "signals.parquet"
LOSS = "loss"


def save_run(folder: Path, facts: RunFacts, diagnosis: Diagnosis, *, history: bool = True) -> Path:
    """Write facts.json, signals.parquet, findings.json and considered.json, and history.csv unless it is kept already.

    The training loss of every step is the signal `loss` of the whole network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if history:
        _write_history(folder, facts)
    columns = {"step": pl.Int64, "layer": pl.String, "signal": pl.String, "value": pl.Float64}
    signals = [(row.step, row.layer, row.signal, row.value) for row in facts.signals]
    signals += [(step, "", LOSS, loss) for step, loss in enumerate(facts.losses)]
    pl.DataFrame(signals, schema=columns, orient="row").write_parquet(folder / SIGNALS)
    _write_json(folder / FACTS, to_plain(facts))
    _write_json(folder / "findings.json", [asdict(finding) for finding in diagnosis.findings])
    _write_json(folder / "considered.json", [asdict(considered) for considered in diagnosis.considered])
    return folder


def read_facts(folder: Path) -> RunFacts | None:
    """The facts that `save_run` wrote; None where there are none.

    Raises:
        BacklightError: a file is damaged.

    """
    if not (folder / FACTS).is_file():
        return None
    try:
        values = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        rows = pl.read_parquet(folder / SIGNALS)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise BacklightError(f"The facts in {folder} cannot be read ({error}); train the run again.") from error
    is_loss = (pl.col("signal") == LOSS) & (pl.col("layer") == "")
    table = SignalTable()
    for row in rows.filter(~is_loss).iter_rows():
        table.add(Signal(*row))
    return from_plain(values, signals=table, losses=tuple(rows.filter(is_loss)["value"].to_list()))


def _write_history(folder: Path, facts: RunFacts) -> None:
    with (folder / "history.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([field.name for field in fields(Epoch)])
        rows.writerows(["" if value is None else value for value in astuple(epoch)] for epoch in facts.history)


def _write_json(path: Path, rows: Any) -> None:
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
