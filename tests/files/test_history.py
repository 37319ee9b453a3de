"""history.csv: what is written comes back; a history that is still growing can be read."""

import math

import pytest

from backlight import BacklightError, files
from backlight.records import Epoch

ROWS = (
    Epoch(0.5, 10, "batches", 0.75, 0.5, 0.5, 0.01, 0.2),
    Epoch(1.0, 20, "train", math.inf, None, 3.5, 0.01, 0.4),
    Epoch(1.0, 20, "validation", 0.5, None, None, 0.0, 0.4),
)


def test_a_history_comes_back_as_it_was_written_at_once_or_row_by_row(tmp_path):
    files.save_history(tmp_path / "whole.csv", ROWS)
    files.begin_history(tmp_path / "grown.csv")
    for row in ROWS:
        files.begin_history(tmp_path / "grown.csv")  # as a run does that is resumed
        files.add_epochs(tmp_path / "grown.csv", [row])
    assert files.read_history(tmp_path / "whole.csv") == ROWS
    assert (tmp_path / "grown.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_line_that_has_just_been_begun_is_left_out(tmp_path):
    files.save_history(tmp_path / "history.csv", ROWS)
    with (tmp_path / "history.csv").open("a") as file:
        file.write("2.0,4")
    assert files.read_history(tmp_path / "history.csv") == ROWS


def test_rows_can_be_chosen_by_columns_of_their_own(tmp_path):
    lines = [
        ("value", *files.EPOCH_COLUMNS),
        (0.1, 1, 5, "train", 2.5, "", "", 0.1, 1),
        (0.2, 1, 5, "train", 3, *"1234"),
    ]
    files.write_csv(tmp_path / "history.csv", lines)
    (found,) = files.read_history(tmp_path / "history.csv", lambda row: row["value"] == "0.1")
    assert found == Epoch(1.0, 5, "train", 2.5, None, None, 0.1, 1.0)


@pytest.mark.parametrize("text", ["split\ntrain\n", "epoch,step,split,loss\n1,x,train,1\n"])
def test_a_damaged_history_is_one_sentence(tmp_path, text):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(BacklightError, match=r"history\.csv is damaged"):
        files.read_history(tmp_path / "history.csv")
    with pytest.raises(BacklightError, match="training has not begun"):
        files.read_history(tmp_path / "gone" / "history.csv")


@pytest.mark.parametrize("left", ["2.0,20,validation,0.", "2.0,20,val", "2", "2.0,20,validation,0.5,,,0.1,3.25"])
def test_a_run_killed_in_the_middle_of_a_line_keeps_the_lines_before_it_and_goes_on(tmp_path, left):
    path = tmp_path / "history.csv"
    files.save_history(path, ROWS[:-1])
    with path.open("a") as file:
        file.write(left)
    assert files.read_history(path) == ROWS[:-1]
    files.begin_history(path)
    files.add_epochs(path, ROWS[-1:])
    assert files.read_history(path) == ROWS
