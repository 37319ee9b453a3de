"""NumPy archives: X and y, or x_train, y_train, x_test, y_test."""

from pathlib import Path
from typing import Any

import numpy as np

from backlight.records import BacklightError

from ..dataset import SPLIT_NAMES, Dataset
from .archive import BROKEN, open_zip, safe_members
from .memory import from_arrays
from .registry import ReadOptions, source

INPUTS = ("x", "data", "images", "features", "inputs", "arr_0")
TARGETS = ("y", "labels", "label", "target", "targets", "classes", "arr_1")


@source(
    "npz",
    example="arrays.npz (X and y, or x_train, y_train, x_test, y_test)",
    accepts=lambda given: isinstance(given, str | Path) and str(given).casefold().endswith((".npz", ".npy")),
)
def read_npz(path: Any, options: ReadOptions) -> Dataset:
    """Arrays by name; X alone, as for prediction, is enough."""
    path = Path(path)
    arrays = _load(path)
    pairs = ((split, _pair(arrays, f"_{word}")) for word, split in SPLIT_NAMES.items())
    found = {split: pair for split, pair in pairs if pair is not None}
    whole = _pair(arrays, "")
    if whole is None and not found:
        raise BacklightError(
            f"{path} holds the arrays {', '.join(arrays) or 'none'}; name them X and y, "
            "or x_train, y_train, x_test, y_test."
        )
    if whole is not None:
        return _named(from_arrays(*whole, pixels=options.images), path, None)
    X, y = (_joined([pair[i] for pair in found.values()], path) for i in (0, 1))
    split = np.concatenate([np.full(len(pair[0]), name) for name, pair in found.items()])
    return _named(from_arrays(X, y, pixels=options.images), path, split)


def _load(path: Path) -> dict[str, np.ndarray]:
    """All arrays, names folded to lower case; arrays of pickled objects are refused."""
    if path.suffix.casefold() == ".npz":
        with open_zip(path) as archive:
            safe_members(archive, path)
    try:
        loaded = np.load(path, allow_pickle=False)
        return {"x": loaded} if isinstance(loaded, np.ndarray) else {name.casefold(): loaded[name] for name in loaded}
    except (*BROKEN, OSError, MemoryError) as error:
        raise BacklightError(f"{path} cannot be read ({error}); save plain arrays of numbers or text again.") from error


def _pair(arrays: dict[str, np.ndarray], ending: str) -> tuple[np.ndarray, np.ndarray | None] | None:
    X = next((arrays[name + ending] for name in INPUTS if name + ending in arrays), None)
    y = next((arrays[name + ending] for name in TARGETS if name + ending in arrays), None)
    return None if X is None else (X, y)


def _joined(arrays: list[np.ndarray | None], path: Path) -> np.ndarray | None:
    present = [array for array in arrays if array is not None]
    if not present:
        return None
    if len(present) < len(arrays) or len({array.shape[1:] for array in present}) > 1:
        raise BacklightError(
            f"{path}: the arrays of the splits do not match in number or shape; give X and y for each split."
        )
    return np.concatenate(present)


def _named(dataset: Dataset, path: Path, split: np.ndarray | None) -> Dataset:
    kind = "images" if dataset.images is not None else f"rows of {dataset.frame.width} columns"
    notes = [f"{path.name}: {dataset.rows:,} {kind}."]
    if split is not None:
        counts = {name: int((split == name).sum()) for name in ("train", "validation", "test")}
        notes.append(
            "Split as given: " + ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) + "."
        )
    return Dataset(path.name, dataset.frame, dataset.images, dataset.target, split, tuple(notes), dataset.pixels)
