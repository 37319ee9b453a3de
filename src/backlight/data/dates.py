"""Dates: recognised in text, cut into parts, joined from parts."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from .cells import to_float
from .numerals import MOSTLY

_DAYS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"),
    *("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
)
_TIMES = (" %H:%M:%S%.f", " %H:%M", "T%H:%M:%S%.f", "T%H:%M")
ZONE = "%#z"
"""Z, +00, +0000 or +00:00, with a space before it or not."""
_CLOCKS = ("", *_TIMES, *(time + ZONE for time in _TIMES))
FORMATS = tuple(day + clock for clock in _CLOCKS for day in _DAYS)
"""The order breaks ties: 03/04/2021 is month/day, as pandas reads it, unless another row has a day above 12 there."""
PROBED = 50
"""Filled cells that a format has to fit before the whole column is parsed by it."""
EPOCH = np.datetime64("2000-01-01", "us")
DAY = np.timedelta64(1, "D") / np.timedelta64(1, "us")
"""Microseconds."""

PARTS = ("elapsed", "year", "month", "day", "weekday", "hour")
"""What a date is cut into. Cyclic parts stay plain numbers: a piecewise-linear embedding with an edge at each value
expresses any yearly, weekly or daily course, which the sine and cosine of one period do not."""
UNITS = ("year", "month", "day", "hour")


def find_format(texts: pl.Series) -> str | None:
    """The format that fits most cells of a column of dates as text; None for other text."""
    filled = texts.drop_nulls().str.strip_chars()
    probe = filled.head(PROBED)
    if probe.is_empty() or probe.str.contains(r"\d").sum() < MOSTLY * len(probe):
        return None
    best, fewest = None, (1 - MOSTLY) * len(filled)
    for form in FORMATS:
        if parse(probe, form).null_count() > (1 - MOSTLY) * len(probe):
            continue
        unread = parse(filled, form).null_count()
        if unread == 0:
            return form
        if unread < fewest or (best is None and unread == fewest):
            best, fewest = form, unread
    return best


def is_ambiguous(texts: pl.Series, form: str) -> bool:
    """Whether day and month of `form` could change places: as many cells fit then, and mean other days."""
    turned = form.replace("%m/%d/", "%d/%m/") if "%m/%d/" in form else form.replace("%d/%m/", "%m/%d/")
    if turned == form:
        return False
    read, other = parse(texts, form), parse(texts, turned)
    return other.null_count() == read.null_count() and not read.equals(other)


def parse(column: pl.Series, form: str | None) -> pl.Series:
    """A column as Datetime without time zone; null where text does not fit `form` (None: the format that it fits).

    Moments with a time zone are brought to UTC, so that those of a file and of a frame are the same.
    """
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        form = form or find_format(column) or FORMATS[0]
        if "%H" not in form:
            return column.str.to_date(form, strict=False).cast(pl.Datetime("us"))
        column = column.str.to_datetime(form, time_unit="us", strict=False)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is not None:
        column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return column.cast(pl.Datetime("us"))


def elapsed_days(moments: pl.Series) -> np.ndarray:
    """Days since 2000-01-01 (n,), nan where missing."""
    values = moments.to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(values), np.nan, (values - EPOCH).astype(np.float64) / DAY)


def parts_of(moments: pl.Series, parts: tuple[str, ...] = PARTS) -> np.ndarray:
    """Float64 (n, parts): elapsed in days, weekday 1 (Monday) to 7, the hour with its minutes as a fraction."""
    clock = moments.dt
    made = {
        "elapsed": lambda: elapsed_days(moments),
        "year": lambda: to_float(clock.year()).to_numpy(),
        "month": lambda: to_float(clock.month()).to_numpy(),
        "day": lambda: to_float(clock.day()).to_numpy(),
        "weekday": lambda: to_float(clock.weekday()).to_numpy(),
        "hour": lambda: (to_float(clock.hour()) + to_float(clock.minute()) / 60).to_numpy(),
    }
    return np.stack([made[part]() for part in parts], axis=1)


def useful_parts(moments: pl.Series) -> tuple[str, ...]:
    """The parts that differ between the given rows."""
    values = parts_of(moments)
    return tuple(
        part for part, column in zip(PARTS, values.T, strict=True) if len(np.unique(column[~np.isnan(column)])) > 1
    )


@dataclass(frozen=True)
class DateParts:
    """A date column and the numbers that are made of it."""

    column: str
    format: str | None
    """Of a text column; None for a column of dates."""
    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """One name a derived number."""
        return tuple(f"{self.column} ({part})" for part in self.parts)

    def derive(self, frame: pl.DataFrame) -> np.ndarray:
        """Float64 (n, parts), nan where the date is missing."""
        return parts_of(parse(frame[self.column], self.format), self.parts)


@dataclass(frozen=True)
class JoinedTime:
    """Columns of year, month, day and hour, joined into one number that says how much time has passed."""

    columns: tuple[str, ...]
    """From the year down to the finest unit there is; at least year and month."""

    @property
    def names(self) -> tuple[str, ...]:
        """The one derived number."""
        return (f"elapsed ({', '.join(self.columns)})",)

    def derive(self, frame: pl.DataFrame) -> np.ndarray:
        """Days since 2000-01-01, Float64 (n, 1), nan where a part is missing or no such month exists."""
        parts = [to_float(frame[name]).to_numpy() for name in self.columns]
        year, month, day, hour = parts + [np.ones(frame.height), np.zeros(frame.height)][len(parts) - 2 :]
        known = np.isfinite(year + month + day + hour) & (np.abs(year) < 10_000) & (month >= 1) & (month <= 12)
        months = np.where(known, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
        start = (months.astype("datetime64[us]") - EPOCH).astype(np.float64) / DAY
        return np.where(known, start + day - 1 + hour / 24, np.nan)[:, None]


def find_joined(frame: pl.DataFrame, names: list[str]) -> JoinedTime | None:
    """The columns named year, month, day, hour (any letter case), if they hold numbers of that kind."""
    schema = frame.schema
    folded = {name.casefold(): name for name in names if schema[name].is_numeric()}
    columns: list[str] = []
    for unit, limits in zip(UNITS, ((1000, 3000), (1, 12), (1, 31), (0, 24)), strict=True):
        name = folded.get(unit)
        if name is None or not bool(frame[name].is_between(*limits).fill_null(True).all()):
            break
        columns.append(name)
    return JoinedTime(tuple(columns)) if len(columns) >= 2 else None
