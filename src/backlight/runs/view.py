"""What a person sees while a network trains: notes first, then one line (or one moving table) an epoch.

Everything goes to stderr, so that stdout carries results alone. `view()` chooses: a live table on a terminal,
plain lines anywhere else.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from ..records import Epoch
from ..training import Observer

_BARS = "▁▂▃▄▅▆▇█"
_SPARK = 32
"""Width of the sparkline of the loss, in characters."""
_LINE_EVERY = 1.0
"""Seconds between two plain lines at least; short epochs would flood a log."""


def view(stream: TextIO | None = None) -> "PlainView | LiveView":
    """The view that suits the stream."""
    stream = stream or sys.stderr
    return LiveView(stream) if stream.isatty() else PlainView(stream)


@contextmanager
def closing(observers: Sequence[Any]) -> Iterator[None]:
    """Call `close` of every observer that has one when training has ended, however it ended."""
    try:
        yield
    finally:
        for observer in observers:
            if hasattr(observer, "close"):
                observer.close()


class PlainView(Observer):
    """Plain lines, for logs and pipes. An observer of training."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._last = float("-inf")
        self._said: set[str] = set()

    def on_note(self, text: str, **_: Any) -> None:
        """Say one thing that the user should know before or after training, once: a treated run has the same data."""
        if text not in self._said:
            self._said.add(text)
            self._write(text)

    def _write(self, text: str) -> None:
        self.stream.write(f"{text}\n")
        self.stream.flush()

    def on_epoch(self, rows: Sequence[Epoch], **facts: Any) -> None:
        """One line of the newest epoch: the first, the last, and not more than one a second between."""
        done, now = rows[-1].epoch, time.monotonic()
        if now - self._last >= _LINE_EVERY or done >= (facts.get("epochs") or 0):
            self._last = now
            self._write(epoch_line(rows, **facts))


class LiveView(PlainView):
    """A table that is drawn in place, on a terminal."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        super().__init__(stream)
        self.console = Console(file=stream, highlight=False)
        self._live: Any = None
        self._losses: list[float] = []
        self._rows: Sequence[Epoch] = ()
        self._line = ""

    def _write(self, text: str) -> None:
        """Above the table if it stands."""
        self.console.print(text, markup=False)

    def on_start(self, **_: Any) -> None:
        """Open the table."""
        from rich.live import Live

        self._losses, self._rows = [], ()
        self._live = Live(console=self.console, refresh_per_second=8, transient=True)
        self._live.start()

    def on_epoch(self, rows: Sequence[Epoch], **facts: Any) -> None:
        """Draw the newest epoch."""
        self._losses.append(shown_row(rows).loss)
        self._rows, self._line = rows, epoch_line(rows, **facts)
        self._draw(epoch=rows[-1].epoch, learning_rate=rows[-1].learning_rate, **facts)

    def on_progress(self, **facts: Any) -> None:
        """Draw how far the epoch under way is."""
        self._draw(**facts)

    def _draw(self, **facts: Any) -> None:
        if self._live is not None:
            self._live.update(self._table(**facts))

    def on_end(self, **_: Any) -> None:
        """Close the table and leave its last line standing."""
        self.close()

    def close(self) -> None:
        """The same, where training ended with an error before it could say so."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            if self._line:
                self._write(self._line)

    def _table(self, *, loss: float | None = None, learning_rate: float, **facts: Any) -> Any:
        from rich.console import Group
        from rich.table import Table

        table = Table(box=None, padding=(0, 2, 0, 0))
        for heading in ("", "loss", score_name(self._rows[-1]) if self._rows else ""):
            table.add_column(heading, justify="right")
        for row in self._rows:
            table.add_row(row.split, f"{row.loss:.4f}", _score(row))
        if loss is not None:
            table.add_row("this batch", f"{loss:.4f}", "")
        table.add_row("rate", f"{learning_rate:.2g}", "")
        return Group(progress(**facts), table, sparkline(self._losses))


def epoch_line(rows: Sequence[Epoch], **facts: Any) -> str:
    """One epoch on one line: loss and score of every split, learning rate, speed and time left."""
    parts = [f"{row.split} loss {row.loss:.4f}{_named_score(row)}" for row in rows]
    return "  ".join([progress(epoch=rows[-1].epoch, **facts), *parts, f"rate {rows[-1].learning_rate:.2g}"])


def progress(
    *,
    epoch: float,
    epochs: float | None = None,
    rows_per_second: float | None = None,
    seconds_left: float | None = None,
    **_: Any,
) -> str:
    """How far training is, how fast it goes and how long it may still take."""
    text = f"epoch {epoch:.4g}" + (f"/{epochs:g}" if epochs else "")
    if rows_per_second:
        text += f"  {rows_per_second:,.0f} rows/s"
    return text + (f"  {duration(seconds_left)} left" if seconds_left is not None else "")


def duration(seconds: float) -> str:
    """Seconds as a person says them: 8 s, 3 min 20 s, 1 h 05 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def shown_row(rows: Sequence[Epoch]) -> Epoch:
    """The row a person looks at: validation if there is one, training otherwise."""
    return next((row for row in rows if row.split == "validation"), rows[-1])


def score_name(row: Epoch) -> str:
    """What `_score` shows: accuracy for classes, the root mean squared error for values."""
    return "RMSE" if row.accuracy is None else "accuracy"


def _named_score(row: Epoch) -> str:
    return "" if row.accuracy is None and row.error is None else f", {score_name(row)} {_score(row)}"


def _score(row: Epoch) -> str:
    if row.accuracy is not None:
        return f"{row.accuracy:.4f}"
    if row.error is None:
        return "–"
    return f"{row.error:,.0f}" if 1e4 <= row.error < 1e9 else f"{row.error:.4g}"


def sparkline(values: Sequence[float]) -> str:
    """The last values as bars of eight heights; a value that is no finite number leaves a gap."""
    finite = [value for value in values[-_SPARK:] if abs(value) < float("inf")]
    if len(finite) < 2:
        return ""
    low, high = min(finite), max(finite)
    scale = (len(_BARS) - 1) / ((high - low) or 1.0)
    return "".join(
        _BARS[round((value - low) * scale)] if abs(value) < float("inf") else " " for value in values[-_SPARK:]
    )
