"""Data of the fourth fresh cases: targets of the public tables that no earlier case predicts, and other made-up sets.

Each seed draws other rows. The formulas are test functions of the field: the piston (Ben-Ari and Steinberg 2007), the
borehole (Harper and Gupta 1983), the arm of a robot (An and Owen 2001), Ishigami and Homma's (1990), Lorenz's (1963),
and the digits of a broken display (Breiman et al. 1984).
"""

from __future__ import annotations

import numpy as np
import polars as pl
from sklearn import datasets

from .case import Rows
from .fresh_data import drawn, table

WEATHER = ["hour", "pm2.5", "DEWP", "TEMP", "PRES", "Iws"]
DESK = ("Exec-managerial", "Prof-specialty", "Adm-clerical", "Sales", "Tech-support")
TRADES = ("Adm-clerical", "Craft-repair", "Exec-managerial", "Other-service", "Prof-specialty", "Sales")
SEGMENTS = np.array(
    [
        [1, 1, 1, 0, 1, 1, 1],
        [0, 0, 1, 0, 0, 1, 0],
        [1, 0, 1, 1, 1, 0, 1],
        [1, 0, 1, 1, 0, 1, 1],
        [0, 1, 1, 1, 0, 1, 0],
        [1, 1, 0, 1, 0, 1, 1],
        [1, 1, 0, 1, 1, 1, 1],
        [1, 0, 1, 0, 0, 1, 0],
        [1, 1, 1, 1, 1, 1, 1],
        [1, 1, 1, 1, 0, 1, 1],
    ]
)
"""Which of the seven segments of a display are lit for each digit."""


def ages(seed: int) -> pl.DataFrame:
    """Census rows; the target is `age`."""
    return drawn("adult.csv", 1000, seed)


def few_ages(seed: int) -> pl.DataFrame:
    """Two hundred and fifty of them."""
    return ages(seed)[:250]


def desk(seed: int) -> pl.DataFrame:
    """Census rows; the target is `desk`, whether someone works at one."""
    frame = drawn("adult.csv", 1000, seed)
    return frame.drop("occupation").with_columns(desk=frame["occupation"].str.strip_chars().is_in(DESK).cast(pl.Int64))


def few_desks(seed: int) -> pl.DataFrame:
    """Two hundred and sixty of them."""
    return desk(seed)[:260]


def trades(seed: int) -> pl.DataFrame:
    """Census rows of six trades; the target is `trade`, their numbers in a list."""
    frame = drawn("adult.csv", 1600, seed)
    frame = frame.filter(frame["occupation"].str.strip_chars().is_in(TRADES))
    return frame.drop("occupation").with_columns(trade=frame["occupation"].rank("dense").cast(pl.Int64))


def _weather(rows: int, seed: int) -> pl.DataFrame:
    frame = table("beijing-pm25.csv").select([*WEATHER, "month"]).cast(pl.Float64, strict=False).drop_nulls()
    return frame.sample(rows, seed=seed)


def season(seed: int) -> pl.DataFrame:
    """Which season it is, from hour and weather; the target is `season`, four words."""
    frame = _weather(1000, seed)
    words = np.array(["winter", "spring", "summer", "autumn"])[frame["month"].to_numpy().astype(int) % 12 // 3]
    return frame.drop("month").with_columns(season=pl.Series(words))


def seasons_by_number(seed: int) -> pl.DataFrame:
    """The same, the target being a number from 1 to 4, in alphabetical order."""
    frame = season(seed)
    return frame.with_columns(pl.col("season").rank("dense").cast(pl.Int64))


def dew(seed: int) -> Rows:
    """The dew point, from hour, dust, temperature, pressure and wind."""
    rows = _weather(1000, seed).select("hour", "pm2.5", "TEMP", "PRES", "Iws", "DEWP").to_numpy()
    return rows[:, :-1], rows[:, -1]


def strokes(seed: int) -> Rows:
    """Whether a digit is a 3, a 5 or an 8, in 12 × 12 means of its pixels, from 0 to 1, with a grain."""
    rows = table("mnist10k.csv.zip").to_numpy()
    rows = rows[np.isin(rows[:, 0].astype(int), (3, 5, 8))].astype(np.float64)
    rows = rows[np.random.default_rng(seed).permutation(len(rows))[:1000]]
    pixels = rows[:, 1:].reshape(-1, 28, 28)[:, 2:26, 2:26].reshape(-1, 12, 2, 12, 2).mean(axis=(2, 4)) / 255
    grain = np.random.default_rng(seed + 1).normal(scale=0.02, size=pixels.shape)
    return np.clip(pixels + grain, 0, 1).reshape(-1, 144), np.searchsorted((3, 5, 8), rows[:, 0].astype(int))


def drawn_strokes(seed: int) -> Rows:
    """The same as pictures: uint8 (n, 1, 12, 12)."""
    x, y = strokes(seed)
    return (255 * x).astype(np.uint8).reshape(-1, 1, 12, 12), y


def bright_strokes(seed: int) -> Rows:
    """The pixels as columns from 0 to 255."""
    x, y = strokes(seed)
    return 255 * x, y


def irises(seed: int) -> Rows:
    """Twelve flowers of each kind of iris."""
    x, y = datasets.load_iris(return_X_y=True)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(
        np.concatenate([rng.choice(np.flatnonzero(y == kind), 12, replace=False) for kind in (0, 1, 2)])
    )
    return x[rows], y[rows]


def piston(seed: int) -> Rows:
    """The time of a piston's cycle, from seven measures of kilograms, pascals, kelvins and parts of a cubic metre."""
    low = np.array([30, 0.005, 0.002, 1000, 90_000, 290, 340])
    high = np.array([60, 0.020, 0.010, 5000, 110_000, 296, 360])
    x = np.random.default_rng(seed).uniform(low, high, (1000, 7))
    mass, surface, volume, spring, pressure, outside, gas = x.T
    force = pressure * surface + 19.62 * mass - spring * volume / surface
    heat = pressure * volume * outside / gas
    filled = surface / (2 * spring) * (np.sqrt(force**2 + 4 * spring * heat) - force)
    return x, 2 * np.pi * np.sqrt(mass / (spring + surface**2 * heat / filled**2))


def borehole(seed: int) -> Rows:
    """The litres of water that flow through a borehole in a year: some ten thousands."""
    low = np.array([0.05, 100, 63_070, 990, 63.1, 700, 1120, 9855])
    high = np.array([0.15, 50_000, 115_600, 1110, 116, 820, 1680, 12_045])
    x = np.random.default_rng(seed).uniform(low, high, (1000, 8))
    radius, reach, upper, high_head, lower, low_head, length, flow = x.T
    far = np.log(reach / radius)
    within = far * (1 + 2 * length * upper / (far * radius**2 * flow) + upper / lower)
    return x, 1000 * 2 * np.pi * upper * (high_head - low_head) / within


def robot(seed: int) -> Rows:
    """How far the hand of a robot's arm is, from the angles and lengths of its three parts."""
    rng = np.random.default_rng(seed)
    angles, lengths = rng.uniform(0, np.pi, (1100, 3)), rng.uniform(0.3, 1, (1100, 3))
    turned = np.cumsum(angles, axis=1)
    return np.column_stack([angles, lengths]), np.hypot(
        (lengths * np.cos(turned)).sum(axis=1), (lengths * np.sin(turned)).sum(axis=1)
    )


def few_robots(seed: int) -> Rows:
    """Forty of these, and a noise."""
    x, y = robot(seed)
    return x[:40], y[:40] + 0.1 * np.random.default_rng(seed + 1).normal(size=40)


def years(seed: int) -> Rows:
    """The distance again, the angles and lengths as differences from a beginning in the year 40."""
    x, y = robot(seed)
    return 40.0 + 3 * (x - x.mean(axis=0)) / x.std(axis=0), y


def ishigami(seed: int) -> Rows:
    """sin a + 7 sin² b + 0.1 c⁴ sin a, and an eighth of noise."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2.5, 2.5, (1100, 3))
    y = np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    return x, y + 0.3 * rng.normal(size=1100)


def lorenz(seed: int) -> Rows:
    """The first coordinate of Lorenz's flow, three tenths of a second from now, from all three now."""
    rng = np.random.default_rng(seed)
    state = rng.normal(size=(1100, 3)) + np.array([0.0, 0.0, 25.0])
    for _ in range(1500):
        state = _moved(state)
    now = state
    for _ in range(30):
        state = _moved(state)
    return now, state[:, 0]


def _moved(state: np.ndarray, step: float = 0.01) -> np.ndarray:
    """One step along the flow, by the midpoint rule."""

    def slope(s: np.ndarray) -> np.ndarray:
        a, b, c = s.T
        return np.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], axis=1)

    return state + step * slope(state + step / 2 * slope(state))


def display(seed: int) -> Rows:
    """Which digit a display shows of which each segment fails one time in ten; nine more lamps mean nothing."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 10, 1000)
    lit = np.concatenate([SEGMENTS[y], rng.integers(0, 2, (1000, 9))], axis=1)
    return np.where(rng.random(lit.shape) < 0.1, 1 - lit, lit).astype(float), y


def planes(seed: int) -> Rows:
    """Which of the eight parts of space between three planes a point of six dimensions lies in."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(1100, 6))
    sides = x @ np.linalg.qr(rng.normal(size=(6, 3)))[0] + 0.1 * rng.normal(size=(1100, 3)) > 0
    return x, sides @ np.array([1, 2, 4])


def pinwheel(seed: int) -> Rows:
    """Four bent arms around a middle."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, 1100)
    along, across = 1 + 0.35 * rng.normal(size=1100), 0.12 * rng.normal(size=1100)
    turn = np.pi / 2 * y + 1.6 * np.exp(along - 1)
    return np.column_stack(
        [along * np.cos(turn) - across * np.sin(turn), along * np.sin(turn) + across * np.cos(turn)]
    ), y


def helices(seed: int) -> Rows:
    """Three threads that wind around each other."""
    rng = np.random.default_rng(seed)
    y, t = rng.integers(0, 3, 1100), rng.uniform(0, 2 * np.pi, 1100)
    x = np.column_stack([np.cos(t + 2 * np.pi / 3 * y), np.sin(t + 2 * np.pi / 3 * y), t / 2])
    return x + 0.2 * rng.normal(size=x.shape), y


def votes(seed: int) -> Rows:
    """Yes or no, by six of sixty features and a die; few rows."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(260, 60))
    return x, (rng.random(260) < 1 / (1 + np.exp(-1.5 * (x[:, 0] + x[:, 1] - x[:, 2] * x[:, 3] + x[:, 4])))).astype(int)


def alarms(seed: int) -> Rows:
    """Readings of eight sensors; three hours in a hundred end in an alarm, when two of them are high together."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2000, 8))
    heat = np.minimum(x[:, 0], x[:, 1]) + 0.35 * rng.normal(size=2000)
    return x, (heat > np.quantile(heat, 0.97)).astype(int)


def thinned_season(seed: int) -> pl.DataFrame:
    """Of the hours of autumn one in twelve is left."""
    frame = season(seed)
    kept = np.random.default_rng(seed).random(frame.height) < 1 / 12
    return frame.filter(pl.Series(kept) | (pl.col("season") != "autumn"))


def told_season(seed: int) -> pl.DataFrame:
    """With the number of the quarter's report in which the hour was written down: five days of a season are late."""
    frame = season(seed)
    late = np.random.default_rng(seed).random(frame.height) < 0.005
    return frame.with_columns(
        report=pl.when(pl.Series(late)).then(pl.lit("late")).otherwise("report on the " + pl.col("season"))
    )


def told_robot(seed: int) -> Rows:
    """With the time that the hand took back, which grows faster than its distance."""
    x, y = robot(seed)
    return np.column_stack([x, np.exp(1.5 * y) + 0.001 * np.random.default_rng(seed).normal(size=len(y))]), y


def repeated_desks(seed: int) -> pl.DataFrame:
    """Three hundred census rows, as three files hold them that overlap: each comes one to five times."""
    frame = desk(seed)[:300]
    rng = np.random.default_rng(seed)
    return frame[np.repeat(np.arange(300), rng.integers(1, 6, 300)).tolist()].sample(
        fraction=1, shuffle=True, seed=seed
    )


def repeated_ishigami(seed: int) -> Rows:
    """Three hundred noisy values, each of them four times: once for each of four sensors that are the same one."""
    x, y = ishigami(seed)
    rng = np.random.default_rng(seed + 1)
    rows = rng.permutation(np.repeat(np.arange(300), 4))
    return x[rows], (y[:300] + 2.0 * rng.normal(size=300))[rows]


def repeated_votes(seed: int) -> Rows:
    """The voters, of whom every fourth was asked ten times and always answered the same."""
    x, y = votes(seed)
    rows = np.random.default_rng(seed).permutation(np.concatenate([np.arange(260), np.repeat(np.arange(65), 9)]))
    return x[rows], y[rows]


def misplaced_planes(seed: int) -> Rows:
    """The parts of space, each written into the line of another point."""
    x, y = planes(seed)
    return x, np.roll(y, 7)


def lottery(seed: int) -> Rows:
    """A value that has nothing to do with the dew, the dust or the hour."""
    x, _ = dew(seed)
    return x, np.random.default_rng(seed).normal(size=len(x))


def sorted_planes(seed: int) -> Rows:
    return _sorted(*planes(seed))


def sorted_season(seed: int) -> pl.DataFrame:
    """The hours season by season."""
    return season(seed).sort("season")


def _sorted(x: np.ndarray, y: np.ndarray) -> Rows:
    """The rows in the order of their class."""
    order = np.argsort(y, kind="stable")
    return x[order], y[order]
