"""`backlight curves` and `backlight runs` on real runs, as a user types them."""

import json
import subprocess
import sys

import pytest

from backlight.cli.app import run

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """A folder with two runs that differ in their learning rate."""
    folder = tmp_path_factory.mktemp("wine")
    for name, rate in (("slow", "0.001"), ("fast", "0.01")):
        chosen = ["--epochs", "5", "--network", "16 relu", "--lr", rate, "--out", str(folder / name)]
        assert run(["train", "sklearn:wine", *chosen, "--json"]) == 0
    return folder


def answer(capsys, *arguments):
    capsys.readouterr()
    assert run([*map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_curves_in_the_terminal(wine, capsys):
    assert run(["curves", str(wine / "slow")]) == 0
    out = capsys.readouterr().out
    for words in ("loss", "accuracy", "learning rate", "validation", "lowest loss", "kept epoch"):
        assert words in out
    assert "\x1b" not in out  # no colours where the output is no terminal
    assert run(["curves", str(wine / "slow"), str(wine / "fast")]) == 0
    assert "b  fast" in capsys.readouterr().out


def test_curves_to_files(wine, tmp_path, capsys):
    for name in ("curves.png", "curves.svg"):
        assert run(["curves", str(wine / "slow"), str(wine / "fast"), "-o", str(tmp_path / name)]) == 0
        assert capsys.readouterr().out == f"Curves: {tmp_path / name}\n"
    svg = (tmp_path / "curves.svg").read_text(encoding="utf-8")
    assert "slow" in svg and "fast" in svg


def test_curves_answers_in_json(wine, tmp_path, capsys):
    said = answer(capsys, "curves", wine / "slow", "-o", tmp_path / "a.svg")
    assert said["file"] == str(tmp_path / "a.svg")
    (one,) = said["runs"]
    assert (one["run"], one["epochs"]) == (str(wine / "slow"), 5)
    assert [row["split"] for row in one["history"]] == ["train", "validation"] * 5
    assert answer(capsys, "curves", wine / "slow")["file"] is None


def test_a_terminal_without_these_characters(wine):
    code = "from backlight.cli import main; main()"
    command = [sys.executable, "-X", "utf8=0", "-c", code, "curves", str(wine / "slow"), "--json"]
    plain = {"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command[:-1], env=plain, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "*" in done.stdout


def test_runs_shows_only_the_settings_that_differ(wine, capsys):
    assert run(["runs", str(wine), "--sort", "score"]) == 0
    out = capsys.readouterr().out
    heading = next(line for line in out.splitlines() if line.startswith("run "))
    assert "learning rate" in heading and "accuracy" in heading and "log loss" in heading
    assert "batch size" not in heading
    assert "The same in all: network 16 relu" in out
    assert "Best accuracy: " in out and "95 % interval" in out


def test_runs_answers_in_json(wine, capsys):
    said = answer(capsys, "runs", wine, "--sort", "learning-rate")
    assert [row["settings"]["training.learning_rate"] for row in said["runs"]] == [0.001, 0.01]
    (group,) = said["groups"]
    assert group["differ"] == ["training.learning_rate"]
    assert group["runs"] == [str(wine / "slow"), str(wine / "fast")]


def test_other_scores_are_shown_on_demand(wine, capsys):
    assert run(["runs", str(wine), "--metric", "roc-auc"]) == 0
    out = capsys.readouterr().out
    assert "Best roc auc: " in out
    assert "log loss" not in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["curves", "nowhere"], "nowhere does not exist"),
        (["curves", "{wine}"], "has no history.csv"),
        (["curves", "{wine}/slow", "-o", "curves.pdf"], "end its name in .png or .svg"),
        (["curves"], "RUN"),
        (["runs", "nowhere"], "no folder nowhere"),
        (["runs", "{wine}", "--sort", "speed"], "cannot be sorted by 'speed'"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(wine, arguments, words, capsys):
    assert run([argument.format(wine=wine) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err and "Traceback" not in err


def test_no_heading_is_broken_where_many_settings_differ(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a long path to the runs would leave no room for the settings
    names = ["batch_size", "epochs", "learning_rate", "weight_decay", "label_smoothing", "average", "patience", "clip"]
    names += ["momentum", "warmup", "accumulate", "ensemble"]
    for number in (1, 2):
        settings = "\n".join(f"{name} = {number}" for name in names)
        folder = tmp_path / f"run-{number}"
        folder.mkdir()
        (folder / "run.toml").write_text(f'created = "2026-01-0{number}T10:00:00+00:00"\n[training]\n{settings}\n')
    assert run(["runs", "."]) == 0
    out = capsys.readouterr().out
    heading, further = (
        next(line for line in out.splitlines() if line.startswith("run ")),
        out.split("They differ in ")[1],
    )
    shown = [name.replace("_", " ") for name in names if name.replace("_", " ") in heading]
    assert 1 < len(shown) < len(names)
    assert all(name.replace("_", " ") in further for name in names if name.replace("_", " ") not in shown)
