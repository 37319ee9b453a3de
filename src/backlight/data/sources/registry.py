"""The table of sources. A source is one file of this package with one decorated function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backlight.records import BacklightError

from ..dataset import Dataset, PixelWish
from ..numerals import Numerals


@dataclass(frozen=True)
class ReadOptions:
    """What the user may say about a source beside its name."""

    images: PixelWish = "auto"
    separator: str | None = None
    image_shape: tuple[int, int, int] | None = None
    """(channels, height, width) that pictures are brought to; None: chosen from the pictures."""
    numerals: Mapping[str, Numerals] = field(default_factory=dict)
    """How columns write their numbers, where that is known."""


@dataclass(frozen=True)
class Source:
    """One kind of source."""

    name: str
    example: str
    """How a user would write one, for error messages and documentation."""
    accepts: Callable[[Any], bool]
    """Whether a path, name or object is of this kind; told by its name or type, without reading it."""
    read: Callable[[Any, ReadOptions], Dataset]
    on_disk: bool = True
    """Whether the source is a path, whose existence is checked first."""


SOURCES: dict[str, Source] = {}


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that holds a table.

    Raises:
        BacklightError: it is a folder, or cannot be read.

    """
    if path.is_dir():
        raise BacklightError(f"{path} is a folder, not a table; give one of the files in it, or join them first.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise BacklightError(f"{path} cannot be read: {error.strerror}.") from error


def source(
    name: str, *, example: str, accepts: Callable[[Any], bool], on_disk: bool = True
) -> Callable[[Callable[[Any, ReadOptions], Dataset]], Callable[[Any, ReadOptions], Dataset]]:
    """Register the decorated function as the reader of one kind of source."""

    def register(read: Callable[[Any, ReadOptions], Dataset]) -> Callable[[Any, ReadOptions], Dataset]:
        SOURCES[name] = Source(name, example, accepts, read, on_disk)
        return read

    return register
