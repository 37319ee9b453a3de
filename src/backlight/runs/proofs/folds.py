"""Which rows each training of a proof holds out: another part every time, so that all of them judge.

A held-out part of a fifth tells five times less about rows than all rows do. So the rows that do not validate are dealt
into parts, and the trainings of each side leave out one part after another (cross-fitting; Stone 1974). Validation rows
stay the same throughout and are never held out: they choose epochs and treatments, which those that judge must not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...data import Dataset, Prepared
from ...records.config import DataConfig

FOLDS = 8
"""Parts, each with the same number of rows."""
FEWEST_HELD_OUT = 2
"""Rows of a part below which one larger part is held out instead. The mean difference of few rows is far from normal,
but of two settings that are equally good it is spread alike to both sides, and then Student's t says "better" too
seldom rather than too often (Benjamini 1983, "Is the t test really conservative when the parent distribution is
long-tailed?")."""
ENOUGH_ROWS = 20_000
"""Rows from which a fifth of them judges well enough."""
MOST_BYTES = 8_000_000
"""Of the inputs, of which each training needs a copy of its own."""


def folded(dataset: Dataset, split: Prepared, config: DataConfig, seed: int) -> list[Dataset]:
    """The dataset with its rows dealt into training, validation and held-out ones, once for each part.

    A single one, split as the run's settings say, where the rows follow time, form groups or are split by their source,
    and where they are very few or more than enough.

    Parameters
    ----------
    split:
        The dataset as the settings split it; its validation rows are kept.
    """
    pool = np.concatenate([split.train.rows, split.test.rows])
    y = np.concatenate([split.train.y, split.test.y])
    size = len(pool) // FOLDS
    whole = config.time is not None or config.group is not None or dataset.given_split is not None
    heavy = split.train.x.nbytes + split.test.x.nbytes > MOST_BYTES
    if whole or heavy or size < FEWEST_HELD_OUT or len(pool) > ENOUGH_ROWS:
        return [dataset]
    lot = np.random.default_rng(seed).random(len(pool))
    order = pool[np.lexsort((lot, y if split.task.classes else np.zeros(len(pool))))]
    parts = np.full(dataset.rows, "train", dtype="<U10")
    parts[split.validation.rows] = "validation"
    return [replace(dataset, given_split=_held_out(parts, order[k : FOLDS * size : FOLDS])) for k in range(FOLDS)]


def _held_out(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    named = parts.copy()
    named[rows] = "test"
    return named
