"""Columnar files: Parquet, Feather and Arrow."""

import io
from pathlib import Path
from typing import Any

import polars as pl

from backlight.records import BacklightError

from ..dataset import Dataset
from .memory import from_frame
from .registry import ReadOptions, read_bytes, source

PARQUET = (".parquet", ".pq")
FEATHER = (".feather", ".arrow", ".ipc")


def is_arrow(name: str) -> bool:
    """Whether a file name is that of a columnar file."""
    return name.casefold().endswith(PARQUET + FEATHER)


@source(
    "arrow",
    example="table.parquet (.feather, .arrow)",
    accepts=lambda given: isinstance(given, str | Path) and is_arrow(str(given)),
)
def read_arrow(path: Any, options: ReadOptions) -> Dataset:
    """A Parquet, Feather or Arrow file."""
    return parse_arrow(read_bytes(Path(path)), str(path), options)


def parse_arrow(data: bytes, place: str, options: ReadOptions) -> Dataset:
    """The bytes of a columnar file as a dataset."""
    try:
        frame = pl.read_parquet(data) if place.casefold().endswith(PARQUET) else _feather(data)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BacklightError(f"{place} is no readable columnar file ({error}); write it again.") from error
    return from_frame(frame, Path(place).name, options)


def _feather(data: bytes) -> pl.DataFrame:
    """Arrow file format (Feather 2) or, failing its magic word, the stream format."""
    return pl.read_ipc(io.BytesIO(data)) if data.startswith(b"ARROW1") else pl.read_ipc_stream(io.BytesIO(data))
