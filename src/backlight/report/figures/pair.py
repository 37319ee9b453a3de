"""Two models on the same rows: how the probability of the right class changed, and how well each is calibrated."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, PercentFormatter

from .theme import ACCENT, GREY, LINE, MUTED, WARM, axes_within, canvas, themed

Curve = tuple[Sequence[float], Sequence[float]]
"""Predicted and observed shares, bin by bin."""

MANY = 200
"""Rows in one bar beyond which the small bars, those of the large changes, would not be seen on an even scale."""


@themed
def pair(
    change: np.ndarray,
    curves: Sequence[Curve] = (),
    *,
    names: Sequence[str] = ("first", "second"),
    axis: str = "",
    width: float = 760,
    height: float = 300,
) -> Figure:
    """Left the change of every row, right the calibration of both where curves are given.

    change: second minus first (rows,); what is above 0 got better.
    axis: what that is; where left out, the probability of the right class.
    """
    figure = canvas(width, height)
    two = len(curves) > 0
    left = axes_within(figure, left=64, right=width / 2 + 12 if two else 12, top=34, bottom=44, grid="y")
    reach = float(max(np.quantile(np.abs(change), 0.995), 1e-9))
    edges = np.linspace(-reach, reach, 41)  # an even number of bins: none lies across 0
    counts, _ = np.histogram(np.clip(change, -reach, reach), edges)
    middle = (edges[1:] + edges[:-1]) / 2
    step = edges[1] - edges[0]
    for side, colour, hatch, word in ((middle < 0, WARM, "////", "worse"), (middle >= 0, ACCENT, None, "better")):
        left.bar(middle[side], counts[side], step, color=colour, alpha=0.75, hatch=hatch, edgecolor=LINE, label=word)
    left.axvline(0, color=GREY, linewidth=1)
    many = int(counts.max()) > MANY
    if many:
        left.set_yscale("symlog", linthresh=10)
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    left.set_xlabel(axis or f"probability of the right class: {names[1]} minus {names[0]}")
    left.set_ylabel("rows, logarithmic above 10" if many else "rows")
    _legend(left)
    if two:
        right = axes_within(figure, left=width / 2 + 60, right=12, top=34, bottom=44, grid="both")
        right.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        styles = (("--", "s", GREY), ("-", "o", ACCENT))
        for (predicted, observed), name, (line, marker, colour) in zip(curves, names, styles, strict=True):
            right.plot(predicted, observed, line, marker=marker, markersize=4, color=colour, label=name)
        right.text(0.98, 0.03, "dotted: as often as said", color=MUTED, ha="right", fontsize=10)
        for ruler in (right.xaxis, right.yaxis):
            ruler.set_major_formatter(PercentFormatter(1, decimals=0))
        right.set_xlabel("predicted probability")
        right.set_ylabel("share that came true")
        _legend(right)
    return figure


def _legend(axes: Axes) -> None:
    """Above the axes, where nothing is drawn."""
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, fontsize=10.5, borderpad=0.1)
