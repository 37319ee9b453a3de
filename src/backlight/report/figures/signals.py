"""One signal of every layer over the whole training, held against its healthy range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .cells import draw_cells
from .map_scale import MapScale, draw_scale
from .theme import INK, PAPER, axes_within, canvas, themed

if TYPE_CHECKING:
    from ...signals import Meaning

ROW, LEAST_ROW = 16, 5
"""Height of a layer in pixels; less where there are many."""
MOST_HEIGHT = 420
TOP, BOTTOM = 56, 34
START, GAP = 0.05, 0.03
"""Width of the first step's column and of the room after it, beside that of all stretches together."""
OUTLINE = 1.3
MOMENT = 1e-6
"""Of an epoch: a training that ends sooner was observed at its first step only."""


@dataclass(frozen=True)
class Grid:
    """A signal by layer and stretch of training."""

    values: np.ndarray
    """Means (layers, columns); the first column is the first observed step alone. Not measured: not a number."""
    length: float
    """Of a stretch, in `axis`."""
    end: float
    """Where training ended."""
    low: float
    high: float
    """The healthy range."""
    axis: str
    """What runs from left to right: epochs or steps."""

    @classmethod
    def of(
        cls, values: np.ndarray, where: np.ndarray, course: tuple[float, float], *, low: float, high: float, axis: str
    ) -> Grid:
        """From values (layers, steps), observed at `where` (steps,); `course` is the length of a stretch and of all."""
        length, end = course
        count = max(1, int(np.ceil(end / length - 1e-9)))
        column = stretches(where, length, count)
        table = np.full((len(values), count), np.nan)
        for place in range(count):
            part = values[:, column == place]
            known = ~np.isnan(part)
            total = np.where(known, part, 0).sum(1)
            table[:, place] = np.where(known.any(1), total / np.maximum(known.sum(1), 1), np.nan)
        return cls(np.column_stack([values[:, :1], table]), length, end, low, high, axis)

    @property
    def outside(self) -> np.ndarray:
        """Cells (layers, columns) outside the healthy range; below it only in layers that are so half of the time.

        A number falls low for good reasons, too: the learning rate ends near zero, what is learned has no gradient.
        """
        with np.errstate(invalid="ignore"):
            beneath = self.values < self.low
            half = 2 * beneath.sum(1) >= np.maximum((~np.isnan(self.values)).sum(1), 1)
            return (self.values > self.high) | (beneath & half[:, None])

    @property
    def edges(self) -> np.ndarray:
        """Left and right end of each column on the axis of the drawing (columns, 2), in stretches: the start first."""
        count = self.values.shape[1] - 1
        first = np.array([[-(START + GAP) * count, -GAP * count]])
        rest = np.arange(count)
        return np.vstack([first, np.column_stack([rest, np.minimum(rest + 1.0, self.end / self.length)])])


def stretches(where: np.ndarray, length: float, count: int) -> np.ndarray:
    """In which of `count` stretches of that length each place lies."""
    return np.minimum((where / length + 1e-9).astype(int), count - 1)


@themed
def signal_map(
    grid: Grid, layers: Sequence[str], meaning: Meaning, *, marked: Sequence[str] = (), width: float = 330
) -> Figure:
    """A heat map: a row is a layer, from input to output; a column a stretch of training; strong colour is large.

    Cells outside the healthy range are outlined, infinite ones crossed; the names of the layers `marked` are set off.
    """
    names = [_shortened(name) for name in layers]
    row = max(LEAST_ROW, min(ROW, MOST_HEIGHT / len(names)))
    left = 16 + 6.1 * max(map(len, names))
    figure = canvas(width, row * len(names) + TOP + BOTTOM)
    axes = axes_within(figure, left=left, right=12, top=TOP, bottom=BOTTOM, grid="")
    scale = MapScale.of(meaning, grid.values)
    draw_cells(axes, scale.shades(grid.values), scale.colour, gap=0.0, edges=grid.edges)
    _outline(axes, grid)
    for place, column in np.argwhere(np.isinf(grid.values)):
        axes.plot([grid.edges[column].mean()], [place], "x", color=PAPER, markersize=4, zorder=5)
    axes.spines[:].set_visible(False)
    _name_layers(axes, names, [name in marked for name in layers], row)
    _name_columns(axes, grid)
    draw_scale(figure, axes, scale, meaning)
    return figure


def _outline(axes: Axes, grid: Grid) -> None:
    """A line around what lies outside, on a paler one, so that it shows on any shade."""
    outside, edges = np.pad(grid.outside, 1), grid.edges
    lines = []
    for row, column in np.argwhere(grid.outside):
        left, right = edges[column]
        r, c = row + 1, column + 1
        sides = (
            (outside[r - 1, c], ((left, row - 0.5), (right, row - 0.5))),
            (outside[r + 1, c], ((left, row + 0.5), (right, row + 0.5))),
            (outside[r, c - 1] and column > 1, ((left, row - 0.5), (left, row + 0.5))),
            (outside[r, c + 1] and column > 0, ((right, row - 0.5), (right, row + 0.5))),
        )
        lines += [line for inside, line in sides if not inside]
    axes.add_collection(LineCollection(lines, colors=PAPER, linewidths=OUTLINE + 1.6, capstyle="round", zorder=3))
    axes.add_collection(LineCollection(lines, colors=INK, linewidths=OUTLINE, capstyle="round", zorder=4))


def _shortened(name: str, most: int = 24) -> str:
    """A long path without its middle: it begins with the part of the network and ends with the layer."""
    return name if len(name) <= most else f"{name[: most // 2 - 2]}…{name[-(most // 2 + 1) :]}"


def _name_layers(axes: Axes, names: Sequence[str], marked: Sequence[bool], row: float) -> None:
    every = max(1, int(np.ceil(11 / row)))
    shown = [place for place in range(len(names)) if place % every == 0 or marked[place]]
    axes.set_yticks(shown, [("▸ " if marked[place] else "") + names[place] for place in shown])
    axes.tick_params(axis="y", labelcolor=INK, labelsize=min(10, row * every - 1))


def _name_columns(axes: Axes, grid: Grid) -> None:
    edges = grid.edges
    axes.set_xlim(edges[0, 0], edges[-1, 1])
    end = edges[-1, 1] * grid.length
    ticks = (
        []
        if end < MOMENT
        else [tick for tick in MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]).tick_values(0, end) if 0 < tick <= end * 1.001]
    )
    axes.set_xticks(
        [edges[0].mean(), *(tick / grid.length for tick in ticks)], ["start", *(_short(tick) for tick in ticks)]
    )
    axes.set_xlabel(grid.axis, labelpad=1)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"
