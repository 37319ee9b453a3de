"""Which class is taken for which."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .cells import draw_cells
from .theme import ACCENT, INK, PAPER, axes_within, canvas, themed

MOST_NUMBERS = 12
"""Classes up to which each cell carries its count."""
MOST_NAMES = 40
"""Classes up to which each row carries its name."""
CELL_HEIGHT = 30
DARK = 0.6
"""Share of a row beyond which a count is written in the paper's colour."""


@themed
def confusion(counts: Sequence[Sequence[int]], classes: Sequence[object], *, width: float = 370) -> Figure:
    """A heat map: a row is a true class, a column what was predicted, the shade the share of the row."""
    table = np.asarray(counts, dtype=float)
    shares = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    names = [_short(name) for name in classes]
    left = 30 + 6.4 * max(map(len, names)) if len(names) <= MOST_NAMES else 30
    turned = max(map(len, names)) * len(names) * 7 + 10 * len(names) > width - left
    top = 26 + (5.4 * max(map(len, names)) if turned else 14) if len(names) <= MOST_NAMES else 26
    right = 30 if turned and len(names) <= MOST_NAMES else 6
    side = width - left - right
    tall = side if len(names) > MOST_NUMBERS else max(3, len(names)) * min(CELL_HEIGHT * 1.4, side / len(names))
    figure = canvas(width, tall + top + 8)
    axes = axes_within(figure, left=left, right=right, top=top, bottom=8, grid="")
    draw_cells(axes, shares, ACCENT)
    if len(names) <= MOST_NUMBERS:
        _write_counts(axes, table, shares)
    _name_axes(axes, names, turned=turned)
    return figure


def _write_counts(axes: Axes, table: np.ndarray, shares: np.ndarray) -> None:
    size = 11 if len(table) <= 6 else 8.5
    for (row, column), count in np.ndenumerate(table):
        if count:
            colour = PAPER if shares[row, column] > DARK else INK
            axes.text(column, row, _count(count, len(table)), ha="center", va="center", color=colour, fontsize=size)


def _name_axes(axes: Axes, names: list[str], *, turned: bool) -> None:
    axes.spines[:].set_visible(False)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    places = range(len(names)) if len(names) <= MOST_NAMES else []
    labels = names if len(names) <= MOST_NAMES else []
    axes.set_xticks(places, labels, rotation=55 if turned else 0, ha="left" if turned else "center")
    axes.set_yticks(places, labels)
    axes.tick_params(pad=4, labelcolor=INK)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")


def _count(count: float, classes: int) -> str:
    if classes > 6 and count >= 10_000:
        return f"{count / 1000:.0f}k"
    return f"{count:.0f}" if count < 10_000 or not math.isfinite(count) else f"{count:,.0f}"


def _short(name: object) -> str:
    text = str(name)
    return text if len(text) <= 12 else text[:11] + "…"
