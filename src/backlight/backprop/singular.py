"""Singular values of the Jacobian of one layer at one example: how much the layer stretches what passes.

σ of J = ∂x(i+1)/∂x(i): going forward a small change of x(i) grows by at most the largest, going back v(i+1) does too.
Products of many layers vanish where σ < 1 and explode where σ > 1 (Saxe et al. 2014, arXiv:1312.6120; Pennington et al.
2017, arXiv:1711.04735).
"""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from .jacobian import CHUNK, LARGEST, Linearisation, numbers_of, reach
from .steps import LeafStep
from .unchanged import unchanged

if TYPE_CHECKING:
    from .plan import Plan

WORK = 2e10
"""Multiply-adds of a full decomposition that is still made: some seconds on one core."""

LARGEST_ONES = 8
"""Singular values that are found where all of them would be too many."""

SPARSE = 0.05
"""Share of a row of J that may differ from zero for J to be kept sparse."""

_PROBES = 64
"""Random vectors for ‖J‖²: its relative error is about √(2/64) over the root of the number of directions."""

_FEW_PROBES = 8

_BYTES = 8
"""Of a number in a matrix that is decomposed."""

_ROUNDING = 1e-4
"""Relative differences that rounding in float32 explains over a window of a few hundred values."""


class OutOfTimeError(Exception):
    """The time for singular values was up before they were found."""


@dataclass(frozen=True)
class Spectrum:
    """Singular values of one Jacobian.

    Attributes
    ----------
    shape:
        Numbers in x(i+1) and in x(i).
    values:
        Descending; all min(shape) of them, or the largest few where not `complete`.
    method:
        How they were found, in words.
    energy:
        ‖J‖² = Σ σ²; an estimate where not `complete`.
    """

    shape: tuple[int, int]
    values: np.ndarray
    complete: bool
    method: str
    energy: float

    @property
    def largest(self) -> float:
        """σ₁, the norm of the Jacobian."""
        return float(self.values[0]) if len(self.values) else 0.0

    @property
    def smallest(self) -> float | None:
        """The smallest of all min(shape); None where not all were found."""
        return float(self.values[-1]) if self.complete and len(self.values) else None

    @property
    def effective(self) -> float:
        """How many directions pass about as well as the best: the stable rank Σ σ²/σ₁².

        Rudelson, Vershynin 2007, J. ACM 54(4). For a ReLU it is the number of active units.
        """
        return self.energy / self.largest**2 if self.largest else 0.0


def singular_values(
    leaf: LeafStep, x: Any, *, work: float = WORK, most: int = LARGEST_ONES, until: float = math.inf
) -> Spectrum | None:
    """Singular values of ∂x(i+1)/∂x(i) of one layer at one example.

    Exact where the layer works element by element or window by window, and where the Jacobian is small; otherwise the
    largest ones by Lanczos' method. None where they cannot be found: several inputs, or no forward derivative.

    Parameters
    ----------
    leaf:
        A layer of a plan, in eval mode.
    x:
        x(i) of one example, a tensor (1, …).
    work:
        Multiply-adds beyond which only the largest values are found. Beyond 4 GiB they are so with any.
    most:
        How many these are; one is found to a hundredth only, and none for 0.
    until:
        `time.monotonic()` at which the search for the largest values is given up.

    Raises
    ------
    OutOfTimeError
        It was given up.

    """
    if not isinstance(x, Tensor):
        return None
    with unchanged(leaf.module, frozen=True), torch.no_grad():
        at = Linearisation([leaf], x if x.is_floating_point() else x.float(), leaf.name)
        m, n = numbers_of(at)
        if not m * n:
            return None
        return _by_structure(at) or _exactly(at, leaf, work) or _lanczos(at, leaf.module, most, until)


def largest_of_block(
    plan: Plan, name: str, x: Any, *, most: int = LARGEST_ONES, until: float = math.inf
) -> Spectrum | None:
    """The largest singular values of ∂x(i+1)/∂x(i) of a whole block at one example, from products with J and Jᵀ alone.

    None where they cannot be found: several inputs, one number only, or no forward derivative.

    Parameters
    ----------
    plan:
        In eval mode.
    name:
        Path of the block in the module.
    x:
        Input of the network, of one example (1, …).
    most:
        How many; one is found to a hundredth only, and none for 0.
    until:
        `time.monotonic()` at which the search is given up.

    Raises
    ------
    OutOfTimeError
        It was given up.

    """
    with unchanged(plan.module, frozen=True), torch.no_grad():
        steps, arrived = reach(plan, name, x)
        if not isinstance(arrived, Tensor) or not arrived.is_floating_point():
            return None
        return _lanczos(Linearisation(steps, arrived, name), plan.modules[0].get_submodule(name), most, until)


def _exactly(at: Linearisation, leaf: LeafStep, work: float) -> Spectrum | None:
    """All of them, where that is no more than `work` multiply-adds and its matrix not too large for the memory."""
    m, n = numbers_of(at)
    if 2.0 * max(m, n) * min(m, n) ** 2 <= work and m * n * _BYTES <= LARGEST:
        return _full(at)
    small = 4.0 * min(m, n) ** 3 <= work and min(m, n) ** 2 * _BYTES <= LARGEST
    return _sparse(at, leaf) if small and _is_sparse(at) else None


def _by_structure(at: Linearisation) -> Spectrum | None:
    """Where every x(i) goes into at most one x(i+1), the rows of J do not overlap and σ are their lengths.

    So it is in activations, reshaping, normalisation by running statistics, and pooling of windows side by side. It is
    recognised by sending 1, the row numbers and random numbers back: Jᵀ1 = a, Jᵀ(1, 2, …) = a·row, Jᵀr = a·r[row].
    """
    m, n = numbers_of(at)
    ones, numbers = torch.ones(m), torch.arange(1.0, m + 1)
    a, numbered = _back(at, ones), _back(at, numbers)
    row = torch.where(a == 0, torch.ones_like(a), numbered / a).round().long() - 1
    if bool(((row < 0) | (row >= m)).any()):
        return None
    generator = torch.Generator().manual_seed(0)
    for _ in range(2):
        r = torch.randn(m, generator=generator)
        expected = a * r.double()[row]
        if not torch.allclose(_back(at, r), expected, rtol=_ROUNDING, atol=_ROUNDING * float(a.abs().max())):
            return None
    squares = torch.zeros(m, dtype=torch.float64).index_add_(0, row, a * a)
    values = squares.sqrt().sort(descending=True).values[: min(m, n)]
    alone = m == n and bool((row[a != 0] == torch.arange(n)[a != 0]).all())
    method = "exact: |φ′|, element by element" if alone else "exact: lengths of rows that do not overlap"
    return Spectrum((m, n), values.numpy(), True, method, float(squares.sum()))


def _full(at: Linearisation) -> Spectrum:
    """All of them, from the full matrix."""
    m, n = numbers_of(at)
    values = torch.linalg.svdvals(at.by_input().reshape(m, n).double()).numpy()
    return Spectrum((m, n), values, True, "exact: decomposition of the full matrix", float((values**2).sum()))


def _is_sparse(at: Linearisation) -> bool:
    """Whether a few numbers in x(i+1) hang on few in x(i) each, as in a convolution."""
    m, n = numbers_of(at)
    rows = torch.zeros(3, m)
    rows[torch.arange(3), torch.tensor([0, m // 2, m - 1])] = 1
    return all(int((_back(at, row) != 0).sum()) <= SPARSE * n for row in rows)


def _sparse(at: Linearisation, leaf: LeafStep) -> Spectrum | None:
    """All of them, from the roots of the eigenvalues of JᵀJ or JJᵀ, whichever is smaller; J kept sparse."""
    from scipy import sparse

    m, n = numbers_of(at)
    if m <= n:
        j = sparse.csr_matrix(at.by_input().reshape(m, n).double().numpy())
    else:
        parts = []
        for first in range(0, n, count := max(1, CHUNK // (m + n))):
            units = torch.eye(n)[first : first + count]
            try:
                columns = _forth(at, leaf.module, units)
            except (RuntimeError, NotImplementedError):
                return None
            parts.append(sparse.csr_matrix(columns.reshape(len(units), m)))
        j = sparse.vstack(parts).tocsr()
    squares = torch.linalg.eigvalsh(torch.from_numpy((j @ j.T).toarray()))
    values = squares.clamp_min(0).sqrt().flip(0).numpy()
    return Spectrum((m, n), values, True, "exact: decomposition of the sparse matrix", float(squares.sum()))


def _lanczos(at: Linearisation, module: nn.Module, most: int, until: float) -> Spectrum | None:
    """The largest few, from products J u and Jᵀ v alone (Golub, Kahan 1965; ARPACK); ‖J‖² from random vectors."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, svds  # 0.1 s that few need

    m, n = numbers_of(at)
    most = min(most, min(m, n) - 1)
    if most < 1:
        return None

    def forth(u: np.ndarray) -> np.ndarray:
        if time.monotonic() > until:
            raise OutOfTimeError
        return _forth(at, module, torch.from_numpy(u.ravel()))

    operator = LinearOperator(
        (m, n),
        matvec=forth,
        rmatvec=lambda v: _back(at, torch.from_numpy(v.ravel())).numpy(),
        dtype=np.float64,
    )
    start = np.random.default_rng(0).standard_normal(min(m, n))
    try:
        values = svds(operator, k=most, v0=start, tol=1e-6 if most > 1 else 1e-2, return_singular_vectors=False)
    except (RuntimeError, NotImplementedError, ArpackError):  # no forward derivative (recurrent layers), no convergence
        return None
    generator = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (_PROBES if most > 1 else _FEW_PROBES, m), generator=generator).double() * 2 - 1
    energy = float(np.mean([float(_back(at, v).square().sum()) for v in signs]))
    ordered = np.sort(np.abs(values))[::-1].copy()
    return Spectrum((m, n), ordered, False, f"the largest{f' {most}' if most > 1 else ''}, by Lanczos' method", energy)


def _back(at: Linearisation, v: Tensor) -> Tensor:
    """Jᵀ v as float64 (n,)."""
    found: Any = at.pull(at.x, v.to(at.y).reshape(at.y.shape))
    return torch.zeros(numbers_of(at)[1], dtype=torch.float64) if found is None else found.reshape(-1).double().cpu()


def _forth(at: Linearisation, module: nn.Module, u: Tensor) -> np.ndarray:
    """J u as float64 (m,), or for several u (k, n) one after the other (k m,)."""
    direction = u.to(at.x).reshape(-1, *at.x.shape[1:])
    place = at.x.expand_as(direction).clone()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PyTorch's forward derivatives use its own torch.jit
        y: Tensor = torch.func.jvp(module, (place,), (direction,))[1]
    return y.reshape(-1).double().cpu().numpy()
