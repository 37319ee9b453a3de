"""The run folder of a watched loop: the files that a report is made from."""

from pathlib import Path

import polars as pl

from ..doctor import Diagnosis, RunFacts, from_plain, to_plain
from ..files import CONSIDERED, FACTS, FINDINGS, HISTORY, SIGNALS, parse_json, save_history, write_json
from ..records import BacklightError, Signal
from ..signals import SignalTable

LOSS = "loss"


def save_run(folder: Path, facts: RunFacts, diagnosis: Diagnosis, *, history: bool = True) -> Path:
    """Write facts.json, signals.parquet, findings.json and considered.json, and history.csv unless it is kept already.

    The training loss of every step is the signal `loss` of the whole network.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if history:
        save_history(folder / HISTORY, facts.history)
    columns = {"step": pl.Int64, "layer": pl.String, "signal": pl.String, "value": pl.Float64}
    signals = [(row.step, row.layer, row.signal, row.value) for row in facts.signals]
    signals += [(step, "", LOSS, loss) for step, loss in enumerate(facts.losses)]
    pl.DataFrame(signals, schema=columns, orient="row").write_parquet(folder / SIGNALS)
    write_json(folder / FACTS, to_plain(facts))
    write_json(folder / FINDINGS, diagnosis.findings)
    write_json(folder / CONSIDERED, diagnosis.considered)
    return folder


def read_facts(folder: Path) -> RunFacts | None:
    """The facts that `save_run` wrote; None where there are none.

    Raises:
        BacklightError: a file is damaged.

    """
    if not (folder / FACTS).is_file():
        return None
    try:
        values = parse_json(folder / FACTS)
        rows = pl.read_parquet(folder / SIGNALS)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise BacklightError(f"The facts in {folder} cannot be read ({error}); train the run again.") from error
    is_loss = (pl.col("signal") == LOSS) & (pl.col("layer") == "")
    table = SignalTable()
    for row in rows.filter(~is_loss).iter_rows():
        table.add(Signal(*row))
    return from_plain(values, signals=table, losses=tuple(rows.filter(is_loss)["value"].to_list()))
