"""The training stage of a run with an ensemble: every member at once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ... import files
from ...network import to_json
from ...network.layers import Ensemble
from ...records import CUT_SHORT, BacklightError
from ...training import Observer, Trained
from ..assembly import Assembly
from ..history import HistoryFile
from .ensemble import (
    Member,
    Trainees,
    join,
    kept,
    members_of,
    missing_sentence,
    save_facts,
    train_members,
)


def fit_ensemble(
    assembly: Assembly, folder: Path, loss: str, reserve: float, looking: Sequence[Observer], *, resume: bool
) -> Trained:
    """Train the members, write ensemble.json, and hand over the ensemble as if it were one network.

    History, epochs and best epoch are those of the first member; why it stopped, of the first that was cut short.
    """
    parts, training = assembly.prepared, assembly.config.training
    limit = training.time_limit
    modules = members_of(assembly.module)
    those = Trainees(
        modules,
        training,
        loss,
        (parts.train.x, parts.train.y),
        (parts.validation.x, parts.validation.y) if len(parts.validation.rows) else None,
        assembly.config.seed,
        assembly.unit,
        parts.augmentation,
        None if limit is None else assembly.started + limit - reserve,
        folder=folder,
    )
    history = HistoryFile(folder / files.HISTORY)
    watching = (*assembly.observers, *looking)
    trained, facts = train_members(those, observers=watching, of_first=[history], resume=resume)
    save_facts(folder, training, facts, trained)
    missing = missing_sentence(facts, len(modules), folder)
    if missing:
        assembly.note(missing)
    in_use = [modules[one.member - 1] for one in kept(facts)]
    whole = join(in_use, assembly.task)
    _save_network(folder, whole)
    return _as_one(whole, trained, facts)


def _save_network(folder: Path, module: Ensemble) -> None:
    """network.json of the members that predict; one passed in Python, which it cannot hold, was told of before."""
    try:
        files.write_json(folder / files.NETWORK, to_json(module))
    except BacklightError:
        if (folder / files.NETWORK).exists():
            raise


def _as_one(module: Ensemble, trained: Sequence[Trained], facts: Sequence[Member]) -> Trained:
    stopped = next((one.stopped for one in facts if one.stopped in CUT_SHORT), facts[0].stopped)
    return replace(trained[0], module=module.eval(), stopped=stopped)
