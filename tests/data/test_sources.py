"""What is read from each kind of source, and what the user is told."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from image_samples import images_by_class, picture
from PIL import Image

from backlight.data import SOURCES, from_arrays, read

Table = Callable[..., Path]

ROWS = "a,b,c\n1,x,0.5\n2,?,1.5\n3,y,NA\n"
EXPECTED = {"a": [1, 2, 3], "b": ["x", None, "y"], "c": [0.5, 1.5, None]}


def test_every_source_says_how_to_write_one() -> None:
    assert all(source.example for source in SOURCES.values())


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_delimiter_and_encoding_are_recognised(table: Table, separator: str, encoding: str) -> None:
    path = table(ROWS.replace(",", separator).encode(encoding))
    assert read(path).frame.to_dict(as_series=False) == EXPECTED


def test_what_was_recognised_is_told(table: Table) -> None:
    notes = " ".join(read(table(ROWS)).notes)
    for word in ("3 rows", "3 columns", "UTF-8", "comma", "header", "'?' (1 cell)", "'NA' (1 cell)"):
        assert word in notes


def test_western_encoding(table: Table) -> None:
    assert read(table("n,city\n1,Köln €\n2,Łódź\n".encode("cp1252", "replace"))).frame["city"][0] == "Köln €"


def test_decimal_comma(table: Table) -> None:
    assert read(table("a;b\n1,5;2\n-0,25;3\n")).frame["a"].to_list() == [1.5, -0.25]


@pytest.mark.parametrize(
    ("text", "values", "told"),
    [
        ("a\tb\n1,5\t2\n", [1.5], "Decimal commas in columns a."),
        ("a\tb\n0,125\t2\n", [0.125], "Decimal commas in columns a."),
        ("a\tb\n61,903\t2\n950\t3\n", [61903, 950], "thousands in columns a; '61,903' could mean either"),
        ("a\tb\n1,061,903.5\t2\n", [1061903.5], "Commas between thousands in columns a."),
        ("a\tb\n61,903\t2,5\n", [61.903], "Decimal commas in columns a, b; '61,903' could mean either"),
        ("a;b\n61,903;2\n", [61.903], "Decimal commas in columns a; '61,903' could mean either"),
    ],
)
def test_what_a_comma_means_is_told(table: Table, text: str, values: list[float], told: str) -> None:
    dataset = read(table(text, "t.tsv"))
    assert dataset.frame["a"].to_list() == values
    assert any(told in note for note in dataset.notes), dataset.notes


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,254.48", "187.05", "-"], [1254.48, 187.05, None]),
        (["1.254,48", "187,05", "n/a"], [1254.48, 187.05, None]),
        (["1 254", "-12 000", "7"], [1254, -12000, 7]),
        (["1\u202f254,5", "7"], [1254.5, 7]),
        (["1'254.5", "7"], [1254.5, 7]),
        (["€ 12.50", "-€3", "1,000 €"], [12.5, -3, 1000]),
        (["$12", "€ 3"], [12, 3]),
        (["12 %", "3.5%"], [12, 3.5]),
        (["1,254", "12.5"], [1254, 12.5]),
        (["1,254", "12,5"], [1.254, 12.5]),
        (["-"], ["-"]),
        (["192.168.0.1", "10.0.0.2"], ["192.168.0.1", "10.0.0.2"]),
        (["24.12.2024", "01.02.2023"], ["24.12.2024", "01.02.2023"]),
        (["1,254 rooms", "3"], ["1,254 rooms", "3"]),
    ],
)
@pytest.mark.parametrize("separator", [",", ";"])
def test_numbers_as_people_write_them(table: Table, cells: list[str], values: list[Any], separator: str) -> None:
    rows = "".join(f'"{cell}"{separator}x\n' for cell in cells)
    dataset = read(table(f"a{separator}b\n{rows}"))
    assert dataset.frame["a"].to_list() == values
    assert (len(dataset.notes) > 1) == (values != cells)


def test_numbers_beside_a_few_words(table: Table) -> None:
    rows = "".join(f"1,{i:03}.5;x\n" for i in range(100))
    frame = read(table(f"a;b\n{rows}on request;x\n")).frame
    assert frame["a"].to_list() == [*(f"1{i:03}.5" for i in range(100)), "on request"]


def test_rows_are_read_as_in_training(table: Table) -> None:
    known = read(table("a;b\n1,254.5;x\n")).numerals
    assert read(table("a;b\n1,254;x\n")).frame["a"].to_list() == [1.254]
    assert read(table("a;b\n1,254;x\n"), numerals=known).frame["a"].to_list() == [1254]


def test_no_word_on_commas_in_text(table: Table) -> None:
    dataset = read(table("a\tb\nx,125\t2\n61,903\t3\n", "t.tsv"))
    assert dataset.frame["a"].to_list() == ["x,125", "61,903"]
    assert not any("commas" in note.casefold() for note in dataset.notes)


def test_columns_by_runs_of_spaces(table: Table) -> None:
    assert read(table("1.5   2 x\n2.5  3   y\n", "t.data")).frame.shape == (2, 3)


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("39,State-gov,13\n50,Private,9\n38,Private,9\n", False),
        ("0,1,2\n5.5,3,1\n4.5,2,0\n", True),
        ("name,colour\nbob,red\nann,blue\n", True),
        ("e,x\np,x\ne,s\np,x\n", False),
    ],
)
def test_header_is_recognised(table: Table, text: str, header: bool) -> None:
    dataset = read(table(text))
    assert dataset.rows == text.count("\n") - header
    assert ("no header" in dataset.notes[0]) != header


def test_quotes_and_line_ends_within_cells(table: Table) -> None:
    dataset = read(table('a,b\r\n"x, ""y""\nz",1\r\nw,2\r\n'))
    assert dataset.frame["a"].to_list() == ['x, "y"\nz', "w"]


def test_stray_quotes_and_blank_lines(table: Table) -> None:
    assert read(table('a,b\n\n5" pipe,1\n\nw,2\n\n')).frame["a"].to_list() == ['5" pipe', "w"]


def test_postcodes_stay_text_and_months_become_numbers(table: Table) -> None:
    frame = read(table("code,month\n01234,01\n98765,12\n")).frame
    assert frame["code"].to_list() == ["01234", "98765"]
    assert frame["month"].to_list() == [1, 12]


def test_the_word_none_is_missing_only_among_numbers(table: Table) -> None:
    frame = read(table("disorder,hours\nNone,1.5\nApnea,None\n")).frame
    assert frame["disorder"].to_list() == ["None", "Apnea"]
    assert frame["hours"].to_list() == [1.5, None]


def test_gzip_and_zip(table: Table, archive: Table) -> None:
    assert read(table(gzip.compress(ROWS.encode()), "t.csv.gz")).frame.to_dict(as_series=False) == EXPECTED
    assert read(archive({"t.csv": ROWS.encode()}, "t.zip")).frame.to_dict(as_series=False) == EXPECTED


def test_columnar_files_and_frames(tmp_path: Path) -> None:
    frame = pl.DataFrame(EXPECTED)
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.feather")
    sources = [tmp_path / "t.parquet", tmp_path / "t.feather", frame, frame.lazy(), pd.DataFrame(EXPECTED)]
    for source in sources:
        assert read(source).frame.to_dict(as_series=False) == EXPECTED


def test_pandas_columns_of_mixed_objects() -> None:
    frame = pd.DataFrame({"mixed": [1, "two", None], "kind": pd.Categorical(["u", "v", None])})
    assert read(frame).frame.to_dict(as_series=False) == {"mixed": ["1", "two", None], "kind": ["u", "v", None]}


def test_arrays() -> None:
    X, y = np.arange(6.0).reshape(3, 2), np.array(["u", "v", "u"])
    dataset = from_arrays(X, y)
    assert dataset.frame.columns == ["x0", "x1", "target"]
    assert dataset.target == "target"
    assert read((X, y)).frame.equals(dataset.frame)
    assert from_arrays(X[:, :1], y).frame.shape == (3, 2)
    assert from_arrays(X, feature_names=["p", "q"]).frame.columns == ["p", "q"]


def test_arrays_of_images() -> None:
    shares = np.random.default_rng(0).random((4, 6, 5, 3))
    assert from_arrays(shares).images.shape == (4, 3, 6, 5)  # type: ignore[union-attr]
    assert from_arrays(np.full((4, 6, 5), 0.5)).images.max() == 128  # type: ignore[union-attr]


def test_npz_with_given_split(tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).random((10, 3)), np.arange(10) % 2
    parts = {"x_train": X[:5], "y_train": y[:5], "x_val": X[5:7], "y_val": y[5:7], "x_test": X[7:], "y_test": y[7:]}
    np.savez(tmp_path / "t.npz", **parts)
    dataset = read(tmp_path / "t.npz")
    assert dataset.frame.shape == (10, 4)
    assert dataset.given_split is not None
    assert dataset.given_split.tolist() == ["train"] * 5 + ["validation"] * 2 + ["test"] * 3


def test_images_by_class(archive: Table, tmp_path: Path) -> None:
    dataset = read(archive(images_by_class()))
    assert dataset.images is not None
    assert dataset.images.shape == (12, 3, 10, 12)
    assert dataset.target == "class"
    assert dataset.frame["class"].to_list() == ["cat"] * 6 + ["dog"] * 6
    assert dataset.given_split is None
    for name, data in images_by_class().items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_bytes(data)
    folder = read(tmp_path / "folder")
    assert folder.images is not None
    assert np.array_equal(folder.images, dataset.images)


def test_hidden_folders_are_no_classes(archive: Table, tmp_path: Path) -> None:
    members = images_by_class() | {".ipynb_checkpoints/1.png": picture(), "cat/.cache/2.png": picture()}
    for name, data in members.items():
        (tmp_path / ".home" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / ".home" / name).write_bytes(data)
    for source in (archive(members), tmp_path / ".home"):
        assert read(source).frame["class"].to_list() == ["cat"] * 6 + ["dog"] * 6


@pytest.mark.parametrize("root", ["", "animals/"])
def test_given_split_of_images(archive: Table, root: str) -> None:
    members = {f"{root}{part}/{name}": data for part in ("train", "test") for name, data in images_by_class(3).items()}
    dataset = read(archive({**members, "__MACOSX/x": b"", f"{root}README.txt": b"hello"}))
    assert dataset.given_split is not None
    assert dataset.given_split.tolist() == ["train"] * 6 + ["test"] * 6
    assert set(dataset.frame["class"]) == {"cat", "dog"}


def test_grey_stays_one_channel_and_colour_found_late_is_kept(archive: Table) -> None:
    grey = images_by_class(4, mode="L")
    assert read(archive(grey)).images.shape == (8, 1, 10, 12)  # type: ignore[union-attr]
    many = {f"cat/{i:04}.png": picture(0, mode="L") for i in range(401)} | {"dog/1.png": picture(1)}
    assert read(archive(many, "late.zip")).images.shape[1] == 3  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "1"])
def test_other_colour_models(archive: Table, mode: str) -> None:
    dataset = read(archive(images_by_class(2, mode=mode)))
    assert dataset.images is not None
    assert dataset.images.dtype == np.uint8
    assert dataset.images.shape[1] == (1 if mode in ("LA", "1") else 3)


def test_cmyk_and_sixteen_bits(archive: Table) -> None:
    cmyk = io.BytesIO()
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(cmyk, "JPEG")
    deep = io.BytesIO()
    Image.fromarray(np.full((8, 8), 65535, np.uint16)).save(deep, "PNG")
    images = read(archive({"red/1.jpg": cmyk.getvalue(), "white/1.png": deep.getvalue()})).images
    assert images is not None
    assert images[0, 0].mean() > 200 > images[0, 1].mean()
    assert images[1].min() == 255


def deep_pictures(values: list[np.ndarray], kind: str) -> dict[str, bytes]:
    members = {}
    for i, pixels in enumerate(values):
        stream = io.BytesIO()
        Image.fromarray(pixels).save(stream, kind)
        members[f"{'ab'[i % 2]}/{i}.{kind.lower()}"] = stream.getvalue()
    return members


def test_sixteen_bits_are_scaled_alike(archive: Table) -> None:
    dark, bright = np.full((8, 8), 200, np.uint16), np.full((8, 8), 25_700, np.uint16)
    dataset = read(archive(deep_pictures([dark, bright], "PNG")))
    assert dataset.images is not None
    assert dataset.images[:, 0, 0, 0].tolist() == [1, 100]
    assert any("16 bits" in note and "65,535 is white" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("levels", "dtype", "pixels", "white"),
    [
        ([0.2, 1.0], np.float32, [51, 255], "1 is white"),
        ([0.2, 51.0], np.float32, [0, 51], "255 is white"),
        ([257, 2570], np.int32, [1, 10], "65,535 is white"),
        ([1, 0], np.int32, [1, 0], "255 is white"),
        ([50_000.0, 100_000.0], np.float32, [128, 255], "100,000 is white"),
    ],
)
def test_thirty_two_bits_are_scaled_by_the_whole_set(
    archive: Table, levels: list[float], dtype: type, pixels: list[int], white: str
) -> None:
    dataset = read(archive(deep_pictures([np.full((8, 8), level, dtype) for level in levels], "TIFF")))
    assert dataset.images is not None
    assert dataset.images.shape[1] == 1
    assert dataset.images[:, 0, 0, 0].tolist() == pixels
    assert any(white in note for note in dataset.notes), dataset.notes


def test_images_of_different_sizes_are_resized(archive: Table) -> None:
    dataset = read(archive({f"a/{i}.png": picture(i, size=(200 + i, 100)) for i in range(5)}))
    assert dataset.images is not None
    assert dataset.images.shape == (5, 3, 32, 64)
    assert any("resized" in note for note in dataset.notes)


def test_images_in_the_shape_of_a_trained_network(archive: Table) -> None:
    images = read(archive({"a.png": picture(size=(50, 40))}), image_shape=(1, 7, 9)).images
    assert images is not None
    assert images.shape == (1, 1, 7, 9)


def test_images_without_classes_and_a_single_image(archive: Table, tmp_path: Path) -> None:
    dataset = read(archive({"1.png": picture(1), "2.png": picture(2)}))
    assert dataset.target is None
    assert dataset.frame.columns == ["file"]
    (tmp_path / "one.png").write_bytes(picture())
    assert read(tmp_path / "one.png").rows == 1


@pytest.mark.parametrize("name", ["iris", "wine", "digits", "breast_cancer", "diabetes"])
def test_bundled_sets(name: str) -> None:
    dataset = read(f"sklearn:{name}")
    assert dataset.rows > 100
    assert dataset.target in dataset.frame.columns


def test_iris_classes_have_their_names() -> None:
    assert set(read("sklearn:iris").frame["class"]) == {"setosa", "versicolor", "virginica"}


def test_a_class_may_be_called_train(archive: Table) -> None:
    names = ("train", "bus")
    dataset = read(archive({f"{name}/{i}.png": picture(i) for name in names for i in range(3)}))
    assert dataset.given_split is None
    assert set(dataset.frame["class"]) == set(names)


def test_of_a_film_the_first_frame_is_taken_and_told(tmp_path: Path) -> None:
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        frames = [Image.new("L", (4, 4), brightness) for brightness in (10, 200)]
        frames[0].save(tmp_path / label / "film.gif", save_all=True, append_images=frames[1:])
        frames[0].save(tmp_path / label / "picture.gif")
    dataset = read(tmp_path)
    assert dataset.images is not None
    assert np.unique(dataset.images).tolist() == [10]
    assert any("2 pictures have several frames" in note for note in dataset.notes)
