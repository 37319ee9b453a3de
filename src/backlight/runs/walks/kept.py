"""walk.json: the way of one held-out example, kept for the report."""

import math
import time
from pathlib import Path

import numpy as np

from ... import files
from ...records import BacklightError
from ..assembly import Assembly
from ..ensembles.ensemble import members_of
from .effort import report_effort
from .walk import example_of, walk_through

SECONDS = 0.8
"""What looking for singular values may take; a table's network takes a few hundredths of a second."""

_LEAST = 0.2
_REPORT_SECONDS = 1.2
"""Left for the report where a time limit stands."""


def save_walk(assembly: Assembly, folder: Path, prediction: np.ndarray) -> None:
    """Write walk.json for a typical held-out row; nothing where it cannot be made or time is up."""
    seconds = _seconds(assembly)
    if seconds < _LEAST or not len(prediction) or not np.isfinite(prediction).all():
        return
    part = assembly.held_out
    place = _typical(assembly, prediction)
    row = int(part.rows[place])
    restore = assembly.prepared.preprocessing.restore_target
    one = slice(place, place + 1)
    try:
        members = members_of(assembly.module)
        effort = report_effort(seconds)
        walk = walk_through(members[0], assembly.task, part.x[one], part.y[one], restore, effort=effort)
    except (BacklightError, RuntimeError, TypeError, ValueError, IndexError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        assembly.note(f"The report shows no example's way through the network: {first}")
        return
    example = example_of(assembly.dataset.take(np.array([row])), assembly.task.target)
    found = walk.named(row, assembly.dataset.name, example, members=len(members))
    files.write_json(folder / files.WALK, found.summary())


def _seconds(assembly: Assembly) -> float:
    limit = assembly.config.training.time_limit
    if limit is None:
        return SECONDS
    return min(SECONDS, assembly.started + limit - time.monotonic() - _REPORT_SECONDS)


def _typical(assembly: Assembly, prediction: np.ndarray) -> int:
    """The held-out row whose error is the median: neither learned by heart nor hopeless, so that its gradients show."""
    truth = assembly.truth(assembly.held_out)
    error = -prediction[np.arange(len(truth)), truth] if assembly.task.classes else np.abs(prediction - truth)
    return int(np.argsort(error, kind="stable")[math.ceil(len(error) / 2) - 1])
