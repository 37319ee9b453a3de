"""The picture of a comparison."""

from pathlib import Path

from ..evaluation.details import calibration
from ..report import figures
from .comparison import RunComparison


def draw_comparison(found: RunComparison, path: str | Path) -> Path:
    """Draw it as .png or .svg: the change of every row, and the calibration of both."""
    if not found.task.classes:
        figure = figures.pair(found.change, axis=f"change of the absolute error of {found.task.target}, turned round")
        return figures.save(figure, path)
    bins = [calibration(found.truth, prediction) for prediction in found.predictions]
    curves = [([one["predicted"] for one in side], [one["observed"] for one in side]) for side in bins]
    return figures.save(figures.pair(found.change, curves), path)
