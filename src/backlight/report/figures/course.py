"""One number of the whole network over the whole training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, PercentFormatter

from .theme import ACCENT, axes_within, canvas, themed

if TYPE_CHECKING:
    from ...signals import Meaning

WIDE = 20
"""Largest over smallest number from which the axis is logarithmic."""


@themed
def course(
    x: Sequence[float], y: Sequence[float], meaning: Meaning, *, axis: str, end: float, width: float = 330
) -> Figure:
    """A line through the numbers `y`, observed at `x`, and a dot at each; `axis` is what runs from left to right."""
    figure = canvas(width, 132)
    axes = axes_within(figure, left=52, right=12, top=8, bottom=36)
    axes.plot(x, y, color=ACCENT, linewidth=1.3, marker="o", markersize=2.5)
    _scale(axes, np.array(y, dtype=float), meaning)
    axes.set_xlim(-0.02 * end, 1.02 * end)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.set_xlabel(axis, labelpad=1)
    return figure


def _scale(axes: Axes, values: np.ndarray, meaning: Meaning) -> None:
    finite = values[np.isfinite(values)]
    if meaning.scale == "share":
        axes.set_ylim(0, 1.02)
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        return
    if meaning.ends is not None:
        axes.set_ylim(*meaning.ends)
    if meaning.scale == "log" and len(finite) and finite.min() > 0 and finite.max() > WIDE * finite.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=5))
        axes.minorticks_off()
    else:
        axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
