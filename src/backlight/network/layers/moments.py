"""A layer for points in time, whose neighbours tell more about them than any smooth function of time does."""

from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn import functional as F

COARSEST = 64
"""Knots of the coarsest table."""


class SplineTables(nn.Module):
    """y = the values of learned piecewise-linear functions of time, with ever more knots.

    Each table holds its function's values at equally spaced knots; between two knots it runs straight. The coarse
    tables learn the season, the fine ones the hour, as in the multi-resolution tables of Müller et al. 2022
    ("Instant Neural Graphics Primitives"), in one dimension. Such a table fills in between known moments; beyond the
    first and the last one it knows nothing and stays at its ends.

    As in `PiecewiseLinear`, the gain makes the tables learn faster than the layers above.

    Args:
        moments: number of different moments in the training rows; the finest table has fewer knots than that.
        features: number of input columns, each with tables of its own.
        width: functions of each table.
        gain: factor of the tables.
    """

    knots: Tensor
    offset: Tensor

    def __init__(self, moments: int, features: int = 1, width: int = 2, gain: float = 3.0) -> None:
        super().__init__()
        self.moments, self.features, self.width, self.gain = moments, features, width, gain
        counts = [COARSEST]
        while 2 * counts[-1] <= 0.8 * moments:
            counts.append(2 * counts[-1])
        rows = [0, *accumulate([count + 1 for count in counts] * features)]
        self.register_buffer("knots", torch.tensor(counts, dtype=torch.float32), persistent=False)
        self.register_buffer("offset", torch.tensor(rows[:-1]).view(features, len(counts)), persistent=False)
        self.weight = nn.Parameter(torch.empty(rows[-1], width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Values normal with standard deviation 0.1 behind the gain."""
        nn.init.normal_(self.weight, std=0.1 / self.gain)

    def locate(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (n, f) within [0, 1] → row of the knot below and the share of the way to the next, both (n, f, tables)."""
        place = x.clamp(0, 1)[:, :, None] * self.knots
        below = torch.minimum(place.floor(), self.knots - 1)
        return below.long() + self.offset, place - below

    def forward(self, x: Tensor) -> Tensor:
        """x (n, f) → y (n, f · tables · width)."""
        row, share = self.locate(x)
        below, above = F.embedding(row, self.weight), F.embedding(row + 1, self.weight)
        return (self.gain * torch.lerp(below, above, share[..., None].to(below))).flatten(1)

    def extra_repr(self) -> str:
        """Knots of the tables and their width."""
        return f"{self.features} features, {len(self.knots)} tables to {int(self.knots[-1])} knots, width {self.width}"
