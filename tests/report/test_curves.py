"""Curves of runs, of watched loops and of sweeps: what is read from their folders, and how a terminal draws them."""

import csv
import json
import math
from dataclasses import astuple, fields, replace

import pytest

from backlight.records import BacklightError, Epoch
from backlight.report.curves import RUNS, read_courses, save_curves, short_names, text_curves
from backlight.report.figures.curve_axes import score_name, usual_top
from backlight.report.run_differences import differences
from backlight.report.terminal import Frame, Line, plot


def rows(epochs=12, *, scale=1.0, validation=True, score=True):
    splits = ("train", "validation") if validation else ("train",)
    return [
        Epoch(epoch, 10 * epoch, split, scale * (1 + gap) / epoch, 1 - 1 / epoch if score else None, None, 0.1, epoch)
        for epoch in range(1, epochs + 1)
        for gap, split in enumerate(splits)
    ]


def write(folder, history, *, best=None):
    folder.mkdir(parents=True)
    with (folder / "history.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow([field.name for field in fields(Epoch)])
        lines.writerows(["" if value is None else value for value in astuple(row)] for row in history)
    if best is not None:
        (folder / "evaluation.json").write_text(json.dumps({"best_epoch": best}))
    return folder


def drawn(courses, **kwargs):
    return "\n".join(text.plain for text in text_curves(courses, smooth=0, width=80, **kwargs))


def test_a_run_is_read_with_the_epoch_that_was_kept(tmp_path):
    (course,) = read_courses([write(tmp_path / "a", rows(), best=11)])
    assert course.best_epoch == 11
    assert course.lowest == rows()[-1]
    assert course.to_dict()["epochs"] == 12
    assert read_courses([tmp_path / "a" / "history.csv"])[0].rows == course.rows


def test_a_loss_that_is_not_a_number_is_never_the_lowest(tmp_path):
    history = rows(3)
    history[-1] = replace(history[-1], loss=math.nan)
    (course,) = read_courses([write(tmp_path / "a", history)])
    assert course.lowest == history[-3]


def test_names_are_as_long_as_they_must_be(tmp_path):
    folders = [write(tmp_path / place / name, rows()) for place, name in (("x", "a"), ("y", "a"), ("x", "b"))]
    assert short_names(read_courses(folders[::2])) == ["a", "b"]
    assert short_names(read_courses(folders)) == ["x/a", "y/a", "x/b"]


def test_the_trials_of_a_sweep_that_got_the_whole_budget(tmp_path):
    folder = tmp_path / "sweep"
    history = [(value, stage, row) for value, stage in ((0.1, "short"), (0.1, "full"), (9, "short")) for row in rows(2)]
    write(folder, [])
    (folder / "sweep.json").write_text(json.dumps({"over": "learning_rate"}))
    with (folder / "history.csv").open("w", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(["value", "stage", *(field.name for field in fields(Epoch))])
        lines.writerows([value, stage, *astuple(row)] for value, stage, row in history)
    (course,) = read_courses([folder])
    assert course.run == f"{folder}: learning rate 0.1"
    assert len(course.rows) == 4


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "does not exist"),
        (lambda folder: folder.mkdir(), r"has no history\.csv"),
        (lambda folder: write(folder, []), "holds no epoch yet"),
        (lambda folder: write(folder, rows()).joinpath("history.csv").write_text("split\ntrain\n"), "is damaged"),
    ],
)
def test_what_is_no_run_is_said(tmp_path, make, words):
    make(tmp_path / "run")
    with pytest.raises(BacklightError, match=words):
        read_courses([tmp_path / "run"])


def test_more_runs_than_can_be_told_apart_are_refused(tmp_path):
    folders = [write(tmp_path / str(place), rows(2)) for place in range(RUNS + 1)]
    with pytest.raises(BacklightError, match=f"name {RUNS} at most"):
        read_courses(folders)
    assert len(read_courses([*folders[:3], folders[0]])) == 3


def test_the_terminal_shows_both_splits_of_one_run(tmp_path):
    text = drawn(read_courses([write(tmp_path / "a", rows())]))
    for words in ("loss", "accuracy", "learning rate", "train", "validation", "epoch"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_terminal_names_several_runs_by_letters(tmp_path):
    folders = [write(tmp_path / name, rows(scale=scale)) for name, scale in (("a", 1), ("b", 2), ("wild", 1e9))]
    text = drawn(read_courses(folders))
    assert "loss, validation" in text
    ends = [line[-1] for line in text.split("accuracy")[0].splitlines()]
    assert ends.index("c") < ends.index("b") < ends.index("a")  # a ends lowest
    assert "e+08" not in text  # what diverged does not set the scale


def test_a_run_in_its_first_epoch_shows_the_loss_within_it(tmp_path):
    within = [Epoch(step / 40, step, "batches", 1 / step, None, None, 0.1, 0.0) for step in range(1, 30)]
    text = drawn(read_courses([write(tmp_path / "a", within)]))
    assert "within epochs" in text
    assert "accuracy" not in text


def test_files(tmp_path):
    courses = read_courses([write(tmp_path / "a", rows(), best=3)])
    assert save_curves(courses, tmp_path / "a.png", smooth=0).read_bytes().startswith(b"\x89PNG")
    assert "kept: epoch 3" in save_curves(courses, tmp_path / "a.svg", smooth=0).read_text(encoding="utf-8")
    with pytest.raises(BacklightError, match="cannot be written"):
        save_curves(courses, tmp_path / "nowhere" / "a.png", smooth=0)


def test_dots_stand_where_the_points_are():
    panel = plot([Line([0, 1], [0, 1])], Frame((0, 1), (0, 1), 4, 2), title="t")
    assert [text.plain[9:] for text in panel[1:]] == ["  ⡠⠊", "⡠⠊  "]
    flat = plot([Line([0, 1], [0, 0])], Frame((0, 1), (0, 1), 3, 1), title="t")
    assert flat[1].plain[9:] == "⣀⣀⣀"
    assert plot([Line([0], [1])], Frame((0, 1), (0, 1), 3, 1), title="t")[1].plain[9:] == "⣿  "


def test_labels_of_lines_that_end_together_stand_apart():
    lines = [Line([0, 1], [1, 0.5], name) for name in "abc"]
    panel = [text.plain for text in plot(lines, Frame((0, 1), (0, 1), 5, 4), title="t")]
    assert sorted(line[-1] for line in panel if line[-1] in "abc") == ["a", "b", "c"]


def settings(folder, *, rate, network="64 relu", more=""):
    lines = f'created = "{folder}"\n[network]\ndescription = "{network}"\n[training]\nlearning_rate = {rate}\n{more}'
    (folder / "run.toml").write_text(lines)
    return folder


def test_the_legend_says_in_what_runs_differ(tmp_path):
    first, second, other = (write(tmp_path / name, rows()) for name in ("a", "b", "watched"))
    settings(first, rate=0.1)
    settings(second, rate=0.2512345)
    assert differences([first, second, other]) == ["learning rate 0.1", "learning rate 0.251", ""]
    save_curves(read_courses([first, second]), tmp_path / "both.svg", smooth=0)
    assert "b: learning rate 0.251" in (tmp_path / "both.svg").read_text()


def test_what_tells_most_comes_first_and_the_rest_is_counted(tmp_path):
    first, second = (write(tmp_path / name, rows()) for name in ("a", "b"))
    settings(first, rate=0.1, more="epochs = 3\nmomentum = 0.9\nclip = 1.0\n")
    settings(second, rate=0.2, network="9 gelu", more='epochs = 4\nmomentum = 0.8\nschedule = "cosine"\n')
    assert differences([first, second]) == [
        "64 relu, learning rate 0.1, clip 1 and 3 more",
        "9 gelu, learning rate 0.2, no clip and 3 more",
    ]
    assert differences([first, first]) == ["", ""]


def test_a_run_that_learned_nothing_stays_in_the_picture_and_one_that_diverged_leaves_it():
    assert usual_top([[2.3, 0.01], [2.3, 2.3], [1e9, 1e8]]) == pytest.approx(5 * 2.3)


def test_accuracy_and_rmse_do_not_share_an_axis():
    classes = Epoch(1.0, 10, "train", 0.5, 0.8, 0.2, 0.1, 1.0)
    values = Epoch(1.0, 10, "train", 0.5, None, 61.0, 0.1, 1.0)
    assert [score_name(rows) for rows in ([classes], [values], [classes, values])] == ["accuracy", "RMSE", ""]
