"""Data of the second fresh cases: targets of the public tables that no earlier case predicts, and other made-up sets.

Each seed draws other rows. Breiman's waveform, twonorm and ringnorm follow his "Bias, variance, and arcing classifiers"
(1996); friedman2 and friedman3 are scikit-learn's (Friedman 1991).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn import datasets
from sklearn.tree import DecisionTreeClassifier

from .case import Rows
from .fresh_data import drawn, table

WEATHER = ["month", "hour", "DEWP", "PRES", "Iws", "TEMP"]
BUMPS = np.stack([np.maximum(6.0 - np.abs(np.arange(21) - centre), 0.0) for centre in (6, 14, 10)])
"""Three triangles over 21 places; a class of `waveform` mixes two of them."""


def schooling(seed: int) -> pl.DataFrame:
    """Census rows; the target is `degree`, whether someone went to school for 13 years or more."""
    frame = drawn("adult.csv", 1200, seed)
    years = frame["education-num"].cast(pl.Float64)
    return frame.drop("education-num", "education").with_columns(degree=pl.when(years >= 13).then(1).otherwise(0))


def few_schoolings(seed: int) -> pl.DataFrame:
    """Three hundred and fifty of them."""
    return schooling(seed)[:350]


def warmth(seed: int) -> Rows:
    """The temperature of an hour from its other weather."""
    frame = table("beijing-pm25.csv").select(WEATHER).cast(pl.Float64, strict=False).drop_nulls()
    rows = frame.sample(1200, seed=seed).to_numpy()
    return rows[:, :-1], rows[:, -1]


def odd_digits(seed: int) -> Rows:
    """Whether a digit is odd, in 7 × 7 means of its pixels."""
    rows = drawn("mnist10k.csv.zip", 1300, seed).to_numpy().astype(np.float64)
    return rows[:, 1:].reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49) / 255, rows[:, 0].astype(int) % 2


def coarse_digits(seed: int) -> Rows:
    """Which digit it is, in 7 × 7 means of its pixels."""
    rows = drawn("mnist10k.csv.zip", 1300, seed).to_numpy().astype(np.float64)
    return rows[:, 1:].reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4)).reshape(-1, 49) / 255, rows[:, 0].astype(int)


def waveform(seed: int) -> Rows:
    """Three classes of noisy waves."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, 1200)
    first, second, share = BUMPS[np.array([0, 0, 1])[y]], BUMPS[np.array([1, 2, 2])[y]], rng.random((1200, 1))
    return share * first + (1 - share) * second + rng.normal(size=(1200, 21)), y


def few_waves(seed: int) -> Rows:
    """Three hundred and twenty of them."""
    x, y = waveform(seed)
    return x[:320], y[:320]


def ringnorm(seed: int) -> Rows:
    """One Gaussian within another of twice its width, a little apart, in 20 dimensions."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 1200)
    x = rng.normal(size=(1200, 20))
    return np.where(y[:, None] == 0, 2 * x, x + 2 / 20**0.5), y


def few_votes(seed: int) -> Rows:
    """Twenty-five features, of which each says a little about a noisy yes or no; few rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(400, 25))
    return x, (rng.random(400) < 1 / (1 + np.exp(-x @ np.linspace(0.1, 0.7, 25)))).astype(int)


def checkers(seed: int) -> Rows:
    """The colour of a field on a board of 3 × 3."""
    x = np.random.default_rng(seed).uniform(0, 3, (1300, 2))
    return x, np.floor(x).sum(axis=1).astype(int) % 2


def rules(seed: int) -> Rows:
    """Five classes of a random tree of yes-or-no questions about six features."""
    rng = np.random.default_rng(seed)
    tree = DecisionTreeClassifier(max_leaf_nodes=12, splitter="random", random_state=seed)
    tree.fit(rng.uniform(-1, 1, (60, 6)), np.arange(60) % 5)
    x = rng.uniform(-1, 1, (1300, 6))
    return x, tree.predict(x)


def ellipses(seed: int) -> Rows:
    """Seven classes in five dimensions, each stretched in directions of its own."""
    rng = np.random.default_rng(seed)
    centres, shapes = 1.8 * rng.normal(size=(7, 5)), rng.normal(size=(7, 5, 5)) / 2
    y = rng.integers(0, 7, 1300)
    return centres[y] + np.einsum("nij,nj->ni", shapes[y], rng.normal(size=(1300, 5))), y


def impedance(seed: int) -> Rows:
    """Of a circuit, from parts of very different size."""
    return datasets.make_friedman2(1200, noise=40.0, random_state=seed)


def phase(seed: int) -> Rows:
    """Of the same circuit, scaled features."""
    x, y = datasets.make_friedman3(1200, noise=0.1, random_state=seed)
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def waves(seed: int) -> Rows:
    """A sum of a wave, a product and a step."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (1200, 7))
    y = np.sin(4 * x[:, 0]) + 2 * x[:, 1] * x[:, 2] + (x[:, 3] > 0.2) + 0.2 * rng.normal(size=1200)
    return x, y


def few_waves_of_value(seed: int) -> Rows:
    """Three hundred and fifty rows of it, with more noise."""
    x, y = waves(seed)
    return x[:350], y[:350] + 0.8 * np.random.default_rng(seed + 1).normal(size=350)


def cents(seed: int) -> Rows:
    """The value in millions, as amounts in cents may come."""
    x, y = waves(seed)
    return x, 4e6 + 9e5 * y


def lifted_waveform(seed: int) -> Rows:
    """Waves around 12."""
    x, y = waveform(seed)
    return x / 2 + 12.0, y


def lifted_waves(seed: int) -> Rows:
    """Features around 15."""
    x, y = waves(seed)
    return 2 * x + 15.0, y


def metres(seed: int) -> Rows:
    """Features of the ellipses in units from millimetres to kilometres."""
    x, y = ellipses(seed)
    return x * np.array([1000.0, 1.0, 0.001, 50.0, 300.0]) + np.array([0.0, 5.0, 0.0, 900.0, -40.0]), y


def rare_rule(seed: int) -> Rows:
    """A class of which four rows in a hundred are, and whose bounds are blurred."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2000, 6))
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.7 * rng.normal(size=2000)
    return x, (score > np.quantile(score, 0.96)).astype(int)


def thinned_ellipses(seed: int) -> Rows:
    """Ellipses of which two have a tenth of their rows left."""
    x, y = ellipses(seed)
    kept = (y > 1) | (np.random.default_rng(seed).random(len(y)) < 0.08)
    return x[kept], y[kept]


def seldom_seven(seed: int) -> Rows:
    """Whether a digit is a 7, of which a few are left."""
    x, y = coarse_digits(seed)
    seven = np.flatnonzero(y == 7)
    kept = np.concatenate([np.flatnonzero(y != 7), seven[: max(30, len(seven) // 3)]])
    return x[kept], (y[kept] == 7).astype(int)


def repeated_waveform(seed: int) -> Rows:
    return _repeated(*(part[:800] for part in waveform(seed)), seed)


def repeated_waves(seed: int) -> Rows:
    return _repeated(*(part[:800] for part in waves(seed)), seed)


def repeated_votes(seed: int) -> Rows:
    return _repeated(*few_votes(seed), seed)


def _repeated(x: np.ndarray, y: np.ndarray, seed: int) -> Rows:
    """The rows, and one in fifteen of them some thirty times more."""
    few = np.random.default_rng(seed).integers(0, len(x) // 15, 2 * len(x))
    rows = np.random.default_rng(seed + 1).permutation(np.concatenate([np.arange(len(x)), few]))
    return x[rows], y[rows]


def told_schooling(seed: int) -> pl.DataFrame:
    """With a column that follows from the degree."""
    frame = schooling(seed)
    fee = 900.0 * frame["degree"].to_numpy() + np.random.default_rng(seed).normal(size=frame.height)
    return frame.with_columns(fee=pl.Series(fee))


def told_waves(seed: int) -> Rows:
    """With the value in another unit among the features."""
    x, y = waves(seed)
    return np.column_stack([x, -3.0 * y + 7.0]), y


def told_rules(seed: int) -> Rows:
    """With the number of the class, a little blurred, among the features."""
    x, y = rules(seed)
    return np.column_stack([x, y + 0.01 * np.random.default_rng(seed).normal(size=len(y))]), y


def sorted_ellipses(seed: int) -> Rows:
    return _sorted(*ellipses(seed))


def sorted_digits(seed: int) -> Rows:
    return _sorted(*coarse_digits(seed))


def _sorted(x: np.ndarray, y: np.ndarray) -> Rows:
    """The rows in the order of their class."""
    order = np.argsort(y, kind="stable")
    return x[order], y[order]
