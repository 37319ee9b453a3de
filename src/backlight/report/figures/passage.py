"""One example's way through the network: forward from top to bottom, backward from bottom to top."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from .theme import ACCENT, GREY, INK, LINE, MUTED, WARM, bare, canvas, themed

ROW = 22
"""Height of a layer, in CSS pixels."""

LEAST_SIGMA = 1e-3
"""Singular values below this share of the largest are drawn at the left edge."""

_BOTTOM = 40

_MARKS = (
    ("o", ACCENT, ACCENT, "|x(i)| forward, down"),
    ("s", WARM, "none", "|v(i)| backward, up"),
    ("D", INK, INK, "|∂L/∂θ(i)|"),
    ("o", ACCENT, ACCENT, "σ largest"),
    ("|", ACCENT, ACCENT, "smallest, dashed: 1"),
)
"""Marker, its colour and filling, and what it stands for."""


@themed
def passage(
    layers: Sequence[Mapping[str, Any]], output: Mapping[str, Any], *, width: float = 760, wide: bool = True
) -> Figure:
    """Left the sizes of x(i), v(i) and the parameter gradient, right the singular values of the Jacobian, by layer.

    `layers` have label, x_norm, v_norm, parameter_gradient_norm, largest and smallest, from input to output; `output`
    has label, x_norm and v_norm of x(n). What is None or zero has no place on a logarithmic axis and is left out.
    """
    rows = [*layers, output]
    top = 38 if wide else 58
    height = ROW * len(rows) + top + _BOTTOM
    figure = canvas(width, height)
    left = 14 + 6.3 * max(len(row["label"]) for row in rows)
    gap = 26 if wide else 24
    share = 0.56 if wide else 0.55
    room = width - left - gap - 12
    right = left + room * share + gap
    sizes = _panel(figure, left, room * share, len(rows), top)
    sigmas = _panel(figure, right, room * (1 - share), len(rows), top)
    sizes.set_yticks(range(len(rows)), [row["label"] for row in rows])
    sizes.tick_params(axis="y", labelcolor=INK, labelsize=10.5)
    sigmas.set_yticks(range(len(rows)), [""] * len(rows))
    _draw_sizes(sizes, rows)
    _draw_sigmas(sigmas, layers)
    sizes.set_xlabel("size" + (" (Euclidean norm), log scale" if wide else ", log scale"))
    sigmas.set_xlabel("σ of ∂x(i+1)/∂x(i), log scale" if wide else "σ, log scale")
    _legend(figure, right, top, wide)
    for axes in (sizes, sigmas):
        _decades(axes, 5 if wide else 3)
    return figure


def _panel(figure: Figure, left: float, wide: float, rows: int, top: float) -> Axes:
    width, height = figure.get_size_inches() * 72
    axes = figure.add_axes((left / width, _BOTTOM / height, wide / width, (height - top - _BOTTOM) / height))
    bare(axes, grid="both")
    axes.set_xscale("log")
    axes.set_ylim(rows - 0.5, -0.5)
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_color(LINE)
    return axes


def _draw_sizes(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    _line(axes, rows, "x_norm", colour=ACCENT, marker="o", markersize=6.5, linewidth=1.4)
    _line(axes, rows, "v_norm", colour=WARM, marker="s", markersize=5.5, linewidth=1.4, dashes=(4, 2.5), hollow=True)
    _line(axes, rows, "parameter_gradient_norm", colour=INK, marker="D", markersize=5.5, linewidth=0)


def _line(
    axes: Axes, rows: Sequence[Mapping[str, Any]], name: str, *, colour: str, hollow: bool = False, **style: Any
) -> None:
    values = [row[name] if _positive(row.get(name)) else math.nan for row in rows]  # a gap in the line
    face = "none" if hollow else colour
    axes.plot(values, range(len(rows)), color=colour, markerfacecolor=face, markeredgecolor=colour, **style)


def _draw_sigmas(axes: Axes, layers: Sequence[Mapping[str, Any]]) -> None:
    found = [one for one in layers if _positive(one.get("largest"))]
    if not found:
        axes.set_xlim(0.1, 10)
        axes.text(0.5, 0.5, "not found", transform=axes.transAxes, color=MUTED, ha="center")
        return
    top = max(one["largest"] for one in found)
    shown = [one["smallest"] for one in found if _positive(one["smallest"])]
    low = min(max(LEAST_SIGMA * top, min(shown, default=top)), *(one["largest"] for one in found), top)
    edge = min(low, 0.5) / 1.6
    axes.set_xlim(edge, max(top, 2) * 1.5)
    axes.axvline(1, color=GREY, linewidth=1.2, dashes=(4, 3))
    for place, one in enumerate(layers):
        if _positive(one.get("largest")):
            _sigma(axes, place, one["largest"], one["smallest"], edge)


def _sigma(axes: Axes, place: int, largest: float, smallest: float | None, edge: float) -> None:
    """A bar from the smallest to the largest; dotted where only the largest is known, an arrow where it goes on."""
    ends = [edge if smallest is None else max(smallest, edge), largest]
    if smallest is None:
        axes.plot(ends, [place, place], color=ACCENT, linewidth=1.4, dashes=(1, 2))
    else:
        axes.plot(ends, [place, place], color=ACCENT, linewidth=5, alpha=0.35, solid_capstyle="butt")
        if smallest < edge:
            axes.plot([edge], [place], "<", color=ACCENT, markersize=6, clip_on=False)
        else:
            axes.plot([smallest], [place], "|", color=ACCENT, markersize=9, markeredgewidth=2)
    axes.plot([largest], [place], "o", color=ACCENT, markersize=5.5)


def _decades(axes: Axes, most: int) -> None:
    """Powers of ten as the only ticks."""
    axes.xaxis.set_major_locator(LogLocator(numticks=most))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(
        lambda value, _: f"{value:g}" if 1e-3 <= value < 1e3 else f"1e{math.log10(value):.0f}"
    )


def _legend(figure: Figure, right: float, top: float, wide: bool) -> None:
    """Which mark is what, above the panels; `right` is where the right one begins."""
    width, height = figure.get_size_inches() * 72
    axes = figure.add_axes((0, 1 - top / height, 1, top / height))
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(0, top)
    x, y = 14.0, top - 16.0
    for marker, colour, face, words in _MARKS:
        if words == "σ largest" and wide:
            x = right
        elif x + 24 + 6.1 * len(words) > width:
            x, y = 14.0, y - 20
        axes.plot([x], [y], marker, color=colour, markerfacecolor=face, markeredgecolor=colour, markersize=6)
        axes.text(x + 9, y, words, color=MUTED, fontsize=10.5, va="center")
        x += 24 + 6.1 * len(words)


def _positive(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value) and value > 0
