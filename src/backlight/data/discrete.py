"""Words to category codes."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from ..records import Feature
from .cells import as_text

MOST_CATEGORIES = 1_000
"""Categories with a code of their own; the less frequent ones share code 0 with unseen ones."""
RARE = ((1_000, 3), (100, 2))
"""On tables of at least so many training rows, categories with fewer rows than this share code 0: they are too few to
learn from, and code 0 is then itself trained."""


@dataclass(frozen=True)
class Categories:
    """The categories of one column: code k + 1 stands for values[k], code 0 for any other."""

    column: str
    values: tuple[str | None, ...]
    """Most frequent first, ties in alphabetical order; None is the missing value, where training rows have one."""

    @property
    def feature(self) -> Feature:
        """The one feature it becomes."""
        return Feature(self.column, "discrete", size=len(self.values) + 1)

    def codes(self, column: pl.Series) -> np.ndarray:
        """Codes (n,) as float32."""
        codes = {value: float(code) for code, value in enumerate(self.values, 1)}
        missing = codes.pop(None, 0.0)
        texts = words(column)
        if not codes:
            return np.where(texts.is_null().to_numpy(), missing, 0.0).astype(np.float32)
        found = texts.replace_strict(codes, default=0.0, return_dtype=pl.Float32).to_numpy()
        return np.where(texts.is_null().to_numpy(), missing, found).astype(np.float32)

    def unknown(self, column: pl.Series) -> pl.Series:
        """The cells with a word that has no code of its own."""
        texts = words(column).drop_nulls()
        return texts.filter(~texts.is_in([value for value in self.values if value is not None]))


def words(column: pl.Series) -> pl.Series:
    """The cells as the texts that categories are known by."""
    texts = as_text(column)
    return texts.str.strip_chars() if column.dtype == pl.String else texts


def fit_categories(column: pl.Series) -> Categories:
    """Categories of a column of training rows."""
    counts = words(column).alias("value").to_frame().group_by("value").len()
    counts = counts.sort(["len", "value"], descending=[True, False], nulls_last=True).head(MOST_CATEGORIES)
    least = next((least for rows, least in RARE if len(column) >= rows), 1)
    counts = counts.filter(pl.col("len") >= least)
    return Categories(column.name, tuple(counts["value"].to_list()))
