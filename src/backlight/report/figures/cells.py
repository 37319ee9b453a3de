"""Heat maps as a few vector paths: one colour whose opacity is the value, so that any theme and grey print fit."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path

LEVELS = 12
GAP = 0.03
"""Space around a cell, in cells."""


def draw_cells(axes: Axes, shades: np.ndarray, colour: str, *, gap: float = GAP) -> None:
    """Draw shades (rows, columns) in [0, 1], row 0 on top; not-a-number and 0 leave a cell empty.

    Cells of one shade level make one path, which keeps a page small: 60 bytes a cell.
    """
    rows, columns = shades.shape
    levels = np.nan_to_num(np.ceil(np.clip(shades, 0, 1) * LEVELS)).astype(int)
    for level in range(1, LEVELS + 1):
        places = np.argwhere(levels == level)
        if len(places):
            path = _cells(places, 0.5 - gap)
            # add_artist, unlike add_patch, does not search thousands of cells for the limits set below.
            axes.add_artist(PathPatch(path, facecolor=colour, alpha=level / LEVELS, linewidth=0))
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(rows - 0.5, -0.5)


def _cells(places: np.ndarray, half: float) -> Path:
    """One path of squares around places (cells, 2), each given as row and column."""
    corners = np.array([(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)])
    vertices = (places[:, None, ::-1] + corners).reshape(-1, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(vertices, codes * len(places))
