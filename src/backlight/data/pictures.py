"""Pictures of any kind, size and colour to one uint8 array."""

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from PIL import Image, UnidentifiedImageError

from .counted import counted

LARGEST_SIDE = 64
"""Pixels of the longer side that pictures are brought down to where the user asks for nothing else: what trains on
two CPU cores in minutes."""
PROBED = 200
"""Pictures, evenly spread, whose headers tell the common size and whether there is colour."""
CHUNK = 256
"""Pictures a thread decodes at a time, so that handing over costs nothing beside decoding."""

SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N")
THIRTY_TWO_BITS = ("I", "F")
GREY_MODES = ("1", "L", *SIXTEEN_BITS, *THIRTY_TWO_BITS)
SEVERAL_CHANNELS = 3

BROKEN = (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises for a picture that it cannot or should not decode."""

Read = Callable[[], bytes]


@dataclass(frozen=True)
class Decoded:
    """The pictures that could be decoded."""

    images: np.ndarray
    """uint8 (n, c, h, w)."""
    kept: list[int]
    """Which of the given pictures these are."""
    broken: dict[int, str]
    """Why the others are not, by their number."""
    resized: int
    notes: tuple[str, ...] = ()
    """How brightness of more than 8 bits was scaled, and what was taken of films."""


@dataclass
class Depth:
    """How brightness of more than 8 bits becomes 0–255: by one factor for the whole set, not one for each picture."""

    top: float | None = None
    """Largest brightness of the set's pictures of 32 bits, whose mode does not say where white is."""
    met: set[str] = field(default_factory=set)
    """Modes of the pictures that were scaled."""
    films: set[Read] = field(default_factory=set)
    """Pictures of several frames."""

    def factor(self, mode: str) -> float:
        """65,535 is white in 16 bits, whether a picture reaches it or not; in 32 bits the first of 1 (fractions only),
        255 and 65,535 that no picture passes, else the brightest pixel.
        """
        self.met.add(mode)
        if mode in SIXTEEN_BITS:
            return 1 / 257
        top = self.top or 0.0
        whites = (1.0, 255.0, 65_535.0) if mode == "F" else (255.0, 65_535.0)
        return 255 / next((white for white in whites if top <= white), top)

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence a kind of scaling, and one on films."""
        deep = self.met & set(SIXTEEN_BITS)
        wide = sorted(self.met - deep)
        notes = (
            ["Pictures of 16 bits were brought to 8: 65,535 is white, whatever their brightest pixel."] if deep else []
        )
        for mode in wide:
            white = 255 / self.factor(mode)
            kind = "fractions" if mode == "F" else "whole numbers"
            notes.append(f"Pictures of 32-bit {kind} were brought to 8 bits: {white:,g} is white in all of them.")
        if self.films:
            have = counted(len(self.films), "picture has", "pictures have")
            notes.append(f"{have} several frames, of which the first is taken.")
        return tuple(notes)


def decode_all(reads: Sequence[Read], shape: tuple[int, int, int] | None = None) -> Decoded:
    """Decode pictures to `shape` (c, h, w); without one, to the shape that suits a sample of them.

    Broken pictures are reported, not raised: only the caller knows how many are too many.
    """
    channels, height, width = shape or common_shape(reads)
    images = np.empty((len(reads), channels, height, width), np.uint8)
    depth = Depth()
    results = _fill(images, reads, depth, strict=shape is None)
    if _NO_TOP in results:
        depth.top = _largest(reads)
        results = _fill(images, reads, depth, strict=shape is None)
    if _COLOUR in results:
        images = np.empty((len(reads), SEVERAL_CHANNELS, height, width), np.uint8)
        results = _fill(images, reads, depth)
    broken = {i: result for i, result in enumerate(results) if isinstance(result, str)}
    kept = [i for i in range(len(reads)) if i not in broken]
    resized = sum(result is True for result in results)
    return Decoded(images if not broken else images[kept], kept, broken, resized, depth.notes)


_COLOUR = "it has colour"
_NO_TOP = "its white is not known"


def _fill(images: np.ndarray, reads: Sequence[Read], depth: Depth, *, strict: bool = False) -> list[bool | str]:
    """Decode every picture into its place; per picture whether it was resized, or what is wrong with it.

    Colour in a picture is wrong where there is one channel and `strict`; otherwise it becomes grey.
    """

    def chunk(start: int) -> list[bool | str]:
        return [_decode_into(images[i], reads[i], depth, strict) for i in range(start, min(start + CHUNK, len(reads)))]

    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return [result for part in threads.map(chunk, range(0, len(reads), CHUNK)) for result in part]


def _decode_into(place: np.ndarray, read: Read, depth: Depth, strict: bool) -> bool | str:
    channels, height, width = place.shape
    try:
        with Image.open(io.BytesIO(read())) as picture:
            resized = picture.size != (width, height)
            if getattr(picture, "is_animated", False):
                depth.films.add(read)
            if resized:
                picture.draft(None, (2 * width, 2 * height))
            if depth.top is None and picture.mode in THIRTY_TWO_BITS:
                return _NO_TOP
            plain = flatten(picture, depth)
    except UnidentifiedImageError:
        return "no image that can be read"
    except BROKEN as error:
        return str(error) or type(error).__name__
    wanted = "L" if channels == 1 else "RGB"
    if plain.mode != wanted:
        if strict and channels == 1:
            return _COLOUR
        plain = plain.convert(wanted)
    if resized:
        plain = plain.resize(
            (width, height), Image.Resampling.BOX if plain.width > 2 * width else Image.Resampling.BILINEAR
        )
    pixels = np.asarray(plain)
    place[:] = pixels if channels == 1 else pixels.transpose(2, 0, 1)
    return resized


def _largest(reads: Sequence[Read]) -> float:
    """The largest finite brightness of all pictures of 32 bits; broken ones are left to decoding."""
    top = 0.0
    for read in reads:
        try:
            with Image.open(io.BytesIO(read())) as picture:
                if picture.mode in THIRTY_TWO_BITS:
                    values = np.asarray(picture)
                    top = max(top, float(values.max(where=np.isfinite(values), initial=0)))
        except BROKEN:
            continue
    return top


def flatten(picture: Image.Image, depth: Depth) -> Image.Image:
    """Grey (L) or colour (RGB): 16 bits become 8, transparency lies on white, palettes and CMYK are resolved."""
    if picture.mode in ("L", "RGB") and "transparency" not in picture.info:
        picture.load()
        return picture
    if picture.mode in (*SIXTEEN_BITS, *THIRTY_TWO_BITS):
        values = np.nan_to_num(np.asarray(picture, dtype=np.float32)) * depth.factor(picture.mode)
        return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))
    if picture.mode in ("LA", "PA", "RGBA", "La", "RGBa") or "transparency" in picture.info:
        solid = picture.convert("RGBA")
        white = Image.new("RGBA", solid.size, "white")
        white.alpha_composite(solid)
        return white.convert("L" if picture.mode in ("L", "LA") else "RGB")
    return picture.convert("L" if picture.mode == "1" else "RGB")


def common_shape(reads: Sequence[Read]) -> tuple[int, int, int]:
    """(c, h, w) from the headers of a sample: the median height and width, the longer at most `LARGEST_SIDE`."""
    step = max(1, len(reads) // PROBED)
    heads = [head for head in map(_head, reads[::step]) if head is not None] or [("L", (1, 1))]
    width, height = (median(size[axis] for _, size in heads) for axis in (0, 1))
    shrink = min(1.0, LARGEST_SIDE / max(width, height))
    grey = all(mode in GREY_MODES for mode, _ in heads)
    return (1 if grey else SEVERAL_CHANNELS), max(1, round(height * shrink)), max(1, round(width * shrink))


def _head(read: Read) -> tuple[str, tuple[int, int]] | None:
    """Mode and (width, height) of a picture; None if it is broken, which decoding will report."""
    try:
        with Image.open(io.BytesIO(read())) as picture:
            return ("L" if picture.mode == "LA" else picture.mode), picture.size
    except BROKEN:
        return None
