"""`compare`: two runs, or several trainings of two configurations, on rows that none of them has seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ...data import Dataset, prepare
from ...evaluation import Group, Paired, changed_groups, compare_paired, gain
from ...records import BacklightError, ImageInputs, Metric, Task
from ...records.config import Config
from ..run import Run

FEWEST_ROWS = 20
"""Common held-out rows below which nothing is said."""
MOST_VALUES = 20
"""Values of a discrete column that are looked at one by one."""
QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")


@dataclass(frozen=True)
class RunComparison:
    """What `backlight compare` found; the second configuration against the first."""

    first: tuple[str, ...]
    """Folders of the runs of each side."""
    second: tuple[str, ...]
    task: Task
    rows: int
    which: str
    """Which rows they are, as a sentence."""
    paired: Paired
    groups: tuple[Group, ...]
    """Where the probability of the right class (or the error) changed otherwise than elsewhere."""
    settings: dict[str, tuple[Any, Any]]
    """Settings in which the sides differ: option → first, second."""
    truth: np.ndarray
    predictions: tuple[np.ndarray, np.ndarray]
    """Mean prediction of each side."""

    @property
    def differences(self) -> dict[str, Metric]:
        """Second minus first in every score, with 95 % intervals."""
        return self.paired.differences

    @property
    def verdict(self) -> str:
        """better, no-difference or worse: the second against the first."""
        return self.paired.verdict

    @property
    def change(self) -> np.ndarray:
        """Change of the probability of the right class of each row (or of minus the absolute error): (rows,)."""
        return gain(self.task, self.truth, self.predictions[1]) - gain(self.task, self.truth, self.predictions[0])

    @property
    def same(self) -> bool:
        """Whether both sides predict the same on every row: copies of one run, or one configuration trained twice."""
        return bool(np.array_equal(*self.predictions))

    def to_dict(self) -> dict[str, Any]:
        """What `backlight compare --json` prints."""
        paired = self.paired
        return {
            "runs": [list(self.first), list(self.second)],
            "rows": self.rows,
            "which": self.which,
            "differences": {name: vars(metric) for name, metric in self.differences.items()},
            "verdict": self.verdict,
            "rows_to_settle": paired.rows_to_settle,
            "p_value": paired.p_value,
            "row_error": paired.row_error,
            "training_error": paired.training_error,
            "only_first_right": paired.only_first_right,
            "only_second_right": paired.only_second_right,
            "mcnemar": paired.mcnemar,
            "groups": [vars(group) for group in self.groups],
            "groups_tell": "probability of the right class" if self.task.classes else "absolute error, turned round",
            "settings": {name: list(values) for name, values in self.settings.items()},
        }


def compare(*runs: str | Path | Run, data: Any = None) -> RunComparison:
    """Compare the second run with the first on the held-out rows that both have.

    Parameters
    ----------
    runs:
        Two run folders; or more, which then are trainings of two configurations that differ in more than their seeds:
        their spread tells what is the accident of training.
    data:
        Other rows, with the target. Where they are the data of a run, its training rows are left out.

    Raises
    ------
    BacklightError
        The same run twice, runs of different tasks, more than two configurations, or too few rows that no run has seen.
    """
    opened = [run if isinstance(run, Run) else Run(run) for run in runs]
    first, second = _sides(opened)
    _check_tasks(opened)
    dataset, rows, which = _common_rows(opened, data)
    part = dataset.take(rows)
    task = opened[0].task
    truth = _truth(opened[0], part)
    sides = [[run.predict_proba(part) for run in side] for side in (first, second)]
    trained = min(int(run.evaluation["rows"]["train"]) for run in opened)
    means = (np.mean(sides[0], axis=0), np.mean(sides[1], axis=0))
    return RunComparison(
        first=tuple(str(run.folder) for run in first),
        second=tuple(str(run.folder) for run in second),
        task=task,
        rows=len(rows),
        which=which,
        paired=compare_paired(task, truth, sides[0], sides[1], trained=trained, seed=opened[0].config.seed),
        groups=tuple(changed_groups(task, truth, *means, list(_groups(opened[0], part, truth)))),
        settings=differing(first[0].config, second[0].config),
        truth=truth,
        predictions=means,
    )


_SILENT = ("treat", "learning_rate_from")
"""How settings came about, not what was trained: the treated settings and the rate found are settings themselves."""


def differing(first: Config, second: Config) -> dict[str, tuple[Any, Any]]:
    """Settings in which two runs differ, by option; seeds are settings too."""
    mine, theirs = _flat(first), _flat(second)
    return {name: (mine[name], theirs[name]) for name in mine if mine[name] != theirs[name] and name not in _SILENT}


def _flat(config: Config) -> dict[str, Any]:
    values = config.model_dump()
    flat = {name: value for name, value in values.items() if not isinstance(value, dict)}
    for section in values.values():
        flat |= section if isinstance(section, dict) else {}
    flat["network"] = flat.pop("description")
    return flat


def _sides(runs: Sequence[Run]) -> tuple[list[Run], list[Run]]:
    """The runs of the first configuration and those of the second."""
    if len(runs) < 2:
        raise BacklightError("One run alone cannot be compared; name two run folders.")
    folders = [run.folder.resolve() for run in runs]
    if again := next((run for run, folder in zip(runs, folders, strict=True) if folders.count(folder) > 1), None):
        raise BacklightError(
            f"{again.folder} was named twice, and a run does not differ from itself; name another run."
        )
    if len(runs) == 2:
        return [runs[0]], [runs[1]]
    kinds: list[tuple[Config, list[Run]]] = []
    for run in runs:
        bare = run.config.model_copy(update={"seed": 0, "init_seed": None})
        for kind, members in kinds:
            if kind == bare:
                members.append(run)
                break
        else:
            kinds.append((bare, [run]))
    if len(kinds) != 2:
        raise BacklightError(
            f"These {len(runs)} runs have {len(kinds)} configurations (seeds apart); compare two at a time."
        )
    return kinds[0][1], kinds[1][1]


def _check_tasks(runs: Sequence[Run]) -> None:
    one = runs[0]
    for run in runs[1:]:
        if (run.task.kind, run.task.target, run.task.classes) != (one.task.kind, one.task.target, one.task.classes):
            raise BacklightError(
                f"{one.folder} predicts {one.task.target!r} ({one.task.kind}) and {run.folder} {run.task.target!r} "
                f"({run.task.kind}), not the same classes or values; compare runs of one task."
            )


def _common_rows(runs: Sequence[Run], data: Any) -> tuple[Dataset, np.ndarray, str]:
    """The rows that no run has trained on or chosen its epoch by, and what they are."""
    sources = {run.config.data.source for run in runs}
    if data is None and (None in sources or len(sources) > 1):
        why = "was passed in memory" if None in sources else "differs between the runs"
        raise BacklightError(f"The data {why}; name rows that none of them has seen, with --data.")
    source = sources.copy().pop() if data is None else data
    dataset = runs[0].read(source, with_target=True)
    given = str(Path(source).resolve()) if isinstance(source, str | Path) and Path(source).exists() else source
    rows = np.arange(dataset.rows)
    own = [run for run in runs if isinstance(given, str) and run.config.data.source == given]
    for run in own:
        rows = np.intersect1d(rows, _held_out(run, dataset))
    if len(rows) < FEWEST_ROWS:
        raise BacklightError(
            f"{len(rows)} rows were held out by all runs, too few to compare on; train them with the same --seed (and "
            "other beginnings by --init-seed), or name new rows with --data."
        )
    which = f"the {len(rows):,} rows that {'both' if len(runs) == 2 else 'all'} runs held out" if own else (
        f"all {len(rows):,} rows of {dataset.name}; they count only if no run was trained on them"
    )  # fmt: skip
    return dataset, rows, which


def _held_out(run: Run, dataset: Dataset) -> np.ndarray:
    """Numbers of the labelled rows that the run kept for its test (or, without a test, for validation)."""
    parts = prepare(dataset, run.config.data, seed=run.config.seed)
    return next(part.rows for part in (parts.test, parts.validation, parts.train) if len(part.rows))


def _truth(run: Run, dataset: Dataset) -> np.ndarray:
    truth = run.preprocessing.encode_target(dataset)
    return truth if run.task.classes else run.preprocessing.restore_target(truth)


def _groups(run: Run, part: Dataset, truth: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    """Column, value and mask of the rows: classes, values of discrete columns, quarters of numbers.

    Of images the brightness and the contrast, not the single pixels.
    """
    task, preprocessing = run.task, run.preprocessing
    for code, label in enumerate(task.classes):
        yield task.target, str(label), truth == code
    if isinstance(preprocessing.inputs, ImageInputs):
        pixels = preprocessing.transform(part).reshape(part.rows, -1)
        yield from _quarters("brightness", pixels.mean(axis=1))
        yield from _quarters("contrast", np.array([image.std() for image in pixels]))
        return
    for column in part.frame.drop(task.target, strict=False).iter_columns():
        if column.dtype.is_numeric() and column.n_unique() > MOST_VALUES:
            yield from _quarters(column.name, column.cast(pl.Float64).to_numpy())
        elif column.n_unique() <= MOST_VALUES:
            text = column.cast(pl.String).fill_null("missing").to_numpy()
            for value in sorted(set(text)):
                yield column.name, str(value), text == value


def _quarters(name: str, values: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    known = values[np.isfinite(values)]
    if len(known):
        quarter = np.searchsorted(np.quantile(known, (0.25, 0.5, 0.75)), values)
        for i, which in enumerate(QUARTERS):
            yield name, which, np.isfinite(values) & (quarter == i)
