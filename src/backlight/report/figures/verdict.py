"""What a treatment brought: its difference with the interval, beside what a change drawn at random brought."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..words import wording
from .theme import ACCENT, GREY, INK, LINE, MUTED, axes_within, canvas, themed


@themed
def verdict(found: Mapping[str, Any], *, width: float = 330) -> Figure:
    """`found` has difference, low, high and random_change (or None) of a metric of which less is better.

    Left of the upright line, which is no change, the treated network is better.
    """
    drawn = found.get("random_change")
    names = ["treatment"] if drawn is None else ["random change", "treatment"]
    figure = canvas(width, 62 + 24 * len(names))
    axes = axes_within(figure, left=92, right=14, top=20, bottom=40, grid="x")
    top = len(names) - 1
    axes.axvline(0, color=INK, linewidth=1)
    axes.plot([found["low"], found["high"]], [top, top], color=ACCENT, linewidth=5, solid_capstyle="butt", alpha=0.35)
    axes.plot([found["difference"]], [top], "o", color=ACCENT, markersize=8)
    if drawn is not None:
        axes.plot([drawn], [0], "D", color=GREY, markersize=6)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(-0.6, top + 0.6)
    axes.margins(x=0.12)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    _name_sides(axes)
    metric = wording(str(found.get("metric", ""))).within_a_sentence
    axes.set_xlabel(f"difference in {metric}, with its 95 % interval")
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}".replace("-", "−") if value else "0"))
    return figure


def _name_sides(axes: Any) -> None:
    """`better` and `worse` at both sides of no change, where there is room for the word."""
    low, high = axes.get_xlim()
    for word, side, room in (("← better", "right", -low), ("worse →", "left", high)):
        if room > 0.2 * (high - low):
            away = -4 if side == "right" else 4
            axes.annotate(
                word, (0, 1), xycoords=("data", "axes fraction"), xytext=(away, 3), textcoords="offset points",
                ha=side, va="bottom", color=MUTED, fontsize=10,
            )  # fmt: skip
