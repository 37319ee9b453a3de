"""Images by class: a folder or the members of an archive, with or without train/ and test/ above the classes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import polars as pl

from backlight.records import BacklightError

from ..counted import counted
from ..dataset import SPLIT_NAMES, Dataset
from ..pictures import Decoded, decode_all
from .litter import is_litter
from .registry import ReadOptions, source

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
BROKEN_SHARE = 0.1
"""More broken images than this share are an error; fewer are left out and named."""


@dataclass(frozen=True)
class ImageFile:
    """One image that can be read."""

    name: str
    """Path inside the folder or archive, with forward slashes."""
    read: Callable[[], bytes]


def is_image(name: str) -> bool:
    """Whether a file name is that of an image."""
    return name.casefold().endswith(SUFFIXES)


@source(
    "images",
    example="a folder with a subfolder of images for each class",
    accepts=lambda given: isinstance(given, str | Path) and (Path(given).is_dir() or is_image(str(given))),
)
def read_folder(path: Any, options: ReadOptions) -> Dataset:
    """A folder of images, or one image for prediction."""
    path = Path(path)
    if path.is_file():
        return read_images([ImageFile(path.name, path.read_bytes)], str(path), options)
    entries = sorted(entry for entry in path.rglob("*") if entry.is_file())
    inside = [ImageFile(entry.relative_to(path).as_posix(), entry.read_bytes) for entry in entries]
    inside = [file for file in inside if not is_litter(file.name)]
    files = [file for file in inside if is_image(file.name)]
    if not files:
        raise BacklightError(
            f"{path} holds no images; give a folder with a subfolder of images for each class, or a file."
        )
    return read_images(files, str(path), options, others=len(inside) - len(files))


def read_images(files: Sequence[ImageFile], place: str, options: ReadOptions, *, others: int = 0) -> Dataset:
    """Decode the images and tell class and split of each from its path."""
    layout = _layout([file.name for file in files])
    decoded = decode_all([file.read for file in files], options.image_shape)
    trained = options.image_shape is not None
    notes = [*_broken(decoded, files, place), *_told(decoded, layout, place, others, trained=trained)]
    kept = decoded.kept
    names = pl.Series("file", [files[i].name for i in kept])
    labels = [layout[i][1] for i in kept]
    frame = pl.DataFrame([names] if None in labels else [names, pl.Series("class", labels)])
    given = np.array([layout[i][0] for i in kept]) if None not in {layout[i][0] for i in kept} else None
    target = "class" if "class" in frame.columns else None
    return Dataset(Path(place).name, frame, decoded.images, target, given, tuple(notes), options.images)


def _layout(names: list[str]) -> list[tuple[str | None, str | None]]:
    """(split, class) of each path such as train/cat/1.jpg or cat/1.jpg; None for what the path does not say.

    The uppermost folders are splits only if all are called so: a class may be called "train", too.
    """
    parts = _below_common_folder([PurePosixPath(name).parts for name in names])
    tops = {part[0].casefold() if len(part) > 1 else "" for part in parts}
    if not tops <= set(SPLIT_NAMES):
        return [(None, part[0] if len(part) > 1 else None) for part in parts]
    known = "train" in {SPLIT_NAMES[top] for top in tops}
    return [(SPLIT_NAMES[part[0].casefold()] if known else None, part[1] if len(part) > 2 else None) for part in parts]


def _below_common_folder(parts: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Path parts below the folder that all share, unless that folder is a split or the only class."""
    while (
        len({part[0] for part in parts}) == 1
        and parts[0][0].casefold() not in SPLIT_NAMES
        and all(len(part) > 2 for part in parts)
    ):
        parts = [part[1:] for part in parts]
    return parts


def _broken(decoded: Decoded, files: Sequence[ImageFile], place: str) -> list[str]:
    """A note that names broken images; an error if they are many."""
    if not decoded.broken:
        return []
    (first, reason), count = next(iter(decoded.broken.items())), len(decoded.broken)
    if count > BROKEN_SHARE * len(files):
        raise BacklightError(
            f"{place}: {count} of {len(files)} images are broken, the first is {files[first].name!r} ({reason}); "
            "fetch or save them again, or take them out."
        )
    named = ", ".join(repr(files[i].name) for i in list(decoded.broken)[:3])
    return [f"Left out {counted(count, 'broken image')} of {len(files):,}: {named} ({reason})."]


def _told(
    decoded: Decoded, layout: list[tuple[str | None, str | None]], place: str, others: int, *, trained: bool
) -> list[str]:
    """What was found. trained: whether the size is that of a trained network."""
    n, channels, height, width = decoded.images.shape
    colour = "grey" if channels == 1 else "colour"
    classes = {label for _, label in layout} - {None}
    by_folder = f", {counted(len(classes), 'class', 'classes')} by folder" if classes else ""
    notes = [f"{Path(place).name}: {counted(n, f'{colour} image')} of {height}×{width} pixels{by_folder}."]
    counts = {split: sum(given == split for given, _ in layout) for split in ("train", "validation", "test")}
    if any(counts.values()):
        notes.append(
            "Split by folder: " + ", ".join(f"{count:,} {split}" for split, count in counts.items() if count) + "."
        )
    if decoded.resized:
        size = "that of the training" if trained else "the median size, its longer side at most 64"
        several = counted(decoded.resized, "image of another size was", "images of other sizes were")
        notes.append(f"{several} resized to {height}×{width} ({size}), which can change proportions.")
    notes += decoded.notes
    if others:
        notes.append(f"Passed over: {counted(others, 'file')} not named as an image.")
    return notes
