"""Every command as a user types it: what it prints, its JSON, and its exit status on bad input."""

import json
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import backlight as bl
from backlight.cli.app import run
from backlight.cli.commands.train import show_result
from backlight.records import Finding

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = ["--epochs", "5", "--network", "16 relu"]


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wine") / "run"
    assert run(["train", "sklearn:wine", "--out", str(folder), *QUICK, "--json"]) == 0
    return str(folder)


def answer(capsys, *arguments):
    """The one JSON object on stdout."""
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_train_answers_with_the_fixed_keys(tmp_path, capsys):
    said = answer(capsys, "train", "sklearn:wine", "--out", str(tmp_path / "run"), *QUICK, "--seed", "1")
    keys = {"run", "task", "rows", "epochs", "seconds", "metrics", "baseline", "linear", "findings"}
    assert keys <= said.keys()
    assert said["rows"].keys() == {"train", "validation", "test"}
    assert said["metrics"]["accuracy"].keys() == {"value", "low", "high"}
    assert (said["task"], said["epochs"]) == ("multiclass", 5)


def test_train_tells_a_person_what_happened(tmp_path, capsys):
    assert run(["train", "sklearn:wine", "--out", str(tmp_path / "run"), *QUICK]) == 0
    out, err = capsys.readouterr()
    for words in (
        "Task: multiclass",
        "Rows: ",
        "Network: 16 relu",
        "Training: up to 5 epochs",
        "epoch 5/5",
        "validation",
    ):
        assert words in err
    for words in ("accuracy", "linear model", "constant", "inear model", f"Report: {tmp_path / 'run' / 'report.html'}"):
        assert words in out


def test_a_run_is_repeated_from_its_settings(wine, tmp_path, capsys):
    first = answer(capsys, "evaluate", wine)
    again = answer(capsys, "train", "--config", f"{wine}/run.toml", "--out", str(tmp_path / "run"))
    assert again["metrics"] == first["metrics"]


def test_show(capsys):
    said = answer(capsys, "show", "sklearn:wine", "--network", "32 relu, dropout 0.2")
    assert said["parameters"] == 13 * 32 + 32 + 32 * 3 + 3
    assert [layer["x_out"] for layer in said["layers"]][-1] == [3]
    assert run(["show", "sklearn:digits"]) == 0
    assert "parameters" in capsys.readouterr().out


def test_a_network_from_a_file(tmp_path, capsys):
    path = tmp_path / "net.toml"
    path.write_text('network = "8 relu, 4 relu"\n')
    assert answer(capsys, "show", "sklearn:wine", "--network", str(path))["network"] == "linear 8, relu, linear 4, relu"


def test_predict_writes_the_format_that_the_name_asks_for(wine, tmp_path, capsys):
    for name in ("out.csv", "out.parquet"):
        said = answer(capsys, "predict", wine, "sklearn:wine", "-o", str(tmp_path / name))
        assert said == {"run": wine, "rows": 178, "file": str(tmp_path / name)}
    assert pl.read_csv(tmp_path / "out.csv").equals(pl.read_parquet(tmp_path / "out.parquet"))
    assert run(["predict", wine, "sklearn:wine"]) == 0
    assert capsys.readouterr().out.startswith("prediction,probability_")
    capsys.readouterr()
    for name in ("out.docx", "nowhere/out.csv"):
        assert run(["predict", wine, "gone.csv", "-o", str(tmp_path / name)]) == 2
        assert name in capsys.readouterr().err  # told before the data is read
    said = answer(capsys, "predict", wine, "sklearn:wine")
    assert len(said["predictions"]) == 178 and said["file"] is None


def test_predictions_can_be_told_apart_and_unknown_words_are_named(tmp_path, capsys):
    random = np.random.default_rng(0)
    color, size = random.choice(["red", "green", "blue"], 200), random.normal(size=200)
    frame = pl.DataFrame({"no": np.arange(200), "color": color, "size": size, "y": np.where(color == "red", "a", "b")})
    frame.write_csv(tmp_path / "old.csv")
    new = frame.head(6).with_columns(color=pl.Series(["red", "pink", "grey", "pink", "blue", ""]))
    new.write_csv(tmp_path / "new.csv")
    folder = str(tmp_path / "run")
    small = ["--network", "8 relu", "--epochs", "2", "--no-treat", "--out", folder]
    assert run(["train", str(tmp_path / "old.csv"), "--target", "y", *small]) == 0
    capsys.readouterr()
    assert run(["predict", folder, str(tmp_path / "new.csv"), "--id", "no", "--id", "color"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "no,color,prediction,probability_a,probability_b"
    assert [line.split(",")[:2] for line in out.splitlines()[1:3]] == [["0", "red"], ["1", "pink"]]
    assert "'color' holds words that training did not know in 3 of 6 rows: 'pink', 'grey'; they are taken as" in err
    assert run(["predict", folder, str(tmp_path / "new.csv"), "--id", "sice"]) == 2
    assert "There is no --id column 'sice' in new.csv; did you mean 'size'?" in capsys.readouterr().err
    new.rename({"no": "prediction"}).write_csv(tmp_path / "clash.csv")
    assert run(["predict", folder, str(tmp_path / "clash.csv"), "--id", "prediction"]) == 2
    assert "The predictions have a column 'prediction' of their own" in capsys.readouterr().err


def test_evaluate_on_other_rows(wine, capsys):
    said = answer(capsys, "evaluate", wine, "sklearn:wine")
    assert said["rows"]["test"] == 178
    assert run(["evaluate", wine]) == 0
    assert "accuracy" in capsys.readouterr().out


def test_report_runs_and_resume(wine, capsys):
    assert answer(capsys, "report", wine)["file"].endswith("report.html")
    listed = answer(capsys, "runs", str(Path(wine).parent))["runs"]
    assert [row["run"] for row in listed] == [wine]
    assert listed[0]["metric"] == "accuracy"
    before = answer(capsys, "evaluate", wine)["metrics"]
    assert answer(capsys, "resume", wine)["metrics"] == before


def write(path, text):
    path.write_text(text)
    return str(path)


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """Files that a user may give by mistake."""
    folder = tmp_path_factory.mktemp("bad")
    rows = "".join(f"{i % 7},{i % 2}\n" for i in range(60))
    infinite = "".join(f"{'inf' if i == 5 else i % 7},{i % 2}\n" for i in range(60))
    return {
        "good": write(folder / "good.csv", "a,y\n" + rows),
        "empty": write(folder / "empty.csv", ""),
        "header": write(folder / "header.csv", "a,y\n"),
        "one class": write(folder / "one.csv", "a,y\n" + "1,no\n" * 50),
        "two rows": write(folder / "two.csv", "a,y\n1,0\n2,1\n"),
        "duplicate": write(folder / "duplicate.csv", "a,a,y\n1,2,0\n" * 30),
        "no target": write(folder / "none.csv", "a,y\n" + "1,\n" * 30),
        "infinite": write(folder / "infinite.csv", "a,y\n" + infinite),
        "image": write(folder / "picture.png", "not a picture"),
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "missing.csv"], "missing.csv"),
        (["train"], "No data was given"),
        (["train", "{good}", "--target", "Y2"], "did you mean 'y'?"),
        (["train", "{empty}", "--target", "y"], "empty"),
        (["train", "{header}", "--target", "y"], "empty|no rows"),
        (["train", "{one class}", "--target", "y"], "'no' in all 50 rows"),
        (["train", "{two rows}", "--target", "y"], "rows"),
        (["train", "{duplicate}", "--target", "y"], "a"),
        (["train", "{no target}", "--target", "y"], "y"),
        (["train", "{image}"], "picture.png"),
        (["train", "sklearn:wnie"], "wine"),
        (["train", "{good}", "--target", "y", "--network", "12 rleu"], "rleu"),
        (["train", "{good}", "--target", "y", "--network", "missing.toml"], "missing.toml"),
        (["learning-curve", "{good}", "--target", "y", "--lr", "auto"], "--lr auto is for train"),
        (["train", "{good}", "--target", "y", "--lr", "fast"], "is not a number"),
        (["train", "{good}", "--target", "y", "--time-limit", "soon"], "not a duration"),
        (["train", "{good}", "--target", "y", "--optimizer", "adamm"], "--optimizer 'adamm'"),
        (["train", "{good}", "--target", "y", "--config", "missing.toml"], "no settings file"),
        (["predict", "nowhere", "{good}"], "no run folder"),
        (["evaluate", "."], "not a run folder"),
        (["report", "nowhere"], "no run folder"),
        (["resume", "nowhere"], "no run folder"),
        (["runs", "nowhere"], "no folder"),
        (["show", "{good}", "--target", "y", "--network", "conv 3"], "conv"),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(arguments, words, bad, capsys, tmp_path, monkeypatch):
    import re

    monkeypatch.chdir(tmp_path)
    assert run([argument.format(**bad) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    last = err[err.index("backlight: ") :]
    assert re.search(words, last), last
    assert "Traceback" not in err
    assert not (tmp_path / "runs").exists()


def test_infinite_values_are_said_or_refused(bad, capsys, tmp_path):
    status = run(["train", bad["infinite"], "--target", "y", "--out", str(tmp_path / "run"), *QUICK])
    assert status in (0, 2)
    assert "infinit" in capsys.readouterr().err


def test_data_that_does_not_fit_the_run(wine, bad, capsys):
    assert run(["predict", wine, bad["good"]]) == 2
    assert "alcohol" in capsys.readouterr().err


def test_ctrl_c_keeps_the_best_network_and_its_report(tmp_path):
    random = np.random.default_rng(0)
    frame = pl.DataFrame(random.normal(size=(2000, 8)).astype(np.float32))
    frame.with_columns(y=pl.col("column_0") > 0).write_csv(tmp_path / "data.csv")
    command = ["train", str(tmp_path / "data.csv"), "--target", "y", "--epochs", "100000", "--patience", "100000"]
    command += ["--network", "16 relu"]
    process = subprocess.Popen(
        [sys.executable, "-c", "from backlight.cli import main; main()", *command, "--out", str(tmp_path / "run")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    history = tmp_path / "run" / "history.csv"
    while not (history.exists() and history.read_text().count("\n") > 5):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert "\nInterrupted.\n" in err
    assert f"the best network so far and its report are in {tmp_path / 'run'}" in err
    assert f"`backlight resume {tmp_path / 'run'}` goes on" in err
    assert "accuracy" in out
    assert {"model.safetensors", "evaluation.json", "report.html"} <= {p.name for p in (tmp_path / "run").iterdir()}
    assert "Traceback" not in err


def test_train_says_what_it_chose_and_what_is_wrong(tmp_path, capsys):
    wild = ["--optimizer", "sgd", "--lr", "5", "--network", "16 relu", "--epochs", "3", "--no-treat"]
    assert run(["train", "sklearn:wine", "--out", str(tmp_path / "run"), *wild]) == 0
    out, err = capsys.readouterr()
    assert "Inputs: alcohol, malic_acid, ash, alcalinity_of_ash, magnesium, total_phenols and 7 more as numbers." in err
    assert (
        "sgd, learning rate 5, trapezoid schedule, weight decay 0.0005, running average of the weights (0.99)." in err
    )
    assert "\nError: learning-rate-too-high. With learning rate 5 " in out
    assert f"`backlight diagnose {tmp_path / 'run'}` shows the evidence" in out


def test_train_names_the_notes_or_says_that_nothing_is_wrong(wine, tmp_path, capsys):
    folder = tmp_path / "run"
    shutil.copytree(wine, folder)
    note = Finding("U501", "dead-units", "note", "3 of 8 are zero.", "Prune them.", layer="relu1")
    for findings, words in (
        ([], "The doctor found nothing wrong"),
        ([note, note], "Note: dead-units.\n`backlight diagnose"),
    ):
        (folder / "findings.json").write_text(json.dumps([asdict(one) for one in findings]))
        show_result(bl.Run(folder), json=False)
        assert words in capsys.readouterr().out
    (folder / "findings.json").unlink()
    show_result(bl.Run(folder), json=False)
    assert "doctor" not in capsys.readouterr().out


def test_a_training_that_diverged_is_said_and_has_its_report(tmp_path, capsys):
    wild = ["--optimizer", "sgd", "--lr", "1e12", "--network", "16 relu, 16 relu", "--epochs", "20"]
    assert run(["train", "sklearn:wine", "--out", str(tmp_path / "run"), *wild]) == 0
    out, err = capsys.readouterr()
    assert "Training diverged" in out and "Report: " in out
    assert "Warning: Training diverged" in err


def test_evaluate_says_what_was_left_out_and_compares_with_a_constant(tmp_path, capsys):
    rows = [f"{i % 7},{i % 2}" for i in range(100)]
    data = write(tmp_path / "data.csv", "\n".join(["a,y", *rows]) + "\n")
    assert run(["train", data, "--target", "y", "--out", str(tmp_path / "run"), *QUICK]) == 0
    other = write(tmp_path / "other.csv", "\n".join(["a,y", *rows[:50], "3,"]) + "\n")
    capsys.readouterr()
    said = answer(capsys, "evaluate", str(tmp_path / "run"), other)
    assert said["baseline"]["accuracy"] == 0.5
    assert run(["evaluate", str(tmp_path / "run"), other]) == 0
    assert "1 of 51 rows has no 'y'" in capsys.readouterr().err


def test_a_wrong_value_is_told_by_the_name_that_was_typed(tmp_path, capsys):
    settings = tmp_path / "run.toml"
    settings.write_text("[training]\nlearning_rate = -1.0\n")
    for typed, said in (
        (["--lr", "-1"], "--lr -1.0 cannot be used"),
        (["--batch-size=0"], "--batch-size 0 cannot be used"),
        (["--config", str(settings)], "run.toml: learning_rate = -1.0 cannot be used"),
    ):
        assert run(["train", "sklearn:wine", *typed]) == 2
        assert f"{said}: " in capsys.readouterr().err
