"""Event files for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...records import BacklightError, Epoch
from ...report.folder import RunFolder, read_folder
from ..extras import extra
from .tracker import Tracker, began, flat_settings, held_out, numbers

BELOW = "tensorboard"
"""Folder of the event files within a run's folder, so that `tensorboard --logdir runs` shows all runs."""


class TensorBoard(Tracker):
    """Loss and score by split, learning rate, signals of every layer, settings, held-out scores and findings.

    parent: folder to write to, each run in a folder of its own name; within the run's folder where None.
    """

    def __init__(self, parent: Path | None = None) -> None:
        extra("tensorboard", "tensorboard", "Writing for TensorBoard")
        self.parent = parent
        self._writer: Any = None
        self._began = 0.0

    @property
    def place(self) -> str:
        """The folder of the event files."""
        return str(self._writer.log_dir)

    def on_folder(self, folder: Path, **_: Any) -> None:
        """Open the event file."""
        place = folder / BELOW if self.parent is None else self.parent / folder.resolve().name
        if any(place.glob("events.out.tfevents.*")):
            raise BacklightError(f"{place} holds this run already; delete that folder to write it again.")
        module = extra("torch.utils.tensorboard", "tensorboard", "Writing for TensorBoard")
        self._began = began(read_folder(folder))
        try:
            self._writer = module.SummaryWriter(str(place))
        except OSError as error:
            raise BacklightError(f"{place} cannot be written: {error.strerror}.") from error
        if self.tell is not None:
            self.tell(f"TensorBoard: tensorboard --logdir {folder.parent}")

    def on_epoch(self, rows: tuple[Epoch, ...], **_: Any) -> None:
        """Add the numbers, at the moment that they belong to."""
        if self._writer is None:
            return
        for name, value in numbers(rows).items():
            self._writer.add_scalar(name, value, rows[-1].step, walltime=self._began + rows[-1].seconds)

    def on_finished(self, folder: Path, **_: Any) -> None:
        """Add what is known in the end, and close the file."""
        if self._writer is None:
            return
        run = read_folder(folder)
        self._add_signals(run)
        scores = {f"held_out/{name}": value for name, value in held_out(run).items()}
        self._writer.add_hparams(flat_settings(run), scores, run_name=".")
        if run.findings is not None:
            self._writer.add_text("findings", findings_text(run))
        self._writer.close()

    def fail(self) -> None:
        """Close the file with what it has."""
        if self._writer is not None:
            self._writer.close()

    def _add_signals(self, run: RunFolder) -> None:
        """One chart for each signal and layer, grouped by signal."""
        if run.signals is None:
            return
        steps, seconds = [row.step for row in run.history], [row.seconds for row in run.history]
        for step, layer, signal, value in run.signals.sort("step").iter_rows():
            when = self._began + (float(np.interp(step, steps, seconds)) if steps else 0.0)
            self._writer.add_scalar(f"{signal}/{layer}" if layer else f"network/{signal}", value, step, walltime=when)


def findings_text(run: RunFolder) -> str:
    """The findings as Markdown, most important first."""
    lines = [f"- **{found['name']}** ({found['severity']}): {found['message']}" for found in run.findings or ()]
    return "\n".join(lines) or "Nothing was found."
