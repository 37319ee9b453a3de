"""One signal of every layer over the whole training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .cells import draw_cells
from .theme import ACCENT, INK, MUTED, WARM, axes_within, canvas, themed

LOG_RANGE = 100
"""Largest over smallest value beyond which the shade follows the logarithm."""
PALEST = 0.06


@themed
def signal_map(
    values: np.ndarray, layers: Sequence[str], ends: tuple[float, float], *, axis: str = "epoch", width: float = 370
) -> Figure:
    """A heat map: a row is a layer, from input to output; a column a stretch of training; strong colour is large.

    `values` has shape (layers, columns); not-a-number was not measured, an infinite value is crossed. `ends` are the
    first and the last epoch, or whatever else `axis` names.
    """
    names = [name if len(name) <= 20 else "…" + name[-19:] for name in layers]
    left = 12 + 6.3 * max(map(len, names))
    figure = canvas(width, 16 * len(names) + 62)
    axes = axes_within(figure, left=left, right=12, top=28, bottom=34, grid="")
    draw_cells(axes, _shades(values), ACCENT, gap=0.0)
    for row, column in np.argwhere(np.isinf(values)):
        axes.plot([column], [row], "x", color=WARM, markersize=4)
    axes.spines[:].set_visible(False)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelcolor=INK, labelsize=10)
    columns = values.shape[1]
    axes.set_xticks([-0.5, columns - 0.5], [f"{end:,.0f}" if end >= 100 else f"{end:.3g}" for end in ends])
    axes.set_xlabel(axis, labelpad=-8)
    _scale(figure, axes, values)
    return figure


def _shades(values: np.ndarray) -> np.ndarray:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.full(values.shape, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.log(values) if _logarithmic(finite) else values
    scaled = np.where(np.isfinite(values), scaled, np.nan)
    low, high = np.nanmin(scaled), np.nanmax(scaled)
    return PALEST + (1 - PALEST) * (scaled - low) / (high - low if high > low else 1.0)


def _logarithmic(finite: np.ndarray) -> bool:
    return bool(finite.min() > 0 and finite.max() / finite.min() > LOG_RANGE)


def _scale(figure: Figure, axes: Axes, values: np.ndarray) -> None:
    """Say which numbers the palest and the strongest shade stand for."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return
    words = f"pale {finite.min():.3g}, strong {finite.max():.3g}" + (", log scale" if _logarithmic(finite) else "")
    height = figure.get_figheight() * 72
    figure.text(axes.get_position().x0, 1 - 18 / height, words, color=MUTED, fontsize=10)
