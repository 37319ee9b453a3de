"""The stages of one training, from the assembled parts to the finished folder."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from .. import files
from ..evaluation import Evaluation, evaluate, reference_scores
from ..evaluation.reference import Reference, linear_facts
from ..network import to_json
from ..network.layers import Ensemble
from ..records import BacklightError
from ..report import write_report
from ..training import Observer, Trained
from ..training import train as fit
from ..training.checkpoint import checkpoints
from . import settings
from .assembly import Assembly
from .checkup import Checkup
from .ensembles.ensemble import checkpoint_folders, members_of
from .ensembles.stage import fit_ensemble
from .history import HistoryFile
from .module import count_outputs, loss_name
from .outcome import outcome
from .time_left import measured_needs, say_what_is_left
from .view import closing
from .walks.kept import save_walk

REFERENCE_SHARE = 0.1
"""Share of the time left that fitting the linear model may take under a time limit."""


def complete(assembly: Assembly, out: Path | None, *, resume: bool = False, kept: bool = True) -> Path:
    """Train, evaluate, and write everything down; the folder of the run.

    resume: `out` is a run's folder. kept: whether the folder stays, to be resumed, where Ctrl-C ends this early.
    """
    loss = loss_of(assembly)
    references = references_of(assembly)
    needs = measured_needs(assembly)
    say_what_is_left(assembly, needs)
    folder = out if resume and out is not None else begin(assembly, out)
    tell(assembly, "on_folder", folder)
    looking = [checkup_of(assembly, references)] if assembly.config.diagnose else []
    try:
        trained = _fit(assembly, folder, loss, needs.after, looking, resume=resume)
    except Exception:
        if any(checkpoints(one) for one in checkpoint_folders(folder, assembly.config.training)):
            assembly.note(f"The training broke off; `backlight resume {folder}` goes on from its newest checkpoint.")
        raise
    except KeyboardInterrupt:
        if kept:
            assembly.note(f"Interrupted before there was a network to keep; `backlight resume {folder}` trains it.")
        raise
    save_model(folder / files.MODEL, trained.module)
    files.save_history(folder / files.HISTORY, trained.history)
    try:
        for doctor in looking:
            doctor.save(folder)
        finish(assembly, folder, trained, dict(references))
        tell(assembly, "on_finished", folder)
    except KeyboardInterrupt:
        if kept:
            assembly.note(
                f"Interrupted: the network is kept; `backlight resume {folder}` scores it and writes its report."
            )
        raise
    return folder


def loss_of(assembly: Assembly) -> str:
    """Name of the loss that suits task and network."""
    return loss_name(assembly.task, count_outputs(assembly.module, assembly.task, assembly.prepared.train.x))


def checkup_of(assembly: Assembly, references: Reference) -> Checkup:
    """The doctor's look at this training; of several networks, at the first."""
    parts = assembly.prepared
    return Checkup.of(
        members_of(assembly.module)[0],
        loss_of(assembly),
        assembly.config.training,
        parts,
        x=parts.train.x,
        linear=linear_facts(references, len(assembly.held_out.rows)),
    )


def tell(assembly: Assembly, hook: str, folder: Path) -> None:
    """Tell those observers that have the hook: `on_folder`, the folder is made; `on_finished`, it is complete."""
    for observer in assembly.observers:
        if hasattr(observer, hook):
            getattr(observer, hook)(folder)


def begin(assembly: Assembly, out: Path | None) -> Path:
    """Make the folder and write what is known before training, so that a run that is killed can be resumed."""
    folder = files.create(out, assembly.dataset.name)
    custom = type(assembly.module).__name__ if assembly.custom else None
    settings.save(folder / files.RUN, assembly.config, name=assembly.dataset.name, custom_network=custom)
    files.write_json(folder / files.PREPROCESSING, assembly.prepared.preprocessing.to_dict())
    try:
        files.write_json(folder / files.NETWORK, to_json(assembly.module))
    except BacklightError as error:
        if not assembly.custom:
            raise
        assembly.note(f"{error}.")
    return folder


def finish(assembly: Assembly, folder: Path, trained: Trained, references: dict[str, Any]) -> None:
    """Score the held-out rows and write the report."""
    assembly.module = trained.module
    part = assembly.held_out
    prediction = assembly.predict(part.x)
    if np.isfinite(prediction).all():
        evaluation = evaluate(assembly.task, assembly.truth(part), prediction, seed=assembly.config.seed)
    else:
        evaluation = Evaluation(held_out=len(part.rows), metrics={})
    files.write_json(folder / files.EVALUATION, outcome(assembly, trained, prediction, evaluation, references))
    save_walk(assembly, folder, prediction)
    write_report(folder)


def save_model(path: Path, module: nn.Module) -> None:
    """Parameters and buffers, without pickle."""
    files.write_tensors(path, module.state_dict())


def _fit(
    assembly: Assembly, folder: Path, loss: str, reserve: float, looking: Sequence[Observer], *, resume: bool
) -> Trained:
    parts, training = assembly.prepared, assembly.config.training
    limit = training.time_limit
    with closing(assembly.observers):
        if isinstance(assembly.module, Ensemble):
            return fit_ensemble(assembly, folder, loss, reserve, looking, resume=resume)
        return fit(
            assembly.module,
            loss,
            (parts.train.x, parts.train.y),
            (parts.validation.x, parts.validation.y) if len(parts.validation.rows) else None,
            training,
            seed=assembly.config.seed,
            unit=assembly.unit,
            augmentation=parts.augmentation,
            deadline=None if limit is None else assembly.started + limit - reserve,
            observers=(*assembly.observers, *looking, HistoryFile(folder / files.HISTORY)),
            checkpoint=folder / files.CHECKPOINTS,
            resume=resume,
        )


def references_of(assembly: Assembly) -> Reference:
    """Scores of a constant and of a linear model on the held-out rows."""
    train, test, limit = assembly.prepared.train, assembly.held_out, assembly.config.training.time_limit
    truths = [assembly.truth(part) for part in (train, test)]
    left = None if limit is None else max(0.0, assembly.started + limit - time.monotonic())
    return reference_scores(
        assembly.task,
        train.x,
        truths[0],
        test.x,
        truths[1],
        assembly.prepared.inputs,
        seed=assembly.config.seed,
        seconds=None if left is None else REFERENCE_SHARE * left,
    )
