"""`prune`: the same function in a smaller network, or the same network with its idle units ready to learn again."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from .. import files
from ..data.batches import place
from ..network import summarise, to_json
from ..network.pruning import prune_, revive_
from ..network.units import UnitSurvey, survey
from ..records import BacklightError
from ..report import write_report
from ..training.predict import prediction_batch
from .ensembles.ensemble import members_of
from .run import Run
from .stages import save_model

TOLERANCE = 1e-5
"""Largest change of a prediction that still counts as rounding: beyond it nothing is written. Probabilities lie within
[0, 1]; values are held against their spread."""


@dataclass(frozen=True)
class Pruned:
    """What became of a run's network."""

    run: str
    """Folder of the new run."""
    source: str
    layers: tuple[UnitSurvey, ...]
    units: int
    """Units taken out or begun anew."""
    parameters_before: int
    parameters: int
    rows: int
    """Rows of the data that the units were seen on."""
    largest_change: float
    """Of any prediction on those rows; of values, as a share of their standard deviation."""
    revived: bool

    def to_dict(self) -> dict[str, Any]:
        """What `backlight prune --json` prints."""
        layers = [asdict(one) | {"redundant": one.redundant, "distinct": one.distinct} for one in self.layers]
        return asdict(self) | {"layers": layers}


def prune(run: str | Path | Run, out: str | Path | None = None, *, revive: bool = False, data: Any = None) -> Pruned:
    """Take out the units that are zero for every row of the run's data, and merge those that are equal up to scale.

    Parameters
    ----------
    out:
        Folder of the new run; the old one's name and `-pruned` (or `-revived`) if None. The old run stays as it is.
    revive:
        Keep the size, and let those units begin anew; `train --init-from` then goes on from there.
    data:
        The rows, where the run's own cannot be read again.

    Raises
    ------
    BacklightError
        No such run, or a network that changes by more than rounding.

    Notes
    -----
    Where every unit says something of its own, nothing is written, and the result names the run itself.
    """
    opened = run if isinstance(run, Run) else Run(run)
    dataset = opened.read_again(data)
    x = opened.preprocessing.transform(dataset)
    module = copy.deepcopy(opened.module)
    before = opened.predict_proba(dataset)
    found = survey(module, _batches(x))
    act = revive_ if revive else prune_
    parameters = _count(module)
    units = act(module, found)
    if not units:
        same = str(opened.folder)
        return Pruned(same, same, tuple(found), 0, parameters, parameters, len(x), 0.0, revive)
    folder = _copied(opened, module, out, "revived" if revive else "pruned")
    after = Run(folder).predict_proba(dataset)
    change = float(np.abs(after - before).max()) / (1.0 if opened.task.classes else float(before.std()) or 1.0)
    if change > TOLERANCE:
        shutil.rmtree(folder)
        raise BacklightError(f"Predictions of {opened.folder} would change by {change:.2g}; nothing was written.")
    write_report(folder)
    return Pruned(
        str(folder), str(opened.folder), tuple(found), units, parameters, _count(module), len(x), change, revive
    )


def _batches(x: np.ndarray) -> Iterator[Tensor]:
    rows = torch.as_tensor(x)
    return (place(part, "cpu") for part in rows.split(prediction_batch(rows)))


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _copied(run: Run, module: nn.Module, out: str | Path | None, word: str) -> Path:
    """A run folder with everything of the old one but the network, its parameters and the checkpoints."""
    network = to_json(module)
    folder = files.check_free(out or run.folder.with_name(f"{run.folder.name}-{word}"))
    shutil.copytree(
        run.folder, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(files.CHECKPOINTS, files.REPORT)
    )
    files.write_json(folder / files.NETWORK, network)
    save_model(folder / files.MODEL, module)
    rows = [vars(row) for row in summarise(members_of(module)[0], run.preprocessing.inputs)]
    note = f"This network was {word} from {run.folder}; run.toml repeats the training that came before."
    kept = run.evaluation
    changed = {"layers": rows, "notes": [*kept["notes"], note]}
    files.write_json(folder / files.EVALUATION, kept | changed)
    return folder
