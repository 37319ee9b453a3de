"""`learning_rate="auto"`: the rate of a training, found by a search beforehand.

The search trains copies: module, random state and the order of the rows are afterwards as if it had not been, so that
the training that follows is the very one that the found number, given by hand, begins.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from torch import nn

from ...data import Augmentation
from ...evaluation.trials import TOLERANCE, judge
from ...records import BacklightError
from ...records.config import FROM_SWEEP, TrainingConfig
from ...training.contest import Contest
from ...training.search import search_rates
from ..module import count_outputs, loss_name

if TYPE_CHECKING:
    from ..assembly import Assembly

BUDGET = 0.5
"""Share of the epochs that the race behind an automatic rate is run on; with the short look it costs about 1.6 plain
runs. On nine tables the rate that was best over even a third of the epochs ended, over all of them, 0.6 % above the
best in the mean (at most 3.4 %); a lower one, as more steps might ask for, did no better."""
TIME_SHARE = 1 / 3
"""Share of a time limit that the search may take."""
HELD_OUT = 0.15
"""Share of the training rows that judge the rates where there are no validation rows; the training sees them all."""

Rows = tuple[np.ndarray, np.ndarray]


def find_rate(assembly: Assembly, module: nn.Module) -> None:
    """Replace "auto" in the settings by the rate that a search recommends; nothing where a rate is set."""
    training, parts = assembly.config.training, assembly.prepared
    if training.learning_rate_from != FROM_SWEEP:
        return
    limit = training.time_limit
    chosen = found(
        training,
        module,
        loss_name(assembly.task, count_outputs(module, assembly.task, parts.train.x)),
        (parts.train.x, parts.train.y),
        (parts.validation.x, parts.validation.y) if len(parts.validation.rows) else None,
        seed=assembly.config.seed,
        unit=assembly.unit,
        augmentation=parts.augmentation,
        deadline=None if limit is None else assembly.started + limit,
        tell=assembly.note,
    )
    assembly.config = assembly.config.model_copy(update={"training": chosen})


def mention_search(assembly: Assembly, given: TrainingConfig) -> None:
    """Tell whoever described a network and left its rate open that the rate is a guess, which a search may better.

    The default network's rate was tuned with it. A rate that most networks bear is not the best of each.
    """
    if given.learning_rate is None and given.learning_rate_from is None:
        assembly.note(
            f"The learning rate {assembly.config.training.learning_rate:g} is one that most networks bear: "
            "--lr auto looks for the one that suits this network, in the time of one or two trainings."
        )


def found(
    training: TrainingConfig,
    module: nn.Module,
    loss: str | nn.Module,
    train: Rows,
    validation: Rows | None,
    *,
    seed: int,
    unit: float = 1.0,
    augmentation: Augmentation | None = None,
    deadline: float | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> TrainingConfig:
    """The settings with the rate that the search recommends, and how it was found.

    Raises BacklightError where no rate leads to a finite loss, or where the search was interrupted.
    """
    rows = len(train[1])
    now = time.monotonic()
    until = None if deadline is None else now + TIME_SHARE * max(0.0, deadline - now)
    train, validation = _judged_on(train, validation, seed)
    contest = Contest(loss, train, validation, unit=unit, augmentation=augmentation, deadline=until)
    tell("The learning rate is looked for, from far too small to divergent.")
    search_rates(module, training.model_copy(update={"time_limit": None}), contest, seed=seed, budget=BUDGET)
    outcome = judge(contest.trials, rates=True)
    if outcome.recommended is None:
        raise BacklightError("No learning rate leads to a finite loss; look at the data and the network, or give --lr.")
    low, high = outcome.margin or (outcome.recommended, outcome.recommended)
    cost = contest.rows_seen / ((training.epochs or 1) * rows)
    rate = outcome.recommended
    how = (
        f"a sweep of {len(outcome.trials)} rates over half the epochs, {low:g} to {high:g} within {TOLERANCE:.0%}; "
        f"cost the rows of {cost:.1f} plain runs"
    )
    tell(f"Learning rate {rate:g}: found by {how}, {time.monotonic() - now:.0f} s.")
    return training.model_copy(update={"learning_rate": rate, "learning_rate_from": how})


def _judged_on(train: Rows, validation: Rows | None, seed: int) -> tuple[Rows, Rows]:
    """Rows to train on and to judge by; without validation rows, a part of the training rows stands in."""
    if validation is not None and len(validation[1]):
        return train, validation
    x, y = train
    order = np.random.default_rng((seed, 2)).permutation(len(y))
    kept_out = max(1, int(HELD_OUT * len(y)))
    judges, rest = np.sort(order[:kept_out]), np.sort(order[kept_out:])
    return (x[rest], y[rest]), (x[judges], y[judges])
