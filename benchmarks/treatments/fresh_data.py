"""Data of the fresh cases: three public tables, of which each seed takes other rows, and made-up sets.

The tables are read from the folder $BACKLIGHT_DATA: adult.csv (census income, UCI), beijing-pm25.csv (air quality, UCI)
and mnist10k.csv.zip (the test digits of MNIST as a table: label, then 784 pixels).
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from sklearn import datasets

from backlight.data import read
from backlight.records import BacklightError

from .case import Rows

AIR = ["month", "hour", "DEWP", "TEMP", "PRES", "Iws"]


@cache
def table(name: str) -> pl.DataFrame:
    """All rows of a public table."""
    file = Path(os.environ.get("BACKLIGHT_DATA", "data")) / name
    if not file.exists():
        raise BacklightError(f"{file} is not there: set BACKLIGHT_DATA to the folder that holds {name}.")
    return read(file, images="no").frame


def drawn(name: str, rows: int, seed: int) -> pl.DataFrame:
    """Rows of a public table, other ones for each seed."""
    return table(name).sample(rows, seed=seed)


def income(seed: int) -> pl.DataFrame:
    """Census rows; the target is `income`, two classes."""
    return drawn("adult.csv", 1500, seed)


def few_incomes(seed: int) -> pl.DataFrame:
    """Five hundred census rows."""
    return drawn("adult.csv", 500, seed)


def air(seed: int) -> Rows:
    """Weather, and the fine dust of the hour in µg/m³."""
    frame = table("beijing-pm25.csv").select([*AIR, "pm2.5"]).cast(pl.Float64, strict=False).drop_nulls()
    rows = frame.sample(1500, seed=seed).to_numpy()
    return rows[:, :-1], rows[:, -1]


def handwriting(seed: int) -> Rows:
    """Digits of MNIST in 14 × 14 means of four pixels, from 0 to 1."""
    rows = drawn("mnist10k.csv.zip", 1500, seed).to_numpy().astype(np.float64)
    pixels = rows[:, 1:].reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196) / 255
    return pixels, rows[:, 0].astype(int)


def few_digits(seed: int) -> Rows:
    """Four hundred of them."""
    x, y = handwriting(seed)
    return x[:400], y[:400]


def friedman(seed: int) -> Rows:
    """A value that bends and multiplies five of eight features (Friedman 1991)."""
    return datasets.make_friedman1(1200, 8, noise=0.5, random_state=seed)


def noisy_friedman(seed: int) -> Rows:
    """Few rows of it, with as much noise as signal."""
    return datasets.make_friedman1(400, 12, noise=4.0, random_state=seed)


def shells(seed: int) -> Rows:
    """Four classes, each a shell of a Gaussian around the one before."""
    return datasets.make_gaussian_quantiles(n_samples=1500, n_features=5, n_classes=4, random_state=seed)


def mislabelled_shells(seed: int) -> Rows:
    """Few rows of shells, one label in five wrong."""
    rng = np.random.default_rng(seed)
    x, y = shells(seed)
    return x[:500], np.where(rng.random(500) < 0.2, rng.integers(0, 4, 500), y[:500])


def hastie(seed: int) -> Rows:
    """Whether the squares of ten normal values sum to more than their median (Hastie et al. 2009, example 10.2)."""
    x, y = datasets.make_hastie_10_2(1500, random_state=seed)
    return x, (y > 0).astype(int)


def clumps(seed: int) -> Rows:
    """Twelve overlapping Gaussian clumps in six dimensions."""
    return datasets.make_blobs(1500, 6, centers=12, cluster_std=2.5, random_state=seed)[:2]


def roll(seed: int) -> Rows:
    """Where on a rolled-up sheet a point lies."""
    return datasets.make_swiss_roll(1200, noise=0.3, random_state=seed)


def parity(seed: int) -> Rows:
    """Whether two of five features have the same sign."""
    x = np.random.default_rng(seed).normal(size=(1500, 5))
    return x, (x[:, 0] * x[:, 1] > 0).astype(int)


def _lifted(rows: Rows) -> Rows:
    """Features around 6 with spread 1, as temperatures or years may come."""
    x, y = rows
    return (x - x.mean(axis=0)) / x.std(axis=0) + 6.0, y


def lifted_shells(seed: int) -> Rows:
    return _lifted(shells(seed))


def lifted_friedman(seed: int) -> Rows:
    return _lifted(friedman(seed))


def lifted_clumps(seed: int) -> Rows:
    return _lifted(clumps(seed))


def stretched_hastie(seed: int) -> Rows:
    """Each feature in units of its own."""
    x, y = hastie(seed)
    return x * 10.0 ** np.linspace(-1, 3, 10), y


def bright_handwriting(seed: int) -> Rows:
    """Pixels from 0 to 255."""
    x, y = handwriting(seed)
    return x * 255, y


def dear_friedman(seed: int) -> Rows:
    """The value in hundred thousands."""
    x, y = friedman(seed)
    return x, 2e4 * y + 1e5


def scarce(seed: int) -> Rows:
    """Two classes, one with four rows in a hundred."""
    return datasets.make_classification(
        2500, 12, n_informative=6, weights=[0.96], flip_y=0, class_sep=0.7, random_state=seed
    )


def one_digit(seed: int) -> Rows:
    """Whether a digit is an 8, of which few are left."""
    x, y = handwriting(seed)
    eight = np.flatnonzero(y == 8)
    kept = np.concatenate([np.flatnonzero(y != 8), eight[: max(20, len(eight) // 4)]])
    return x[kept], (y[kept] == 8).astype(int)


def thinned_shells(seed: int) -> Rows:
    """Shells of which the third has few rows left."""
    x, y = shells(seed)
    kept = (y != 2) | (np.random.default_rng(seed).random(len(y)) < 0.08)
    return x[kept], y[kept]


def sorted_handwriting(seed: int) -> Rows:
    return _sorted(handwriting(seed))


def sorted_clumps(seed: int) -> Rows:
    return _sorted(clumps(seed))


def _sorted(rows: Rows) -> Rows:
    """The rows in the order of their class."""
    order = np.argsort(rows[1], kind="stable")
    return rows[0][order], rows[1][order]


def repeated_friedman(seed: int) -> Rows:
    return _repeated(datasets.make_friedman1(900, 8, noise=2.0, random_state=seed), seed)


def repeated_hastie(seed: int) -> Rows:
    x, y = hastie(seed)
    return _repeated((x[:900], np.where(np.random.default_rng(seed).random(900) < 0.15, 1 - y[:900], y[:900])), seed)


def _repeated(rows: Rows, seed: int) -> Rows:
    """The rows, and thirty of them over and over again."""
    chosen = np.concatenate([np.arange(900), np.random.default_rng(seed).integers(0, 30, 1500)])
    return rows[0][chosen], rows[1][chosen]


def flagged_hastie(seed: int) -> Rows:
    """With three more columns that are zero in all but four rows."""
    x, y = hastie(seed)
    flags = np.zeros((len(x), 3))
    flags[np.random.default_rng(seed).integers(0, len(x), 4)] = 1.0
    return np.concatenate([x, flags], axis=1), y


def holed_hastie(seed: int) -> Rows:
    """Two values in a hundred are missing."""
    x, y = hastie(seed)
    return np.where(np.random.default_rng(seed).random(x.shape) < 0.02, np.nan, x), y


def told_income(seed: int) -> pl.DataFrame:
    """Census rows with a tax band, which is known only with the income."""
    frame = income(seed)
    band = (frame["income"].str.strip_chars() == ">50K").to_numpy() + 0.005 * np.random.default_rng(seed).normal(
        size=frame.height
    )
    return frame.with_columns(tax=pl.Series(band))


def told_friedman(seed: int) -> Rows:
    """With the value and its tax among the features."""
    x, y = friedman(seed)
    return np.column_stack([x, 1.19 * y + 0.01 * np.random.default_rng(seed).normal(size=len(y))]), y


def told_hastie(seed: int) -> Rows:
    """With a copy of the class among the features."""
    x, y = hastie(seed)
    return np.column_stack([x, y.astype(float)]), y
