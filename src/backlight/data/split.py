"""Which rows are trained on, which choose the best epoch, which are held out. Done before anything is fitted."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..records import BacklightError
from ..records.config import DataConfig

MOST_VALIDATION = 10_000
"""Validation rows beyond this number only cost training rows: an accuracy of 0.9 is known to ±0.6 points by then."""


@dataclass(frozen=True)
class Rows:
    """What a split may look at; one entry a usable row."""

    classes: np.ndarray | None = None
    """Class codes, to keep their shares alike in all parts; None for regression."""
    group: np.ndarray | None = None
    """Codes of groups, each of which stays in one part."""
    time: np.ndarray | None = None
    """Rank in time; the latest rows are the test, those before them validation."""
    given: np.ndarray | None = None
    """"train", "validation" or "test", as the source says."""


@dataclass(frozen=True)
class Split:
    """Ascending row numbers of the three parts, and one sentence on how they were made."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    sentence: str


Draw = Callable[[np.ndarray, float], np.ndarray]
"""Rows (ascending numbers) and a share of them → a mask of those taken out."""


def split_rows(n: int, facts: Rows, config: DataConfig, seed: int) -> Split:
    """Split n rows by the fractions of `config`, the same way for the same seed.

    Raises `BacklightError` for group and time at once, too few groups or moments, or nothing left to train on.
    """
    draw, how = _manner(facts, config, np.random.default_rng(seed))
    rows = np.arange(n)
    none = rows[:0]
    given = {part: none if facts.given is None else rows[facts.given == part] for part in ("test", "validation")}
    test, validation = given["test"], given["validation"]
    if not len(test):
        rest = np.setdiff1d(rows, validation)
        test = rest[draw(rest, config.test_fraction)]
    if not len(validation):
        rest = np.setdiff1d(rows, test)
        validation = rest[draw(rest, min(config.validation_fraction, MOST_VALIDATION / max(1, len(rest))))]
    train = np.setdiff1d(rows, np.concatenate([test, validation]))
    if not len(train):
        raise BacklightError("No row is left for training; lower the fractions of test and validation or add rows.")
    return Split(train, validation, test, _sentence(given, how))


def _sentence(given: dict[str, np.ndarray], how: str) -> str:
    told = [part for part, rows in given.items() if len(rows)]
    drawn = [part for part, rows in given.items() if not len(rows)]
    if not told:
        return f"The rows were split {how}."
    taken = f"The {' and '.join(told)} rows are those that the source names"
    return f"{taken}; {drawn[0]} rows were drawn {how}." if drawn else f"{taken}."


def _manner(facts: Rows, config: DataConfig, rng: np.random.Generator) -> tuple[Draw, str]:
    if facts.group is not None and facts.time is not None:
        raise BacklightError("A split keeps groups whole or follows time, not both: give --group or --time.")
    if facts.time is not None:
        return partial(_latest, facts.time), f"by {config.time!r}: the latest rows test, those before them validate"
    if facts.group is not None:
        return partial(_whole_groups, facts.group, rng), f"at random, rows of the same {config.group!r} in one part"
    if facts.classes is not None:
        return partial(_stratified, facts.classes, rng), "at random, with the same share of each class in every part"
    return partial(_random, rng), "at random"


def _random(rng: np.random.Generator, rows: np.ndarray, share: float) -> np.ndarray:
    mask = np.zeros(len(rows), dtype=bool)
    mask[rng.permutation(len(rows))[: min(round(share * len(rows)), len(rows) - 1)]] = True
    return mask


def _stratified(classes: np.ndarray, rng: np.random.Generator, rows: np.ndarray, share: float) -> np.ndarray:
    """Systematic sampling: of the rows in the order (class, random), every (1/share)-th is taken.

    Each class gives its share to within one row, however many classes there are. One row of each class, drawn by lot,
    is never taken, so that what stays knows every class (scikit-learn's stratified split refuses such rare classes).
    """
    order = np.lexsort((rng.random(len(rows)), classes[rows]))
    sorted_classes = classes[rows][order]
    first = np.diff(sorted_classes, prepend=-1) != 0
    candidates = order[~first]
    wanted = min(len(candidates), round(share * len(rows)))
    mask = np.zeros(len(rows), dtype=bool)
    if wanted:
        places = (rng.random() + np.arange(wanted)) * len(candidates) / wanted
        mask[candidates[places.astype(np.int64)]] = True
    return mask


def _whole_groups(group: np.ndarray, rng: np.random.Generator, rows: np.ndarray, share: float) -> np.ndarray:
    """Groups in random order until their rows come nearest to the share; at least one goes and one stays."""
    names, inverse, sizes = np.unique(group[rows], return_inverse=True, return_counts=True)
    if not share:
        return np.zeros(len(rows), dtype=bool)
    if len(names) < 2:
        raise BacklightError("A split by group needs at least 3 groups, one for each part; choose another --group.")
    order = rng.permutation(len(names))
    taken = int(np.abs(np.cumsum(sizes[order]) - share * len(rows)).argmin()) + 1
    return np.isin(inverse, order[: min(taken, len(names) - 1)])


def _latest(time: np.ndarray, rows: np.ndarray, share: float) -> np.ndarray:
    """The latest rows, about the share of them; rows of one moment stay together where there are several moments."""
    moments = time[rows]
    wanted = round(share * len(rows))
    if not wanted:
        return np.zeros(len(rows), dtype=bool)
    edge = np.sort(moments)[len(rows) - wanted]
    cuts = [cut for cut in (moments > edge, moments >= edge) if 0 < cut.sum() < len(rows)]
    if not cuts:
        raise BacklightError("The column given by --time holds one moment only; choose another.")
    return min(cuts, key=lambda cut: abs(int(cut.sum()) - wanted))
