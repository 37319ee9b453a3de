"""Whatever is wrong with the data, the user is told where and how to mend it, or gets a sound result and a sentence."""

import gzip
import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from image_samples import images_by_class, picture

from backlight.data import Prepared, prepare, read
from backlight.records import BacklightError
from backlight.records.config import DataConfig

Write = Callable[..., Path]


def prepared(source: object, **options: object) -> Prepared:
    return prepare(read(source), DataConfig(**options), seed=0)  # type: ignore[arg-type]


def rows(n: int = 40, **columns: object) -> pl.DataFrame:
    """A table with one good number and one good target, and further columns."""
    rng = np.random.default_rng(0)
    return pl.DataFrame({"x": rng.normal(size=n), **columns, "t": rng.integers(0, 2, n).astype(str)}, strict=False)


def test_missing_file_names_the_nearest(tmp_path: Path, table: Write) -> None:
    table("a,b\n1,2\n", "adult.csv")
    with pytest.raises(BacklightError, match=r"no file .*adlut\.csv.*adult\.csv"):
        read(tmp_path / "adlut.csv")
    with pytest.raises(BacklightError, match="check the path"):
        read(tmp_path / "nowhere" / "xyz.parquet")


def test_a_file_that_is_not_there_is_guessed_by_its_name_and_not_by_its_ending(table: Write) -> None:
    path = table("a,b\n1,2\n", "quoted.csv")
    for near in ("qouted.csv", "quoted", "Quote.csv", "quoted.tsv"):
        with pytest.raises(BacklightError, match=r"did you mean .*quoted\.csv"):
            read(path.parent / near)
    with pytest.raises(BacklightError, match="check the path"):
        read(path.parent / "nothere.csv")


def test_unknown_format(table: Write) -> None:
    with pytest.raises(BacklightError, match=r"no source.*parquet.*table\.csv"):
        read(table(b"PK", "sheet.xlsx"))
    with pytest.raises(BacklightError, match="did you mean sklearn:iris"):
        read("sklearn:irsi")
    with pytest.raises(BacklightError, match="no source"):
        read(42)
    for text in ("a,b\n1,2", "x" * 10_000, "a\0b"):
        with pytest.raises(BacklightError, match="is no path; save the data to a file"):
            read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty"),
        (b"\n\n  \n", "empty"),
        (b"a,b\n", "no rows"),
        (b"a,b,a\n1,2,3\n", r"line 1: the column name 'a' stands more than once \(columns 1, 3\)"),
        (b"a,b\n1,2\n3,4,5\n6,7\n", "line 3: 3 cells where the first line has 2"),
        (b"a,b\n1,2\n\n3\n4,5\n", "line 4: 1 cell where the first line has 2"),
        (b'a,b\n"x\ny",2\n3\n', "line 4: 1 cell "),
        (b"My table\n\na,b\n1,2\n3,4\n", "first line: 1 cell where most lines have 2; take it out if it is a title"),
        (b"a,b\n" + b"\0\1" * 50, "zero bytes"),
        (b"\xff\xfea,b\n1,2\n3", "save it again as UTF-8"),
        (b'a,b\n"' + b"x" * 200_000 + b"\n1,2\n", "quote"),
    ],
)
def test_broken_tables(table: Write, text: bytes, message: str) -> None:
    with pytest.raises(BacklightError, match=message):
        read(table(text))


def test_broken_packing(table: Write) -> None:
    for name in ("t.csv.gz", "t.zip", "t.npz", "t.parquet", "t.feather"):
        with pytest.raises(BacklightError, match="again"):
            read(table(b"this is not what the name says, by far", name))


def test_folder_called_like_a_table(tmp_path: Path) -> None:
    for name in ("t.parquet", "t.feather", "t.csv", "t.npz", "t.npy", "t.zip"):
        (tmp_path / name).mkdir()
        with pytest.raises(BacklightError, match=r"give|again"):
            read(tmp_path / name)


def test_damaged_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.random.default_rng(0).random((50, 4)), y=np.arange(50))
    data = bytearray((tmp_path / "t.npz").read_bytes())
    data[300:400] = b"\xff" * 100
    (tmp_path / "t.npz").write_bytes(data)
    with pytest.raises(BacklightError, match=r"t\.npz cannot be read.*CRC"):
        read(tmp_path / "t.npz")


def test_whole_numbers_of_128_bits(tmp_path: Path) -> None:
    frame = rows(wide=pl.Series([i * i for i in range(40)], dtype=pl.Int128))
    assert prepared(frame, target="t").train.x.shape[1] == 2
    with pytest.raises(BacklightError, match="'wide' holds whole numbers beyond 64 bits"):
        read(frame.with_columns(wide=pl.lit(2**100, dtype=pl.Int128)))


def test_duplicate_columns_of_a_frame() -> None:
    with pytest.raises(BacklightError, match="2 columns 'a'"):
        read(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_arrays_that_do_not_fit() -> None:
    for source, message in (
        ((np.zeros((3, 2)), np.zeros(4)), "one target a row"),
        (np.zeros(3), "give"),
        (np.zeros((2, 5, 5, 7)), "channels"),
        (np.full((2, 8, 8), -3.0), "0–255"),
        (np.zeros((0, 3)), "no rows|empty"),
    ):
        with pytest.raises(BacklightError, match=message):
            prepared(source)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "t.npz", x=np.array([{}, []], dtype=object))
    with pytest.raises(BacklightError, match="plain arrays"):
        read(tmp_path / "t.npz")
    np.savez(tmp_path / "u.npz", weights=np.zeros(3))
    with pytest.raises(BacklightError, match="holds the arrays weights"):
        read(tmp_path / "u.npz")


# -- archives --


def test_path_traversal(archive: Write) -> None:
    for name in ("../../etc/cat/1.png", "/etc/cat/1.png", "C:/cat/1.png", "cat\\..\\..\\1.png"):
        with pytest.raises(BacklightError, match="is not read"):
            read(archive({**images_by_class(), name: picture()}))


def test_symbolic_link(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("cat/1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as file:
        file.writestr(link, "/etc/passwd")
    with pytest.raises(BacklightError, match=r"cat/1\.png.*symbolic link"):
        read(tmp_path / "t.zip")


def test_bombs(archive: Write, table: Write) -> None:
    with pytest.raises(BacklightError, match=r"'table\.csv' would grow .* bomb"):
        read(archive({"table.csv": b"0" * (32 << 20)}))
    with pytest.raises(BacklightError, match="bomb"):
        read(archive({f"{i}.csv": b"0" * (4 << 20) for i in range(10)}))
    with pytest.raises(BacklightError, match=r"as a bomb does"):
        read(table(gzip.compress(b"0" * (32 << 20)), "t.csv.gz"))
    with pytest.raises(BacklightError, match="archive itself"):
        read(archive({"inner.zip": b"PK"}))


def test_picture_bomb_is_left_out_and_named(archive: Write) -> None:
    head = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", __import__("zlib").crc32(chunk))
    dataset = read(archive({**images_by_class(10), "cat/bomb.png": bomb}))
    assert dataset.rows == 20
    assert any("cat/bomb.png" in note for note in dataset.notes)


def test_broken_member(archive: Write) -> None:
    path = archive({"table.csv": b"a,b\n" + b"1,2\n" * 1000}, "t.zip")
    damaged = bytearray(path.read_bytes())
    damaged[45:60] = b"\xff" * 15
    path.write_bytes(damaged)
    with pytest.raises(BacklightError, match=r"table\.csv is broken"):
        read(path)


def test_archive_without_data(archive: Write) -> None:
    with pytest.raises(BacklightError, match=r"neither images nor a table.*notes\.md"):
        read(archive({"notes.md": b"x"}))
    with pytest.raises(BacklightError, match="several tables"):
        read(archive({"a.csv": b"x", "b.csv": b"y"}))


def test_truncated_jpegs(archive: Write, tmp_path: Path) -> None:
    good = {f"{c}/{i}.jpg": picture(i, kind="JPEG") for c in "ab" for i in range(10)}
    few = {**good, "a/broken.jpg": picture(99, kind="JPEG")[:300]}
    dataset = read(archive(few))
    assert dataset.rows == 20
    assert any("1 broken image of 21: 'a/broken.jpg'" in note for note in dataset.notes)
    with pytest.raises(BacklightError, match=r"20 of 20 images are broken, the first is 'a/0\.jpg'"):
        read(archive({name: data[:300] for name, data in good.items()}))
    (tmp_path / "alone.jpg").write_bytes(good["a/0.jpg"][:300])
    with pytest.raises(BacklightError, match=r"alone\.jpg"):
        read(tmp_path / "alone.jpg")


def test_empty_folder_and_flat_folder(tmp_path: Path) -> None:
    with pytest.raises(BacklightError, match="no images"):
        read(tmp_path)
    (tmp_path / "1.png").write_bytes(picture())
    with pytest.raises(BacklightError, match="folder named by its class"):
        prepared(tmp_path)


# -- targets --


def test_missing_target_suggests_the_nearest() -> None:
    with pytest.raises(BacklightError, match="no target column 'incme' in the frame; did you mean 'income'"):
        prepared(rows(income="a"), target="incme")
    with pytest.raises(BacklightError, match="its columns are x, t"):
        prepared(rows(), target="zzzzz")
    with pytest.raises(BacklightError, match="Say --target COLUMN; there are x, t"):
        prepared(rows())


@pytest.mark.parametrize(
    ("target", "options", "message"),
    [
        (["a"] * 40, {}, "'t' is 'a' in all 40 rows of the frame; add rows"),
        ([None] * 40, {}, "missing in every row"),
        ([f"w{i}" for i in range(40)], {}, "too many to be classes"),
        ([f"w{i % 3}" for i in range(40)], {"task": "regression"}, "words such as 'w0'.*; use --task multiclass"),
        ([f"w{i % 2}" for i in range(40)], {"task": "regression"}, "words such as 'w0'.*; use --task binary"),
        ([f"w{i % 3}" for i in range(40)], {"task": "binary"}, "3 classes, a binary task has 2 .*--task multiclass"),
        (
            [i / 7 for i in range(40)],
            {"task": "binary"},
            "40 values, a binary task has 2 classes; use --task regression",
        ),
    ],
)
def test_targets_that_cannot_be_learned(target: list[object], options: dict[str, object], message: str) -> None:
    with pytest.raises(BacklightError, match=message):
        prepared(rows().with_columns(pl.Series("t", target)), target="t", **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("t",)}, "'t' cannot be left out with --drop"),
        ({"augment": "crop"}, "--augment crop changes images, and this data is a table"),
    ],
)
def test_options_that_do_not_suit_the_data(options: dict[str, object], message: str) -> None:
    with pytest.raises(BacklightError, match=message):
        prepared(rows().with_columns(t=pl.Series(["a", "b"] * 20)), target="t", **options)


def test_training_rows_of_one_class() -> None:
    for options in ({"time": "when"}, {"time": "when", "validation_fraction": 0.0}):
        with pytest.raises(BacklightError, match=r"All \d+ training rows of the frame are of one class, 'a'.*--time"):
            prepared(rows(when=range(40)).with_columns(t=pl.Series(["a"] * 34 + ["b"] * 6)), target="t", **options)


def test_classes_without_a_training_row_are_named() -> None:
    frame = rows(when=range(40)).with_columns(t=pl.Series(["a", "b"] * 17 + ["c"] * 6))
    assert any("No training row is of the class c:" in n for n in prepared(frame, target="t", time="when").notes)
    assert not any("No training row" in n for n in prepared(frame, target="t").notes)


def test_a_class_without_a_held_out_row_is_named() -> None:
    frame = rows().with_columns(t=pl.Series(["a", "b"] * 19 + ["a", "c"]))
    assert any("No held-out row is of the class c:" in n for n in prepared(frame, target="t").notes)
    assert not any("held-out row is of" in n for n in prepared(frame[:39], target="t").notes)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ('"red,yes\n2,blue,no\n3,green",no', True),
        ('"a text, of two\nor three, or,\nfour lines",no', False),
        ('"Dear Sir, Madam,\nbye",no', False),
    ],
)
def test_rows_between_two_quotes_are_told_of(table: Write, cell: str, told: bool) -> None:
    body = "".join(f"{i},red,yes\n{i},blue,no\n" for i in range(20))
    notes = read(table(f"n,colour,t\n{body}1,{cell}\n".encode())).notes
    assert any("Row 41, column 'colour'" in note and "quote that is not closed" in note for note in notes) == told


def test_two_rows() -> None:
    with pytest.raises(BacklightError, match="2 rows with a target; give at least 5"):
        prepared(rows(2), target="t")


def test_target_with_holes() -> None:
    t = [None, float("inf"), float("nan"), *np.linspace(0, 1, 37)]
    result = prepared(rows().with_columns(pl.Series("t", t, strict=False)), target="t")
    assert any("3 of 40 rows have no 't' (the target) and were left out; in 1 of them" in n for n in result.notes)
    kept = np.concatenate([result.train.rows, result.validation.rows, result.test.rows])
    assert sorted(kept) == list(range(3, 40))
    assert np.isfinite(result.train.y).all()


def test_target_of_numbers_with_a_stray_word() -> None:
    t = ["?!", *(str(i / 7) for i in range(39))]
    result = prepared(rows().with_columns(pl.Series("t", t)), target="t")
    assert result.task.kind == "regression"
    assert any("1 of 40 rows has no 't'" in note for note in result.notes)


def test_text_of_digits_is_classes_unless_a_regression_is_asked_for() -> None:
    frame = pl.DataFrame({"x": np.random.default_rng(0).normal(size=60), "t": [str(100 + i % 25) for i in range(60)]})
    assert prepared(frame, target="t").task.classes[:2] == ("100", "101")
    assert prepared(frame, target="t", task="regression").task.kind == "regression"


# -- inputs --


def test_all_missing_and_constant_columns_are_dropped_with_a_sentence() -> None:
    result = prepared(rows(empty=[None] * 40, same=[7] * 40), target="t")
    assert any("'empty' holds no value" in note for note in result.notes)
    assert any("'same' is constant (7)" in note for note in result.notes)
    assert result.train.x.shape[1] == 1


def test_nothing_left_to_learn_from() -> None:
    with pytest.raises(BacklightError, match=r"No column of the frame is left.*constant"):
        prepared(rows(same=[7] * 40).drop("x"), target="t")
    with pytest.raises(BacklightError, match="no column beside the target"):
        prepared(rows().select("t"), target="t")


def test_infinite_values_are_missing_with_a_sentence() -> None:
    values = [float("inf"), float("-inf"), 1e300, float("nan"), *range(36)]
    result = prepared(rows(v=values, w=[float("nan"), *range(39)], huge=[1e200] * 40), target="t")
    assert any("'v' holds 3 infinite values" in note for note in result.notes)
    assert not any("'w'" in note for note in result.notes)
    assert any("'huge' holds no value" in note for note in result.notes)
    assert np.isfinite(result.train.x).all()


def test_words_among_numbers() -> None:
    values = ["unknown", *(f"{i * 0.1}" for i in range(39))]
    result = prepared(rows(v=values), target="t")
    assert any("'v' holds numbers and 1 cell of other text ('unknown'; first in row 1)" in n for n in result.notes)
    again = result.preprocessing.transform(read(pl.DataFrame({"x": [0.0, 1.0], "v": ["unknown", "3"]})))
    assert np.isfinite(again).all()
    with pytest.raises(BacklightError, match=r"row 2: the column 'v' holds 'oops' where training had numbers"):
        result.preprocessing.transform(read(pl.DataFrame({"x": [0.0, 1.0], "v": ["3", "oops"]})))


def test_words_among_dates() -> None:
    days = ["soon", *(f"2021-{1 + i % 12:02}-{1 + i % 28:02}" for i in range(39))]
    result = prepared(rows(day=days), target="t")
    assert any("'day' holds dates and 1 cell of other text ('soon'" in note for note in result.notes)
    with pytest.raises(BacklightError, match=r"row 1: the column 'day' holds '1\.2\.2021' where training had dates"):
        result.preprocessing.transform(read(pl.DataFrame({"x": [0.0], "day": ["1.2.2021"]})))


def test_words_where_numbers_were_at_prediction(table: Write) -> None:
    result = prepared(rows(), target="t")
    with pytest.raises(BacklightError, match=r"new\.csv, row 3: the column 'x' holds 'abc'.*mend that cell"):
        result.preprocessing.transform(read(table("x\n1\n2\nabc\n", "new.csv")))


def test_columns_at_prediction() -> None:
    result = prepared(rows(length=[float(i * i) for i in range(40)]), target="t")
    with pytest.raises(BacklightError, match=r"no input column 'length'.*did you mean 'lenght'"):
        result.preprocessing.transform(read(pl.DataFrame({"x": [1.0], "lenght": [2.0]})))
    swapped = pl.DataFrame({"extra": ["e"], "length": [2.0], "x": [1.0]})
    plain = pl.DataFrame({"x": [1.0], "length": [2.0]})
    assert np.array_equal(result.preprocessing.transform(read(swapped)), result.preprocessing.transform(read(plain)))


def test_images_where_a_table_was_and_the_other_way_round(archive: Write) -> None:
    table, images = rows(), archive(images_by_class())
    with pytest.raises(BacklightError, match="holds images, but the network was trained on a table"):
        prepared(table, target="t").preprocessing.transform(read(images))
    with pytest.raises(BacklightError, match="is a table, but the network was trained on images"):
        prepared(images).preprocessing.transform(read(table))


def test_unknown_class_and_missing_target_at_evaluation() -> None:
    result = prepared(rows(), target="t")
    for value, message in (("9", "row 1: the target 't' is '9', which is none of 0, 1"), (None, "is None")):
        with pytest.raises(BacklightError, match=message):
            new = pl.DataFrame({"x": [1.0], "t": [value]}, schema_overrides={"t": pl.String})
            result.preprocessing.encode_target(read(new))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": ("y",)}, "no --drop column 'y'"),
        ({"group": "z"}, "no --group column"),
        ({"time": "z"}, "no --time column"),
        ({"group": "t"}, "cannot be the column of --group"),
        ({"time": "word"}, "neither a date nor a number"),
        ({"group": "word", "time": "x"}, "not both"),
        ({"group": "same"}, "at least 3 groups"),
        ({"images": "yes"}, "leave out --images yes"),
        ({"preprocessing": "none", "drop": ("x",)}, "has missing values"),
    ],
)
def test_options_that_do_not_fit(options: dict[str, object], message: str) -> None:
    frame = rows(word=["u", "v"] * 20, same=["w"] * 40, hole=[v for i in range(20) for v in (None, i * i)])
    with pytest.raises(BacklightError, match=message):
        prepared(frame, target="t", **options)


def test_messages_are_single_sentences() -> None:
    with pytest.raises(BacklightError) as caught:
        read(io.StringIO())
    assert "\n" not in str(caught.value)


def test_an_image_beside_the_folders_of_classes_is_named(tmp_path: Path) -> None:
    for name in ("cat/1.png", "dog/1.png", "loose.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture())
    with pytest.raises(BacklightError, match=r"without classes \(1 of 3, the first 'loose.png'\)"):
        prepared(tmp_path)
