"""Score by training rows: trainings, their means, the fitted law and what it foretells."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from ...evaluation import Point, PowerLaw
from ...evaluation.learning_curve import from_error
from ...records import Metric
from .theme import ACCENT, GREY, INK, LINE, MUTED, WARM, axes_within, canvas, themed

_REACH = 4
"""Times the rows of the last point, or of all rows, that the law is drawn to."""
_BAND = 0.18


@themed
def learning_curve(
    metric: str,
    points: Sequence[Point],
    law: PowerLaw | None,
    *,
    all_rows: int,
    missing: Sequence[int] = (),
    limit: Metric | None = None,
    width: float = 760,
    height: float = 400,
) -> Figure:
    """Dots are trainings; the line with bars their mean with its 95 % interval.

    Dashed: what one training on more rows should reach, with its 95 % band.
    """
    figure = canvas(width, height)
    axes = axes_within(figure, left=58, right=14, top=34, bottom=42)
    axes.set_xscale("log")
    rows, values = [point.rows for point in points], [point.value for point in points]
    for point in points:
        axes.plot([point.rows] * len(point.values), point.values, "o", color=GREY, markersize=3.5, zorder=3)
    margins = np.abs(np.array([[p.value - p.low for p in points], [p.high - p.value for p in points]]))
    axes.errorbar(rows, values, margins, color=ACCENT, linewidth=1.8, capsize=3, zorder=4, label="trained (mean, 95 %)")
    axes.plot([], [], "o", color=GREY, markersize=3.5, label="one training")
    if law is not None:
        _law(axes, metric, law, all_rows)
    _marks(axes, all_rows, missing, last=rows[-1])
    _ticks(axes, points, all_rows, law is not None)
    axes.set_xlabel("training rows")
    axes.set_ylabel("R²" if metric == "r2" else metric.replace("_", " "))
    axes.legend(loc="lower left", bbox_to_anchor=(-0.01, 1.0), ncols=4, frameon=False, fontsize=10.5, borderpad=0.1)
    return figure


def _law(axes: Axes, metric: str, law: PowerLaw, all_rows: int) -> None:
    ends = law.last, _REACH * max(all_rows, law.last)
    ahead = np.geomspace(*ends, 40)
    low, middle, high = np.array(
        [np.quantile(from_error(metric, law.training(rows)), (0.025, 0.5, 0.975)) for rows in ahead]
    ).T
    axes.fill_between(ahead, low, high, color=WARM, alpha=_BAND, linewidth=0, label="95 % of trainings")
    axes.plot(ahead, middle, color=WARM, linestyle=(0, (4, 2)), linewidth=1.8, label="expected")


def _marks(axes: Axes, all_rows: int, missing: Sequence[int], *, last: int) -> None:
    if all_rows > last:
        axes.axvline(all_rows, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
        axes.annotate("all rows", (all_rows, 0), xycoords=("data", "axes fraction"), xytext=(4, 4),
                      textcoords="offset points", color=MUTED, fontsize=10)  # fmt: skip
    for rows in missing:
        axes.axvline(rows, color=LINE, linewidth=1.2, zorder=0)
        axes.annotate("missing", (rows, 1), xycoords=("data", "axes fraction"), xytext=(-4, -4), rotation=90,
                      textcoords="offset points", ha="right", va="top", color=INK, fontsize=9)  # fmt: skip


def _ticks(axes: Axes, points: Sequence[Point], all_rows: int, foretold: bool) -> None:
    """Ticks at the sizes themselves, and at doublings of all rows."""
    shown = [point.rows for point in points]
    shown += [rows for rows in (all_rows, 2 * all_rows, 4 * all_rows) if foretold and rows > 1.4 * shown[-1]]
    axes.set_xticks(shown)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_minor_formatter(NullFormatter())
