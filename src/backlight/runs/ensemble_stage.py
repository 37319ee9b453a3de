"""The training stage of a run with an ensemble: every member at once, those that are done kept."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .. import files
from ..network import from_json, to_json
from ..network.layers import Ensemble
from ..records import CUT_SHORT, BacklightError
from ..training import Observer, Trained
from .assembly import Assembly
from .ensemble import (
    Member,
    Trainees,
    finished_members,
    join,
    kept,
    members_of,
    missing_sentence,
    save_facts,
    train_members,
)
from .history import HistoryFile
from .module import load_parameters


def fit_ensemble(
    assembly: Assembly, folder: Path, loss: str, reserve: float, looking: Sequence[Observer], *, resume: bool
) -> Trained:
    """Train the members, write ensemble.json, and hand over the ensemble as if it were one network.

    History, epochs and best epoch are those of the first member; why it stopped, of the first that was cut short.
    """
    parts, training = assembly.prepared, assembly.config.training
    limit = training.time_limit
    modules = members_of(assembly.module)
    done = _restored(assembly, folder) if resume else {}
    if not resume or 1 not in done:
        (folder / files.HISTORY).unlink(missing_ok=True)
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
    )
    watching = (*assembly.observers, *looking, *([] if 1 in done else [HistoryFile(folder / files.HISTORY)]))
    trained, facts = train_members(those, observers=watching, done=done)
    save_facts(folder, training, facts, trained)
    missing = missing_sentence(facts, len(modules), folder)
    if missing:
        assembly.note(missing)
    in_use = [modules[one.member - 1] for one in kept(facts)]
    whole = join(in_use, assembly.task)
    _save_network(folder, whole)
    return _as_one(whole, trained, facts, folder)


def _restored(assembly: Assembly, folder: Path) -> dict[int, Member]:
    """Members of the earlier part of the run that need no training; their parameters are loaded."""
    done = finished_members(folder, assembly.config.training)
    if not done or not (folder / files.MODEL).exists() or not (folder / files.NETWORK).exists():
        return {}
    stored = from_json(files.read_json(folder / files.NETWORK))
    load_parameters(stored, folder / files.MODEL)
    modules, found = members_of(assembly.module), members_of(stored)
    if len(found) != len(done):
        return {}
    for fact, module in zip(sorted(done.values(), key=lambda one: one.member), found, strict=True):
        modules[fact.member - 1].load_state_dict(module.state_dict())
    return done


def _save_network(folder: Path, module: Ensemble) -> None:
    """network.json of the members that predict; one passed in Python, which it cannot hold, was told of before."""
    try:
        files.write_json(folder / files.NETWORK, to_json(module))
    except BacklightError:
        if (folder / files.NETWORK).exists():
            raise


def _as_one(module: Ensemble, trained: Sequence[Trained | None], facts: Sequence[Member], folder: Path) -> Trained:
    now = next(one for one in trained if one is not None) if any(trained) else None
    first = trained[0]
    cut = [one.stopped for one in facts if one.stopped in CUT_SHORT]
    stopped = cut[0] if cut else facts[0].stopped
    if first is not None:
        return replace(first, module=module.eval(), stopped=stopped)
    history = files.read_history(folder / files.HISTORY)
    seconds = now.seconds if now is not None else 0.0
    last = facts[0]
    return Trained(module.eval(), history, last.best_epoch, last.epochs, history[-1].step, seconds, stopped)
