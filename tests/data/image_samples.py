"""Small image files."""

import io

import numpy as np
from PIL import Image


def picture(seed: int = 0, size: tuple[int, int] = (12, 10), mode: str = "RGB", kind: str = "PNG") -> bytes:
    """An image file of noise; size is (width, height)."""
    channels = {"L": 1, "P": 1, "1": 1, "LA": 2, "RGB": 3, "RGBA": 4}[mode]
    values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], channels), dtype=np.uint8)
    buffer = io.BytesIO()
    flat = values[:, :, 0] if channels == 1 else values
    Image.fromarray(flat).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def images_by_class(count: int = 6, **how: object) -> dict[str, bytes]:
    return {f"{label}/{i}.png": picture(i, **how) for label in ("cat", "dog") for i in range(count)}  # type: ignore[arg-type]
