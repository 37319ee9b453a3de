"""Data sets that come with scikit-learn: `sklearn:iris`, `sklearn:digits`, …"""

from typing import Any

import numpy as np
import polars as pl

from backlight.records import BacklightError

from ..dataset import Dataset, nearest
from .registry import ReadOptions, source

PREFIX = "sklearn:"


def _names() -> list[str]:
    """Bundled sets with a single target, which scikit-learn can load without a network."""
    from sklearn import datasets  # 1 s that other sources do not need

    loaders = [name.removeprefix("load_") for name in dir(datasets) if name.startswith("load_")]
    return [name for name in loaders if name not in _NO_SINGLE_TARGET]


_NO_SINGLE_TARGET = ("files", "linnerud", "sample_image", "sample_images", "svmlight_file", "svmlight_files")


@source(
    "bundled",
    example="sklearn:iris (or another of scikit-learn's bundled sets)",
    accepts=lambda given: isinstance(given, str) and given.casefold().startswith(PREFIX),
    on_disk=False,
)
def read_bundled(given: Any, options: ReadOptions) -> Dataset:
    """One of scikit-learn's bundled sets; classes are called by their names where it gives names."""
    name = given[len(PREFIX) :].casefold()
    if name not in _names():
        near = nearest(name, _names())
        mend = f"did you mean {PREFIX}{near}?" if near else f"there are {', '.join(_names())}."
        raise BacklightError(f"scikit-learn bundles no set {name!r}; {mend}")
    from sklearn import datasets

    bunch = getattr(datasets, f"load_{name}")()
    names = [str(feature) for feature in bunch.feature_names]
    labels = _labels(bunch)
    target = "class" if labels.dtype.kind in "iuOU" else "target"
    frame = pl.DataFrame([pl.Series(name, column) for name, column in zip(names, bunch.data.T.copy(), strict=True)])
    note = (
        f"{given}: {frame.height:,} rows, {frame.width} columns, bundled with scikit-learn; the target is {target!r}."
    )
    return Dataset(
        given, frame.with_columns(pl.Series(target, labels)), target=target, notes=(note,), pixels=options.images
    )


def _labels(bunch: Any) -> np.ndarray:
    """Class names, unless they only repeat the codes as in digits."""
    names = getattr(bunch, "target_names", None)
    if names is None or bunch.target.dtype.kind not in "iu" or np.asarray(names).dtype.kind in "iu":
        return np.asarray(bunch.target)
    return np.array([str(name) for name in names], dtype=object)[bunch.target]
