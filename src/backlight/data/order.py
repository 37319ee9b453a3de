"""Rows that evidently follow each other in time."""

import numpy as np

from ..records.config import DataConfig
from .dataset import Dataset
from .dates import parse
from .preprocessing import Preprocessing


def order_notes(dataset: Dataset, fitted: Preprocessing, config: DataConfig) -> list[str]:
    """A sentence if rows that ascend in time were split at random: neighbours of held-out rows are trained on then."""
    if config.time is not None or config.group is not None or dataset.given_split is not None:
        return []
    column = _ascending(dataset, fitted)
    if column is None:
        return []
    return [
        "The rows follow each other in time. Split at random, the neighbours of each held-out row are trained on, and "
        f"the score tells how well gaps are filled; --time {column} holds out the latest rows and gives the score of a "
        "forecast."
    ]


def _ascending(dataset: Dataset, fitted: Preprocessing) -> str | None:
    """A column that can stand for the time of ascending rows."""
    for date in fitted.dates:
        moments = parse(dataset.frame[date.column], date.format).drop_nulls()
        if moments.is_sorted() and moments.n_unique() > 0.5 * len(moments):
            return date.column
    if fitted.joined is None:
        return None
    elapsed = fitted.joined.derive(dataset.frame)[:, 0]
    elapsed = elapsed[~np.isnan(elapsed)]
    if len(elapsed) < 2 or (np.diff(elapsed) < 0).any():
        return None
    return _counter(dataset) or fitted.joined.columns[0]


def _counter(dataset: Dataset) -> str | None:
    """The first whole-number column that ascends with every row."""
    integers = [column for column in dataset.frame.iter_columns() if column.dtype.is_integer()]
    return next((c.name for c in integers if not c.null_count() and bool((c.diff().drop_nulls() > 0).all())), None)
