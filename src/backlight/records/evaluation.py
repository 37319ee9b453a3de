"""Held-out scores."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One score with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float
