"""Layers for continuous features: numerical embeddings and a learned scale.

A perceptron sees little of what happens within a narrow range of one feature; an embedding of each feature by
itself widens that range (Gorishniy, Rubachev, Babenko 2022, "On Embeddings for Numerical Features in Tabular
Deep Learning"). All features are computed at once: f features are the batch of one batched product.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from ...records import BacklightError


class PiecewiseLinear(nn.Module):
    """A learned piecewise-linear function of each feature, plus a learned straight line.

    With the bins [e(b), e(b+1)] of a feature, its encoding is
    z(b) = clamp((x − e(b)) / (e(b+1) − e(b)), 0, 1), unclamped below in the first and above in the last bin, and
    y = gain · z W + x a + c. W starts at zero, so that training starts from straight lines (version B of the
    authors' package rtdl_num_embeddings); a and c start uniform within ±1.

    The gain makes W learn faster than the layers above: under Adam, whose steps do not depend on the gradient's
    size, it acts as a learning rate `gain` times as high. A bin holds few rows and its weight few chances to move.

    Args:
        edges: ascending bin edges of each feature; fewer than two give the straight line alone.
        width: outputs of each feature.
        gain: factor of the piecewise-linear part.
    """

    slope: Tensor
    shift: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, edges: Sequence[Sequence[float]], width: int, gain: float = 10.0) -> None:
        super().__init__()
        self.edges = tuple(tuple(e) for e in edges)
        self.width, self.gain = width, gain
        if any(low >= high for e in self.edges for low, high in pairwise(e)):
            raise BacklightError("the bin edges of a piecewise-linear embedding have to ascend strictly")
        features, bins = len(self.edges), max(1, max(len(e) - 1 for e in self.edges))
        for name, value in zip(("slope", "shift", "low", "high"), _encoding(self.edges, bins), strict=True):
            self.register_buffer(name, value, persistent=False)
        self.weight = nn.Parameter(torch.empty(features, bins, width))
        self.line = nn.Parameter(torch.empty(features, 1, width))
        self.bias = nn.Parameter(torch.empty(features, 1, width))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The start described above."""
        with torch.no_grad():
            self.weight.zero_()
            self.line.uniform_(-1, 1)
            self.bias.uniform_(-1, 1)

    def encode(self, x: Tensor) -> Tensor:
        """x (n, f) → z (f, n, bins)."""
        return torch.addcmul(self.shift, x.t()[:, :, None], self.slope).clamp(self.low, self.high)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, f) → y (n, f · width)."""
        line = torch.addcmul(self.bias, x.t()[:, :, None], self.line)
        return torch.baddbmm(line, self.encode(x), self.weight, alpha=self.gain).transpose(0, 1).flatten(1)

    def extra_repr(self) -> str:
        """Features, bins, width."""
        return f"{len(self.edges)} features, {self.weight.shape[1]} bins, width {self.width}"


def _encoding(edges: Sequence[Sequence[float]], bins: int) -> tuple[Tensor, ...]:
    """Slope, shift and clamps, each (f, 1, bins), so that z = clamp(slope · x + shift, low, high); padding gives 0."""
    slope, shift, low, high = np.zeros((4, len(edges), 1, bins))
    for f, e in enumerate(edges):
        count = len(e) - 1
        if count < 1:
            continue
        start, end = np.array(e[:-1], dtype=np.float64), np.array(e[1:], dtype=np.float64)
        slope[f, 0, :count] = 1 / (end - start)
        shift[f, 0, :count] = -start / (end - start)
        high[f, 0, :count] = 1
        low[f, 0, 0], high[f, 0, count - 1] = -math.inf, math.inf
    return tuple(torch.tensor(part, dtype=torch.float32) for part in (slope, shift, low, high))


class Periodic(nn.Module):
    """y = [x, W₂ cos(2π w x + b) + c] of each feature: the "PBLD" embedding of RealMLP.

    Holzmüller, Grinsztajn, Steinwart 2024, "Better by Default", whose defaults these are: w starts normal with
    standard deviation sigma, b uniform within ±π, W₂ and c uniform within ±1/√frequencies.

    Args:
        features: number of input columns.
        width: outputs of each feature, x itself included; at least 2.
        frequencies: number of cosines of each feature.
        sigma: spread of the first frequencies, in periods for each unit of x.
    """

    def __init__(self, features: int, width: int = 4, frequencies: int = 16, sigma: float = 0.1) -> None:
        super().__init__()
        self.features, self.width, self.frequencies, self.sigma = features, width, frequencies, sigma
        self.frequency = nn.Parameter(torch.empty(features, 1, frequencies))
        self.phase = nn.Parameter(torch.empty(features, 1, frequencies))
        self.weight = nn.Parameter(torch.empty(features, frequencies, width - 1))
        self.bias = nn.Parameter(torch.empty(features, 1, width - 1))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """The start described above."""
        bound = self.frequencies**-0.5
        with torch.no_grad():
            self.frequency.normal_(0.0, self.sigma)
            self.phase.uniform_(-math.pi, math.pi)
            self.weight.uniform_(-bound, bound)
            self.bias.uniform_(-bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, f) → y (n, f · width)."""
        column = x.t()[:, :, None]
        waves = torch.cos(torch.addcmul(self.phase, column, self.frequency, value=2 * math.pi))
        y = torch.baddbmm(self.bias, waves, self.weight)
        return torch.cat((column, y), dim=2).transpose(0, 1).flatten(1)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.features} features, width {self.width}, frequencies {self.frequencies}, sigma {self.sigma:g}"


class Scale(nn.Module):
    """y = x · s with one learned factor for each feature, which starts at 1 (RealMLP's scaling layer)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.features = features
        self.weight = nn.Parameter(torch.ones(features))

    def reset_parameters(self) -> None:
        """All factors 1."""
        nn.init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        """x (n, f) → y (n, f)."""
        return x * self.weight

    def extra_repr(self) -> str:
        """Number of features."""
        return f"{self.features} features"
