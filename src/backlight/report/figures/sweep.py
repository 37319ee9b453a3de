"""All trials of a sweep on one figure, and what an initialisation does to x and v by depth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ..swept import name_of
from .theme import ACCENT, GREY, INK, LINE, MUTED, PAPER, WARM, bare, canvas, themed

if TYPE_CHECKING:
    from ..sweep_page import SweepFolder

STYLE: dict[str, tuple[str, Any, float, str]] = {
    "right": (ACCENT, "-", 2.0, "o"),
    "best": (ACCENT, "-", 2.0, "o"),
    "as good": (ACCENT, (0, (5, 2)), 1.5, "s"),
    "too small": (GREY, (0, (1, 1.5)), 1.5, "v"),
    "too large": (WARM, (0, (5, 2)), 1.5, "^"),
    "worse": (WARM, (0, (1, 1.5)), 1.5, "^"),
    "diverges": (INK, (0, (6, 2, 1, 2)), 1.1, "x"),
    "unfinished": (GREY, "-", 1.1, "."),
}
"""Verdict → colour, dashes, width, marker: dashes and markers differ, too, so that it is readable in grey."""
_LOG_RANGE = 8
"""Highest over lowest loss above which the axis is logarithmic."""
_SMOOTH = 20
"""Points that a curve within the epochs is brought to, by means of neighbours."""
MARKERS = "os^Dvp"
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)))


@themed
def sweep(folder: SweepFolder, *, width: float = 760, height: float = 620) -> Figure:
    """Above: loss by step, the short look beside the whole budget. Below: lowest validation loss by value.

    Line and marker say the verdict; the recommended value is named and its margin shaded.
    """
    figure = canvas(width, height)
    stages = [stage for stage in ("short", "full") if any(one == stage for one, _ in folder.curves)]
    grid = figure.add_gridspec(
        2, len(stages), left=58 / width, right=1 - 46 / width, top=1 - 54 / height, bottom=48 / height,
        height_ratios=(5, 4), width_ratios=(1, 2)[2 - len(stages) :], hspace=0.38, wspace=0.3,
    )  # fmt: skip
    for place, stage in enumerate(stages):
        _curves(figure.add_subplot(grid[0, place]), folder, stage)
    _by_value(figure.add_subplot(grid[1, :]), folder)
    _legend(figure, folder, width)
    return figure


def _curves(axes: Axes, folder: SweepFolder, stage: str) -> None:
    bare(axes)
    start = []
    for trial in folder.trials:
        points = _points(folder, stage, str(trial["value"]))
        if not points:
            continue
        colour, dashes, thick, _ = STYLE[trial["verdict"]]
        axes.plot(*zip(*points, strict=True), color=colour, linestyle=dashes, linewidth=thick)
        start.append(points[0][1])
        if stage == "full":
            _name(axes, points[-1], shown(trial["value"]), colour, up=len(start) % 2 == 0)
    if start:
        _bounded(axes, folder, stage, max(start))
    axes.set_xlabel("steps")
    axes.set_title("short look" if stage == "short" else "whole budget", fontsize=11, color=MUTED)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=3 if stage == "short" else 6))
    if stage == "short" or not axes.get_subplotspec() or axes.get_subplotspec().is_first_col():  # type: ignore[union-attr]
        axes.set_ylabel("loss")


def _name(axes: Axes, point: tuple[float, float], text: str, colour: str, *, up: bool) -> None:
    """At the end of a curve; a little above or below, so that two that end together can both be read."""
    axes.annotate(text, point, xytext=(4, 6 if up else -6), textcoords="offset points", va="center", fontsize=9,
                  color=colour, annotation_clip=False, zorder=6,
                  bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.85})  # fmt: skip


def _points(folder: SweepFolder, stage: str, value: str) -> list[tuple[float, float]]:
    """Validation loss by step; of a short look, which has one or two epochs, the training loss, smoothed."""
    splits = folder.curves.get((stage, value), {})
    validation = [point for point in splits.get("validation", ()) if math.isfinite(point[1])]
    if stage == "full" and len(validation) > 1:
        return validation
    return _smoothed([point for point in splits.get("batches", ()) if math.isfinite(point[1])]) or validation


def _smoothed(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = max(1, math.ceil(len(points) / _SMOOTH))
    parts = [points[first : first + size] for first in range(0, len(points), size)]
    return [(part[-1][0], sum(loss for _, loss in part) / len(part)) for part in parts]


def _bounded(axes: Axes, folder: SweepFolder, stage: str, start: float) -> None:
    """The axis from the lowest loss to a little above the first: what diverges leaves it.

    With the whole budget from the end of the first epoch on, where it is told apart what is slow and steady.
    """
    losses = [
        loss
        for trial in folder.trials
        for step, loss in _points(folder, stage, str(trial["value"]))
        if math.isfinite(loss) and (step or stage == "short")
    ]
    if not losses:
        return
    low, high = min(losses), min(max(losses), 1.3 * start if start > 0 else max(losses))
    _scale(axes, low, high)


def _scale(axes: Axes, low: float, high: float) -> None:
    if low > 0 and high / low > _LOG_RANGE:
        axes.set_yscale("log")
        axes.set_ylim(low / 1.15, high * 1.15)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.minorticks_off()
    else:
        room = 0.06 * (high - low or abs(high) or 1.0)
        axes.set_ylim(low - room, high + room)


def _by_value(axes: Axes, folder: SweepFolder) -> None:
    bare(axes)
    trials = [one for one in folder.trials if isinstance(one["validation_loss"], int | float)]
    numeric = all(isinstance(one["value"], int | float) for one in trials)
    spread = numeric and len(trials) > 1 and min(one["value"] for one in trials) > 0
    if spread and max(one["value"] for one in trials) / min(one["value"] for one in trials) > _LOG_RANGE:
        axes.set_xscale("log")
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    places = [one["value"] for one in trials] if numeric else list(range(len(trials)))
    if not numeric:
        axes.set_xticks(places, [str(one["value"]) for one in trials])
    for stage in ("short", "full"):
        part = [(x, one) for x, one in zip(places, trials, strict=True) if one["stage"] == stage]
        if numeric:
            axes.plot(
                [x for x, _ in part], [one["validation_loss"] for _, one in part], color=LINE, linewidth=1.2, zorder=1
            )
        for x, one in part:
            colour, _, _, marker = STYLE[one["verdict"]]
            hollow = {} if one["finished"] or marker == "x" else {"markerfacecolor": "none"}
            axes.plot([x], [one["validation_loss"]], marker, color=colour, markersize=7, zorder=3, **hollow)  # type: ignore[arg-type]
    losses = [one["validation_loss"] for one in trials]
    tops = [loss for loss, one in zip(losses, trials, strict=True) if one["verdict"] != "diverges"]
    if losses:
        _scale(axes, min(losses), max(tops or losses))
    margin, best = folder.result.get("margin"), folder.result.get("recommended")
    if margin and numeric:
        axes.axvspan(*margin, color=ACCENT, alpha=0.12, linewidth=0)
    chosen = next((x for x, one in zip(places, trials, strict=True) if one["value"] == best), None)
    if chosen is not None:
        axes.axvline(chosen, color=MUTED, linewidth=0.9, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(f"recommended: {shown(best)}", (chosen, 1), xycoords=("data", "axes fraction"), xytext=(0, 4),
                      textcoords="offset points", ha="center", fontsize=10, color=MUTED)  # fmt: skip
    axes.set_xlabel(name_of(folder.over))
    axes.set_ylabel("lowest validation loss")


def _legend(figure: Figure, folder: SweepFolder, width: float) -> None:
    from matplotlib.lines import Line2D

    seen = dict.fromkeys(one["verdict"] for one in folder.trials)
    handles = [
        Line2D([], [], color=colour, linestyle=dashes, linewidth=thick, marker=marker, markersize=6, label=verdict)
        for verdict, (colour, dashes, thick, marker) in STYLE.items()
        if verdict in seen
    ]
    if any(not one["finished"] for one in folder.trials):
        handles.append(Line2D([], [], color=MUTED, marker="o", markerfacecolor="none", linestyle="", label="stopped"))
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(50 / width, 1), ncols=6, frameon=False,
                  fontsize=10.5, handlelength=2.6, columnspacing=1.4, borderaxespad=0.4)  # fmt: skip


@themed
def start(folder: SweepFolder, *, width: float = 760, height: float = 300) -> Figure:
    """Variance of x(i+1) and size of v(i+1) behind each layer with weights, by initialisation."""
    figure = canvas(width, height)
    grid = figure.add_gridspec(
        1, 2, left=58 / width, right=1 - 12 / width, top=1 - 52 / height, bottom=44 / height, wspace=0.24
    )
    for place, (name, title) in enumerate((("x_variance", "variance of x(i+1)"), ("v_norm", "size of v(i+1)"))):
        axes = figure.add_subplot(grid[0, place])
        bare(axes)
        for number, (init, rows) in enumerate(folder.layers.items()):
            colour, dashes = (ACCENT, WARM, INK, GREY)[number % 4], DASHES[(number + number // 4) % 4]
            axes.plot(
                [row["depth"] for row in rows], [row[name] or math.nan for row in rows], color=colour,
                label=init if any(row[name] for row in rows) else f"{init} (all 0, not shown)",
                linestyle=dashes, marker=MARKERS[number % 6], markersize=4, linewidth=1.6,
            )  # fmt: skip
        _scale_sizes(axes, [row[name] for rows in folder.layers.values() for row in rows])
        axes.set_title(title, fontsize=11, color=MUTED)
        axes.set_xlabel("layer with weights")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(50 / width, 1), ncols=6, frameon=False,
                  fontsize=10.5, columnspacing=1.4, borderaxespad=0.4)  # fmt: skip
    return figure


def _scale_sizes(axes: Axes, sizes: Sequence[float]) -> None:
    """A logarithmic axis with three numbers at least."""
    axes.set_yscale("log")
    shown_sizes = [size for size in sizes if size > 0 and math.isfinite(size)]
    narrow = bool(shown_sizes) and max(shown_sizes) / min(shown_sizes) < 1000
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if narrow else (1.0,), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.minorticks_off()


def shown(value: Any) -> str:
    """A value as a person writes it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
