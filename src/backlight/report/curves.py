"""The courses of several runs: read from their folders, drawn to a file or in the terminal."""

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.text import Text

from ..files import parse_json, read_history
from ..records import BacklightError, Epoch
from . import figures
from .figures.curve_axes import (
    LOG_RANGE,
    WITHIN,
    axis_of,
    has_rates,
    is_wide,
    of_split,
    places,
    schedule,
    score,
    score_axis,
    score_name,
    splits,
    usual_top,
)
from .figures.smoothing import smoothed
from .run_differences import differences
from .terminal import Frame, Line, plot

_LETTERS = "abcdefghijklmnop"
_COLOURS = ("blue", "yellow", "green", "magenta", "cyan", "red", "bright_blue", "bright_yellow")
_FEW = 5
"""Epochs below which the terminal shows the loss within them, too."""
RUNS = len(_LETTERS)
"""As many can be told apart on one figure."""


@dataclass(frozen=True)
class Course:
    """How one training went, epoch by epoch."""

    run: str
    """Its folder; for a trial of a sweep with the value behind it."""
    rows: tuple[Epoch, ...]
    best_epoch: float | None = None
    """Whose parameters were kept; None where the run did not end, or keeps none."""

    def to_dict(self) -> dict[str, Any]:
        """Run, what was reached, and the rows at the ends of epochs."""
        rows = [row for row in self.rows if row.split != WITHIN]
        return {
            "run": self.run,
            "epochs": self.epochs,
            "seconds": max(row.seconds for row in self.rows),
            "best_epoch": self.best_epoch,
            "lowest": None if self.lowest is None else asdict(self.lowest),
            "history": [asdict(row) for row in rows],
        }

    @property
    def epochs(self) -> float:
        """As far as it came."""
        return max(row.epoch for row in self.rows)

    @property
    def lowest(self) -> Epoch | None:
        """The row of the lowest loss: of validation, of training where there is none."""
        measured = splits(self.rows)
        split = "validation" if "validation" in measured else "train"
        rows = [row for row in of_split(self.rows, split) if math.isfinite(row.loss)]
        return min(rows, key=lambda row: row.loss, default=None)


def read_courses(folders: Sequence[str | Path]) -> list[Course]:
    """The courses of runs, of watched loops, and of the trials of sweeps; a run that still goes on shows what it has.

    Raises:
        BacklightError: no folder, no history there or a damaged one, or more runs than can be told apart.

    """
    courses = [course for folder in dict.fromkeys(map(Path, folders)) for course in _read(folder)]
    if len(courses) > RUNS:
        raise BacklightError(f"{len(courses)} runs are more than one figure can tell apart; name {RUNS} at most.")
    return courses


def _read(folder: Path) -> list[Course]:
    path = folder if folder.name == "history.csv" else folder / "history.csv"
    if not path.is_file():
        what = "has no history.csv" if folder.exists() else "does not exist"
        raise BacklightError(f"{folder} {what}; give folders of runs, which `backlight runs` lists.")
    if (path.parent / "sweep.json").is_file():
        courses = _trials(path)
    else:
        rows = read_history(path)
        courses = [Course(str(path.parent), rows, _best_epoch(path.parent))] if rows else []
    if not courses:
        raise BacklightError(f"{path} holds no epoch yet; wait for the first one to end.")
    return courses


def _trials(path: Path) -> list[Course]:
    """One course a value of a sweep that got the whole budget; of the short look where none did."""
    with path.open(newline="", encoding="utf-8") as lines:
        tried = list(dict.fromkeys((row["value"], row["stage"]) for row in csv.DictReader(lines)))
    stage = "full" if any(one == "full" for _, one in tried) else "short"
    over = parse_json(path.parent / "sweep.json").get("over", "")
    courses = []
    for value in (value for value, one in tried if one == stage):
        rows = read_history(path, lambda row, key=(value, stage): (row["value"], row["stage"]) == key)  # type: ignore[misc]
        courses.append(Course(f"{path.parent}: {over.replace('_', ' ')} {value}", rows))
    return courses


def _best_epoch(folder: Path) -> float | None:
    try:
        found = parse_json(folder / "evaluation.json").get("best_epoch")
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BacklightError(f"{folder / 'evaluation.json'} is damaged ({error}); delete it to go without.") from error
    return None if found is None else float(found)


def short_names(courses: Sequence[Course]) -> list[str]:
    """The last part of each folder, with as many parts before it as tell all of them apart."""
    parts = [Path(course.run).parts for course in courses]
    for many in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(part[-many:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return [course.run for course in courses]


def save_curves(courses: Sequence[Course], path: str | Path, *, smooth: float) -> Path:
    """Draw the courses over each other to a .png or .svg file.

    Raises:
        BacklightError: another ending, or a file that cannot be written.

    """
    told = differences([course.run for course in courses])
    names = [f"{name}: {words}" if words else name for name, words in zip(short_names(courses), told, strict=True)]
    histories = dict(zip(names, (course.rows for course in courses), strict=True))
    best = courses[0].best_epoch if len(courses) == 1 else None
    try:
        return figures.save(figures.curves(histories, best_epoch=best, smooth=smooth), path)
    except OSError as error:
        raise BacklightError(f"{path} cannot be written: {error.strerror}.") from error


def text_curves(courses: Sequence[Course], *, smooth: float, width: int) -> list[Text]:
    """Loss, score and learning rate drawn with dots. One run: both splits. Several: validation, a letter a run."""
    everything = [row for course in courses for row in course.rows]
    axis, name = axis_of(everything), score_name(everything)
    x = (0.0 if axis == "epoch" else min(places(everything, axis)), max(places(everything, axis)))
    columns = max(20, width - 9 - (14 if len(courses) == 1 else 3))
    validated = all("validation" in splits(course.rows) for course in courses)
    split = ", validation" if len(courses) > 1 and validated else ""
    rates = has_rates(everything)
    texts: list[Text] = []
    for title in ("loss", *([name] if name else [])):
        lines = _lines(courses, title, axis, (smooth, x[1] - x[0]))
        bounds, log = _bounds(lines, loss=title == "loss", many=len(courses) > 1)
        frame = Frame(x, bounds, columns, 14 if title == "loss" else 8, log)
        words = f"{score_axis(title)}{split}{' (log scale)' if log else ''}"
        below = "" if rates or (name and title == "loss") else axis
        texts += plot(lines, frame, title=words, axis=below)
    return texts + (_rates(courses, axis, x, columns) if rates else [])


def letters(courses: Sequence[Course]) -> list[tuple[str, str]]:
    """Letter and name of each of several runs, as `text_curves` draws them."""
    return list(zip(_LETTERS, short_names(courses), strict=False))


def _lines(courses: Sequence[Course], title: str, axis: str, how: tuple[float, float]) -> list[Line]:
    """The lines of one panel."""
    measure: Callable[[Epoch], float] = (lambda row: row.loss) if title == "loss" else score
    lines: list[Line] = []
    for place, course in enumerate(courses):
        for split in _drawn(course, title, many=len(courses) > 1):
            rows = of_split(course.rows, split)
            x, y = smoothed(places(rows, axis), [measure(row) for row in rows], share=how[0], span=how[1])
            lines.append(Line(x, y, _LETTERS[place], _colour(place)) if len(courses) > 1 else _line(split, x, y))
    return lines


def _drawn(course: Course, title: str, *, many: bool) -> list[str]:
    """One run: all splits, and what was met within epochs where those are few. Several: validation."""
    measured = splits(course.rows)
    if many:
        return ["validation"] if "validation" in measured else measured[:1]
    few = len({row.epoch for row in course.rows if row.split != WITHIN}) < _FEW
    within = few and any(row.split == WITHIN and (title == "loss" or math.isfinite(score(row))) for row in course.rows)
    return [*([WITHIN] if within else []), *measured]


def _line(split: str, x: Sequence[float], y: Sequence[float]) -> Line:
    if split == WITHIN:
        return Line(x, y, "within epochs", "dim")
    return Line(x, y, split, "yellow" if split == "validation" else "blue", dashed=split == "validation")


def _colour(place: int) -> str:
    return _COLOURS[place % len(_COLOURS)]


def _bounds(lines: Sequence[Line], *, loss: bool, many: bool) -> tuple[tuple[float, float], bool]:
    """Lowest and highest number of a panel, and whether it is logarithmic; a loss that diverged leaves it above."""
    finite = [value for line in lines for value in line.y if math.isfinite(value)]
    if not finite:
        return (0.0, 1.0), False
    low, high = min(finite), max(finite)
    if loss and many:
        high = min(high, usual_top([line.y for line in lines]))
    log = loss and is_wide([low, high])
    return (low, high if high > low else low + (abs(low) or 1.0)), log


def _rates(courses: Sequence[Course], axis: str, x: tuple[float, float], columns: int) -> list[Text]:
    lines, peaks = [], []
    for place, course in enumerate(courses):
        part = [row for row in schedule(course.rows) if math.isfinite(row.learning_rate)]
        if part:
            named = (_LETTERS[place], _colour(place)) if len(courses) > 1 else ("", "")
            lines.append(Line(places(part, axis), [row.learning_rate for row in part], *named))
            peaks.append(max(lines[-1].y))
    log = is_wide(peaks)
    low = min(peaks) / LOG_RANGE if log else 0.0
    return plot(lines, Frame(x, (low, max(peaks)), columns, 3, log), title="learning rate", axis=axis)
