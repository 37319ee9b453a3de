"""Whether probabilities can be taken at their word: calibration, p(right class), ROC."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from .theme import ACCENT, GREY, MUTED, PAPER, WARM, axes_within, canvas, themed

SIDE = 300


@themed
def calibration(bins: Sequence[Mapping[str, float]], *, width: float = 370, height: float = SIDE) -> Figure:
    """Mean predicted probability against the share that came true; a dot's area is its number of rows."""
    figure = canvas(width, height)
    axes = axes_within(figure, bottom=42, left=58, right=20, grid="both")
    _diagonal(axes, "as often as said")
    largest = max(one["rows"] for one in bins)
    x, y = [one["predicted"] for one in bins], [one["observed"] for one in bins]
    axes.plot(x, y, color=ACCENT, linewidth=1.4)
    axes.scatter(x, y, s=[12 + 40 * one["rows"] / largest for one in bins], color=ACCENT, zorder=3)
    _percent(axes)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share that came true")
    return figure


@themed
def right_class(histogram: Sequence[Mapping[str, float]], *, width: float = 370, height: float = SIDE) -> Figure:
    """How many rows got which probability of their right class."""
    figure = canvas(width, height)
    axes = axes_within(figure, bottom=42, left=58, right=20)
    total = max(1, sum(one["rows"] for one in histogram))
    for one in histogram:
        low = one["low"] < 0.5
        axes.bar(
            one["low"],
            one["rows"] / total,
            width=(one["high"] - one["low"]) * 0.9,
            align="edge",
            color=WARM if low else ACCENT,
            hatch="////" if low else None,
            edgecolor=PAPER,
            linewidth=0,
            alpha=0.85,
        )
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_xlabel("probability given to the right class")
    axes.set_ylabel("share of rows")
    return figure


@themed
def roc(points: Sequence[Sequence[float]], *, width: float = 370, height: float = SIDE) -> Figure:
    """The share of positives found against the share of negatives taken for them."""
    figure = canvas(width, height)
    axes = axes_within(figure, bottom=42, left=58, right=20, grid="both")
    _diagonal(axes, "guessing")
    axes.plot([x for x, _ in points], [y for _, y in points], color=ACCENT, linewidth=1.8)
    _percent(axes)
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    return figure


def _diagonal(axes: Axes, words: str) -> None:
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, dashes=(4, 3))
    axes.text(0.98, 0.03, f"dashed: {words}", color=MUTED, ha="right", fontsize=10)


def _percent(axes: Axes) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
