"""backlight sweep, as it is called."""

import json

import pytest

from backlight.cli.app import run

QUICK = ["--network", "8 relu", "--epochs", "3", "--batch-size", "32"]


def test_json_has_the_promised_keys_and_the_figure_is_drawn(tmp_path, capsys):
    picture = tmp_path / "rates.svg"
    arguments = ["sweep", "sklearn:wine", *QUICK, "--out", str(tmp_path / "sweep"), "--json", "-o", str(picture)]
    assert run(arguments) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer.keys() >= {"over", "trials", "recommended", "margin", "cost_in_runs", "seconds"}
    assert answer["over"] == "learning_rate"
    assert "whole budget" in picture.read_text()


def test_a_person_reads_a_line_for_each_value_and_the_verdict(tmp_path, capsys):
    over = ["--over", "init=zeros,he"]
    assert run(["sweep", "sklearn:wine", *QUICK, *over, "--out", str(tmp_path / "sweep")]) == 0
    said = capsys.readouterr().out
    assert "→ he" in said and "Recommended initialisation: he" in said
    assert any(bar in said for bar in "▁▂▃▄▅▆▇█")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--over", "luck=1,2"], "cannot be swept"),
        (["-o", "rates.gif"], "end its name in .png or .svg"),
        (["--lr", "auto"], "--lr auto is for train"),
    ],
)
def test_bad_input_is_one_sentence(arguments, said, capsys):
    assert run(["sweep", "sklearn:wine", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_train_takes_an_automatic_rate(tmp_path, capsys):
    assert run(["train", "sklearn:wine", *QUICK, "--lr", "auto", "--out", str(tmp_path / "run"), "--json"]) == 0
    assert "learning_rate_from" in (tmp_path / "run" / "run.toml").read_text()
