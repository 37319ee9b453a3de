"""Held-out scores."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One score with the ends of its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class LinearFacts:
    """What a linear model made of held-out rows, beside a constant."""

    skill: float
    """Standard errors by which it beats the constant."""
    left: float
    """Share of the constant's loss (log-loss, or squared error) that it leaves."""
    rows: int
    """Of them."""
