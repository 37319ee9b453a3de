"""A source as it was read: typed columns or images, nothing fitted yet."""

from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Literal

import numpy as np
import polars as pl

from backlight.records import BacklightError

from .numerals import Numerals

PixelWish = Literal["auto", "yes", "no"]

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""What sources call the parts of a given split."""


@dataclass(frozen=True)
class Dataset:
    """The rows of one source, in the order of the source."""

    name: str
    frame: pl.DataFrame
    """One row an example. An image set has the columns `file` (member path) and, where known, `class`."""
    images: np.ndarray | None = None
    """uint8 (n, c, h, w), or None for a table."""
    target: str | None = None
    """The target that the source itself implies, such as `class` for a folder of images."""
    given_split: np.ndarray | None = None
    """Per row "train", "validation" or "test", where the source says so."""
    notes: tuple[str, ...] = ()
    """What was recognised while reading, as sentences for the user."""
    pixels: PixelWish = "auto"
    """Whether a table of pixel columns may be taken as images; an explicit configuration outranks it."""
    numerals: dict[str, Numerals] = field(default_factory=dict)
    """How numbers were written, by column where not as programs do."""

    @property
    def rows(self) -> int:
        """Number of examples."""
        return self.frame.height

    def take(self, rows: np.ndarray) -> "Dataset":
        """The given rows, in the given order."""
        return replace(
            self,
            frame=self.frame[rows],
            images=None if self.images is None else self.images[rows],
            given_split=None if self.given_split is None else self.given_split[rows],
        )

    def column(self, name: str, role: str) -> pl.Series:
        """The column of that name; `role` (such as "target") words the error when it is absent."""
        if name not in self.frame.columns:
            raise BacklightError(absent_column(name, role, self.name, self.frame.columns))
        return self.frame[name]


def absent_column(name: str, role: str, place: str, columns: list[str], shown: int = 12) -> str:
    """The sentence for a column that is not there: the nearest name, or the names that are there."""
    near = nearest(name, columns)
    if near is not None:
        mend = f"did you mean {near!r}?"
    elif columns == [f"column_{i}" for i in range(1, len(columns) + 1)]:
        mend = f"it has no header: its columns are called column_1 to column_{len(columns)}."
    else:
        more = f" and {len(columns) - shown} more" if len(columns) > shown else ""
        mend = f"its columns are {', '.join(columns[:shown])}{more}."
    return f"There is no {role} column {name!r} in {place}; {mend}"


def nearest(name: str, known: list[str]) -> str | None:
    """The known name that resembles `name` most, letter case ignored; None if none does."""
    folded = {other.casefold(): other for other in reversed(known)}
    close = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[close[0]] if close else None
