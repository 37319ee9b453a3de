"""Small tables and archives, and the way to the real data sets where they are."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

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
