"""history.csv, written while training goes on."""

from pathlib import Path
from typing import Any

from ..files import add_epochs, begin_history
from ..records import Epoch
from ..training import Observer


class HistoryFile(Observer):
    """Adds the rows of every epoch to the file, so that a run that was killed shows how far it came."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_start(self, **_: Any) -> None:
        """Begin the file; what an earlier part of the run wrote stays until the whole is written at the end."""
        begin_history(self.path)

    def on_epoch(self, rows: tuple[Epoch, ...], **_: Any) -> None:
        """Add the rows."""
        add_epochs(self.path, rows)
