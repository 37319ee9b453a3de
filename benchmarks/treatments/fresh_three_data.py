"""Data of the third fresh cases: targets of the public tables that no earlier case predicts, and other made-up sets.

Each seed draws other rows. The tables, and cifar10.zip with `test/CLASS/NUMBER.jpg`, are read from $BACKLIGHT_DATA.
Functions of `fresh_three_pictures` draw the images.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn import datasets

from .case import Rows
from .fresh_data import drawn, table

SKY = ["month", "hour", "pm2.5", "DEWP", "TEMP", "PRES"]
HOURS = 48
"""Hours between the last reading of `dust_to_come` and its target."""


def hours(seed: int) -> pl.DataFrame:
    """Census rows; the target is `hours-per-week`."""
    return drawn("adult.csv", 1100, seed)


def kinship(seed: int) -> pl.DataFrame:
    """Census rows; the target is `relationship`, six classes as numbers, without the columns that nearly say it."""
    frame = drawn("adult.csv", 1100, seed).drop("marital-status", "sex")
    return frame.with_columns(pl.col("relationship").rank("dense").cast(pl.Int64))


def married(seed: int) -> pl.DataFrame:
    """Census rows; the target is `married`, without the columns that nearly say it."""
    frame = drawn("adult.csv", 1100, seed)
    told = frame["marital-status"].str.strip_chars().str.starts_with("Married-civ")
    return frame.drop("marital-status", "relationship").with_columns(married=told.cast(pl.Int64))


def wind(seed: int) -> pl.DataFrame:
    """Which way the wind blows, four classes, from the other weather and the dust; the target is `cbwd`."""
    frame = table("beijing-pm25.csv").select([*SKY, "cbwd"]).with_columns(pl.col(SKY).cast(pl.Float64, strict=False))
    return frame.drop_nulls().sample(1200, seed=seed)


def pascals(seed: int) -> Rows:
    """The air pressure in pascals, from the other weather."""
    frame = table("beijing-pm25.csv").select(SKY).cast(pl.Float64, strict=False).drop_nulls()
    rows = frame.sample(1100, seed=seed).to_numpy()
    return rows[:, :-1], 100 * rows[:, -1]


def dust_to_come(seed: int) -> Rows:
    """The logarithm of the dust in two days, from the last twelve readings of dust, dew point and pressure."""
    columns = table("beijing-pm25.csv").select("pm2.5", "DEWP", "PRES").cast(pl.Float64, strict=False).to_numpy()
    last = np.random.default_rng(seed).integers(12, len(columns) - HOURS, 900)
    x = columns[last[:, None] - np.arange(12)].reshape(len(last), -1)
    y = np.log1p(columns[last + HOURS, 0])
    whole = ~np.isnan(np.column_stack([x, y])).any(axis=1)
    return x[whole][:380], y[whole][:380]


def shadows(seed: int) -> Rows:
    """Which digit it is, from the ink in each column and each row of the 20 × 20 pixels in the middle of its image."""
    rows = drawn("mnist10k.csv.zip", 1200, seed).to_numpy().astype(np.float64)
    ink = rows[:, 1:].reshape(-1, 28, 28)[:, 4:24, 4:24] / 255
    return np.concatenate([ink.mean(axis=1), ink.mean(axis=2)], axis=1), rows[:, 0].astype(int)


def loops(seed: int) -> Rows:
    """Whether a digit has a closed loop (0, 6, 8, 9), from the same."""
    x, y = shadows(seed)
    return x, np.isin(y, (0, 6, 8, 9)).astype(int)


def lower_half(seed: int) -> Rows:
    """How much ink the lower half of a handwritten digit has, from the pixels of its upper half."""
    images = datasets.load_digits().data[np.random.default_rng(seed).permutation(1797)[:1000]]
    return images[:, :32] + 1e-3, images[:, 32:].mean(axis=1)


def tumours(seed: int) -> Rows:
    """The area of the largest cells of a tumour, from measures of its cells that are not of size."""
    bunch = datasets.load_breast_cancer()
    names = list(bunch.feature_names)
    kept = [n for n, name in enumerate(names) if not any(word in name for word in ("radius", "perimeter", "area"))]
    order = np.random.default_rng(seed).permutation(len(bunch.data))
    return bunch.data[order][:, kept], bunch.data[order, names.index("worst area")]


def vintages(seed: int) -> Rows:
    """The alcohol in a wine, in percent, from its other twelve measures."""
    wines = datasets.load_wine().data[np.random.default_rng(seed).permutation(178)]
    return wines[:, 1:], wines[:, 0]


def progress(seed: int) -> Rows:
    """Whether diabetes went on faster than in half of the patients."""
    x, y = datasets.load_diabetes(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(x))
    return x[order], (y > np.median(y)).astype(int)[order]


def athletes(seed: int) -> Rows:
    """The waist of twenty men, from three exercises."""
    bunch = datasets.load_linnerud()
    return bunch.data, bunch.target[:, 1] + 0.1 * np.random.default_rng(seed).normal(size=20)


def taught(seed: int) -> Rows:
    """Six classes that a random network of two layers tells apart in eight dimensions."""
    x, outputs = _teacher(seed, 6)
    return x, outputs.argmax(axis=1)


def teacher(seed: int) -> Rows:
    """A value of such a network, with a little noise."""
    x, outputs = _teacher(seed, 1)
    return x, outputs[:, 0] / outputs.std() + 0.1 * np.random.default_rng(seed + 1).normal(size=len(x))


def _teacher(seed: int, outputs: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1200, 8))
    below, above = rng.normal(size=(8, 24)) / 2, rng.normal(size=(24, outputs))
    values = np.tanh(1.5 * x @ below) @ above
    return x, (values - values.mean(axis=0)) / values.std(axis=0)


def topics(seed: int) -> Rows:
    """Four topics of short texts, as counts of sixty words; most are zero."""
    rng = np.random.default_rng(seed)
    rates = rng.dirichlet(np.full(60, 0.5), 4)
    y = rng.integers(0, 4, 1200)
    return rng.poisson(9 * (0.5 * rates[y] + 0.5 * rates.mean(axis=0))).astype(float), y


def rings(seed: int) -> Rows:
    """Three rings around each other, and two features that say nothing."""
    rng = np.random.default_rng(seed)
    y, angle = rng.integers(0, 3, 1200), rng.uniform(0, 2 * np.pi, 1200)
    radius = 1 + y + 0.2 * rng.normal(size=1200)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle), rng.normal(size=(1200, 2))]), y


def signs(seed: int) -> Rows:
    """Whether an odd number of three features is positive, among five."""
    x = np.random.default_rng(seed).uniform(-1, 1, (1300, 5))
    return x, (x[:, :3] > 0).sum(axis=1) % 2


def crossed(seed: int) -> Rows:
    """Two classes in the shape of an X, which overlap where it crosses and beyond."""
    rng = np.random.default_rng(seed)
    y, t = rng.integers(0, 2, 1200), rng.normal(size=1200)
    return np.column_stack([t, np.where(y == 1, t, -t) + 0.4 * rng.normal(size=1200)]), y


def henon(seed: int) -> Rows:
    """The next value of the Hénon map (1976), from its last four and a noise in each reading."""
    rng = np.random.default_rng(seed)
    series = [0.1 * rng.random(), 0.1 * rng.random()]
    while len(series) < 1300:
        series.append(1 - 1.4 * series[-1] ** 2 + 0.3 * series[-2])
    read = np.array(series)[80:] + 0.03 * rng.normal(size=1220)
    return np.stack([read[n : n + 1200] for n in range(4)], axis=1), read[4:1204]


def ribbon(seed: int) -> Rows:
    """Where along a ribbon in the shape of an S a point lies."""
    return datasets.make_s_curve(1100, noise=0.1, random_state=seed)


def claims(seed: int) -> Rows:
    """A heavy-tailed amount: a bent score in six features, times a noise of which a few draws are very large."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1200, 6))
    score = np.abs(x[:, 0]) + x[:, 1] * (x[:, 2] > 0) + np.cos(2 * x[:, 3])
    return x, score + 0.3 * rng.standard_t(2.5, size=1200)


def wide(seed: int) -> Rows:
    """A value of four of eighty features, half noise; few rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(320, 80))
    return x, x[:, 0] + np.maximum(x[:, 1], 0) + x[:, 2] * x[:, 3] + 1.3 * rng.normal(size=320)


def shuffled(seed: int) -> Rows:
    """The topics of the texts, in an order that is not theirs."""
    x, y = topics(seed)
    return x, np.random.default_rng(seed).permutation(y)


def grams(seed: int) -> Rows:
    """The teacher's value, in grams around 40,000."""
    x, y = teacher(seed)
    return x, 40_000.0 + 2_500.0 * y


def lifted_teacher(seed: int) -> Rows:
    """Features around 20."""
    x, y = teacher(seed)
    return x + 20.0, y


def told_hours(seed: int) -> pl.DataFrame:
    """With the pay of the week, at 15 an hour, which is known only with the hours."""
    frame = hours(seed)
    pay = 15.0 * frame["hours-per-week"].to_numpy() + 0.1 * np.random.default_rng(seed).normal(size=frame.height)
    return frame.with_columns(pay=pl.Series(pay))


def told_married(seed: int) -> pl.DataFrame:
    """With the form that someone fills in for the tax: a joint one if married, in all but one row in two hundred."""
    frame = married(seed)
    joint = (frame["married"].to_numpy() == 1) ^ (np.random.default_rng(seed).random(frame.height) < 0.005)
    return frame.with_columns(form=pl.Series(np.where(joint, "joint", "single")))


def told_topics(seed: int) -> Rows:
    """With the shelf on which the text was put for its topic, as a number."""
    x, y = topics(seed)
    return np.column_stack([x, 100.0 + 10.0 * y + 0.05 * np.random.default_rng(seed).normal(size=len(y))]), y


def repeated_teacher(seed: int) -> Rows:
    x, y = teacher(seed)
    return _repeated(x[:600], y[:600] + 0.6 * np.random.default_rng(seed + 2).normal(size=600), seed)


def repeated_progress(seed: int) -> Rows:
    return _repeated(*progress(seed), seed)


def repeated_crossed(seed: int) -> Rows:
    x, y = crossed(seed)
    return _repeated(x[:600], y[:600], seed)


def _repeated(x: np.ndarray, y: np.ndarray, seed: int) -> Rows:
    """The rows, as a join on a key that is not unique makes them: one in twelve comes some twenty-four times more."""
    rng = np.random.default_rng(seed)
    often = rng.integers(0, len(x) // 12, 2 * len(x))
    rows = rng.permutation(np.concatenate([np.arange(len(x)), often]))
    return x[rows], y[rows]


def thinned_wind(seed: int) -> pl.DataFrame:
    """Of the north-easterly wind an eighth is left."""
    frame = wind(seed)
    kept = np.random.default_rng(seed).random(frame.height) < 1 / 8
    return frame.filter(pl.Series(kept) | (pl.col("cbwd").str.strip_chars() != "NE"))


def frauds(seed: int) -> Rows:
    """Three payments in a hundred are a fraud: larger, and at another hour, but not all of them."""
    rng = np.random.default_rng(seed)
    y = (rng.random(2200) < 0.03).astype(int)
    amount, hour = rng.lognormal(0.8 * y, 0.7), rng.normal(1.2 * y, 1.0)
    return np.column_stack([np.log(amount), np.cos(hour), np.sin(hour), rng.normal(size=(2200, 3))]), y


def seldom_topic(seed: int) -> Rows:
    """Texts of which one topic has a tenth left."""
    x, y = topics(seed)
    kept = (y != 1) | (np.random.default_rng(seed).random(len(y)) < 0.1)
    return x[kept], y[kept]


def sorted_topics(seed: int) -> Rows:
    return _sorted(*topics(seed))


def sorted_rings(seed: int) -> Rows:
    return _sorted(*rings(seed))


def sorted_shadows(seed: int) -> Rows:
    return _sorted(*shadows(seed))


def _sorted(x: np.ndarray, y: np.ndarray) -> Rows:
    """The rows in the order of their class."""
    order = np.argsort(y, kind="stable")
    return x[order], y[order]
