"""What the curves of one run and of several have in common: which rows are drawn, on which axes."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from ...records import Epoch
from .theme import LINE, MUTED, bare

WITHIN = "batches"
"""Split of the rows within epochs: means of a few batches as training met them."""
ABOVE = 5
DIVERGED = 1000
"""Times the best run's lowest loss; a run that learned nothing is not yet there."""
LOG_RANGE = 30
"""Largest loss over smallest beyond which the loss axis is logarithmic."""


def splits(rows: Sequence[Epoch]) -> list[str]:
    """Those measured at the end of epochs, in their order."""
    return [split for split in dict.fromkeys(row.split for row in rows) if split != WITHIN]


def of_split(rows: Sequence[Epoch], split: str) -> list[Epoch]:
    """The rows of one split, in their order."""
    return [row for row in rows if row.split == split]


def score(row: Epoch) -> float:
    """Accuracy; the root mean squared error where there is none."""
    value = row.error if row.accuracy is None else row.accuracy
    return math.nan if value is None else value


def score_name(rows: Iterable[Epoch]) -> str:
    """`accuracy` or `RMSE`; empty where neither was measured, or one in some runs and the other in the others."""
    found = {"accuracy" if row.accuracy is not None else "RMSE" for row in rows if math.isfinite(score(row))}
    return found.pop() if len(found) == 1 else ""


def score_axis(name: str) -> str:
    """The same with its unit, beside an axis."""
    return "RMSE, in the target's units" if name == "RMSE" else name


def axis_of(rows: Iterable[Epoch]) -> str:
    """`epoch`, or `step` for a loop whose epochs could not be seen."""
    return "step" if any(row.epoch <= 0 < row.step for row in rows) else "epoch"


def places(rows: Sequence[Epoch], axis: str) -> list[float]:
    """Where the rows stand on the horizontal axis."""
    return [float(row.step) if axis == "step" else row.epoch for row in rows]


def has_rates(rows: Iterable[Epoch]) -> bool:
    """Whether a learning rate is known."""
    return any(row.learning_rate > 0 for row in rows)  # not-a-number is not


def scale_losses(axes: Axes, losses: Iterable[float]) -> None:
    """A logarithmic axis where losses span a wide range."""
    finite = [loss for loss in losses if math.isfinite(loss)]
    if not is_wide(finite):
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.minorticks_off()


def usual_top(losses: Sequence[Sequence[float]]) -> float:
    """Where the loss axis of several runs ends: a few times the lowest loss of the worst run that did not diverge.

    A run counts as diverged when even its lowest loss is `DIVERGED` times that of the best.
    """
    lowest = [min((loss for loss in part if math.isfinite(loss)), default=math.inf) for part in losses]
    best = min(lowest, default=math.inf)
    worst = max((loss for loss in lowest if loss <= DIVERGED * best), default=math.inf)
    return ABOVE * worst if best > 0 else math.inf


def is_wide(losses: Sequence[float]) -> bool:
    """Whether a linear axis would flatten the end of the curve."""
    return bool(losses) and min(losses) > 0 and max(losses) / min(losses) > LOG_RANGE


def rate_axes(axes: Axes, lines: Iterable[tuple[Sequence[Epoch], dict[str, Any]]], axis: str) -> None:
    """The learning rate by epoch, from 0; logarithmic where the highest rates of the runs are far apart."""
    bare(axes, grid="")
    peaks = []
    for rows, style in lines:
        part = [row for row in schedule(rows) if math.isfinite(row.learning_rate)]
        if part:
            axes.plot(places(part, axis), [row.learning_rate for row in part], **{"linewidth": 1.4, **style})
            peaks.append(max(row.learning_rate for row in part))
    top, least = max(peaks), min(peaks)
    if is_wide(peaks):
        axes.set_yscale("log")
        axes.set_ylim(least / LOG_RANGE, top * 1.5)
        axes.set_yticks([least, top], [f"{least:.2g}", f"{top:.2g}"])
        axes.minorticks_off()
    else:
        axes.set_ylim(bottom=0)
        axes.set_yticks([0, top], ["0", f"{top:.2g}"])
        axes.axhline(0, color=LINE, linewidth=0.8, zorder=0)
    axes.text(0, 1.04, "learning rate", transform=axes.transAxes, color=MUTED, fontsize=10)


def schedule(rows: Sequence[Epoch]) -> list[Epoch]:
    """The rows that tell the learning rate in the finest steps."""
    return of_split(rows, WITHIN) or of_split(rows, rows[0].split)


def across(axes: Axes, axis: str) -> None:
    """The horizontal axis: whole epochs, or steps."""
    axes.set_xlabel(axis)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, steps=[1, 2, 5, 10]))
