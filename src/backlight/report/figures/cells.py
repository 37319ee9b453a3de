"""Heat maps as a few vector paths: one colour whose opacity is the value, so that any theme and grey print fit."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

LEVELS = 12
GAP = 0.03
"""Space around a cell, in cells."""


def draw_cells(
    axes: Axes, shades: np.ndarray, colour: str, *, gap: float = GAP, edges: np.ndarray | None = None
) -> None:
    """Draw shades (rows, columns) in [0, 1], row 0 on top; not-a-number and 0 leave a cell empty.

    `edges` (columns, 2) are the left and right ends of the columns, if they are not −0.5, 0.5, 1.5, … Cells of one
    shade level make one path, and without a gap neighbours of one level one cell: that keeps a page small.
    """
    rows, columns = shades.shape
    ends = np.column_stack([np.arange(columns) - 0.5 + gap, np.arange(columns) + 0.5 - gap]) if edges is None else edges
    levels = np.nan_to_num(np.ceil(np.clip(shades, 0, 1) * LEVELS)).astype(int)
    boxes: dict[int, list[tuple[float, float, float, float]]] = {}
    for row in range(rows):
        for level, left, right in _runs(levels[row], ends):
            boxes.setdefault(level, []).append((left, right, row - 0.5 + gap, row + 0.5 - gap))
    for level, places in sorted(boxes.items()):
        # add_artist, unlike add_patch, does not search thousands of cells for the limits set below.
        axes.add_artist(PathPatch(_path(np.array(places)), facecolor=colour, alpha=level / LEVELS, linewidth=0))
    axes.set_xlim(ends[0, 0], ends[-1, 1])
    axes.set_ylim(rows - 0.5, -0.5)


def _runs(levels: np.ndarray, ends: np.ndarray) -> list[tuple[int, float, float]]:
    """Level, left and right end of each box of one row; boxes of one level that touch are one."""
    runs: list[tuple[int, float, float]] = []
    for level, (left, right) in zip(levels.tolist(), ends.tolist(), strict=True):
        if not level:
            continue
        if runs and runs[-1][0] == level and runs[-1][2] == left:
            left = runs.pop()[1]
        runs.append((level, left, right))
    return runs


def _path(boxes: np.ndarray) -> Path:
    """One path of boxes (n, 4), each given as left, right, top and bottom."""
    corners = boxes[:, [0, 2, 1, 2, 1, 3, 0, 3, 0, 2]].reshape(-1, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(corners, codes * len(boxes))
