"""The scale of a map: which shade stands for which number, and where the healthy range lies."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..words import RAISED
from .cells import LEVELS, draw_cells
from .theme import ACCENT, INK, MUTED

if TYPE_CHECKING:
    from ...signals import Meaning

PALEST = 0.06
MOST_DECADES = 12
"""Powers of ten on a scale that the data decide; what is smaller is as pale as can be."""
STRIP, HEIGHT = 180, 9
"""Size of the strip of shades, in pixels."""


@dataclass(frozen=True)
class MapScale:
    """From numbers to shades in [0, 1]."""

    low: float
    high: float
    logarithmic: bool
    share: bool
    clipped: tuple[bool, bool]
    """Whether numbers lie beyond either end."""
    colour: str = ACCENT

    @classmethod
    def of(cls, meaning: Meaning, values: np.ndarray) -> MapScale:
        """The fixed scale of a signal; where it has none, whole powers of ten (or an even scale) around its numbers."""
        finite = values[np.isfinite(values)]
        positive = finite[finite > 0]
        logarithmic = meaning.scale == "log" and len(positive) > 0
        if meaning.scale in ("share", "flag"):
            low, high = 0.0, 1.0
        elif meaning.ends is not None:
            low, high = meaning.ends
        elif logarithmic:
            high = 10.0 ** math.ceil(math.log10(positive.max()) - 1e-9)
            low = max(10.0 ** math.floor(math.log10(positive.min()) + 1e-9), high / 10.0**MOST_DECADES)
            high = high if high > low else low * 10
        else:
            low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
            high = high if high > low else low + 1.0
        beyond = (bool((finite < low).any()), bool((finite > high).any() or np.isposinf(values).any()))
        return cls(low, high, logarithmic, meaning.scale == "share", beyond)

    def place(self, values: np.ndarray) -> np.ndarray:
        """Where on the scale numbers lie: 0 at its low end, 1 at its high one."""
        ends = np.array([self.low, self.high])
        if not self.logarithmic:
            return (values - ends[0]) / (ends[1] - ends[0])
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(np.where(values > 0, values, 0.0))
        return (logs - np.log(ends[0])) / (np.log(ends[1]) - np.log(ends[0]))

    def shades(self, values: np.ndarray) -> np.ndarray:
        """Opacity of each cell; not-a-number stays empty."""
        shades = PALEST + (1 - PALEST) * np.clip(self.place(values), 0, 1)
        return np.where(np.isnan(values), np.nan, shades)

    def text(self, value: float) -> str:
        """A number on the scale."""
        if self.share:
            return f"{100 * value:g}%"
        power = math.log10(value) if self.logarithmic and value > 0 else 0.0
        if abs(power) > 3.5 and abs(power - round(power)) < 1e-9:
            return f"10{str(round(power)).translate(RAISED)}"
        return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def draw_scale(figure: Figure, axes: Axes, scale: MapScale, meaning: Meaning) -> None:
    """The strip of shades above a map, its ends in numbers, and a bar over the healthy range."""
    width, height = figure.get_size_inches() * 72
    left = min(axes.get_position().x0 * width, width - STRIP - 24)
    strip = figure.add_axes((left / width, 1 - 30 / height, STRIP / width, HEIGHT / height))
    middles = (np.arange(LEVELS) + 0.5) / LEVELS
    draw_cells(strip, (PALEST + (1 - PALEST) * middles)[None], scale.colour, gap=0.0)
    strip.set_xlim(-0.5, LEVELS - 0.5)
    strip.spines[:].set_visible(False)
    strip.set_facecolor("none")
    strip.set_yticks([])
    ticks = _ticks(scale, meaning)
    strip.set_xticks([place * LEVELS - 0.5 for place, _ in ticks], [text for _, text in ticks])
    strip.tick_params(length=2.5, width=0.8, pad=1.5, labelsize=9.5, labelcolor=MUTED, color=MUTED)
    if meaning.scale != "flag":
        _draw_range(strip, scale, meaning)


def _ticks(scale: MapScale, meaning: Meaning) -> list[tuple[float, str]]:
    """Both ends, the ends of the healthy range, and the usual number, where they have room."""
    before, after = ("≤ " if scale.clipped[0] else "", "≥ " if scale.clipped[1] else "")
    ticks = [(0.0, before + scale.text(scale.low)), (1.0, after + scale.text(scale.high))]
    for value in (meaning.low, meaning.high, meaning.usual):
        if value is not None and math.isfinite(value):
            place = float(scale.place(np.array(float(value))))
            if all(abs(place - other) > 0.14 for other, _ in ticks):
                ticks.append((place, scale.text(value)))
    return ticks


def _draw_range(strip: Axes, scale: MapScale, meaning: Meaning) -> None:
    if meaning.low == -math.inf and meaning.high == math.inf:
        return
    ends = np.array([max(meaning.low, scale.low), min(meaning.high, scale.high)])
    first, last = np.clip(scale.place(ends), 0, 1) * LEVELS - 0.5
    strip.plot([first, last], [-0.95, -0.95], color=INK, linewidth=2.2, solid_capstyle="butt", clip_on=False)
    strip.text((first + last) / 2, -1.3, "healthy", ha="center", va="bottom", fontsize=9.5, color=INK)
