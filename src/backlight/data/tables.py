"""Fit the columns of a table: what each is, how it is scaled or coded, what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from ..records import ArrayInputs, BacklightError, Inputs
from ..records.config import DataConfig
from .columns import Column, Verdict, number_matrix, recognise
from .continuous import Number, fit_number
from .dataset import Dataset
from .dates import DateParts, JoinedTime, find_joined, parse, useful_parts
from .discrete import fit_categories
from .preprocessing import Preprocessing, strays, table_inputs

SHOWN = 5
"""Columns that a sentence names."""


@dataclass(frozen=True)
class TrainingRows:
    """The rows that may be looked at, and where they stood in the source."""

    rows: Dataset
    numbers: np.ndarray
    """Ascending row numbers in the source."""
    total: int
    """Rows of the source."""


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


def fit_table(
    target: Preprocessing, dataset: Dataset, train: TrainingRows, names: list[str], config: DataConfig
) -> tuple[Preprocessing, tuple[Column, ...]]:
    """Fit the columns `names`; `target` is the preprocessing as far as the target goes."""
    rows = train.rows
    draft = _recognised(dataset, train, names, config)
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


def _recognised(dataset: Dataset, train: TrainingRows, names: list[str], config: DataConfig) -> _Draft:
    rows = train.rows
    draft = _Draft({name: recognise(rows.frame[name], train.numbers, train.total) for name in names})
    if config.preprocessing == "none":
        _only_numbers(draft, rows.frame)
    for name in draft.names("date"):
        _add_date(draft, rows.frame[name], timed=config.time is not None)
    if config.time is None and config.preprocessing != "none":
        draft.joined = find_joined(rows.frame, names)
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
    schema = frame.schema
    floats = [name for name in names if schema[name].is_float()]
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


def _inputs(fitted: Preprocessing, config: DataConfig) -> Inputs:
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
