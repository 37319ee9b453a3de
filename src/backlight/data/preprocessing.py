"""The fitted way from a dataset to what the network receives, and back from its outputs. Stored as JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import polars as pl
from PIL import Image

from ..records import ArrayInputs, BacklightError, ImageInputs, Inputs, TableInputs, Task
from .cells import AMBIGUOUS_MARKERS, MISSING_MARKERS, as_text, number_matrix, to_float
from .continuous import Number, features_of, indicators, number_from, scale, undo_smooth_clip
from .dataset import Dataset, absent_column
from .dates import DateParts, JoinedTime, parse
from .discrete import Categories
from .numerals import Numerals
from .pixels import Pixels

SHOWN = 5
"""Words that a note names one by one; more are counted."""


@dataclass(frozen=True)
class Preprocessing:
    """Fitted on training rows only; applied to any rows."""

    inputs: Inputs
    task: Task
    centre: float = 0.0
    """Mean of the target of the training rows (regression)."""
    spread: float = 1.0
    """Its standard deviation."""
    columns: tuple[str, ...] = ()
    """Columns of numbers, in the order of `numbers`, whose last ones are derived from dates."""
    dates: tuple[DateParts, ...] = ()
    joined: JoinedTime | None = None
    numbers: tuple[Number, ...] = ()
    categories: tuple[Categories, ...] = ()
    pixels: Pixels | None = None
    markers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By column of numbers or dates: words that stood for a missing value when it was fitted."""
    notes: tuple[str, ...] = ()
    numerals: dict[str, Numerals] = field(default_factory=dict)
    """How columns of the source wrote their numbers, where not as programs do."""

    def transform(self, dataset: Dataset) -> np.ndarray:
        """x(0): float32 (n, features) or uint8 (n, c, h, w). The order of columns and further columns do not matter.

        Raises `BacklightError` for a missing column, or text where numbers or dates were, naming row and value.
        """
        if isinstance(self.inputs, ImageInputs) and self.pixels is None:
            return self._images(dataset)
        if dataset.images is not None:
            raise BacklightError(f"{dataset.name} holds images, but the network was trained on a table; give a table.")
        self._require(dataset)
        if self.pixels is not None:
            return self.pixels.images(dataset.frame)
        values = self.raw_numbers(dataset.frame)
        parts = [scale(values, self.numbers), indicators(values, self.numbers)]
        parts += [category.codes(dataset.frame[category.column])[:, None] for category in self.categories]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def raw_numbers(self, frame: pl.DataFrame) -> np.ndarray:
        """Float64 (n, numbers) before scaling, nan where missing."""
        derived = [date.derive(frame) for date in self.dates]
        derived += [self.joined.derive(frame)] if self.joined else []
        return np.concatenate([number_matrix(frame, list(self.columns)), *derived], axis=1)

    def unclipped(self, x: np.ndarray) -> np.ndarray:
        """x(0) of a table, float64 (n, features), without the smooth clip of its numbers."""
        smooth = [i for i, number in enumerate(self.numbers) if number.smooth]
        wide = x.astype(np.float64)
        wide[:, smooth] = undo_smooth_clip(wide[:, smooth])
        return wide

    @property
    def sources(self) -> tuple[str, ...]:
        """Columns of the source that are needed."""
        if self.pixels is not None:
            return self.pixels.columns
        joined = self.joined.columns if self.joined else ()
        names = (*self.columns, *(date.column for date in self.dates), *joined, *(c.column for c in self.categories))
        return tuple(dict.fromkeys(names))

    def _require(self, dataset: Dataset) -> None:
        """Every needed column is there and holds what it held in training."""
        frame = dataset.frame
        there = set(frame.columns)
        absent = next((name for name in self.sources if name not in there), None)
        if absent is not None:
            raise BacklightError(absent_column(absent, "input", dataset.name, frame.columns))
        dates = {date.column: date for date in self.dates}
        discrete = {category.column for category in self.categories}
        for name in self.sources:
            if name in discrete:
                continue
            strange = strays(frame[name], dates.get(name), self.markers.get(name, ()))
            if strange is not None and strange.any():
                row = int(strange.arg_true()[0])
                raise BacklightError(
                    f"{dataset.name}, row {row + 1:,}: the column {name!r} holds {frame[name][row]!r} where training "
                    f"had {'dates' if name in dates else 'numbers'}; mend that cell or leave it empty."
                )

    def unknown_words(self, dataset: Dataset) -> tuple[str, ...]:
        """A sentence for each column with words that training did not meet, or too seldom to learn from."""
        there = [category for category in self.categories if category.column in dataset.frame.columns]
        found = [(category.column, category.unknown(dataset.frame[category.column])) for category in there]
        return tuple(_unknown_sentence(name, cells, dataset.rows) for name, cells in found if len(cells))

    def _images(self, dataset: Dataset) -> np.ndarray:
        if dataset.images is None:
            raise BacklightError(f"{dataset.name} is a table, but the network was trained on images; give images.")
        shape = self.inputs.shape
        if dataset.images.shape[1:] == shape:
            return dataset.images
        return (
            np.stack([_fitted(image, shape) for image in dataset.images])
            if dataset.rows
            else np.empty((0, *shape), np.uint8)
        )

    def encode_target(self, dataset: Dataset) -> np.ndarray:
        """Class codes int64 (n,), or standardised values float32 (n,).

        Raises `BacklightError` for a missing column or cell, an unknown class, or text where numbers were.
        """
        column = dataset.column(self.task.target, "target")
        values = self._codes(column) if self.task.classes else self._values(column)
        bad = ~np.isfinite(values)
        if bad.any():
            row = int(bad.argmax())
            known = (
                f"which is none of {', '.join(map(str, self.task.classes[:12]))}"
                if self.task.classes
                else "which is no number"
            )
            raise BacklightError(
                f"{dataset.name}, row {row + 1:,}: the target {column.name!r} is {column[row]!r}, {known}; "
                "mend it or leave the row out."
            )
        return values.astype(np.int64) if self.task.classes else values.astype(np.float32)

    def _codes(self, column: pl.Series) -> np.ndarray:
        """Codes as Float64, nan for what is no class. Classes are compared as text, so that 1, 1.0 and "1" are one."""
        labels = as_text(pl.Series(list(self.task.classes), strict=False))
        codes = {label: float(code) for code, label in enumerate(labels)}
        return as_text(column).replace_strict(codes, default=None, return_dtype=pl.Float64).to_numpy()

    def _values(self, column: pl.Series) -> np.ndarray:
        return (number_matrix(column.to_frame(), [column.name])[:, 0] - self.centre) / self.spread

    def restore_target(self, values: np.ndarray) -> np.ndarray:
        """Standardised values → the target's own units (float64); class codes → the user's own labels."""
        if self.task.classes:
            return np.array(self.task.classes)[np.asarray(values, dtype=np.int64)]
        return np.asarray(values, dtype=np.float64) * self.spread + self.centre

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; `from_dict` gives the same preprocessing back."""
        return {**asdict(self), "inputs": {"kind": type(self.inputs).__name__, **asdict(self.inputs)}}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Preprocessing":
        """The preprocessing of a `to_dict`."""
        numbers = tuple(number_from(number) for number in values["numbers"])
        categories = tuple(Categories(c["column"], tuple(c["values"])) for c in values["categories"])
        task = Task(**{**values["task"], "classes": tuple(values["task"]["classes"])})
        pixels = values["pixels"]
        return cls(
            **{
                **values,
                "inputs": _inputs_from(values["inputs"], numbers, categories),
                "task": task,
                "columns": tuple(values["columns"]),
                "dates": tuple(DateParts(d["column"], d["format"], tuple(d["parts"])) for d in values["dates"]),
                "joined": JoinedTime(tuple(values["joined"]["columns"])) if values["joined"] else None,
                "numbers": numbers,
                "categories": categories,
                "pixels": Pixels(**{**pixels, "columns": tuple(pixels["columns"])}) if pixels else None,
                "markers": {name: tuple(words) for name, words in values["markers"].items()},
                "notes": tuple(values["notes"]),
                "numerals": {name: Numerals(**way) for name, way in values.get("numerals", {}).items()},
            }
        )


def _unknown_sentence(name: str, cells: pl.Series, rows: int) -> str:
    different = cells.unique(maintain_order=True)
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    return (
        f"The column {name!r} holds words that training did not know in {len(cells):,} of {rows:,} rows: "
        f"{', '.join(map(repr, different[:SHOWN]))}{more}; they are taken as one further word."
    )


def strays(column: pl.Series, date: DateParts | None = None, markers: tuple[str, ...] = ()) -> pl.Series | None:
    """Which cells of a column of numbers (or dates) are neither that nor missing; None where the type excludes it.

    `markers` are words beside the usual ones that stand for a missing value.
    """
    dtype = column.dtype
    fitting = (
        dtype in (pl.Date, pl.Datetime) if date else dtype.is_numeric() or dtype in (pl.Boolean, pl.Duration, pl.Time)
    )
    if fitting or dtype == pl.Null:
        return None
    if dtype != pl.String:
        return column.is_not_null()
    words = column.str.strip_chars()
    read = parse(words, date.format) if date else to_float(words)
    known = (*MISSING_MARKERS, *AMBIGUOUS_MARKERS, *map(str.casefold, markers))
    return read.is_null() & words.is_not_null() & ~words.str.to_lowercase().is_in(known)


def table_inputs(numbers: tuple[Number, ...], categories: tuple[Categories, ...]) -> TableInputs:
    """Columns of x: scaled numbers, flags of missing values, category codes."""
    return TableInputs((*features_of(numbers), *(category.feature for category in categories)))


def _inputs_from(values: dict[str, Any], numbers: tuple[Number, ...], categories: tuple[Categories, ...]) -> Inputs:
    kind = values["kind"]
    if kind == "TableInputs":
        return table_inputs(numbers, categories)
    if kind == "ArrayInputs":
        return ArrayInputs(tuple(values["shape"]))
    mean, std = tuple(values["mean"]), tuple(values["std"])
    return ImageInputs(values["channels"], values["height"], values["width"], mean, std)


def _fitted(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """One image (c, h, w) in another size and number of channels."""
    picture = Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0))
    picture = picture.convert("L" if shape[0] == 1 else "RGB").resize((shape[2], shape[1]), Image.Resampling.BILINEAR)
    pixels = np.asarray(picture)
    return pixels[None] if shape[0] == 1 else pixels.transpose(2, 0, 1)
