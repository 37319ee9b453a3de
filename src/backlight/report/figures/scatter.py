"""Predicted against true values of a regression."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .theme import ACCENT, INK, MUTED, axes_within, canvas, themed

CROWD = 1000
"""Dots that lie over each other in many places."""


@themed
def scatter(pairs: Sequence[Sequence[float]], *, target: str, width: float = 370, height: float = 340) -> Figure:
    """A dot a row; on the line the prediction is exact."""
    figure = canvas(width, height)
    axes = axes_within(figure, left=58, right=20, bottom=42, grid="both")
    true, predicted = np.asarray(pairs, dtype=float).T
    low, high = min(true.min(), predicted.min()), max(true.max(), predicted.max())
    axes.plot([low, high], [low, high], color=INK, linewidth=1, dashes=(4, 3))
    crowd = min(1.0, len(true) / CROWD)  # few dots are large and dense, many small and faint
    axes.scatter(true, predicted, s=24 - 17 * crowd, color=ACCENT, alpha=0.8 - 0.45 * crowd, linewidths=0)
    margin = 0.03 * (high - low or 1)
    axes.set_xlim(low - margin, high + margin)
    axes.set_ylim(low - margin, high + margin)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
    axes.set_xlabel(f"true {target}")
    axes.set_ylabel(f"predicted {target}")
    axes.text(0.97, 0.04, "below the line: too low", transform=axes.transAxes, ha="right", color=MUTED, fontsize=10)
    return figure
