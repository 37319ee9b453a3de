"""Since when the dead units of a layer are so, and why, from the numbers of the run."""

import math
from dataclasses import dataclass, field
from statistics import median_low
from typing import Any, Literal

from ..signals import LayerFacts, UnitFacts
from .facts import RunFacts
from .weights import steps_beside_usual

STEP = 0.05
"""‖ΔW‖/‖W‖ of a step that can kill units, as in learning-rate-too-high; around 1e-3 is usual."""
ALIKE = 0.4
"""Spread of a layer's values over rows, beside their size, below which a tenth of the units is expected to be negative
for all of several hundred rows: with mean μ ~ N(0, s²) and spread σ over rows, P(μ < −3σ) = 0.1 at
σ/√(s² + σ²) = 0.4."""
FEW = 3
"""Units of which all can be dead at the start by chance (Lu et al. 2020: narrow networks are born dead)."""

Why = Literal["bias", "scale", "few", "start", "step", "drift"]


@dataclass(frozen=True)
class Death:
    """What became of the dead units of one layer."""

    born: int
    """How many were zero at every observed step."""
    since: int
    """The step from which half of them were silent: 0 where they were so from the start."""
    why: Why
    """At the start: a negative bias, rows that are nearly alike, few units, or none of these. In training: a large
    step, or many usual ones."""
    numbers: dict[str, Any] = field(default_factory=dict)
    """What that rests on, and its thresholds."""


def death(u: UnitFacts, run: RunFacts) -> Death:
    """Since when, and why."""
    spoke = u.last_spoke or _at_the_latest(u, run)
    born, last = sum(step < 0 for step in spoke), median_low(spoke)
    layer = _weighted_below(u, run)
    if last < 0:
        why, numbers = _at_the_start(u, run, layer)
        return Death(born, 0, why, numbers)
    since = next((step for step in run.observed if step > last), last)
    ratios = [(value, step) for step, value in steps_beside_usual(run, layer) if step <= since] if layer else []
    largest, at = max((pair for pair in ratios if math.isfinite(pair[0])), default=(0.0, 0))
    numbers = {"largest_update_ratio": largest, "largest_at_step": at, "threshold_update_ratio": STEP}
    return Death(born, since, "step" if largest > STEP else "drift", numbers)


def _at_the_latest(u: UnitFacts, run: RunFacts) -> tuple[int, ...]:
    """`last_spoke` of facts that do not hold it: what died in training was silent by the end."""
    born = min(u.dead_at_start, len(u.dead))
    return (-1,) * born + (run.observed[-1] if run.observed else 0,) * (len(u.dead) - born)


def _weighted_below(u: UnitFacts, run: RunFacts) -> LayerFacts | None:
    """The layer with parameters that the rectifier reads."""
    layer = run.by_name.get(u.layer)
    while layer is not None and not layer.parameters:
        below = run.before(layer)
        layer = below if below is not layer else None
    return layer


def _at_the_start(u: UnitFacts, run: RunFacts, layer: LayerFacts | None) -> tuple[Why, dict[str, Any]]:
    if layer is None:
        return "start", {}
    first = run.signals.first
    mean, spread, rows = (first(name, layer.name) for name in ("y_mean", "y_std", "row_std"))
    bias = next((p.mean for p in layer.parameters.values() if len(p.shape) == 1), 0.0)
    if spread is not None and bias < 0 and -bias > spread:
        return "bias", {"bias": bias, "spread": spread}
    size = math.hypot(mean or 0.0, spread or 0.0)
    if rows is not None and size > 0 and rows < ALIKE * size:
        return "scale", {"difference_of_rows": rows / size, "threshold_difference": ALIKE}
    return ("few" if u.units <= FEW else "start"), {}
