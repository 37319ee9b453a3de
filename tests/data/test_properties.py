"""What holds for any table, found by hypothesis."""

import csv
import io
import json
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backlight.data import Preprocessing, prepare, read
from backlight.data.dialect import find_separator, head
from backlight.data.sources.delimited import parse_delimited
from backlight.data.sources.registry import ReadOptions
from backlight.records import BacklightError
from backlight.records.config import DataConfig

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1, max_size=8).filter(
    lambda text: text.strip() == text
)
NUMBER = st.floats(allow_nan=False, allow_infinity=False, width=32).map(lambda v: float(np.float32(v)))
WORDS = st.sampled_from(["red", "green", "blue", 'a "quoted" one', "two\nlines", "semi;colon", "com,ma", "ünïcödé"])
N = 24
QUICK = settings(max_examples=60)


@st.composite
def tables(draw: st.DrawFn, missing: bool = True) -> pl.DataFrame:
    """24 rows: an identifying first column, a few columns of numbers and words with holes, and a target."""
    columns: dict[str, list[Any]] = {}
    for i in range(draw(st.integers(1, 4))):
        cell = draw(st.sampled_from([NUMBER, WORDS, st.integers(-(10**6), 10**6)]))
        cells = st.none() | cell if missing else cell
        columns[f"column {i}"] = draw(st.lists(cells, min_size=N, max_size=N))
    columns["anchor"] = [i * i / 7 for i in range(N)]
    columns["t"] = ["yes", "no"] * (N // 2)
    return pl.DataFrame(columns, strict=False)


@QUICK
@given(tables(), st.sampled_from([",", ";", "\t"]))
def test_a_written_table_is_read_back(frame: pl.DataFrame, separator: str) -> None:
    text = frame.write_csv(separator=separator).encode()
    found = parse_delimited(text, "t.csv", ReadOptions(separator=separator)).frame
    assert found.columns == frame.columns
    for name in frame.columns:
        expected, cells = frame[name].to_list(), found[name].to_list()
        if frame.schema[name].is_numeric():
            assert [None if v is None else float(v) for v in cells] == [
                None if v is None else float(v) for v in expected
            ]
        else:
            assert cells == expected


@QUICK
@given(
    st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=12), st.sampled_from([",", ";", "\t", "|"])
)
def test_cells_of_any_text(rows: list[tuple[str, str, str]], separator: str) -> None:
    """Whatever the csv module writes is cut into the same cells again (missing words and numbers apart)."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator="\n").writerows([["aa", "bb", "cc"], *rows])
    try:
        frame = parse_delimited(buffer.getvalue().encode(), "t.csv", ReadOptions(separator=separator)).frame
    except BacklightError as error:
        pytest.fail(str(error))
    assert frame.height in (len(rows), len(rows) + 1)
    for name, cells in zip(frame.columns, zip(*rows, strict=True), strict=True):
        if frame.schema[name] == pl.String:
            assert all(found in (None, cell) for found, cell in zip(frame[name][-len(rows) :], cells, strict=True))


@QUICK
@given(st.binary(max_size=400))
def test_any_bytes_give_a_table_or_a_sentence(data: bytes) -> None:
    try:
        assert parse_delimited(data, "t.csv", ReadOptions()).rows > 0
    except BacklightError as error:
        assert "t.csv" in str(error)


@QUICK
@given(tables())
def test_the_separator_of_a_table_is_found(frame: pl.DataFrame) -> None:
    numbers = frame.select(pl.col(pl.Float64, pl.Int64), pl.lit("w").alias("w"))
    for separator in (",", ";", "\t", "|"):
        assert find_separator(head(numbers.write_csv(separator=separator).encode())) == separator


@QUICK
@given(tables())
def test_preprocessing_is_the_same_after_json(frame: pl.DataFrame) -> None:
    dataset = read(frame)
    result = prepare(dataset, DataConfig(target="t"), seed=0)
    again = Preprocessing.from_dict(json.loads(json.dumps(result.preprocessing.to_dict(), allow_nan=False)))
    assert again == result.preprocessing
    x = again.transform(dataset)
    assert np.isfinite(x).all()
    assert x.shape[1:] == again.inputs.shape
    for part in (result.train, result.validation, result.test):
        assert np.array_equal(x[part.rows], part.x)


@QUICK
@given(tables(), st.integers(0, 3), st.randoms(use_true_random=False))
def test_rows_outside_training_change_nothing_that_was_fitted(frame: pl.DataFrame, seed: int, random: Any) -> None:
    config = DataConfig(target="t", test_fraction=0.4)
    fitted = prepare(read(frame), config, seed=seed)
    outside = set(range(N)) - set(fitted.train.rows.tolist())
    changed = frame.with_columns(
        pl.Series(
            name, [_other(cell, random) if i in outside else cell for i, cell in enumerate(frame[name])], strict=False
        )
        for name in frame.columns
        if name != "t"
    )
    again = prepare(read(changed), config, seed=seed)
    assert again.preprocessing.to_dict() | {"notes": ()} == fitted.preprocessing.to_dict() | {"notes": ()}
    assert np.array_equal(again.train.x, fitted.train.x)


def _other(cell: Any, random: Any) -> Any:
    if isinstance(cell, str):
        return random.choice(["red", "never seen", None])
    return random.choice([type(cell)(random.randint(-(10**9), 10**9)), None]) if cell is not None else None


@QUICK
@given(st.lists(TEXT, min_size=1, max_size=5))
def test_an_unseen_category_has_code_zero(words: list[str]) -> None:
    frame = pl.DataFrame({"x": range(N), "w": ["red", "green", "blue"] * 8, "t": ["a", "b"] * 12})
    fitted = prepare(read(frame.with_columns(x=pl.col("x") ** 2 / 3)), DataConfig(target="t"), seed=0).preprocessing
    codes = fitted.transform(read(pl.DataFrame({"x": [1.0] * len(words), "w": words})))[:, -1]
    assert [code == 0 for code in codes] == [word not in ("red", "green", "blue") for word in words]


@QUICK
@given(st.integers(5, 400), st.integers(1, 6), st.integers(0, 10), st.floats(0, 0.9), st.floats(0, 0.9))
def test_a_split_is_a_partition_that_knows_every_class(
    n: int, kinds: int, seed: int, test: float, validation: float
) -> None:
    labels = np.arange(n) % (kinds + 1)
    frame = pl.DataFrame({"x": np.arange(n) ** 2 / 3, "t": [f"c{label}" for label in labels]})
    config = DataConfig(target="t", task="multiclass", test_fraction=test, validation_fraction=validation)
    if len(set(labels)) > max(2, n // 2):
        return
    result = prepare(read(frame), config, seed=seed)
    rows = np.concatenate([part.rows for part in (result.train, result.validation, result.test)])
    assert sorted(rows.tolist()) == list(range(n))
    assert set(result.train.y.tolist()) == set(range(len(result.task.classes)))
    if test * n < n - len(result.task.classes):
        assert abs(len(result.test.rows) - test * n) <= 1
