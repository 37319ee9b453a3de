"""What each layer did in the course of training: one map a signal, held against the healthy range that it declares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from ..data.counted import counted
from ..signals import Meaning, all_meanings
from . import figures
from .figures.signals import MOMENT, Grid, stretches
from .folder import RunFolder
from .words import listed, number, percent, spaced

MOST_COLUMNS = 40
"""Stretches of training in one map."""
SEEN = 0.8
"""Part of the training by which it must have been observed for a map to show the whole of it."""
COVERED = 0.85
"""Share of the stretches in which a signal must have been measured; where it was not, they are made longer."""
NAMED = 3
"""Layers that are named before the rest is counted."""


@dataclass(frozen=True)
class LayerMap:
    """One signal of all layers over training."""

    signal: str
    meaning: Meaning
    layers: tuple[str, ...]
    """From input to output."""
    grid: Grid

    @property
    def title(self) -> str:
        """What it shows, with its unit."""
        return self.meaning.title[0].upper() + self.meaning.title[1:]

    @cached_property
    def outside(self) -> list[str]:
        """Layers with a cell outside the healthy range."""
        return [name for name, row in zip(self.layers, self.grid.outside, strict=True) if row.any()]

    @property
    def judged(self) -> str:
        """How much of it lies in the healthy range; empty where there is none."""
        if self.meaning.low == -np.inf and self.meaning.high == np.inf:
            return ""
        if not self.outside:
            return "in the healthy range everywhere"
        rest = len(self.outside) - NAMED
        named = self.outside[:NAMED] + ([counted(rest, "more layer")] if rest > 0 else [])
        return f"{percent(self._share_inside)} in the healthy range, outside it at times in {listed(named)}"

    @property
    def _share_inside(self) -> float:
        """Share of the measured cells that lie in the healthy range."""
        return 1 - float(self.grid.outside.sum()) / max(1, int((~np.isnan(self.grid.values)).sum()))

    @property
    def unit(self) -> str:
        """In which the numbers are."""
        return self.meaning.unit

    def figure(self, *, marked: Sequence[str] = (), suffix: str = "") -> str:
        """Inline SVG; the layers `marked` are those that a finding names. `suffix` tells two maps of a signal apart."""
        drawn = figures.signal_map(self.grid, self.layers, self.meaning, marked=marked)
        label = f"{self.title} of {counted(len(self.layers), 'layer')} over training: {self.judged or 'a heat map'}"
        return figures.to_svg(drawn, name=f"map-{self.signal.replace('_', '-')}{suffix}", label=label)


def layer_maps(run: RunFolder) -> list[LayerMap]:
    """The maps of all signals of layers: those with a healthy range first, then in the order of their declaration."""
    if run.signals is None:
        return []
    signals = run.signals.filter(pl.col("layer") != "").drop_nulls("value")
    if signals.is_empty():  # a module that is one layer is the whole network, and has no name
        return []
    order = _network_order(run, signals)
    meanings = all_meanings()
    tables = {str(name): rows for (name,), rows in signals.group_by("signal")}
    known = [*(name for name in meanings if name in tables), *sorted(set(tables) - set(meanings))]
    course = Course(run, signals)
    maps = []
    for name in known:
        meaning = meanings.get(name) or Meaning(spaced(name))
        if meaning.scale == "flag" and not (tables[name]["value"] != 0).any():
            continue
        found = _map(name, meaning, tables, order, course)
        if found is not None:
            maps.append(found)
    return sorted(maps, key=lambda one: not one.judged)


def _network_order(run: RunFolder, signals: pl.DataFrame) -> list[str]:
    """All layers as the network lists them; of a watched loop, as they were seen."""
    seen = signals["layer"].unique(maintain_order=True).to_list()
    listed_ = [layer.get("name", "") for layer in run.evaluation.get("layers") or []]
    place = {name: number for number, name in enumerate(listed_)}
    return sorted(seen, key=lambda layer: place.get(layer, len(place)))


class Course:
    """Where steps stand on the axis of all maps."""

    def __init__(self, run: RunFolder, signals: pl.DataFrame) -> None:
        known = {float(row.step): row.epoch for row in run.history if row.epoch > 0}
        self._by_step = not known
        self._known = sorted({0.0: 0.0, **known}.items())
        observed, trained = map(self.place, _last_steps(run, signals))
        seen = observed >= SEEN * trained
        self.end = max(trained if seen else observed, 1e-9)
        self.name = "step" if self._by_step else "epoch"
        """What is counted: steps where no history tells of epochs."""
        self.axis = (
            self.name if seen else f"{self.name} (seen to {number(float(f'{observed:.2g}'))} of {number(trained)})"
        )

    def place(self, step: float) -> float:
        """Epoch of a step, or the step itself."""
        return float(self.places(np.array([step], dtype=float))[0])

    def places(self, steps: np.ndarray) -> np.ndarray:
        """The same of several."""
        if self._by_step:
            return steps.astype(float)
        return np.interp(steps, [step for step, _ in self._known], [epoch for _, epoch in self._known])

    def stretch(self, where: np.ndarray) -> float:
        """The shortest length of stretches of which nearly all have a number, if it was measured at `where`."""
        if self.end < MOMENT:
            return self.end
        for length in (factor * 10.0**power for power in range(-3, 7) for factor in (1, 2, 2.5, 5)):
            count = int(np.ceil(self.end / length - 1e-9))
            if count <= MOST_COLUMNS and len(set(stretches(where, length, count))) >= COVERED * count:
                return length
        return self.end


def _last_steps(run: RunFolder, signals: pl.DataFrame) -> tuple[float, float]:
    """The last step that was observed, and the last of the training, as far as is known."""
    observed = float(signals["step"].max())  # type: ignore[arg-type]
    return observed, max([observed, *(float(row.step) for row in run.history)])


def _map(
    name: str, meaning: Meaning, tables: Mapping[str, pl.DataFrame], order: Sequence[str], course: Course
) -> LayerMap | None:
    rows = tables[name]
    measured = set(rows["layer"])
    layers = [layer for layer in order if layer in measured]
    if meaning.beside_depth:
        layers = layers[: max(2, len(layers) - 1)]  # an output layer may start at zero on purpose
    steps = np.array(rows["step"].unique().sort().to_list())
    values = _beside(_by_step(rows, layers, steps), meaning, tables, (layers, steps))
    if values is None or np.isnan(values).all():
        return None
    where = course.places(steps)
    grid = Grid.of(
        values, where, (course.stretch(where), course.end), low=meaning.low, high=meaning.high, axis=course.axis
    )
    return LayerMap(name, meaning, tuple(layers), grid)


def _beside(
    values: np.ndarray,
    meaning: Meaning,
    tables: Mapping[str, pl.DataFrame],
    at: tuple[Sequence[str], np.ndarray],
) -> np.ndarray | None:
    """Values divided by what they are to be seen beside; None where that is not known."""
    if not set(meaning.beside) <= set(tables) or (meaning.beside_depth and len(values) < 2):
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        if meaning.beside:
            values = values / np.sqrt(sum(_by_step(tables[other], *at) ** 2 for other in meaning.beside))
        return values / values[-1] if meaning.beside_depth else values


def _by_step(rows: pl.DataFrame, layers: Sequence[str], steps: np.ndarray) -> np.ndarray:
    """Values (layers, steps); not measured: not a number."""
    values = np.full((len(layers), len(steps)), np.nan)
    row_of, column_of = ({key: place for place, key in enumerate(keys)} for keys in (layers, steps.tolist()))
    for layer, step, value in zip(rows["layer"], rows["step"], rows["value"], strict=True):
        if layer in row_of and step in column_of:
            values[row_of[layer], column_of[step]] = value
    return values
