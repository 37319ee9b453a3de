"""Loss on the left axis and accuracy, in grey, on the right one, by epoch; the learning rate below."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...records import Epoch
from .curve_axes import (
    WITHIN,
    across,
    axis_of,
    has_rates,
    is_wide,
    of_split,
    places,
    rate_axes,
    scale_losses,
    score,
    score_axis,
    score_name,
    splits,
)
from .curves_of_runs import curves_of_runs
from .smoothing import SHARE, smoothed
from .theme import ACCENT, GREY, INK, LINE, MUTED, PAPER, WARM, bare, canvas, themed

LINES: dict[str, Any] = {"train": "-", "validation": (0, (4, 2))}
"""Splits differ by dashes, so that they differ in grey print too."""
_DOTS = (0, (1, 1.2))
_SMALL = 0.01
"""Losses below which ticks have many digits."""
_RAW = 0.35
"""Opacity of what was measured, behind its smoothed line."""


@themed
def curves(
    histories: Mapping[str, Sequence[Epoch]],
    *,
    best_epoch: float | None = None,
    smooth: float = SHARE,
    width: float = 760,
    height: float | None = None,
) -> Figure:
    """Both splits of one run, or of several, on one graph; see `curves_of_runs` for several.

    One run: blue is training, orange and dashed is validation, dotted is what was met within epochs. Grey lines belong
    to the right axis: accuracy, or for regression the RMSE in the target's units. Lines are smoothed over the share
    `smooth` of the course, with what was measured faintly behind.
    """
    if len(histories) > 1:
        return curves_of_runs(histories, smooth=smooth, width=width, height=height)
    (rows,) = histories.values()
    height = height or 400
    figure, axis = canvas(width, height), axis_of(rows)
    rates, name = has_rates(rows), score_name(rows)
    entries = len(splits(rows)) * (2 if name else 1) + bool(of_split(rows, WITHIN)) + bool(_scored_within(rows))
    left, right, top, bottom = _left(rows), 52, 24 + 17 * math.ceil(entries / _legend_columns(width, entries)), 40
    grid = figure.add_gridspec(
        2 if rates else 1,
        1,
        left=left / width,
        right=1 - right / width,
        top=1 - top / height,
        bottom=bottom / height,
        height_ratios=(5, 1) if rates else None,
        hspace=0.12,
    )
    loss = figure.add_subplot(grid[0])
    _losses(loss, rows, axis, smooth)
    right_axis = _scores(loss, rows, axis, smooth) if name else None
    if best_epoch is not None and axis == "epoch":
        _mark_best(loss, rows, best_epoch)
    lowest = loss
    if rates:
        loss.tick_params(labelbottom=False)
        lowest = figure.add_subplot(grid[1], sharex=loss)
        rate_axes(lowest, [(rows, {"color": MUTED})], axis)
    across(lowest, axis)
    _legend(figure, [loss] if right_axis is None else [loss, right_axis], width)
    return figure


def _left(rows: Sequence[Epoch]) -> float:
    """Pixels left of the axes: the ticks of a logarithmic axis, such as 0.0003, are long."""
    finite = [row.loss for row in rows if math.isfinite(row.loss)]
    return 70 if is_wide(finite) and min(finite) < _SMALL else 52


def _losses(axes: Axes, rows: Sequence[Epoch], axis: str, smooth: float) -> None:
    bare(axes)
    axes.set_ylabel("loss", color=INK)
    x, span = places(rows, axis), _span(rows, axis)
    part = of_split(rows, WITHIN)
    if part:
        x, y = places(part, axis), [row.loss for row in part]
        axes.plot(x, y, color=LINE, linewidth=1.0, label="_", zorder=1)
        line = smoothed(x, y, share=smooth, span=span)
        axes.plot(*line, color=ACCENT, linestyle=_DOTS, linewidth=1.3, label="loss, within epochs", zorder=1.5)
    for split in splits(rows):
        part = of_split(rows, split)
        _line(
            axes,
            (places(part, axis), [row.loss for row in part]),
            (smooth, span),
            color=ACCENT if split == "train" else WARM,
            linestyle=LINES.get(split, ":"),
            linewidth=1.8,
            label=f"loss, {split}",
        )
    scale_losses(axes, [row.loss for row in rows])


def _scores(loss: Axes, rows: Sequence[Epoch], axis: str, smooth: float) -> Axes:
    axes = loss.twinx()
    bare(axes, grid="")
    axes.spines["left"].set_visible(False)
    loss.set_zorder(axes.get_zorder() + 1)
    axes.set_ylabel(score_axis(score_name(rows)), color=GREY)
    axes.tick_params(axis="y", labelcolor=GREY)
    within, span = _scored_within(rows), _span(rows, axis)
    if within:
        x, y = places(within, axis), [score(row) for row in within]
        axes.plot(x, y, color=GREY, alpha=_RAW / 2, linewidth=0.7, label="_", zorder=1)
        line = smoothed(x, y, share=smooth, span=span)
        axes.plot(*line, color=GREY, linestyle=_DOTS, linewidth=1.1, label=f"{score_name(rows)}, within epochs")
    for split in splits(rows):
        part = of_split(rows, split)
        _line(
            axes,
            (places(part, axis), [score(row) for row in part]),
            (smooth, span),
            color=GREY,
            linestyle=LINES.get(split, ":"),
            linewidth=1.2,
            label=f"{score_name(rows)}, {split}",
        )
    return axes


def _scored_within(rows: Sequence[Epoch]) -> list[Epoch]:
    return [row for row in of_split(rows, WITHIN) if math.isfinite(score(row))]


def _line(axes: Axes, points: tuple[list[float], list[float]], how: tuple[float, float], **style: Any) -> None:
    """A smoothed line, with what was measured behind it where that differs."""
    if len(points[0]) == 1:
        style |= {"marker": "o", "markersize": 4}  # a line of one point would be invisible
    x, y = smoothed(*points, share=how[0], span=how[1])
    axes.plot(x, y, **style)
    if _differs(points, (x, y)):
        axes.plot(*points, color=style["color"], alpha=_RAW, linewidth=0.9, label="_", zorder=1.2)


def _differs(points: tuple[list[float], list[float]], line: tuple[list[float], list[float]]) -> bool:
    if len(points[0]) != len(line[0]):
        return True
    finite = [one for one in points[1] if math.isfinite(one)]
    visible = 0.005 * (max(finite) - min(finite)) if finite else 0.0
    return any(abs(a - b) > visible for a, b in zip(points[1], line[1], strict=True))


def _span(rows: Sequence[Epoch], axis: str) -> float:
    x = places(rows, axis)
    return max(x) - min(x)


def _mark_best(axes: Axes, rows: Sequence[Epoch], epoch: float) -> None:
    split = "validation" if any(row.split == "validation" for row in rows) else "train"
    at = next((row for row in rows if row.split == split and row.epoch >= epoch and math.isfinite(row.loss)), None)
    if at is None:
        return
    axes.axvline(epoch, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    axes.plot([at.epoch], [at.loss], "o", color=INK, markersize=6, markeredgecolor=PAPER, zorder=5, label="_")
    low, high = axes.get_xlim()
    side = (epoch - low) / (high - low)
    axes.annotate(
        f"kept: epoch {epoch:g}",
        (epoch, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="right" if side > 0.85 else "left" if side < 0.15 else "center",
        va="bottom",
        fontsize=10,
        color=MUTED,
    )


def _legend_columns(width: float, entries: int) -> int:
    if width <= 600:
        return 2
    return 3 if entries > 5 else 5 if width > 700 else 4


def _legend(figure: Figure, all_axes: Sequence[Axes], width: float) -> None:
    parts = [list(zip(*axes.get_legend_handles_labels(), strict=True)) for axes in all_axes]
    entries = [entry for part in parts for entry in part]
    columns = _legend_columns(width, len(entries))
    if columns == 3 and len({len(part) for part in parts}) == 1:  # filled column by column: one row an axis
        entries = [entry for column in zip(*parts, strict=True) for entry in column]
    figure.legend(
        [handle for handle, _ in entries],
        [str(label) for _, label in entries],
        loc="upper left",
        bbox_to_anchor=(0 if width <= 600 else all_axes[0].get_position().x0 - 6 / width, 1),
        ncols=columns,
        frameon=False,
        fontsize=10.5,
        handlelength=2.4,
        columnspacing=1.2,
        borderaxespad=0.4,
        borderpad=0.2,
    )
