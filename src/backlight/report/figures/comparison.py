"""The network's score with its interval, beside a linear model and a constant."""

from collections.abc import Callable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from .theme import ACCENT, GREY, INK, LINE, axes_within, canvas, themed


@themed
def comparison(
    metric: Mapping[str, float],
    references: Mapping[str, float],
    *,
    axis: str,
    text: Callable[[float], str],
    share: bool = False,
    width: float = 760,
    height: float = 132,
) -> Figure:
    """One line each: where the score lies. `metric` has value, low and high; `references` are name → value.

    `text` writes a score; `share` puts percent on the axis.
    """
    figure = canvas(width, height)
    axes = axes_within(figure, left=76, right=56, top=4, bottom=40, grid="x")
    names = [*references, "network"]
    for place, value in enumerate(references.values()):
        axes.plot([value], [place], "D", color=GREY, markersize=6)
        _label(axes, value, place, text(value), GREY)
    top = len(names) - 1
    axes.plot([metric["low"], metric["high"]], [top, top], color=ACCENT, linewidth=5, solid_capstyle="butt", alpha=0.35)
    axes.plot([metric["value"]], [top], "o", color=ACCENT, markersize=8)
    _label(axes, metric["high"], top, text(metric["value"]), INK)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(-0.6, top + 0.6)
    axes.margins(x=0.06)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    axes.set_xlabel(axis)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}%" if share else f"{value:g}"))
    return figure


def _label(axes: Axes, value: float, place: float, words: str, colour: str) -> None:
    axes.annotate(words, (value, place), xytext=(9, 0), textcoords="offset points", va="center", color=colour)
