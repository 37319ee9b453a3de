"""`resume`: go on with a run that was cut short, exactly where its newest checkpoint stands."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import nn

from .. import files
from ..data.counted import counted
from ..records import BacklightError
from ..records.config import Config
from ..training.checkpoint import checkpoints, newest_checkpoint_facts
from . import settings
from .assembly import Assembly, assemble
from .ensembles.ensemble import checkpoint_folders
from .options import configure
from .run import Run
from .stages import complete
from .view import view


def resume(
    run: str | Path,
    source: Any = None,
    *,
    network: nn.Module | None = None,
    epochs: int | None = None,
    time_limit: float | str | None = None,
    verbose: bool = True,
    observers: Sequence[Any] = (),
    started: float | None = None,
) -> Run:
    """Go on with a run from its newest checkpoint; a finished one is scored and reported again.

    Parameters
    ----------
    run:
        Folder of the run, whose results are replaced.
    source:
        The same data again, where it was passed in memory.
    network:
        The same module again, where one was passed in Python.
    epochs, time_limit:
        New limits, which run.toml then names; those of the run where None. The time counts from now.

    Raises
    ------
    BacklightError
        No such run, its data is gone or is no longer the same, or more epochs are done than are asked for.

    """
    folder = files.require_run(run)
    config = configure({"epochs": epochs, "time_limit": time_limit}, settings.load(folder / files.RUN))
    check_at_hand(folder, config, source, network, "resume")
    done = epochs_done(folder, config)
    if epochs is not None and done > epochs:
        raise BacklightError(
            f"{counted(done, 'epoch')} of {folder} are done, more than --epochs {epochs}: give a greater number to "
            "train on, or none to score the run again."
        )
    watching = [view(), *observers] if verbose else list(observers)
    fresh = not all(checkpoints(one) for one in checkpoint_folders(folder, config.training))
    assembly = assemble(source, config, network=network, observers=watching, started=started, fresh=fresh)
    check_same_data(folder, assembly)
    if done:
        in_all = f" of {config.training.epochs:,}" if config.training.epochs else ""
        assembly.note(f"Epochs done already: {done:,}{in_all}.")
    if epochs is not None or time_limit is not None:
        settings.change(folder / files.RUN, assembly.config)
    return Run(complete(assembly, folder, resume=True), module=assembly.module)


def epochs_done(folder: Path, config: Config) -> int:
    """Of the network, or of the member of an ensemble that came furthest."""
    found = [newest_checkpoint_facts(one) for one in checkpoint_folders(folder, config.training)]
    return max((int(one["epoch"]) for one in found if one is not None), default=0)


def check_at_hand(folder: Path, config: Config, source: Any, network: nn.Module | None, verb: str) -> None:
    """Refuse to go on where network or data were passed in Python and are not given again; verb: what is refused."""
    custom = settings.facts(folder / files.RUN).get("custom_network")
    if custom and network is None:
        raise BacklightError(
            f"The network of {folder} is the module {custom}, passed in Python: {verb} it there, with network=…"
        )
    if source is None and config.data.source is None:
        raise BacklightError(f"The data of {folder} was passed in memory: {verb} it in Python, with source=…")


def check_same_data(folder: Path, assembly: Assembly) -> None:
    """The preprocessing fitted now must be the one fitted then, or the network would see other numbers."""
    now = files.plain(assembly.prepared.preprocessing.to_dict())
    then = files.read_json(folder / files.PREPROCESSING)
    for fitted in (now, then):
        fitted["task"].pop("reason")  # run.toml names the task, which was inferred then
    if now != then:
        raise BacklightError(
            f"{assembly.dataset.name} has changed since {folder} began; train a new run on it instead."
        )
