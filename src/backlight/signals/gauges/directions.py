"""In how many directions x(i+1) and v(i+1) go: their rank, and how alike units are."""

import torch
from torch import Tensor

from ...records import Layer
from ..registry import Meaning, signal
from ..units import by_unit, has_units

ROWS = 128
"""Rows (times places), evenly spaced, that are read: no more directions than that can be told apart."""
UNITS = 512
"""Units, evenly spaced, that are compared in pairs."""


@signal(
    "y_rank",
    needs=("y",),
    every=8,
    cost="high",
    meaning=Meaning(
        "rank of the output x(i+1)",
        unit="directions in which rows differ",
        ends=(1, ROWS),
    ),
)
def y_rank(layer: Layer) -> Tensor | None:
    """In how many directions do rows differ? Effective rank of x(i+1) over rows, their mean taken off.

    1 where all rows lie on a line (rank collapse, Daneshmand et al. 2020).
    """
    rows = _rows(layer, layer.y)
    return None if rows is None else effective_rank(rows - rows.mean(0))


@signal(
    "unit_similarity",
    needs=("y",),
    every=8,
    cost="high",
    meaning=Meaning(
        "likeness of units",
        unit="mean |correlation| of two of them",
        scale="share",
    ),
)
def unit_similarity(layer: Layer) -> Tensor | None:
    """How alike are the units? Mean absolute correlation of two units over rows; those that never change left out.

    1: every unit says the same, up to its mean and scale. Chance alone gives 0.07 over 128 rows.
    """
    rows = _rows(layer, layer.y)
    if rows is None:
        return None
    rows = rows[:, :: -(-rows.shape[1] // UNITS)]
    rows = rows - rows.mean(0)
    size = torch.linalg.vector_norm(rows, dim=0)
    known = size > 0
    count = known.sum()
    unit = rows / torch.where(known, size, torch.inf)
    total = (unit.T @ unit).abs().sum()
    return (total - count) / torch.where(count > 1, count * (count - 1), torch.nan)


@signal(
    "v_rank",
    needs=("v_out",),
    every=8,
    cost="high",
    meaning=Meaning(
        "rank of the gradient v(i+1)",
        unit="directions that the rows' gradients have",
        ends=(1, ROWS),
    ),
)
def v_rank(layer: Layer) -> Tensor | None:
    """In how many directions do the rows' gradients pull? Effective rank of v(i+1).

    1 where every row pulls along the same line.
    """
    rows = _rows(layer, layer.v_out)
    return None if rows is None else effective_rank(rows)


def effective_rank(rows: Tensor) -> Tensor:
    """(Σλ)²/Σλ² of the eigenvalues of rows · rowsᵀ, rows (n, d): 1 for one direction, n or d for as many alike.

    The participation ratio; not a number where all rows are zero.
    """
    rows = rows / rows.abs().amax().clamp_min(1e-30)  # squares of small gradients leave float32
    products = rows.T @ rows if rows.shape[1] < len(rows) else rows @ rows.T
    return products.trace().square() / products.square().sum()


def _rows(layer: Layer, values: Tensor | None) -> Tensor | None:
    """(rows × places, units), at most `ROWS`; None where a layer has no units, or the values are not to be compared."""
    if values is None or not values.is_floating_point() or values.dim() < 2 or not has_units(layer.kind):
        return None
    rows = by_unit(values)
    rows = rows[:: -(-len(rows) // ROWS)].float()
    return rows if len(rows) > 1 and rows.shape[1] > 1 else None
