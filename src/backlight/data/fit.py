"""Fit the preprocessing: what each column is and how it is scaled or coded, from the training rows alone."""

from dataclasses import replace

import numpy as np
import polars as pl

from ..records import ArrayInputs, BacklightError, ImageInputs, Task
from ..records.config import DataConfig
from .cells import number_matrix
from .columns import Column, Place
from .dataset import Dataset
from .pixels import Pixels, find_pixels
from .preprocessing import Preprocessing
from .tables import Table, fit_table


def fit(
    dataset: Dataset, task: Task, train: np.ndarray, config: DataConfig, numbers: np.ndarray | None = None
) -> tuple[Preprocessing, tuple[Column, ...]]:
    """Fit on some rows of a dataset whose target is complete.

    The other rows are looked at only for words among numbers, which would otherwise stop a run half-way.

    Args:
        dataset: all rows.
        task: what is predicted.
        train: which of them are trained on, ascending.
        config: what the user asked for.
        numbers: row numbers in the source, where rows without a target were taken out; by default their place.

    """
    rows = dataset.take(train)
    target = _target_scale(rows, task, config)
    if rows.images is not None:
        return replace(target, inputs=image_inputs(rows.images, config)), _image_columns(rows, task)
    names = [n for n in dataset.frame.columns if n != task.target and n not in (*config.drop, config.group)]
    if not names:
        raise BacklightError(f"{dataset.name} has no column beside the target {task.target!r}; add inputs.")
    pixels = _pixels(rows, names, dataset, config)
    if pixels is not None:
        return _fit_pixels(target, rows, pixels, config)
    numbers = np.arange(dataset.rows) if numbers is None else numbers
    return fit_table(target, Table(dataset, rows, numbers, Place(numbers[train], int(numbers[-1]) + 1)), names, config)


def _target_scale(rows: Dataset, task: Task, config: DataConfig) -> Preprocessing:
    """The target's own units: mean and standard deviation, or 0 and 1 where it is to stay as it is."""
    plain = Preprocessing(ArrayInputs(()), task)
    scaling = config.target_scaling if config.target_scaling != "auto" else config.preprocessing
    if task.classes or scaling == "none":
        return plain
    values = number_matrix(rows.frame, [task.target])[:, 0]
    return replace(plain, centre=float(values.mean()), spread=float(values.std()) or 1.0)


def image_inputs(images: np.ndarray, config: DataConfig) -> ImageInputs:
    """Shape, and mean and standard deviation of each channel; 0 and 1 for preprocessing "none"."""
    _, channels, height, width = images.shape
    if config.preprocessing == "none":
        return ImageInputs(channels, height, width, (0.0,) * channels, (1.0,) * channels)
    counts = [np.bincount(images[:, c].ravel(), minlength=256) for c in range(channels)]
    levels = np.arange(256)
    means = [float((count * levels).sum() / count.sum()) for count in counts]
    squares = [
        float((count * (levels - mean) ** 2).sum() / count.sum()) for count, mean in zip(counts, means, strict=True)
    ]
    return ImageInputs(channels, height, width, tuple(means), tuple(square**0.5 or 1.0 for square in squares))


def _image_columns(rows: Dataset, task: Task) -> tuple[Column, ...]:
    return tuple(
        Column(column.name, "target" if column.name == task.target else "file", column.null_count(), column.n_unique())
        for column in rows.frame.iter_columns()
    )


def _pixels(rows: Dataset, names: list[str], dataset: Dataset, config: DataConfig) -> Pixels | None:
    wish = config.images if config.images != "auto" else dataset.pixels
    if wish == "no":
        return None
    pixels = find_pixels(rows.frame, names, certain=wish == "yes")
    if pixels is None and wish == "yes":
        raise BacklightError(
            f"{dataset.name} has {len(names)} columns beside the target, which make no square picture of brightnesses "
            "from 0 to 255 without holes; leave out --images yes."
        )
    return pixels


def _fit_pixels(
    target: Preprocessing, rows: Dataset, pixels: Pixels, config: DataConfig
) -> tuple[Preprocessing, tuple[Column, ...]]:
    kind = "grey" if pixels.channels == 1 else "colour"
    note = (
        f"The {len(pixels.columns)} columns {pixels.columns[0]} to {pixels.columns[-1]} were recognised as {kind} "
        f"images of {pixels.side}×{pixels.side} pixels; --images no takes them as plain columns."
    )
    inputs = image_inputs(pixels.images(rows.frame), config)
    columns = [Column(target.task.target, "target", 0, rows.frame[target.task.target].n_unique())]
    distinct = rows.frame.select(pl.col(pixels.columns).n_unique()).row(0)
    columns += [Column(name, "pixel", 0, n, (name,)) for name, n in zip(pixels.columns, distinct, strict=True)]
    return replace(target, inputs=inputs, pixels=pixels, notes=(note,)), tuple(columns)
