"""Runs on an MLflow server or in its local store."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from textwrap import shorten
from typing import Any

from ...records import BacklightError, Epoch
from ...report.folder import read_folder
from ..extras import extra
from .tracker import Tracker, began, flat_settings, held_out, numbers

EXPERIMENT = "backlight"
"""Experiment that runs are put in; the environment variable MLFLOW_EXPERIMENT_NAME outranks it."""
_MOST = 100
"""Parameters that MLflow takes in one request."""


class MLflow(Tracker):
    """Settings, loss and score by split, learning rate, held-out scores, and the files of the run folder.

    uri: of the server or store; MLflow's own choice (MLFLOW_TRACKING_URI) where None.

    Where a server no longer answers, training goes on without it.
    """

    def __init__(self, uri: str | None = None) -> None:
        mlflow = extra("mlflow", "mlflow", "Writing for MLflow")
        self._entities = extra("mlflow.entities", "mlflow", "Writing for MLflow")
        self._error: type[Exception] = mlflow.exceptions.MlflowException
        self._uri = uri
        self._run: str | None = None
        self._began = 0.0
        self._asked(lambda: self._open(mlflow))

    def _open(self, mlflow: Any) -> None:
        self._client = mlflow.MlflowClient(tracking_uri=self._uri)
        self._name = os.environ.get("MLFLOW_EXPERIMENT_NAME", EXPERIMENT)
        found = self._client.get_experiment_by_name(self._name)
        self._experiment = found.experiment_id if found else self._client.create_experiment(self._name)

    @property
    def place(self) -> str:
        """The number of MLflow's run."""
        return self._run or ""

    def on_folder(self, folder: Path, **_: Any) -> None:
        """Open a run with the settings as its parameters."""
        run = read_folder(folder)
        self._began = began(run)
        settings = list(flat_settings(run).items())
        param = self._entities.Param

        def begin() -> None:
            opened = self._client.create_run(
                self._experiment,
                start_time=round(1000 * self._began),
                run_name=folder.resolve().name,
                tags={"backlight.folder": str(folder.resolve())},
            )
            self._run = opened.info.run_id
            for start in range(0, len(settings), _MOST):
                part = [param(name, str(value)) for name, value in settings[start : start + _MOST]]
                self._client.log_batch(self._run, params=part)

        self._asked(begin)
        if self.tell is not None:
            self.tell(f"MLflow: run {self._run} of the experiment {self._name}.")

    def on_epoch(self, rows: tuple[Epoch, ...], **_: Any) -> None:
        """Add the numbers, at the moment that they belong to."""
        self._attempt(lambda run: self._log(run, numbers(rows), rows[-1].seconds, rows[-1].step))

    def on_finished(self, folder: Path, **_: Any) -> None:
        """Add what is known in the end, and the files."""
        run = read_folder(folder)
        seconds, step = (run.history[-1].seconds, run.history[-1].step) if run.history else (0.0, 0)
        scores = {f"held_out/{name}": value for name, value in held_out(run).items()}
        found = ", ".join(str(finding["name"]) for finding in run.findings or ())
        files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))

        def finish(run: str) -> None:
            self._log(run, scores, seconds, step)
            self._client.set_tag(run, "backlight.findings", found)
            for path in files:
                self._client.log_artifact(run, str(path))
            self._client.set_terminated(run, "FINISHED", end_time=round(1000 * (self._began + seconds)))

        self._attempt(finish)

    def fail(self) -> None:
        """Mark the run as failed."""
        self._attempt(lambda run: self._client.set_terminated(run, "FAILED"))

    def _log(self, run: str, values: dict[str, float], seconds: float, step: int) -> None:
        now = round(1000 * (self._began + seconds))
        metrics = [self._entities.Metric(name, value, now, step) for name, value in values.items()]
        self._client.log_batch(run, metrics=metrics)

    def _asked(self, act: Callable[[], None]) -> None:
        """Act before training has begun: what fails is told as the user's to mend."""
        try:
            act()
        except (self._error, OSError) as error:
            place = self._uri or os.environ.get("MLFLOW_TRACKING_URI") or "its own store"
            raise BacklightError(f"MLflow cannot use {place}: {_first_sentence(error)}") from error

    def _attempt(self, act: Callable[[str], None]) -> None:
        """Act while a run goes on, which is not to be lost because a server is."""
        if self._run is None:
            return
        try:
            act(self._run)
        except (self._error, OSError) as error:
            if self.tell is None:
                raise BacklightError(f"MLflow took only a part: {_first_sentence(error)}") from error
            self.tell(
                f"MLflow takes no more numbers: {_first_sentence(error)} "
                "`backlight export RUN --mlflow URI` sends the whole run afterwards."
            )
            self._run = None


def _first_sentence(error: Exception) -> str:
    return shorten(str(error).strip().splitlines()[0].partition(". ")[0].rstrip("."), 160, placeholder=" …") + "."
