"""Pictures of any kind, size and colour to one uint8 array."""

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median

import numpy as np
from PIL import Image

LARGEST_SIDE = 64
"""Pixels of the longer side that pictures are brought down to where the user asks for nothing else: what trains on
two CPU cores in minutes."""
PROBED = 200
"""Pictures, evenly spread, whose headers tell the common size and whether there is colour."""
CHUNK = 256
"""Pictures a thread decodes at a time, so that handing over costs nothing beside decoding."""

GREY_MODES = ("1", "L", "I", "I;16", "I;16B", "I;16L", "F")
SEVERAL_CHANNELS = 3

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


def decode_all(reads: Sequence[Read], shape: tuple[int, int, int] | None = None) -> Decoded:
    """Decode pictures to `shape` (c, h, w); without one, to the shape that suits a sample of them.

    Broken pictures are reported, not raised: only the caller knows how many are too many.
    """
    channels, height, width = shape or common_shape(reads)
    images = np.empty((len(reads), channels, height, width), np.uint8)
    results = _fill(images, reads, strict=shape is None)
    if _COLOUR in results:
        images = np.empty((len(reads), SEVERAL_CHANNELS, height, width), np.uint8)
        results = _fill(images, reads)
    broken = {i: result for i, result in enumerate(results) if isinstance(result, str)}
    kept = [i for i in range(len(reads)) if i not in broken]
    resized = sum(result is True for result in results)
    return Decoded(images if not broken else images[kept], kept, broken, resized)


_COLOUR = "it has colour"


def _fill(images: np.ndarray, reads: Sequence[Read], *, strict: bool = False) -> list[bool | str]:
    """Decode every picture into its place; per picture whether it was resized, or what is wrong with it.

    Colour in a picture is wrong where there is one channel and `strict`; otherwise it becomes grey.
    """

    def chunk(start: int) -> list[bool | str]:
        return [_decode_into(images[i], reads[i], strict) for i in range(start, min(start + CHUNK, len(reads)))]

    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return [result for part in threads.map(chunk, range(0, len(reads), CHUNK)) for result in part]


def _decode_into(place: np.ndarray, read: Read, strict: bool) -> bool | str:
    channels, height, width = place.shape
    try:
        with Image.open(io.BytesIO(read())) as picture:
            resized = picture.size != (width, height)
            if resized:
                picture.draft(None, (2 * width, 2 * height))
            plain = flatten(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
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


def flatten(picture: Image.Image) -> Image.Image:
    """Grey (L) or colour (RGB): 16 bits become 8, transparency lies on white, palettes and CMYK are resolved."""
    if picture.mode in ("L", "RGB") and "transparency" not in picture.info:
        picture.load()
        return picture
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        values = np.asarray(picture, dtype=np.float32)
        return Image.fromarray((values / (257 if values.max() > 255 else 1)).clip(0, 255).astype(np.uint8))
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
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None
