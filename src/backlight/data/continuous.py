"""Numbers to inputs of a network: centred, scaled, outliers drawn in, holes filled."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from backlight.records import Feature

Scaling = Literal["robust", "standard", "none"]

BINS = 48
"""Bins of a piecewise-linear embedding at most; RealMLP and Gorishniy et al. (2022) find little above this."""
BOUND = 3.0
"""Where the smooth clip bends; values end within ±3. From RealMLP (Holzmüller et al. 2024, appendix A)."""


@dataclass(frozen=True)
class Number:
    """One column of numbers and how it is scaled: (value − centre) · factor, then, if `bounded`, the smooth clip."""

    name: str
    kind: Literal["continuous", "flag"]
    centre: float
    factor: float
    fill: float
    """Stands for a missing value: the median of the training rows."""
    indicator: bool
    """Whether a flag tells that the value was missing; only where training rows have such."""
    bounded: bool
    edges: tuple[float, ...] = ()
    """Ascending quantiles of the scaled training values."""


def fit_number(name: str, values: np.ndarray, scaling: Scaling, *, constant: bool = False) -> Number:
    """Scale of one column from its training values (n,), nan where missing.

    Robust scaling follows RealMLP (Holzmüller, Grinsztajn, Steinwart 2024): centre median, factor 1 / (q75 − q25); where
    the quartiles are equal, 2 / (max − min). Columns of 0 and 1 are flags and stay as they are. With `constant` the
    value itself says nothing and only its absence does.
    """
    filled = np.sort(values[np.isfinite(values)])
    indicator = len(filled) < len(values)
    middle = float(np.median(filled))
    if scaling == "none":
        return Number(name, "continuous", 0.0, 1.0, middle, False, False)
    if not constant and (filled[0] == 0 and filled[-1] == 1 and _is_flag(filled)):
        return Number(name, "flag", 0.0, 1.0, float(middle > 0.5), indicator, False)
    centre, factor = _standard(filled) if scaling == "standard" else _robust(filled, middle)
    number = Number(name, "continuous", centre, factor, middle, indicator, scaling == "robust")
    return _with_edges(number, filled)


def _is_flag(filled: np.ndarray) -> bool:
    return bool(((filled == 0) | (filled == 1)).all())


def _standard(filled: np.ndarray) -> tuple[float, float]:
    spread = float(filled.std())
    return float(filled.mean()), 1 / spread if spread > 0 else 0.0


def _robust(filled: np.ndarray, middle: float) -> tuple[float, float]:
    low, high = np.quantile(filled, (0.25, 0.75))
    if high > low:
        return middle, float(1 / (high - low))
    span = float(filled[-1] - filled[0])
    return middle, 2 / span if span > 0 else 0.0


def _with_edges(number: Number, filled: np.ndarray) -> Number:
    """Edges at every distinct value where they are few, so that a step at each can be learned; else at quantiles."""
    distinct = filled[np.diff(filled, prepend=-np.inf) > 0]
    if len(distinct) > BINS + 1:
        distinct = np.unique(np.quantile(filled, np.linspace(0, 1, BINS + 1)))
    edges = np.unique(scale(distinct[:, None], [number]).astype(np.float32))
    return Number(**{**asdict(number), "edges": tuple(map(float, edges)) if len(edges) > 1 else ()})


def scale(values: np.ndarray, numbers: Sequence[Number]) -> np.ndarray:
    """Raw values (n, numbers), nan where missing → scaled values (n, numbers), float64."""
    fill, centre, factor = (np.array([getattr(number, key) for number in numbers]) for key in ("fill", "centre", "factor"))
    scaled = (np.where(np.isfinite(values), values, fill) - centre) * factor
    bounded = np.array([number.bounded for number in numbers])
    flags = np.array([number.kind == "flag" for number in numbers])
    if bounded.any():
        scaled[:, bounded] = smooth_clip(scaled[:, bounded])
    if flags.any():
        scaled[:, flags] = scaled[:, flags].clip(0, 1)
    return scaled


def smooth_clip(z: np.ndarray) -> np.ndarray:
    """z / √(1 + (z/3)²): nearly the identity in the middle, never beyond ±3, strictly monotone."""
    return z / np.sqrt(1 + (z / BOUND) ** 2)


def indicators(values: np.ndarray, numbers: Sequence[Number]) -> np.ndarray:
    """1 where a value is missing, for the numbers that have an indicator, (n, indicators)."""
    watched = [i for i, number in enumerate(numbers) if number.indicator]
    return (~np.isfinite(values[:, watched])).astype(np.float32)


def features_of(numbers: Sequence[Number]) -> tuple[Feature, ...]:
    """Scaled values first, then the missing-value flags."""
    values = tuple(Feature(number.name, number.kind, edges=number.edges) for number in numbers)
    return values + tuple(Feature(f"{number.name} missing", "flag") for number in numbers if number.indicator)


def number_from(values: dict[str, Any]) -> Number:
    """A number out of its JSON form."""
    return Number(**{**values, "edges": tuple(values["edges"])})
