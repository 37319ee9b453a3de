"""The picture of a comparison."""

from pathlib import Path

from ...evaluation.details import calibration
from ...report import figures
from .comparison import RunComparison

LONGEST = 18
"""Letters of a run's name."""


def draw_comparison(found: RunComparison, path: str | Path) -> Path:
    """Draw it as .png or .svg: the change of every row, and the calibration of both."""
    names = _names(found)
    if not found.task.classes:
        axis = f"absolute error of {found.task.target}: {names[0]} minus {names[1]}"
        return figures.save(figures.pair(found.change, names=names, axis=axis), path)
    bins = [calibration(found.truth, prediction) for prediction in found.predictions]
    curves = [([one["predicted"] for one in side], [one["observed"] for one in side]) for side in bins]
    return figures.save(figures.pair(found.change, curves, names=names), path)


def _names(found: RunComparison) -> tuple[str, str]:
    """The folders by their last part; `first` and `second` where that is long, the same, or one of several."""
    first, second = Path(found.first[0]).name, Path(found.second[0]).name
    told = len(found.first) == len(found.second) == 1 and first != second
    return (first, second) if told and max(len(first), len(second)) <= LONGEST else ("first", "second")
