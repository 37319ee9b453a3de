"""Fit the columns of a table: what each is, how it is scaled or coded, what became of it."""

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from ..records import ArrayInputs, BacklightError
from ..records.config import DataConfig
from .cells import LARGEST, number_matrix
from .columns import Column, Place, Recognised, is_identifier_name, left_out, recognise
from .continuous import Number, fit_number, shared_scale
from .counted import counted
from .dataset import Dataset
from .dates import DateParts, JoinedTime, find_joined, is_ambiguous, parse, useful_parts
from .discrete import Categories, fit_categories
from .doubts import spelling_notes, stand_in_notes
from .preprocessing import Preprocessing, strays, table_inputs

SHOWN = 5
"""Columns or words that are named one by one; more are counted."""


@dataclass(frozen=True)
class Table:
    """The rows of a fit."""

    all: Dataset
    train: Dataset
    """Those that may be looked at."""
    numbers: np.ndarray
    """Row numbers of all rows in the source."""
    place: Place
    """Of the training rows."""


@dataclass
class _Draft:
    """What has been recognised of a table so far."""

    columns: dict[str, Recognised]
    dates: list[DateParts] = field(default_factory=list)
    joined: JoinedTime | None = None
    categories: list[Categories] = field(default_factory=list)
    markers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def names(self, kind: str) -> list[str]:
        return [name for name, column in self.columns.items() if column.kind == kind]


def fit_table(
    target: Preprocessing, table: Table, names: list[str], config: DataConfig
) -> tuple[Preprocessing, tuple[Column, ...]]:
    """Fit the columns `names`; `target` is the preprocessing as far as the target goes."""
    draft = _recognised(table, names, config)
    fitted = replace(
        target,
        columns=tuple(draft.names("continuous")),
        dates=tuple(draft.dates),
        joined=draft.joined,
        categories=tuple(draft.categories),
        markers=draft.markers,
    )
    fitted = replace(fitted, numbers=_numbers(fitted, table.train.frame, config), notes=tuple(draft.notes))
    if not fitted.numbers and not fitted.categories:
        raise BacklightError(f"No column of {table.all.name} is left to learn from. " + " ".join(draft.notes[:SHOWN]))
    plain = config.preprocessing == "none"
    inputs = ArrayInputs((len(fitted.numbers),)) if plain else table_inputs(fitted.numbers, fitted.categories)
    return replace(fitted, inputs=inputs), _described(fitted, table.train, draft, config)


def _recognised(table: Table, names: list[str], config: DataConfig) -> _Draft:
    rows = table.train.frame
    draft = _Draft({name: recognise(rows[name], table.place) for name in names})
    if config.preprocessing == "none":
        _only_numbers(draft, rows)
    if config.time in draft.names("continuous"):
        draft.columns[config.time] = left_out(config.time, "orders the rows of the split")
    for name in draft.names("discrete"):
        _add_categories(draft, rows[name])
    for name in draft.names("date"):
        _add_date(draft, rows[name], timed=config.time is not None)
    if config.time is None and config.preprocessing != "none":
        _join_time(draft, rows, names)
    _keep_the_last(draft)
    dates = {date.column: date for date in draft.dates}
    for name in (*draft.names("continuous"), *dates):
        _add_markers(draft, table, name, dates.get(name))
    draft.notes += _first(_infinite_notes(table.all.frame, draft.names("continuous")), "columns hold infinite values")
    draft.notes += _first(stand_in_notes(rows, draft.names("continuous")), "columns hold values far from all others")
    draft.notes += _first(spelling_notes(draft.categories), "columns hold one word in two letter cases")
    dropped = [column.note for column in draft.columns.values() if column.kind == "dropped"]
    draft.notes += _first(dropped, "columns were left out for reasons like these")
    return draft


def _only_numbers(draft: _Draft, rows: pl.DataFrame) -> None:
    """Preprocessing "none" hands on complete columns of numbers and nothing else."""
    for name, column in draft.columns.items():
        if column.kind in ("date", "discrete"):
            draft.columns[name] = left_out(name, "holds no numbers, as --preprocessing none needs,")
        elif column.kind == "continuous" and np.isnan(number_matrix(rows, [name])).any():
            raise BacklightError(
                f"The column {name!r} has missing values, which --preprocessing none cannot fill; use auto."
            )


def _add_categories(draft: _Draft, column: pl.Series) -> None:
    categories = fit_categories(column)
    if categories.values:
        draft.categories.append(categories)
    else:
        draft.columns[column.name] = left_out(column.name, "holds words of which none comes often enough to learn from")


def _add_date(draft: _Draft, column: pl.Series, *, timed: bool) -> None:
    """A date becomes its parts; rows split by time get no elapsed time, of which a later row is always out of range."""
    form = draft.columns[column.name].format
    parts = tuple(part for part in useful_parts(parse(column, form)) if not (timed and part == "elapsed"))
    if parts:
        draft.dates.append(DateParts(column.name, form, parts))
        if form is not None and is_ambiguous(column, form):
            draft.notes.append(
                f"The dates of {column.name!r} were read as {form}, but day and month could as well change places; "
                "write them as 2021-12-31 if that is wrong."
            )
    else:
        draft.columns[column.name] = left_out(column.name, "holds dates that differ in no useful part")


def _join_time(draft: _Draft, rows: pl.DataFrame, names: list[str]) -> None:
    joined = find_joined(rows, names)
    if joined is not None and len(np.unique(joined.derive(rows))) > 2:
        draft.joined = joined
        draft.notes.append(f"The columns {', '.join(joined.columns)} were also joined to the time elapsed.")


def _keep_the_last(draft: _Draft) -> None:
    """Where nothing else is left, whole numbers that seem to count rows are measurements after all (x = 0 … 99)."""
    if draft.names("continuous") or draft.dates or draft.joined or draft.categories:
        return
    doubted = [name for name, column in draft.columns.items() if column.doubt]
    for name in [name for name in doubted if not is_identifier_name(name)] or doubted:
        note = f"The column {name!r} {draft.columns[name].doubt} but was kept, as there is no other to learn from."
        draft.columns[name] = Recognised("continuous", note)
        draft.notes.append(note)


def _add_markers(draft: _Draft, table: Table, name: str, date: DateParts | None) -> None:
    """Words among the numbers or dates of any row stand for missing values from now on, and are told."""
    column = table.all.frame[name]
    strange = strays(column, date)
    if strange is None or not strange.any():
        return
    found = column.str.strip_chars().filter(strange)
    words = sorted(found.unique().to_list())
    draft.markers[name] = tuple(words)
    row = int(table.numbers[strange.arg_true()[0]]) + 1
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    draft.notes.append(
        f"The column {name!r} holds {'dates' if date else 'numbers'} and {counted(len(found), 'cell')} of other text "
        f"({', '.join(map(repr, words[:SHOWN]))}{more}; first in row {row:,}), which were taken as missing."
    )


def _infinite_notes(frame: pl.DataFrame, names: list[str]) -> list[str]:
    schema = frame.schema
    floats = [name for name in names if schema[name].is_float()]
    counts = frame.select((pl.col(floats).fill_nan(None).abs() > LARGEST).sum()).row(0) if floats else ()
    return [
        f"The column {name!r} holds {counted(count, 'infinite value')}, taken as missing."
        for name, count in zip(floats, counts, strict=True)
        if count
    ]


def _first(notes: list[str], others: str) -> list[str]:
    """The first few notes, and a count of the others."""
    if len(notes) <= SHOWN:
        return notes
    return [*notes[: SHOWN - 1], f"{len(notes) - SHOWN + 1} more {others}."]


def _numbers(fitted: Preprocessing, rows: pl.DataFrame, config: DataConfig) -> tuple[Number, ...]:
    """Scales of the columns of numbers, then of those derived from dates.

    Of all that is derived from one date, the first alone has an indicator: they are missing together.
    """
    parts = [(name, part) for date in fitted.dates for name, part in zip(date.names, date.parts, strict=True)]
    names = [*fitted.columns, *(name for name, _ in parts), *(fitted.joined.names if fitted.joined else ())]
    times = {name for name, part in parts if part == "elapsed"}.union(fitted.joined.names if fitted.joined else ())
    flagged = {*fitted.columns, *(date.names[0] for date in fitted.dates)}
    values = fitted.raw_numbers(rows)
    shared = shared_scale(values) if config.preprocessing == "together" else (0.0, 1.0)
    numbers = [
        fit_number(name, column, config.preprocessing, time=name in times, shared=shared)
        for name, column in zip(names, values.T, strict=True)
    ]
    return tuple(n if n.name in flagged else replace(n, indicator=False) for n in numbers)


def _described(fitted: Preprocessing, rows: Dataset, draft: _Draft, config: DataConfig) -> tuple[Column, ...]:
    """One entry a column of the source, in its order."""
    roles = {fitted.task.target: Recognised("target")}
    roles |= {name: Recognised("dropped", "Left out as asked.") for name in config.drop}
    roles |= {config.group: Recognised("dropped", "Groups the rows of the split.")} if config.group else {}
    made = _made_of(fitted)
    flags = {number.name for number in fitted.numbers if number.kind == "flag"}
    described = []
    for column in rows.frame.iter_columns():
        name, missing = column.name, column.null_count()
        found = roles.get(name) or draft.columns[name]
        kind = "flag" if name in flags else found.kind
        distinct = column.n_unique() - (missing > 0)
        described.append(Column(name, kind, missing, distinct, tuple(made.get(name, ())), found.note))
    return tuple(described)


def _made_of(fitted: Preprocessing) -> dict[str, list[str]]:
    """Names of the features that are made of each column; a joined time belongs to its year."""
    sources = {name: date.column for date in fitted.dates for name in date.names}
    sources |= dict.fromkeys(fitted.joined.names, fitted.joined.columns[0]) if fitted.joined else {}
    made: dict[str, list[str]] = {category.column: [category.feature.name] for category in fitted.categories}
    for number in fitted.numbers:
        names = made.setdefault(sources.get(number.name, number.name), [])
        names += [number.name, *([f"{number.name} missing"] if number.indicator else [])]
    return made
