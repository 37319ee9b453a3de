"""The folder of a sweep: sweep.json, trials.csv, history.csv, sweep.toml, sweep.svg, report.html.

layers.csv stands beside them where initialisations were swept.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, astuple, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import files
from ...evaluation.trials import TOLERANCE, Judged
from ...records import Epoch
from ...report import figures
from ...report.sweep_page import read_sweep, write_sweep_report
from ...training.contest import Contest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESULT = "sweep.json"
TRIALS = "trials.csv"
LAYERS = "layers.csv"
FIGURE = "sweep.svg"
SETTINGS = "sweep.toml"
"""Not run.toml: the folder holds no network."""

ALL_DONE = "all trials done"


@dataclass(frozen=True)
class StartOfLayer:
    """How one initialisation sends one example's numbers through one layer, before the first step."""

    init: str
    depth: int
    """Number of the layer, from 0."""
    layer: str
    x_variance: float
    """Of the output x(i+1), over rows and units."""
    v_norm: float
    """Root mean square of v(i+1) over rows and units, where the loss is the mean over the rows."""


@dataclass
class Sweep:
    """Trials of one setting, and what they say."""

    folder: Path
    over: str
    contest: Contest
    plain_rows: int
    """Rows that one whole training meets, each time counted."""
    trials: tuple[Judged, ...] = ()
    recommended: Any = None
    margin: tuple[Any, Any] | None = None
    seconds: float = 0.0
    search_seconds: float = 0.0
    """Of the trials alone, without reading the data and drawing."""
    missing: tuple[Any, ...] = ()
    """Values whose trial did not end because the sweep was stopped."""
    stopped: str = ALL_DONE
    verdict: str = ""
    layers: list[StartOfLayer] = field(default_factory=list)

    @property
    def cost_in_runs(self) -> float:
        """Training rows met by all trials, over those that one whole training meets."""
        return self.contest.rows_seen / max(1, self.plain_rows)

    def to_dict(self) -> dict[str, Any]:
        """What `--json` answers and sweep.json holds."""
        return {
            "over": self.over,
            "trials": [asdict(one) for one in self.trials],
            "recommended": self.recommended,
            "margin": None if self.margin is None else list(self.margin),
            "tolerance": TOLERANCE,
            "cost_in_runs": round(self.cost_in_runs, 3),
            "seconds": round(self.seconds, 2),
            "search_seconds": round(self.search_seconds, 2),
            "verdict": self.verdict,
            "stopped": self.stopped,
            "missing": list(self.missing),
            "folder": str(self.folder),
        }

    def figure(self) -> Figure:
        """All curves, and the loss by value."""
        return figures.sweep(read_sweep(self.folder))

    def save(self, path: str | Path) -> Path:
        """Draw it to a .png or .svg file."""
        return figures.save(self.figure(), path)

    def say(self, text: str) -> None:
        """Progress, on stderr."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def keep(sweep: Sweep) -> Sweep:
    """Write everything that is known."""
    files.write_csv(sweep.folder / TRIALS, _trial_rows(sweep))
    files.write_csv(sweep.folder / files.HISTORY, _history_rows(sweep))
    if sweep.layers:
        files.write_csv(
            sweep.folder / LAYERS,
            [[one.name for one in fields(StartOfLayer)], *(list(astuple(one)) for one in sweep.layers)],
        )
    files.write_json(sweep.folder / RESULT, sweep.to_dict())
    if sweep.trials:
        sweep.save(sweep.folder / FIGURE)
        write_sweep_report(sweep.folder)
    return sweep


def _trial_rows(sweep: Sweep) -> list[list[Any]]:
    names = [one.name for one in fields(Judged)]
    return [names, *([getattr(one, name) for name in names] for one in sweep.trials)]


def _history_rows(sweep: Sweep) -> list[list[Any]]:
    head = ["value", "stage", *files.EPOCH_COLUMNS]
    lines: list[list[Any]] = [head]
    for trial in sweep.contest.trials:
        before = Epoch(0, 0, "validation", trial.start, None, None, 0.0, 0.0)
        lines += [[trial.value, trial.stage, *astuple(row)] for row in (before, *trial.history)]
    return lines
