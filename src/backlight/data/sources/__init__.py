"""Where rows come from: one file a source, found by itself.

To add a source, write one module here with a function decorated by `source`; nothing else lists them.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backlight.records import BacklightError

from ..dataset import Dataset, PixelWish, nearest
from ..numerals import Numerals
from .registry import SOURCES, ReadOptions, Source, source

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

LONGEST_PATH = 4_000
"""Characters; systems allow 260 to 4,096."""

__all__ = ["SOURCES", "ReadOptions", "Source", "read", "source"]


def read(
    source: Any,
    *,
    images: PixelWish = "auto",
    separator: str | None = None,
    image_shape: tuple[int, int, int] | None = None,
    numerals: Mapping[str, Numerals] | None = None,
) -> Dataset:
    """Read a path, a name such as `sklearn:iris`, a frame, an array or a pair (X, y).

    `images` says whether a table of pixel columns may be taken as images. `separator` outranks the recognised one
    of a delimited file. `image_shape` (c, h, w) brings pictures to the shape that a trained network knows, and
    `numerals` says how it knows columns to write their numbers.

    Raises `BacklightError` for what cannot be read, naming the file, line or member and the mend.
    """
    options = ReadOptions(images, separator, image_shape, numerals or {})
    if isinstance(source, str):
        source = _path_or_name(source.strip())
    kind = next((kind for kind in SOURCES.values() if kind.accepts(source)), None)
    if isinstance(source, str | Path) and (kind is None or kind.on_disk):
        _require_file(Path(source))
    if kind is None:
        named = isinstance(source, str | Path)
        examples = ", ".join(kind.example for kind in SOURCES.values() if kind.on_disk or not named)
        mend = "; save it as one of these" if named else ""
        raise BacklightError(f"{source!s:.200} is no source that Backlight can read. It reads {examples}{mend}.")
    return kind.read(source, options)


def _path_or_name(text: str) -> str:
    """The text, if it can be a path at all."""
    if len(text) > LONGEST_PATH or not text.isprintable():
        raise BacklightError(f"{text[:40]!r}… is no path; save the data to a file and give its name.")
    return text


def _require_file(path: Path) -> None:
    if not path.exists():
        folder = path.parent if path.parent.is_dir() else Path()
        near = _nearest_file(path, folder)
        mend = f"did you mean {folder / near}?" if near else "check the path."
        raise BacklightError(f"There is no file or folder {path}; {mend}")
    if path.is_file() and path.stat().st_size == 0:
        raise BacklightError(f"{path} is empty (0 bytes); give a file with a header and rows.")


def _nearest_file(path: Path, folder: Path) -> str | None:
    """The file whose name resembles that of `path` most; an ending that both have makes no two names alike."""
    stems = {entry.name.removesuffix(path.suffix): entry.name for entry in folder.iterdir()}
    near = nearest(path.stem, list(stems))
    return stems[near] if near is not None else None
