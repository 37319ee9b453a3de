"""Real data sets, read and prepared within the times that a user is told."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from backlight.data import Prepared, prepare, read
from backlight.records import ImageInputs, TableInputs
from backlight.records.config import DataConfig

Shared = Callable[[str], Path]


def timed(path: Path, target: str | None = None) -> tuple[Prepared, float]:
    started = time.process_time()
    result = prepare(read(path), DataConfig(target=target), seed=0)
    return result, time.process_time() - started


def test_census_income(shared: Shared) -> None:
    result, seconds = timed(shared("adult.csv"), "income")
    assert result.task.classes == ("<=50K", ">50K")
    assert isinstance(result.inputs, TableInputs)
    assert [feature.kind for feature in result.inputs.features] == ["continuous"] * 6 + ["discrete"] * 8
    assert len(result.test.rows) == 9768
    assert seconds < 3


def test_air_of_beijing(shared: Shared) -> None:
    result, seconds = timed(shared("beijing-pm25.csv"), "pm2.5")
    notes = " ".join(result.notes)
    assert result.task.kind == "regression"
    for sentence in ("2,067 of 43,824 rows have no 'pm2.5'", "'No' counts the rows", "--time No"):
        assert sentence in notes
    assert isinstance(result.inputs, TableInputs)
    assert "time" in {feature.kind for feature in result.inputs.features}
    assert seconds < 3


def test_table_of_digits(shared: Shared) -> None:
    result, seconds = timed(shared("mnist10k.csv.zip"))
    assert isinstance(result.inputs, ImageInputs)
    assert result.inputs.shape == (1, 28, 28)
    assert result.task.classes == tuple(range(10))
    assert seconds < 8


@pytest.mark.slow
def test_small_photographs(shared: Shared) -> None:
    result, seconds = timed(shared("cifar10.zip"))
    assert isinstance(result.inputs, ImageInputs)
    assert (len(result.train.rows), len(result.validation.rows), len(result.test.rows)) == (42_500, 7_500, 10_000)
    assert np.allclose(result.inputs.mean, (125, 123, 114), atol=2)
    assert seconds < 40
