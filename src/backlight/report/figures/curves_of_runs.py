"""Several runs over each other: loss, below it accuracy or the RMSE, and the learning rates."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...records import Epoch
from .curve_axes import (
    across,
    axis_of,
    has_rates,
    of_split,
    places,
    rate_axes,
    scale_losses,
    score,
    score_axis,
    score_name,
    splits,
    usual_top,
)
from .smoothing import smoothed
from .theme import ACCENT, GREY, INK, MUTED, PAPER, WARM, bare, canvas

COLOURS = (ACCENT, WARM, INK, GREY)
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.3)), (0, (6, 2, 1, 2)))
MARKERS = "os^DvP*X"
RUNS = 16
"""As many have a look of their own; in grey, too, since dashes and marker together differ. Past eight few can tell."""
_TRAIN = 0.8
"""Width of the line of training; that of validation is twice as wide, with markers."""


def curves_of_runs(
    histories: Mapping[str, Sequence[Epoch]], *, smooth: float, width: float, height: float | None
) -> Figure:
    """Each run has its colour, dashes and marker; wide lines are validation, thin ones training."""
    everything = [row for rows in histories.values() for row in rows]
    axis, name, rates = axis_of(everything), score_name(everything), has_rates(everything)
    columns = _legend_columns(histories, width)
    top = 26 + 17 * math.ceil(len(histories) / columns)
    height = height or 300 + top + (190 if name else 0) + (60 if rates else 0)
    figure = canvas(width, height)
    parts = [5, *([3.4] if name else []), *([1] if rates else [])]
    grid = figure.add_gridspec(
        len(parts), 1, left=56 / width, right=1 - 14 / width, top=1 - top / height, bottom=40 / height,
        height_ratios=parts, hspace=0.14,
    )  # fmt: skip
    styles = [style(place) for place in range(len(histories))]
    lines = list(zip(histories.values(), styles, strict=True))
    loss = axes = figure.add_subplot(grid[0])
    _panel(loss, lines, axis, "loss", smooth)
    if name:
        loss.tick_params(labelbottom=False)
        axes = figure.add_subplot(grid[1], sharex=loss)
        _panel(axes, lines, axis, name, smooth)
    if rates:
        axes.tick_params(labelbottom=False)
        axes = figure.add_subplot(grid[len(parts) - 1], sharex=loss)
        rate_axes(axes, [(rows, {"color": one["color"], "linestyle": one["linestyle"]}) for rows, one in lines], axis)
    across(axes, axis)
    names = [f"{name}{_outside(rows, loss)}" for name, rows in histories.items()]
    _legend(figure, loss, names, styles, (columns, width, height))
    return figure


def style(place: int) -> dict[str, Any]:
    """Look of one run: colour and dashes differ among sixteen, dashes and marker too."""
    return {
        "color": COLOURS[place % 4],
        "linestyle": DASHES[(place + place // 4) % 4],
        "marker": MARKERS[place % 8],
        "markersize": 5.5 if MARKERS[place % 8] == "*" else 5.0,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.5,
    }


def _panel(
    axes: Axes, lines: Sequence[tuple[Sequence[Epoch], dict[str, Any]]], axis: str, name: str, smooth: float
) -> None:
    bare(axes)
    axes.set_ylabel(score_axis(name), color=INK)
    measure = (lambda row: row.loss) if name == "loss" else score
    everything = [place for rows, _ in lines for place in places(rows, axis)]
    span = max(everything) - min(everything)
    for number, (rows, look) in enumerate(lines):
        measured = splits(rows)
        main = "validation" if "validation" in measured else measured[0] if measured else ""
        for split in measured:
            part = of_split(rows, split)
            x, y = smoothed(places(part, axis), [measure(row) for row in part], share=smooth, span=span)
            axes.plot(x, y, **_look(look, split == main, len(x), number, len(lines)))
    if name == "loss":
        _bound(axes, lines)


def _look(look: dict[str, Any], main: bool, points: int, number: int, runs: int) -> dict[str, Any]:
    """Markers stand at other places on each line, so that they do not cover each other."""
    if not main and points > 1:
        return {**look, "marker": "", "linewidth": _TRAIN, "zorder": 1.5}
    every = max(1, points // 8)
    return {**look, "linewidth": 2 * _TRAIN, "markevery": (number * every // runs, every), "zorder": 3}


def _bound(axes: Axes, lines: Sequence[tuple[Sequence[Epoch], dict[str, Any]]]) -> None:
    """From the lowest loss to a little above the highest first one, on a logarithmic scale where that is far."""
    measured = [[row.loss for split in splits(rows) for row in of_split(rows, split)] for rows, _ in lines]
    finite = [loss for part in measured for loss in part if math.isfinite(loss)]
    if not finite:
        return
    limit = min(usual_top(measured), max(finite))
    shown = [min(loss, limit) for loss in finite]
    scale_losses(axes, shown)
    if max(finite) > limit:
        axes.set_ylim(top=limit, bottom=None)
        low = min(shown)
        axes.set_ylim(bottom=low / 1.1 if axes.get_yscale() == "log" else low - 0.05 * (limit - low))


def _outside(rows: Sequence[Epoch], axes: Axes) -> str:
    """A word for the legend where no loss of a run lies within the axis."""
    low, high = axes.get_ylim()
    return "" if any(low <= row.loss <= high for split in splits(rows) for row in of_split(rows, split)) else " (above)"


def _legend_columns(histories: Mapping[str, Sequence[Epoch]], width: float) -> int:
    longest = max(map(len, histories), default=1) + 4
    return max(1, min(len(histories), int(width // (46 + 6.2 * longest))))


def _legend(
    figure: Figure, axes: Axes, names: Sequence[str], styles: Sequence[dict[str, Any]], size: tuple[int, float, float]
) -> None:
    from matplotlib.lines import Line2D

    columns, width, height = size
    handles = [
        Line2D([], [], **look, linewidth=2 * _TRAIN, label=name) for name, look in zip(names, styles, strict=True)
    ]
    figure.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(axes.get_position().x0 - 6 / width, 1),
        ncols=columns,
        frameon=False,
        fontsize=10.5,
        handlelength=3,
        columnspacing=1.4,
        borderaxespad=0.4,
        borderpad=0.2,
    )
    figure.text(
        axes.get_position().x0,
        axes.get_position().y1 + 5 / height,
        "wide with markers: validation; thin: training",
        color=MUTED,
        fontsize=10,
    )
