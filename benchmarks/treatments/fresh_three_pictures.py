"""Pictures of the third fresh cases: drawn shapes and gratings, and small photographs."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import numpy as np
from PIL import Image

from backlight.records import BacklightError

from .case import Rows

SIDE = 12
VEHICLES = ("airplane", "automobile", "ship", "truck")
ANIMALS = ("bird", "cat", "deer", "dog", "frog", "horse")


def shapes(seed: int) -> Rows:
    """A disc, a square or a cross, of any size and place, in noise: uint8 (n, 1, 12, 12)."""
    rng = np.random.default_rng(seed)
    y, down, across = rng.integers(0, 3, 800), *np.mgrid[:SIDE, :SIDE]
    centre, radius = rng.uniform(4, 7, (2, 800, 1, 1)), rng.uniform(2, 4, (800, 1, 1))
    a, b = np.abs(down - centre[0]), np.abs(across - centre[1])
    drawn = np.where(
        y[:, None, None] == 0,
        np.hypot(a, b) < radius,
        np.where(y[:, None, None] == 1, np.maximum(a, b) < radius, (np.minimum(a, b) < 1) & (a + b < 1.4 * radius)),
    )
    return _grey(120.0 * drawn, rng), y


def gratings(seed: int) -> Rows:
    """Stripes in one of four directions, of any phase, in noise: uint8 (n, 1, 12, 12)."""
    rng = np.random.default_rng(seed)
    y, down, across = rng.integers(0, 4, 800), *np.mgrid[:SIDE, :SIDE]
    turn = (np.pi / 4 * y)[:, None, None]
    wave = np.sin(1.6 * (np.cos(turn) * across + np.sin(turn) * down) + rng.uniform(0, 2 * np.pi, (800, 1, 1)))
    return _grey(60 + 35 * wave, rng), y


def _grey(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, h, w) with noise, as bytes (n, 1, h, w)."""
    return np.clip(values + 40 + 30 * rng.normal(size=values.shape), 0, 255).astype(np.uint8)[:, None]


def vehicles(seed: int) -> Rows:
    """Whether a photograph shows a vehicle or an animal: means of its colours in 8 × 8 fields, 192 columns from 0 to 1.

    Seven hundred of CIFAR-10's test images, half of them of each kind.
    """
    x, y = _photographs(seed)
    return x / 255, y


def bright_vehicles(seed: int) -> Rows:
    """The same from 0 to 255."""
    return _photographs(seed)


def few_vehicles(seed: int) -> Rows:
    """Three hundred and fifty of them."""
    x, y = vehicles(seed)
    return x[:350], y[:350]


def _photographs(seed: int) -> Rows:
    file = Path(os.environ.get("BACKLIGHT_DATA", "data")) / "cifar10.zip"
    if not file.exists():
        raise BacklightError(f"{file} is not there: set BACKLIGHT_DATA to the folder that holds cifar10.zip.")
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 700)
    with ZipFile(file) as archive:
        of_class: dict[str, list[str]] = {}
        for name in archive.namelist():
            if name.startswith("test/") and name.endswith(".jpg"):
                of_class.setdefault(name.split("/")[1], []).append(name)
        chosen = [of_class[str(rng.choice(VEHICLES if vehicle else ANIMALS))] for vehicle in y]
        images = [Image.open(BytesIO(archive.read(str(rng.choice(names))))).convert("RGB") for names in chosen]
    pixels = np.stack([np.asarray(image, dtype=np.float64) for image in images])
    return pixels.reshape(-1, 8, 4, 8, 4, 3).mean(axis=(2, 4)).reshape(len(y), -1), y
