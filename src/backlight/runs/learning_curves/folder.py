"""The folder of a learning curve: learning-curve.json, trainings.csv, learning-curve.svg, learning-curve.toml."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import files
from ...evaluation import Forecast, Point, PowerLaw
from ...evaluation.learning_curve import Lack, points
from ...records import BacklightError, Metric
from ...report import figures
from .. import settings
from .sizes import Ground, Measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESULT = "learning-curve.json"
TRAININGS = "trainings.csv"
FIGURE = "learning-curve.svg"
SETTINGS = "learning-curve.toml"
"""Not run.toml: the folder holds no network."""


@dataclass
class LearningCurve:
    """Scores by training rows, their forecast, and what they say."""

    folder: Path
    metric: str
    seeds: int
    all_rows: int
    """Training rows there are."""
    pool: int
    """Rows that subsets were drawn from."""
    found: dict[int, list[Measured]] = field(default_factory=dict)
    """Trainings by rows."""
    plain: list[Measured] = field(default_factory=list)
    """Trainings on the most rows without augmentation."""
    points: tuple[Point, ...] = ()
    forecast: tuple[Forecast, ...] = ()
    limit: Metric | None = None
    """The score at infinitely many rows."""
    gain: Metric | None = None
    """Share of the error that twice the rows take away."""
    train_loss: float = float("nan")
    validation_loss: float = float("nan")
    """Of the largest subset, at the epoch that was kept, in eval mode."""
    lacks: Lack = "nothing clear"
    augmentation: Metric | None = None
    """Rows that augmentation replaces."""
    begun: int | None = None
    """Rows from which on every training is better than a constant answer; None where none is."""
    missing: tuple[int, ...] = ()
    """Sizes that were not finished."""
    stopped: str = "all sizes done"
    seconds: float = 0.0
    verdict: str = ""
    law: PowerLaw | None = None

    def measure_points(self) -> tuple[Point, ...]:
        """The points of what was trained so far."""
        scores = {rows: [one.scores[self.metric] for one in part] for rows, part in self.found.items()}
        return points(self.metric, scores)

    def to_dict(self) -> dict[str, Any]:
        """What `--json` answers and learning-curve.json holds."""
        named = (
            "metric",
            "seeds",
            "all_rows",
            "pool",
            "begun",
            "train_loss",
            "validation_loss",
            "lacks",
            "stopped",
            "seconds",
        )
        return {
            "metric": self.metric,
            "points": [asdict(point) for point in self.points],
            "forecast": [asdict(one) for one in self.forecast],
            "verdict": self.verdict,
            "limit": self.limit and asdict(self.limit),
            "gain_of_doubling": self.gain and asdict(self.gain),
            "augmentation_worth_rows": self.augmentation and asdict(self.augmentation),
            "missing": list(self.missing),
            "folder": str(self.folder),
            **{name: getattr(self, name) for name in named if name != "metric"},
        }

    def figure(self) -> Figure:
        """Points with their intervals, the fitted law and its forecast."""
        return figures.learning_curve(
            self.metric, self.points, self.law, all_rows=self.all_rows, missing=self.missing, limit=self.limit
        )

    def save(self, path: str | Path) -> Path:
        """Draw the curve to a .png or .svg file."""
        return figures.save(self.figure(), path)

    def say(self, text: str) -> None:
        """Progress, on stderr."""
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def begin(out: str | Path | None, place: Ground, metric: str, wanted: Sequence[int], seeds: int) -> LearningCurve:
    """Make the folder, with the settings."""
    folder = files.create(out, f"{files.slug(place.name)}-learning-curve")
    settings.save(folder / SETTINGS, place.config, name=place.name)
    return LearningCurve(folder, metric, seeds, place.all_rows, len(place.train))


def keep_points(curve: LearningCurve) -> None:
    """Write trainings.csv, after each size: a process that is killed leaves what it had."""
    rows = [*(one for part in curve.found.values() for one in part)]
    names = list(rows[0].scores) if rows else []
    head = ("rows", "seed", "augmented", *names, "train_loss", "validation_loss", "epochs", "seconds")
    lines = [
        (
            *(one.rows, one.seed, augmented),
            *(one.scores.get(name) for name in names),
            *(one.train_loss, one.validation_loss, one.epochs, round(one.seconds, 3)),
        )
        for augmented, part in (("yes", rows), ("no", curve.plain))
        for one in part
    ]
    files.write_csv(curve.folder / TRAININGS, [head, *lines])


def keep(curve: LearningCurve) -> LearningCurve:
    """Write everything that is known at the end."""
    keep_points(curve)
    files.write_json(curve.folder / RESULT, curve.to_dict())
    if curve.points:
        curve.save(curve.folder / FIGURE)
    return curve


def check_figure_name(path: Path | None) -> None:
    """Refuse a name that no figure can be written to, before anything is trained."""
    if path is not None and path.suffix.lower() not in (".png", ".svg"):
        raise BacklightError(f"cannot write a figure to {path}: end its name in .png or .svg")
