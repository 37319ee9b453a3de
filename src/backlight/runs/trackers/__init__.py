"""Writers for experiment trackers: a run as TensorBoard or MLflow shows it, while it trains or afterwards.

A tracker is one file here and one line in `TRACKERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from ...records import BacklightError
from ...report.folder import read_folder
from .mlflow import MLflow
from .tensorboard import TensorBoard
from .tracker import Tracker

TRACKERS: dict[str, Callable[[], Tracker]] = {"mlflow": MLflow, "tensorboard": TensorBoard}
"""What `log` may name."""

__all__ = ["TRACKERS", "MLflow", "TensorBoard", "Tracker", "export_run", "tracking", "write_again"]


@contextmanager
def tracking(name: str | None) -> Iterator[list[Tracker]]:
    """The tracker of that name (none for None), told in the end where training failed.

    Raises:
        BacklightError: there is no such tracker, its package is missing, or it cannot be reached.

    """
    if name is None:
        yield []
        return
    if name not in TRACKERS:
        raise BacklightError(f"There is no tracker {name!r}; there are: {', '.join(TRACKERS)}.")
    one = TRACKERS[name]()
    try:
        yield [one]
    except BaseException:
        one.fail()
        raise


def write_again(name: str, folder: Path, tell: Callable[[str], object]) -> None:
    """Write the treated run, too, which took the place in the folder of the one that was written while it trained."""
    try:
        export_run(folder, TRACKERS[name]())
    except BacklightError as error:  # the run itself is complete
        tell(f"The treated run is not in {name}: {error}")


def export_run(path: Path, tracker: Tracker) -> str:
    """Write a finished run, or one that is under way so far, from its folder; where it can be found.

    Raises:
        BacklightError: there is no such folder, or it holds no history.

    """
    run = read_folder(path)
    if not run.history:
        raise BacklightError(f"{path} has no history.csv with epochs in it; there is nothing to write yet.")
    try:
        tracker.on_folder(path)
        for _, rows in groupby(run.history, key=lambda row: row.step):
            tracker.on_epoch(tuple(rows))
        tracker.on_finished(path)
    except BaseException:
        tracker.fail()
        raise
    return tracker.place
