"""The run folder: the names of its files, finding one, and making one."""

import os
import re
from datetime import datetime
from pathlib import Path

from ..records import BacklightError

RUN = "run.toml"
NETWORK = "network.json"
PREPROCESSING = "preprocessing.json"
MODEL = "model.safetensors"
HISTORY = "history.csv"
SIGNALS = "signals.parquet"
FACTS = "facts.json"
FINDINGS = "findings.json"
CONSIDERED = "considered.json"
EVALUATION = "evaluation.json"
WALK = "walk.json"
PROOF = "proof.json"
CHECKPOINTS = "checkpoints"
REPORT = "report.html"

RUNS = Path("runs")
"""Where runs go when no folder is named, below the current directory."""


def slug(name: str) -> str:
    """A short name that is safe in a path on every system: adult.csv → adult, sklearn:wine → wine."""
    bare = re.sub(r"(?<=.)(\.[A-Za-z0-9]{1,8})+$", "", name.removeprefix("sklearn:"))
    return re.sub(r"[^A-Za-z0-9._-]+", "-", bare).strip("-.")[:60] or "run"


def check_free(out: str | Path) -> Path:
    """The folder that the user named, if a run can be put there without touching anything that exists; not made yet."""
    folder = Path(out)
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if there != folder and not there.is_dir():
        raise BacklightError(f"{folder} cannot be made, since {there} is a file; name another folder with --out.")
    if there.is_dir() and not os.access(there, os.W_OK | os.X_OK):
        raise BacklightError(f"{folder} cannot be written, since {there} is closed to you; name another with --out.")
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        what = "already holds a run" if (folder / RUN).exists() else "already exists and is not empty"
        raise BacklightError(f"{folder} {what}; name another folder with --out.")
    return folder


def create(out: str | Path | None, name: str) -> Path:
    """Make the folder of a new run: the one named, or `runs/NAME-YYYYmmdd-HHMMSS`. Never one that is in use.

    Raises:
        BacklightError: the folder holds something already, or cannot be written.

    """
    try:
        if out is not None:
            folder = check_free(out)
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        return _create_unused(RUNS / f"{slug(name)}-{datetime.now():%Y%m%d-%H%M%S}")
    except OSError as error:
        raise BacklightError(
            f"The run folder {error.filename or out} cannot be made ({error.strerror}); name another with --out."
        ) from error


def _create_unused(wanted: Path) -> Path:
    """`wanted`, or the first of `wanted-2`, `wanted-3`, … that did not exist; mkdir decides between two processes."""
    wanted.parent.mkdir(parents=True, exist_ok=True)
    number, folder = 1, wanted
    while True:
        try:
            folder.mkdir()
            return folder
        except FileExistsError:
            number += 1
            folder = wanted.with_name(f"{wanted.name}-{number}")


def require_run(path: str | Path) -> Path:
    """The folder of a run, checked.

    Raises:
        BacklightError: there is no such folder, or it is not one of a run.

    """
    folder = Path(path)
    if folder.name == RUN and folder.is_file():
        folder = folder.parent
    if not folder.exists():
        raise BacklightError(f"There is no run folder {folder}; `backlight runs` lists those below {RUNS}/.")
    if not (folder / RUN).is_file():
        raise BacklightError(f"{folder} is not a run folder (it has no {RUN}); `backlight runs` lists those there are.")
    return folder


def require_findings(path: str | Path) -> Path:
    """The folder of a run, or one that a watched loop was saved in, checked.

    Raises:
        BacklightError: there is no such folder, or it is neither.

    """
    return Path(path) if (Path(path) / FINDINGS).is_file() else require_run(path)
