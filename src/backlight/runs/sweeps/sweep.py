"""`sweep`: many values of one setting trained beside each other, judged by their curves."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ... import files
from ...backprop import Plan
from ...data import Part
from ...evaluation import trials as judging
from ...records import CUT_SHORT, INTERRUPTED, BacklightError, Task
from ...training.contest import Contest
from ...training.goal import make_goal
from ...training.search import halving, search_rates
from .. import settings
from ..assembly import Assembly, assemble
from ..module import count_outputs, loss_name
from ..options import configure
from .folder import ALL_DONE, StartOfLayer, Sweep, keep
from .values import Over, maker, read_over, started
from .words import verdict

HALF_WAY = 0.5
"""Share of the epochs after which the better half of the values of a setting other than the learning rate goes on. What
regularises is slower at first and pays later, so nothing is judged before."""
SHOWN_ROWS = 256
"""Training rows that show what an initialisation does to the numbers."""
_AFTER = 3.0
"""Seconds kept under a time limit for figure and page."""


def sweep(
    source: Any = None,
    target: str | None = None,
    *,
    over: str = "learning_rate",
    network: str | nn.Module | None = None,
    config: str | Path | None = None,
    out: str | Path | None = None,
    verbose: bool = True,
    started: float | None = None,
    **options: Any,
) -> Sweep:
    """Train many values of one setting beside each other; say of each what its curve shows, and recommend one.

    Parameters
    ----------
    source, target, network, config, options:
        As for `train`.
    over:
        "learning_rate" finds its own values, from far too small to divergent; with values ("learning_rate=.001,.01",
        "dropout=0,.1,.2", "batch_size=…", "weight_decay=…", "width=…", "init=zeros,normal 0.1,he") those are trained.
    out:
        Folder; `runs/NAME-sweep-TIME` if None.

    Raises
    ------
    BacklightError
        The data, the network, an option or a value cannot be used, or there are no validation rows to judge by.

    Notes
    -----
    Ctrl-C or `time_limit` ends it early: what was trained is kept, and `missing` names what was not.

    """
    begun = time.monotonic() if started is None else started
    wanted = read_over(over)
    module = network if isinstance(network, nn.Module) else None
    named = {} if module is not None else {"network": network}
    given = {"target": target, **named, "ensemble": 1, **options}
    chosen = configure(given, settings.base(config, network))
    if (chosen.training.ensemble or 1) > 1:
        raise BacklightError("A sweep trains single networks; leave --ensemble out.")
    if out is not None:
        out = files.check_free(out)
    limit = chosen.training.time_limit
    if chosen.training.learning_rate_from is not None:  # of a run that is repeated, or "auto": this is its search
        chosen = chosen.model_copy(update={"training": chosen.training.model_copy(update={"learning_rate_from": None})})
    chosen = chosen.model_copy(update={"training": chosen.training.model_copy(update={"time_limit": None})})
    assembly = assemble(source, chosen, network=module, observers=[_Speaking()] if verbose else [])
    contest = contest_of(assembly, deadline=None if limit is None else begun + limit - _AFTER)
    folder = files.create(out, f"{files.slug(assembly.dataset.name)}-sweep")
    settings.save(folder / "sweep.toml", assembly.config, name=assembly.dataset.name)
    training, rows = assembly.config.training, len(assembly.prepared.train.rows)
    found = Sweep(folder, wanted.name, contest, (training.epochs or 1) * rows)
    contest.tell = found.say if verbose else contest.tell
    searching = time.monotonic()
    try:
        _train(wanted, assembly, module, found)
    except KeyboardInterrupt:
        contest.stopped = INTERRUPTED
    found.search_seconds = time.monotonic() - searching
    return _conclude(found, wanted, assembly, time.monotonic() - begun)


def contest_of(assembly: Assembly, *, deadline: float | None = None) -> Contest:
    """What all trials share.

    Raises BacklightError where there are no validation rows.
    """
    parts = assembly.prepared
    if not len(parts.validation.rows):
        raise BacklightError("A sweep is judged on validation rows; give a --validation-fraction above 0.")
    return Contest(
        loss_name(assembly.task, count_outputs(assembly.module, assembly.task, parts.train.x)),
        (parts.train.x, parts.train.y),
        (parts.validation.x, parts.validation.y),
        unit=assembly.unit,
        augmentation=parts.augmentation,
        deadline=deadline,
    )


def constant_loss(task: Task, train: Part, validation: Part) -> float:
    """Validation loss of a guess that is the same for all rows: the shares of the classes, or the mean.

    Where a class of the validation rows is missing in training its share counts as half a row.
    """
    if not task.classes:
        return float(np.mean((validation.y - np.mean(train.y, dtype=np.float64)) ** 2))
    counts = np.maximum(np.bincount(train.y, minlength=len(task.classes)), 0.5)
    return float(np.mean(-np.log(counts[validation.y] / counts.sum())))


class _Speaking:
    """Shows the notes of the assembly."""

    def on_note(self, text: str) -> None:
        import sys

        sys.stderr.write(f"{text}\n")


def _train(over: Over, assembly: Assembly, network: nn.Module | None, sweep: Sweep) -> None:
    """All trials; what an initialisation does to the numbers is looked at first."""
    contest, config = sweep.contest, assembly.config
    if over.rates and not over.values:
        search_rates(assembly.module, config.training, contest, seed=config.seed)
        return
    make = maker(over, assembly, network)
    if over.name == "init":
        for scheme in over.values:
            sweep.layers += _start_of_layers(assembly, network, scheme, contest.loss)
    epochs, values = config.training.epochs or 1, over.values
    contest.tell(f"{len(values)} trainings of up to {epochs} epochs, over {over.name}.")
    judge = halving(epochs, ((HALF_WAY, max(2, math.ceil(len(values) / 2))),)) if epochs > 1 else None
    contest.run(values, make, stage="full", judge=judge)


def _start_of_layers(
    assembly: Assembly, network: nn.Module | None, scheme: str, loss: str | nn.Module
) -> list[StartOfLayer]:
    """Variance of x and size of v behind every layer with parameters, before the first step."""
    module, part = started(assembly, network, scheme), assembly.prepared.train
    goal = make_goal(loss)
    x, y = torch.as_tensor(part.x[:SHOWN_ROWS]), goal.prepare(torch.as_tensor(part.y[:SHOWN_ROWS]))
    trace = Plan(module).trace(x, y, loss=goal.plain)
    weighted = [layer for layer in trace if layer.y is not None and any(p.dim() > 1 for p in layer.parameters.values())]
    return [
        StartOfLayer(
            scheme,
            depth,
            layer.name,
            float(layer.y.double().var()) if layer.y is not None else math.nan,
            float(layer.v_out.double().square().mean().sqrt()) * len(y) if layer.v_out is not None else math.nan,
        )
        for depth, layer in enumerate(weighted)
    ]


def _conclude(found: Sweep, over: Over, assembly: Assembly, seconds: float) -> Sweep:
    """Judge the curves, put the outcome into words, and write everything down."""
    parts, contest = assembly.prepared, found.contest
    constant = constant_loss(assembly.task, parts.train, parts.validation)
    outcome = judging.judge(contest.trials, constant=constant, rates=over.rates)
    found.trials, found.recommended, found.margin = outcome.trials, outcome.recommended, outcome.margin
    found.seconds, found.stopped = seconds, contest.stopped or ALL_DONE
    if contest.stopped:
        ended = {(t.stage, t.value) for t in contest.trials if t.stopped not in CUT_SHORT}
        left = [*contest.wanted, *(("full", value) for value in over.values)]
        found.missing = tuple(dict.fromkeys(value for stage, value in left if (stage, value) not in ended))
    found.verdict = verdict(found)
    return keep(found)
