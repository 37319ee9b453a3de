"""Layers that read columns of a table: picking them, and turning category codes into numbers.

Codes arrive as floats in the one input matrix. Code 0 stands for a category that training has not seen.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Select(nn.Module):
    """y = x[:, columns]; a view without a copy where the columns are neighbours."""

    index: Tensor

    def __init__(self, columns: Sequence[int]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.register_buffer("index", torch.tensor(self.columns), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, features) → y (n, len(columns))."""
        first, last = self.columns[0], self.columns[-1]
        if self.columns == tuple(range(first, last + 1)):
            return x[:, first : last + 1]
        return x.index_select(1, self.index)

    def extra_repr(self) -> str:
        """Which columns."""
        return f"columns {_shortened(self.columns)}"


class OneHot(nn.Module):
    """Category codes to one-hot values: one output for each code from 1; code 0 gives zeros.

    Args:
        sizes: number of codes of each feature, code 0 included.
    """

    column: Tensor
    code: Tensor

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        pairs = [(column, code) for column, size in enumerate(self.sizes) for code in range(1, size)]
        self.register_buffer("column", torch.tensor([column for column, _ in pairs], dtype=torch.long), False)
        self.register_buffer("code", torch.tensor([float(code) for _, code in pairs]), False)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, f) codes → y (n, Σ (size − 1)) of zeros and ones."""
        return (x.index_select(1, self.column) == self.code).to(x.dtype)

    def extra_repr(self) -> str:
        """Sizes of the features."""
        return f"sizes {_shortened(self.sizes)}"


class Embeddings(nn.Module):
    """Category codes to learned vectors, all features in one lookup; the vectors stand side by side.

    Vectors start uniform within ±1/√width, as in Gorishniy et al. 2021, "Revisiting Deep Learning Models for
    Tabular Data"; the vector of code 0 starts, and without data stays, zero.

    Args:
        sizes: number of codes of each feature, code 0 included.
        width: length of each vector.
    """

    offset: Tensor

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.sizes = tuple(sizes)
        self.width = width
        self.weight = nn.Parameter(torch.empty(sum(self.sizes), width))
        self.register_buffer("offset", torch.tensor([0, *accumulate(self.sizes)][:-1]), persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The start described above."""
        with torch.no_grad():
            self.weight.uniform_(-(self.width**-0.5), self.width**-0.5)
            self.weight[self.offset] = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """x (n, f) codes → y (n, f · width)."""
        return F.embedding(x.long() + self.offset, self.weight).flatten(1)

    def extra_repr(self) -> str:
        """Sizes of the features and the width."""
        return f"sizes {_shortened(self.sizes)}, width {self.width}"


def _shortened(numbers: tuple[int, ...], shown: int = 6) -> str:
    text = ", ".join(map(str, numbers[:shown]))
    return f"{text}, … ({len(numbers)} in all)" if len(numbers) > shown else text
