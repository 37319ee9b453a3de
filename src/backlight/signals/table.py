"""The rows of signals, kept so that a question about one layer or one signal is a look-up."""

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from ..records import Signal


class SignalTable:
    """Rows `Signal(step, layer, signal, value)` by signal and layer, in the order of steps."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)

    def add(self, row: Signal) -> None:
        """Append one row."""
        self._series[row.signal, row.layer].append((row.step, row.value))

    def __iter__(self) -> Iterator[Signal]:
        for (name, layer), series in self._series.items():
            for step, value in series:
                yield Signal(step, layer, name, value)

    def __len__(self) -> int:
        return sum(len(series) for series in self._series.values())

    def series(self, signal: str, layer: str = "") -> list[tuple[int, float]]:
        """(step, value) pairs of one signal of one layer; empty when never read."""
        return self._series.get((signal, layer), [])

    def values(self, signal: str, layer: str = "") -> list[float]:
        """The values of one signal of one layer."""
        return [value for _, value in self.series(signal, layer)]

    def first(self, signal: str, layer: str = "") -> float | None:
        """The first value, or None."""
        series = self.series(signal, layer)
        return series[0][1] if series else None

    def last(self, signal: str, layer: str = "", over: int = 5) -> float | None:
        """The median of the last `over` values, or None."""
        values = self.values(signal, layer)[-over:]
        return median(values) if values else None

    def layers(self, signal: str) -> list[str]:
        """Layers that have the signal, in the order of their first row."""
        return [layer for name, layer in self._series if name == signal]
