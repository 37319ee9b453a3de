"""Lines drawn with braille dots, eight to a character, for a terminal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.text import Text

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot of a braille character, rows of left and right; U+2800 is the empty one."""
_DASH = 5
"""Dots of a dash, and of the gap behind it."""
_MARGIN = 9
"""Characters left of the axis."""


@dataclass(frozen=True)
class Line:
    """One line: points in order of x, and what stands at its right end."""

    x: Sequence[float]
    y: Sequence[float]
    label: str = ""
    style: str = ""
    """Of rich."""
    dashed: bool = False


@dataclass(frozen=True)
class Frame:
    """The part of the plane that is seen, and how large it is drawn."""

    x: tuple[float, float]
    y: tuple[float, float]
    columns: int
    rows: int
    log: bool = False

    def dot(self, x: float, y: float) -> tuple[float, float] | None:
        """Column and row of the dot at a point, (0, 0) above left; None for what is not finite."""
        low, high = map(self._scale, self.y)
        value = self._scale(y)
        if not math.isfinite(value):
            return None
        across = (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1.0)
        return across * (2 * self.columns - 1), (high - value) / ((high - low) or 1.0) * (4 * self.rows - 1)

    def _scale(self, value: float) -> float:
        if not self.log:
            return value
        return math.log10(value) if value > 0 and math.isfinite(value) else math.nan


def plot(lines: Sequence[Line], frame: Frame, *, title: str, axis: str = "") -> list[Text]:
    """One panel, a text a row: title, rows with their ticks, the axis below; labels stand where lines end."""
    cells: dict[tuple[int, int], tuple[int, str]] = {}
    for line in lines:
        _draw(cells, line, frame)
    ticks, labels = _ticks(frame), _labels(lines, frame)
    texts = [Text(f"{'':{_MARGIN}}{title}", style="bold")]
    for row in range(frame.rows):
        text = Text(f"{ticks.get(row, ''):>{_MARGIN - 2}} {'┤' if row in ticks else '│'}", style="dim")
        for column in range(frame.columns):
            dots, style = cells.get((row, column), (0, ""))
            text.append(chr(0x2800 + dots) if dots else " ", style=style)
        if row in labels:
            text.append(f" {labels[row].label}", style=labels[row].style)
        texts.append(text)
    if axis:
        texts += _axis(frame, axis)
    return texts


def _draw(cells: dict[tuple[int, int], tuple[int, str]], line: Line, frame: Frame) -> None:
    far = 40 * frame.rows  # ten frames away: beyond it a line is as good as upright
    dots = [frame.dot(x, y) for x, y in zip(line.x, line.y, strict=True)]
    points = [None if dot is None else (dot[0], min(max(dot[1], -far), far)) for dot in dots]
    known = [point for point in points if point is not None]
    if len(known) == 1:  # a single dot would be overlooked
        column, row = (round(place) for place in known[0])
        cells[row // 4, column // 2] = 0xFF, line.style
    for first, second in pairwise(points):
        if first is None or second is None:
            continue
        steps = max(1, math.ceil(max(abs(second[0] - first[0]), abs(second[1] - first[1]))))
        for step in range(steps + 1):
            column, row = (round(a + (b - a) * step / steps) for a, b in zip(first, second, strict=True))
            if line.dashed and column // _DASH % 2:
                continue
            if 0 <= column < 2 * frame.columns and 0 <= row < 4 * frame.rows:
                place = row // 4, column // 2
                cells[place] = cells.get(place, (0, ""))[0] | _DOTS[row % 4][column % 2], line.style


def _ticks(frame: Frame) -> dict[int, str]:
    """Row → number, at round numbers."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    many = max(2, frame.rows // 3)
    found = LogLocator(subs=(1.0, 3.0)) if frame.log else MaxNLocator(many)
    ticks: dict[int, str] = {}
    for value in found.tick_values(*frame.y):
        point = frame.dot(frame.x[0], float(value))
        if point is not None and -0.5 <= point[1] <= 4 * frame.rows - 0.5:
            ticks.setdefault(round(point[1]) // 4, f"{value:.4g}")
    return ticks


def _labels(lines: Sequence[Line], frame: Frame) -> dict[int, Line]:
    """Row → line: each beside its last point that is seen, moved to a free row where two would meet."""
    ends = []
    for line in lines:
        dots = [frame.dot(x, y) for x, y in zip(line.x, line.y, strict=True)]
        last = next((dot for dot in reversed(dots) if dot is not None), None)
        if line.label and last is not None:
            ends.append((min(max(round(last[1]) // 4, 0), frame.rows - 1), line))
    placed: dict[int, Line] = {}
    for row, line in sorted(ends, key=lambda end: end[0]):
        free = [place for place in range(frame.rows) if place not in placed]
        if free:
            placed[min(free, key=lambda place: (abs(place - row), -place))] = line
    return placed


def _axis(frame: Frame, axis: str) -> list[Text]:
    first, last = (f"{value:.4g}" for value in frame.x)
    words = f"{first}{axis:^{max(1, frame.columns - len(first) - len(last))}}{last}"
    return [
        Text(f"{'':{_MARGIN - 1}}└{'─' * frame.columns}", style="dim"),
        Text(f"{'':{_MARGIN}}{words}", style="dim"),
    ]
