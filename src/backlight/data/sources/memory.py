"""What is in memory already: polars and pandas frames, arrays, a pair (X, y)."""

from typing import Any

import numpy as np
import polars as pl

from backlight.records import BacklightError

from ..counted import counted
from ..dataset import Dataset
from .registry import ReadOptions, source


def _is_pandas(given: Any) -> bool:
    return type(given).__module__.startswith("pandas") and type(given).__name__ == "DataFrame"


@source(
    "frame",
    example="a polars or pandas frame",
    accepts=lambda given: isinstance(given, pl.DataFrame | pl.LazyFrame) or _is_pandas(given),
    on_disk=False,
)
def read_frame(given: Any, options: ReadOptions) -> Dataset:
    """A polars or pandas frame; the index of a pandas frame is left out."""
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    frame = given if isinstance(given, pl.DataFrame) else _from_pandas(given)
    return from_frame(frame, "the frame", options)


def from_frame(frame: pl.DataFrame, name: str, options: ReadOptions) -> Dataset:
    """A frame whose types are its maker's: text stays text, so that labels such as "1" stay the user's own."""
    if frame.width == 0 or frame.height == 0:
        raise BacklightError(f"{name} is empty ({frame.height} rows, {frame.width} columns); give rows and columns.")
    note = f"{name}: {counted(frame.height, 'row')}, {counted(frame.width, 'column')}."
    return Dataset(name, _plain(frame), notes=(note,), pixels=options.images)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Categories as text, decimals as floats, binary-coded text as text."""
    casts = {
        pl.Categorical: pl.String,
        pl.Enum: pl.String,
        pl.Decimal: pl.Float64,
        pl.Binary: pl.String,
        pl.Null: pl.String,
    }
    frame = frame.with_columns(
        pl.col(name).cast(target, strict=False)
        for name, dtype in frame.schema.items()
        for kind, target in casts.items()
        if dtype == kind
    )
    wide = [name for name, dtype in frame.schema.items() if str(dtype) in ("Int128", "UInt128")]
    return frame.with_columns(_narrowed(frame[name]) for name in wide)


def _narrowed(column: pl.Series) -> pl.Series:
    """Whole numbers of 128 bits, which neither NumPy nor a network has, in 64."""
    try:
        return column.cast(pl.Int64)
    except pl.exceptions.PolarsError as error:
        raise BacklightError(
            f"The column {column.name!r} holds whole numbers beyond 64 bits; write it as fractions or as text."
        ) from error


def _from_pandas(given: Any) -> pl.DataFrame:
    names = [str(name) for name in given.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BacklightError(
            f"The frame has {names.count(twice[0])} columns {twice[0]!r}; give every column its own name."
        )
    return pl.DataFrame([_pandas_column(name, given.iloc[:, i]) for i, name in enumerate(names)])


def _pandas_column(name: str, column: Any) -> pl.Series:
    """One pandas column; mixed Python objects, periods and intervals become text."""
    if hasattr(column, "sparse"):
        column = column.sparse.to_dense()
    try:
        made = pl.Series(name, pl.from_pandas(column, nan_to_null=True))
    except (TypeError, ValueError, NotImplementedError, pl.exceptions.PolarsError):
        return _as_words(name, column)
    return _as_words(name, column) if type(made.dtype).__name__ in ("Extension", "Object") else made


def _as_words(name: str, column: Any) -> pl.Series:
    missing = column.isna().to_numpy()
    return pl.Series(name, [None if gone else str(cell) for cell, gone in zip(column, missing, strict=True)])


@source(
    "arrays",
    example="a NumPy array or a pair (X, y)",
    accepts=lambda given: isinstance(given, np.ndarray | tuple | list),
    on_disk=False,
)
def read_arrays(given: Any, options: ReadOptions) -> Dataset:
    """An array X, or a pair (X, y)."""
    if isinstance(given, tuple):
        if len(given) != 2:
            raise BacklightError(f"A tuple of {len(given)} arrays was given; give X or the pair (X, y).")
        return from_arrays(*given, pixels=options.images)
    return from_arrays(given, pixels=options.images)


def from_arrays(X: Any, y: Any = None, feature_names: list[str] | None = None, *, pixels: Any = "auto") -> Dataset:
    """Arrays as a dataset: X (n, features) becomes columns x0, x1, …; X (n, c, h, w), (n, h, w) or (n, h, w, c) images.

    A target y (n,) becomes the column `target`.
    """
    if isinstance(X, pl.DataFrame) or _is_pandas(X):
        frame = read_frame(X, ReadOptions(pixels)).frame
        return _with_target(Dataset("the frame", frame, pixels=pixels), y)
    X = np.asarray(X)
    if X.dtype.kind == "c":
        raise BacklightError("X holds complex numbers; give their real and imaginary parts as columns of their own.")
    if X.ndim in (3, 4):
        return _with_target(_image_dataset(X), y)
    if X.ndim != 2:
        raise BacklightError(
            f"X has the shape {X.shape}; give (rows, features) or images (rows, channels, height, width)."
        )
    if 0 in X.shape:
        raise BacklightError(f"X is empty, its shape is {X.shape}; give rows and columns.")
    names = [str(name) for name in feature_names] if feature_names is not None else [f"x{i}" for i in range(X.shape[1])]
    if X.dtype == object:
        frame = pl.DataFrame([_object_column(name, X[:, i]) for i, name in enumerate(names)])
    else:
        frame = pl.DataFrame([pl.Series(name, column) for name, column in zip(names, X.T.copy(), strict=True)])
    return _with_target(Dataset("the array", frame, pixels=pixels), y)


def _object_column(name: str, cells: np.ndarray) -> pl.Series:
    gone = [
        cell is None or type(cell).__name__ == "NAType" or cell != cell for cell in cells
    ]  # pandas' NA has no truth
    values = [None if missing else cell for cell, missing in zip(cells, gone, strict=True)]
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if value is None else str(value) for value in values])


def _with_target(dataset: Dataset, y: Any) -> Dataset:
    if y is None:
        return dataset
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or len(y) != dataset.rows:
        raise BacklightError(f"y has the shape {y.shape} beside {dataset.rows:,} rows of X; give one target a row.")
    name = next(name for name in ("target", "y", "__target__") if name not in dataset.frame.columns)
    column = _object_column(name, y) if y.dtype == object else pl.Series(name, y)
    return Dataset(dataset.name, dataset.frame.with_columns(column), dataset.images, name, pixels=dataset.pixels)


def _image_dataset(X: np.ndarray) -> Dataset:
    images = as_images(X)
    rows = pl.DataFrame({"file": [f"row {i}" for i in range(len(images))]})
    return Dataset("the array of images", rows, images)


def as_images(X: np.ndarray) -> np.ndarray:
    """uint8 (n, c, h, w) of an array of grey (n, h, w) or channel-first or channel-last colour images.

    Values up to 1 are taken as shares of full brightness and multiplied by 255.
    """
    X = X[:, None] if X.ndim == 3 else X
    if X.shape[1] not in (1, 3) and X.shape[-1] in (1, 3):
        X = X.transpose(0, 3, 1, 2)
    if X.shape[1] not in (1, 3):
        raise BacklightError(
            f"Images of shape {X.shape[1:]} have neither 1 nor 3 channels; give (n, c, h, w) with c 1 or 3."
        )
    if X.dtype == np.uint8:
        return np.ascontiguousarray(X)
    low, high = (float(X.min()), float(X.max())) if X.size else (0.0, 0.0)
    if not (low >= 0 and high <= 255):
        raise BacklightError(f"Image values run from {low:g} to {high:g}; give 0–255 or 0–1.")
    scale = 255.0 if high <= 1 and X.dtype.kind == "f" else 1.0
    return np.ascontiguousarray(np.rint(X * scale).astype(np.uint8))
