"""Cells of a table that may not mean what they say; they are told of and stay as they are."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import polars as pl

from .cells import number_matrix
from .counted import counted
from .discrete import Categories

FEWEST_CELLS = 5
"""Equal cells below which a far value may be a single true one."""
FEWEST_OTHERS = 5
"""Distinct other values below which a column is a scale, whose steps may differ."""


def stand_in_notes(rows: pl.DataFrame, names: Iterable[str]) -> list[str]:
    """Of each column of numbers whose lowest or highest value comes often and lies further from the next one than all
    others lie from each other, as -999 for a missing value does."""
    notes = []
    for name in names:
        values, counts = np.unique(number_matrix(rows, [name])[:, 0], return_counts=True, equal_nan=True)
        values, counts = values[np.isfinite(values)], counts[: np.isfinite(values).sum()]
        if len(values) <= FEWEST_OTHERS:
            continue
        for far, near, other in ((0, 1, -1), (-1, -2, 0)):
            if counts[far] >= FEWEST_CELLS and abs(values[far] - values[near]) > abs(values[near] - values[other]):
                low, high = sorted((values[near], values[other]))
                cells = counted(int(counts[far]), "training row")
                notes.append(
                    f"{cells} have {values[far]:g} in the column {name!r}, far from all others ({low:g} to {high:g}); "
                    "if that stands for a missing value, empty those cells."
                )
    return notes


def spelling_notes(categories: Iterable[Categories]) -> list[str]:
    """Of each column with categories that differ in nothing but their letter case."""
    notes = []
    for one in categories:
        alike = defaultdict(list)
        for value in one.values:
            if value is not None:
                alike[value.casefold()].append(repr(value))
        twice = next((spellings for spellings in alike.values() if len(spellings) > 1), None)
        if twice:
            notes.append(
                f"{' and '.join(twice)} in the column {one.column!r} are different categories; if they mean the same, "
                "write them alike."
            )
    return notes
