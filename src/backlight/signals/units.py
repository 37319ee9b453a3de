"""Units over all observed rows: dead, saturated, and the same as another."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..records import Layer
from .facts import UnitFacts
from .gauges.activations import in_flat_ends
from .numbers import numbers_of
from .registry import MEANINGS, Meaning
from .roles import FLAT_ENDS, RECTIFIERS, role_of

WINDOW = 12
"""Observed batches that the counts look back on."""
SATURATED_ROWS = 0.95
"""A unit is saturated when this share of rows lies in the flat ends."""
SAME = 1e-4
"""Two units are the same when the sine of the angle between their outputs is below this."""
MOST_UNITS = 1024
"""Layers wider than this are not searched for equal units."""
FEWEST_ROWS = 8
"""Rows in which a unit must speak before it can be called the same as another."""
UNIT_ROWS = 512
"""Rows used when comparing units."""

MEANINGS["dead_share"] = Meaning(
    "dead units",
    unit=f"zero for every row of the last {WINDOW} observed batches",
    scale="share",
    high=0.1,
    source="A tenth is common at the start (Lu et al. 2020).",
)


@dataclass
class _Window:
    kind: str
    units: int
    spoken: list[Tensor] = field(default_factory=list)
    """Of each batch, the rows in which each unit of a rectifier was not zero."""
    last_spoke: Tensor | None = None
    flat: list[Tensor] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    dead_at_start: int = 0
    outputs: Tensor | None = None


class UnitStatistics:
    """Keeps, for each layer with units, which of them spoke lately.

    A unit counts as dead only when it was zero for every row of the last `WINDOW` observed batches, or of the data
    where a pass over it has settled that.
    """

    def __init__(self) -> None:
        self._layers: dict[str, _Window] = {}
        self._settled: dict[str, tuple[tuple[int, ...], int, bool]] = {}

    def settle(self, layer: str, dead: tuple[int, ...], rows: int, whole: bool) -> None:
        """What a pass over the data found of a layer takes the place of the window's count, unless it read less."""
        if layer in self._layers and (whole or rows >= sum(self._layers[layer].rows)):
            self._settled[layer] = dead, rows, whole

    def update(self, layer: Layer, step: int = 0) -> None:
        """Add the rows of one layer at one observed step."""
        y = layer.y
        if y is None or not y.is_floating_point() or y.dim() < 2 or not has_units(layer.kind):
            return
        if not math.isfinite(numbers_of(layer).y_mean):  # no unit speaks, or is silent, in what is no number
            return
        flat = by_unit(y)
        window = self._layers.setdefault(layer.name, _Window(layer.kind, flat.shape[1]))
        if flat.shape[1] != window.units:
            return
        if layer.kind in RECTIFIERS:
            spoken = torch.count_nonzero(flat, 0)
            if window.last_spoke is None:
                window.dead_at_start = int((spoken == 0).sum())
                window.last_spoke = torch.full_like(spoken, -1)
            window.last_spoke = torch.where(spoken > 0, step, window.last_spoke)
            window.spoken = [*window.spoken, spoken][-WINDOW:]
        if layer.kind in FLAT_ENDS:
            window.flat = [*window.flat, in_flat_ends(flat, layer.kind).float().mean(0)][-WINDOW:]
        window.rows = [*window.rows, len(flat)][-WINDOW:]
        if window.units <= MOST_UNITS:
            window.outputs = flat[:: max(1, len(flat) // UNIT_ROWS)].detach().clone()

    def dead_shares(self) -> Iterator[tuple[str, Tensor]]:
        """Layer of rectifiers → share of its units that were zero for every row of the window.

        Takes 16 to 21 µs a layer of 64 to 512 units on one core, a fifteenth of what `work.LOOK_LAYER` allows for.
        """
        for name, window in self._layers.items():
            if window.spoken:
                yield name, (torch.stack(window.spoken).sum(0) == 0).float().mean()

    def facts(self) -> dict[str, UnitFacts]:
        """layer → what its units did lately."""
        return {name: _describe(name, window, self._settled.get(name)) for name, window in self._layers.items()}


def by_unit(y: Tensor) -> Tensor:
    """(n, units, …) or (n, …, units) → (rows × positions, units)."""
    y = y.detach()
    if y.dim() == 4:
        return y.movedim(1, -1).flatten(0, -2)
    return y.flatten(0, -2)


def equal_groups(outputs: Tensor, units: list[int]) -> tuple[tuple[int, ...], ...]:
    """Groups of `units` whose columns of `outputs` (rows, units) are equal up to scale and sign."""
    if len(units) < 2 or len(outputs) < 2:
        return ()
    columns = outputs[:, units].double()
    norms = torch.linalg.vector_norm(columns, dim=0)
    spoken = (columns != 0).sum(0) >= FEWEST_ROWS
    unit = columns / norms.clamp_min(1e-30)
    cosine = (unit.T @ unit).abs()
    same = ((1 - cosine.square()).clamp_min(0).sqrt() < SAME).cpu()
    groups, taken = [], set()
    for i in range(len(units)):
        if i in taken or not spoken[i]:
            continue
        members = [j for j in torch.nonzero(same[i]).flatten().tolist() if j not in taken and spoken[j]]
        taken.update(members)
        if len(members) > 1:
            groups.append(tuple(units[j] for j in members))
    return tuple(groups)


def has_units(kind: str) -> bool:
    """Whether the outputs of a layer of this kind are units."""
    return role_of(kind) in ("activation", "linear", "normalisation") and kind not in ("Softmax", "LogSoftmax", "Clamp")


def _describe(name: str, window: _Window, settled: tuple[tuple[int, ...], int, bool] | None) -> UnitFacts:
    dead, rows, whole = settled or ((), sum(window.rows), False)
    zero_shares: list[float] = []
    last_spoke: list[int] = []
    if window.spoken and window.last_spoke is not None:
        spoken = torch.stack(window.spoken).sum(0)
        zero_shares = [round(share, 4) for share in (1 - spoken / sum(window.rows)).tolist()]
        dead = dead if settled else tuple(torch.nonzero(spoken == 0).flatten().tolist())
        last_spoke = window.last_spoke[list(dead)].tolist()
    saturated: tuple[int, ...] = ()
    if window.flat:
        saturated = tuple(torch.nonzero(torch.stack(window.flat).mean(0) >= SATURATED_ROWS).flatten().tolist())
    gone = set(dead)
    live = [unit for unit in range(window.units) if unit not in gone]
    groups: tuple[tuple[int, ...], ...] = ()
    if window.outputs is not None and torch.isfinite(window.outputs).all():
        groups = equal_groups(window.outputs, live)
    distinct = len(live) - sum(len(group) - 1 for group in groups)
    return UnitFacts(
        layer=name,
        kind=window.kind,
        units=window.units,
        rows=rows,
        dead=dead,
        dead_at_start=window.dead_at_start,
        saturated=saturated,
        redundant=groups,
        distinct=distinct,
        whole_data=whole,
        last_spoke=tuple(last_spoke),
        zero_shares=tuple(zero_shares),
    )
