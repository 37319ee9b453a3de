"""Fit the preprocessing: what each column is and how it is scaled or coded, from the training rows alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from ..records import ArrayInputs, BacklightError, ImageInputs, Task
from ..records.config import DataConfig
from .columns import Column, Verdict, number_matrix, recognise
from .continuous import Number, fit_number
from .dataset import Dataset
from .dates import DateParts, JoinedTime, find_joined, parse, useful_parts
from .discrete import Categories, fit_categories
from .pixels import Pixels, find_pixels
from .preprocessing import Preprocessing, strays, table_inputs

SHOWN = 5
"""Columns that a sentence names."""


@dataclass
class _Draft:
    """What has been recognised of a table so far."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    dates: list[DateParts] = field(default_factory=list)
    joined: JoinedTime | None = None
    markers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def names(self, kind: str) -> list[str]:
        return [name for name, verdict in self.verdicts.items() if verdict.kind == kind]


def fit(
    dataset: Dataset, task: Task, train: np.ndarray, config: DataConfig
) -> tuple[Preprocessing, tuple[Column, ...]]:
    """Fit on the rows `train` (row numbers) of a dataset whose target is complete.

    The other rows are looked at only for words among numbers, which would otherwise stop a run half-way.
    """
    rows = dataset.take(train)
    target = _target_scale(rows, task, config)
    if dataset.images is not None:
        assert rows.images is not None
        fitted = replace(target, inputs=image_inputs(rows.images, config))
        return fitted, _image_columns(rows, task)
    names = [n for n in dataset.frame.columns if n != task.target and n not in (*config.drop, config.group)]
    if not names:
        raise BacklightError(f"{dataset.name} has no column beside the target {task.target!r}; add inputs.")
    pixels = _pixels(rows, names, dataset, config)
    if pixels is not None:
        return _fit_pixels(target, rows, pixels, config)
    return _fit_table(target, dataset, rows, train, names, config)


def _target_scale(rows: Dataset, task: Task, config: DataConfig) -> Preprocessing:
    """The target's own units: mean and standard deviation, or 0 and 1 where it is to stay as it is."""
    plain = Preprocessing(ArrayInputs(()), task)
    if task.classes or config.preprocessing == "none":
        return plain
    values = number_matrix(rows.frame, [task.target])[:, 0]
    return replace(plain, centre=float(values.mean()), spread=float(values.std()) or 1.0)


def image_inputs(images: np.ndarray, config: DataConfig) -> ImageInputs:
    """Shape, and mean and standard deviation of each channel; 0 and 1 for preprocessing "none"."""
    _, channels, height, width = images.shape
    if config.preprocessing == "none":
        return ImageInputs(channels, height, width, (0.0,) * channels, (1.0,) * channels)
    counts = [np.bincount(images[:, c].ravel(), minlength=256) for c in range(channels)]
    levels = np.arange(256)
    means = [float((count * levels).sum() / count.sum()) for count in counts]
    squares = [
        float((count * (levels - mean) ** 2).sum() / count.sum()) for count, mean in zip(counts, means, strict=True)
    ]
    return ImageInputs(channels, height, width, tuple(means), tuple(square**0.5 or 1.0 for square in squares))


def _image_columns(rows: Dataset, task: Task) -> tuple[Column, ...]:
    kinds = {task.target: "target"}
    return tuple(
        Column(c.name, kinds.get(c.name, "file"), c.null_count(), c.n_unique()) for c in rows.frame.iter_columns()
    )


def _pixels(rows: Dataset, names: list[str], dataset: Dataset, config: DataConfig) -> Pixels | None:
    wish = config.images if config.images != "auto" else dataset.pixels
    if wish == "no":
        return None
    pixels = find_pixels(rows.frame, names, certain=wish == "yes")
    if pixels is None and wish == "yes":
        raise BacklightError(
            f"{dataset.name} has {len(names)} columns beside the target, which make no square picture of brightnesses "
            "from 0 to 255 without holes; leave out --images yes."
        )
    return pixels


def _fit_pixels(
    target: Preprocessing, rows: Dataset, pixels: Pixels, config: DataConfig
) -> tuple[Preprocessing, tuple[Column, ...]]:
    kind = "grey" if pixels.channels == 1 else "colour"
    note = (
        f"The {len(pixels.columns)} columns {pixels.columns[0]} to {pixels.columns[-1]} were recognised as {kind} images "
        f"of {pixels.side}×{pixels.side} pixels (neighbours resemble each other); --images no takes them as plain columns."
    )
    inputs = image_inputs(pixels.images(rows.frame), config)
    columns = [Column(target.task.target, "target", 0, rows.frame[target.task.target].n_unique())]
    distinct = rows.frame.select(pl.col(pixels.columns).n_unique()).row(0)
    columns += [Column(name, "pixel", 0, n, (name,)) for name, n in zip(pixels.columns, distinct, strict=True)]
    return replace(target, inputs=inputs, pixels=pixels, notes=(note,)), tuple(columns)


def _fit_table(
    target: Preprocessing, dataset: Dataset, rows: Dataset, train: np.ndarray, names: list[str], config: DataConfig
) -> tuple[Preprocessing, tuple[Column, ...]]:
    draft = _recognised(dataset, rows, train, names, config)
    numbers = draft.names("continuous")
    fitted = replace(
        target,
        columns=tuple(numbers),
        dates=tuple(draft.dates),
        joined=draft.joined,
        categories=tuple(fit_categories(rows.frame[name]) for name in draft.names("discrete")),
        markers=draft.markers,
    )
    fitted = replace(fitted, numbers=_numbers(fitted, rows.frame, config))
    if not fitted.numbers and not fitted.categories:
        raise BacklightError(f"No column of {dataset.name} is left to learn from. " + " ".join(draft.notes[:SHOWN]))
    draft.notes += _infinite_notes(dataset.frame, numbers)
    fitted = replace(fitted, inputs=_inputs(fitted, config), notes=tuple(draft.notes))
    return fitted, _described(fitted, rows, draft, config)


def _recognised(dataset: Dataset, rows: Dataset, train: np.ndarray, names: list[str], config: DataConfig) -> _Draft:
    draft = _Draft({name: recognise(rows.frame[name], train, dataset.rows) for name in names})
    if config.preprocessing == "none":
        _only_numbers(draft, rows.frame)
    for name in draft.names("date"):
        _add_date(draft, rows.frame[name], timed=config.time is not None)
    if config.time is None and config.preprocessing != "none":
        draft.joined = find_joined(rows.frame, draft.names("continuous"))
    if draft.joined is not None:
        draft.notes.append(f"The columns {', '.join(draft.joined.columns)} were also joined to the time elapsed.")
    dates = {date.column: date for date in draft.dates}
    for name in (*draft.names("continuous"), *dates):
        _add_markers(draft, dataset, name, dates.get(name))
    draft.notes += _dropped(draft)
    return draft


def _only_numbers(draft: _Draft, frame: pl.DataFrame) -> None:
    """Preprocessing "none" hands on complete columns of numbers and nothing else."""
    for name, verdict in draft.verdicts.items():
        if verdict.kind in ("date", "discrete"):
            note = f"The column {name!r} holds no numbers and was left out, since nothing is to be preprocessed."
            draft.verdicts[name] = Verdict("dropped", note)
        elif verdict.kind == "continuous" and np.isnan(number_matrix(frame, [name])).any():
            raise BacklightError(
                f"The column {name!r} has missing values, which --preprocessing none cannot fill; use auto."
            )


def _add_date(draft: _Draft, column: pl.Series, *, timed: bool) -> None:
    """A date becomes its parts; rows split by time get no elapsed time, of which a later row is always out of range."""
    form = draft.verdicts[column.name].format
    parts = tuple(part for part in useful_parts(parse(column, form)) if not (timed and part == "elapsed"))
    if parts:
        draft.dates.append(DateParts(column.name, form, parts))
        return
    draft.verdicts[column.name] = Verdict(
        "dropped", f"The dates {column.name!r} do not differ in any part and were left out."
    )


def _add_markers(draft: _Draft, dataset: Dataset, name: str, date: DateParts | None) -> None:
    """Words among the numbers or dates of any row stand for missing values from now on, and are told."""
    column = dataset.frame[name]
    strange = strays(column, date)
    if strange is None or not strange.any():
        return
    found = column.str.strip_chars().filter(strange)
    words = sorted(found.unique().to_list())
    draft.markers[name] = tuple(words)
    row = int(strange.arg_true()[0]) + 1
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    draft.notes.append(
        f"The column {name!r} holds {'dates' if date else 'numbers'} and {len(found):,} cells of other text "
        f"({', '.join(map(repr, words[:SHOWN]))}{more}; first in row {row:,}), which were taken as missing."
    )


def _dropped(draft: _Draft) -> list[str]:
    """One sentence a dropped column, the first few; a count of the others."""
    notes = [verdict.note for verdict in draft.verdicts.values() if verdict.kind == "dropped"]
    if len(notes) <= SHOWN:
        return notes
    return [*notes[: SHOWN - 1], f"{len(notes) - SHOWN + 1} more columns were left out for reasons like these."]


def _numbers(fitted: Preprocessing, frame: pl.DataFrame, config: DataConfig) -> tuple[Number, ...]:
    values = fitted.raw_numbers(frame)
    times = {
        name for date in fitted.dates for name, part in zip(date.names, date.parts, strict=True) if part == "elapsed"
    }
    times |= set(fitted.joined.names) if fitted.joined else set()
    names = [*fitted.columns, *(name for date in fitted.dates for name in date.names)]
    names += list(fitted.joined.names) if fitted.joined else []
    return tuple(
        fit_number(name, column, config.preprocessing, time=name in times)
        for name, column in zip(names, values.T, strict=True)
    )


def _infinite_notes(frame: pl.DataFrame, names: Sequence[str]) -> list[str]:
    floats = [name for name in names if frame.schema[name].is_float()]
    counts = frame.select(pl.col(floats).is_infinite().sum()).row(0) if floats else ()
    found = [(name, count) for name, count in zip(floats, counts, strict=True) if count]
    told = [
        f"The column {name!r} holds {count:,} infinite values, which were taken as missing." for name, count in found
    ]
    return (
        told
        if len(told) <= SHOWN
        else [*told[: SHOWN - 1], f"{len(told) - SHOWN + 1} more columns hold infinite values."]
    )


def _inputs(fitted: Preprocessing, config: DataConfig) -> ArrayInputs | object:
    return (
        ArrayInputs((len(fitted.numbers),))
        if config.preprocessing == "none"
        else table_inputs(fitted.numbers, fitted.categories)
    )


def _described(fitted: Preprocessing, rows: Dataset, draft: _Draft, config: DataConfig) -> tuple[Column, ...]:
    """One entry a column of the source, in its order."""
    made: dict[str, list[str]] = {name: [] for name in rows.frame.columns}
    derived = {name: date.column for date in fitted.dates for name in date.names}
    flags = set()
    for number in fitted.numbers:
        source = derived.get(number.name, number.name)
        extra = [f"{number.name} missing"] if number.indicator else []
        if source in made:
            made[source] += [number.name, *extra]
        elif fitted.joined is not None:
            made[fitted.joined.columns[0]] += [number.name, *extra]
        if number.kind == "flag":
            flags.add(number.name)
    for category in fitted.categories:
        made[category.column].append(category.feature.name)
    roles = {
        fitted.task.target: Verdict("target"),
        **{n: Verdict("dropped", "Left out as asked.") for n in config.drop},
    }
    if config.group is not None:
        roles[config.group] = Verdict("dropped", "Only groups the rows of the split.")
    described = []
    for column in rows.frame.iter_columns():
        verdict = roles.get(column.name) or draft.verdicts[column.name]
        kind = "flag" if column.name in flags else verdict.kind
        features = tuple(made[column.name])
        described.append(Column(column.name, kind, column.null_count(), column.n_unique(), features, verdict.note))
    return tuple(described)


__all__ = ["Categories", "fit", "image_inputs"]
