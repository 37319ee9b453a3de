"""Small tables and archives, and the way to the real data sets where they are."""

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Path of a real data set; the test is skipped where it is absent."""

    def find(name: str) -> Path:
        folder = Path(os.environ.get("BACKLIGHT_DATA", REPOSITORY.parent / "shared" / "data"))
        if not (folder / name).exists():
            pytest.skip(f"{name} is not in {folder} (set BACKLIGHT_DATA)")
        return folder / name

    return find


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Write text to a file."""

    def write(text: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


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


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    """Write members to a zip file."""

    def write(members: dict[str, bytes], name: str = "images.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for member, data in members.items():
                file.writestr(member, data)
        return path

    return write
