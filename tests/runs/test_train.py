"""From data to a finished run and back: bundled sets, and a table with text, holes and new categories."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image
from torch import nn

import backlight as bl
from backlight import files
from backlight.cli.app import run as command
from backlight.runs import show
from backlight.training import Observer

QUICK = {"epochs": 8, "network": "16 relu", "verbose": False}


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    return bl.train("sklearn:wine", out=tmp_path_factory.mktemp("wine") / "run", **QUICK)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A table with numbers, text, holes, and text labels."""
    random = np.random.default_rng(0)
    rows = 240
    age, city = random.normal(40, 10, rows), random.choice(["Bern", "Genf", "Zug"], rows)
    rich = (age + 15 * (city == "Zug") + random.normal(0, 4, rows) > 44).astype(int)
    frame = pl.DataFrame({"age": age.round(1), "city": city, "rich": np.array(["no", "yes"])[rich]})
    frame = frame.with_columns(pl.when(pl.int_range(rows) % 9 == 0).then(None).otherwise("age").alias("age"))
    path = tmp_path_factory.mktemp("data") / "people.csv"
    frame.write_csv(path)
    return path


@pytest.fixture(scope="module")
def people_run(people, tmp_path_factory):
    return bl.train(people, "rich", out=tmp_path_factory.mktemp("people") / "run", **QUICK | {"epochs": 30})


def test_the_folder_holds_what_the_format_promises(wine):
    names = {path.name for path in wine.folder.iterdir()}
    assert names >= {
        "run.toml",
        "network.json",
        "preprocessing.json",
        "model.safetensors",
        "history.csv",
        "evaluation.json",
        "checkpoints",
        "report.html",
    }
    assert not [name for name in names if name.startswith(".")]
    for path in wine.folder.glob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)


def test_evaluation_says_everything_that_the_report_shows(wine):
    evaluation = wine.evaluation
    assert evaluation["task"]["kind"] == "multiclass"
    assert sum(evaluation["rows"].values()) == 178
    assert evaluation["layers"][-1].keys() == {"name", "kind", "settings", "depth", "x_in", "x_out", "parameters"}
    assert {"name", "kind", "note", "missing", "distinct"} <= evaluation["columns"][0].keys()
    assert evaluation["baseline"]["accuracy"] < evaluation["metrics"]["accuracy"]["value"]
    assert evaluation["verdict"] and evaluation["notes"] and evaluation["split"]
    for example in evaluation["worst"]:
        assert example.keys() == {"row", "truth", "predicted", "probability", "values", "image"}


def test_a_run_repeats_exactly(wine, tmp_path):
    again = bl.train(config=wine.folder / "run.toml", out=tmp_path / "again", verbose=False)
    assert again.metrics == wine.metrics
    assert again.config == wine.config
    kept = ("epoch", "step", "split", "loss", "accuracy", "learning_rate")
    assert [[getattr(row, name) for name in kept] for row in again.history] == [
        [getattr(row, name) for name in kept] for row in wine.history
    ]


def test_another_seed_is_another_run(wine, tmp_path):
    other = bl.train(config=wine.folder / "run.toml", seed=1, out=tmp_path / "other", verbose=False)
    assert other.metrics != wine.metrics


def test_a_run_opened_from_its_folder_predicts_the_same(people_run, people):
    opened = bl.Run(people_run.folder)
    assert opened.predict(people).equals(people_run.predict(people))
    assert opened.task.classes == ("no", "yes")


def test_predictions_are_those_that_were_evaluated(people_run, people):
    frame = pl.read_csv(people)
    predicted = people_run.predict(people)
    assert predicted.columns == ["prediction", "probability_no", "probability_yes"]
    accuracy = (predicted["prediction"] == frame["rich"]).mean()
    assert people_run.evaluate(people).metrics["accuracy"].value == pytest.approx(accuracy)
    assert accuracy > 0.75


def test_rows_keep_their_order(people_run, people):
    frame = pl.read_csv(people)
    backwards = people_run.predict(frame.reverse())
    probabilities = people_run.predict(frame)["probability_yes"].to_numpy()
    assert np.allclose(backwards["probability_yes"].to_numpy()[::-1], probabilities, atol=1e-6)


def test_new_categories_and_holes_have_a_place(people_run):
    frame = pl.DataFrame({"city": ["Paris", None, "Zug"], "age": [50.0, None, float("nan")]})
    predicted = people_run.predict(frame)
    assert predicted.height == 3
    assert predicted["probability_yes"].is_between(0, 1).all()


def test_a_missing_column_is_named(people_run):
    with pytest.raises(bl.BacklightError, match="age"):
        people_run.predict(pl.DataFrame({"city": ["Bern"]}))


def test_values(tmp_path):
    run = bl.train("sklearn:diabetes", out=tmp_path / "run", **QUICK | {"epochs": 40})
    assert run.task.kind == "regression"
    assert run.metrics["r2"].value > 0.2
    assert run.metrics.keys() == {"rmse", "mae", "r2"}
    predicted = run.predict("sklearn:diabetes")
    assert predicted.columns == ["prediction"]
    assert 100 < predicted["prediction"].mean() < 200
    assert [row.error for row in run.history if row.split == "validation"][-1] == pytest.approx(60, abs=25)


def test_pictures(tmp_path):
    run = bl.train("sklearn:digits", out=tmp_path / "run", epochs=2, network="flatten, 32 relu", verbose=False)
    assert run.metrics["accuracy"].value > 0.6
    assert run.evaluation["worst"][0]["image"].startswith("data:image/png;base64,")
    assert run.predict("sklearn:digits").height == 1797


def test_a_module_of_ones_own(tmp_path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3))

        def forward(self, x):
            return self.body(x)

    net = Net()
    before = net.body[0].weight.detach().clone()
    run = bl.train("sklearn:wine", network=net, epochs=5, out=tmp_path / "run", verbose=False)
    assert torch.equal(net.body[0].weight, before)
    with pytest.raises(bl.BacklightError, match="module Net, passed in Python"):
        _ = bl.Run(run.folder).module
    opened = bl.Run(run.folder, module=Net())
    assert opened.predict("sklearn:wine").equals(run.predict("sklearn:wine"))


@pytest.mark.parametrize(
    ("module", "sentence"),
    [(nn.Linear(13, 2), "needs 3: change its last layer"), (nn.Linear(5, 3), "cannot take rows of shape")],
)
def test_a_module_that_does_not_fit_is_refused_before_anything_is_said_of_the_training(
    tmp_path, capsys, module, sentence
):
    with pytest.raises(bl.BacklightError, match=sentence):
        bl.train("sklearn:wine", network=module, out=tmp_path / "run")
    assert not (tmp_path / "run").exists() and capsys.readouterr().err == ""


def test_a_place_that_cannot_be_written_is_refused_before_the_data_is_read(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(bl.BacklightError, match="file is a file; name another folder with --out"):
        bl.train("no-such-file.csv", out=tmp_path / "file" / "run")
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)  # tests may run as root
    with pytest.raises(bl.BacklightError, match="is closed to you; name another with --out"):
        bl.train("no-such-file.csv", out=tmp_path / "deep" / "run")
    assert not (tmp_path / "deep").exists()


@pytest.mark.slow
def test_a_time_limit_ends_in_a_whole_run(tmp_path):
    run = bl.train(
        "sklearn:digits", out=tmp_path / "run", epochs=100_000, time_limit=20, verbose=False, patience=10_000
    )
    assert run.evaluation["stopped"] == "time limit"
    assert run.metrics["accuracy"].value > 0.9


@pytest.mark.parametrize(("validation", "seen"), [(0.2, "validation rows"), (0.0, "training rows")])
def test_scores_of_rows_that_training_saw_are_said_to_flatter(tmp_path, validation, seen):
    run = bl.train(
        "sklearn:wine", out=tmp_path / "run", test_fraction=0.0, validation_fraction=validation, **QUICK | {"epochs": 2}
    )
    assert any(f"the scores are those of {seen}" in note for note in run.evaluation["notes"])


def test_a_folder_in_use_is_not_touched(wine):
    before = (wine.folder / "run.toml").read_bytes()
    with pytest.raises(bl.BacklightError, match="already holds a run"):
        bl.train("sklearn:wine", out=wine.folder, **QUICK)
    assert (wine.folder / "run.toml").read_bytes() == before


def test_arrays_and_frames_in_memory(tmp_path):
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 4))
    run = bl.train((X, X[:, 0] > 0), out=tmp_path / "run", **QUICK)
    assert run.task.kind == "binary"
    assert run.predict(X).height == 200
    with pytest.raises(bl.BacklightError, match="passed in memory"):
        bl.resume(run.folder)


def test_what_was_given_wrong_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for wrong in ({"target": "targt"}, {"network": "12 rleu"}, {"learnig_rate": 1.0}):
        with pytest.raises(bl.BacklightError):
            bl.train("sklearn:wine", **{"verbose": False} | wrong)
    assert not list(tmp_path.iterdir())


def test_a_damaged_folder_is_one_sentence(wine, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(wine.folder, copy)
    (copy / files.MODEL).write_bytes(b"nonsense")
    with pytest.raises(bl.BacklightError, match="does not hold the parameters"):
        bl.Run(copy).predict("sklearn:wine")
    (copy / files.EVALUATION).write_text("{")
    with pytest.raises(bl.BacklightError, match="the run folder is damaged"):
        _ = bl.Run(copy).evaluation
    (copy / files.EVALUATION).write_text("[1, 2]")
    with pytest.raises(bl.BacklightError, match="it holds no object"):
        _ = bl.Run(copy).evaluation
    (copy / files.FINDINGS).write_text("[1, 2]")
    with pytest.raises(bl.BacklightError, match="it holds no list of objects"):
        _ = bl.Run(copy).findings
    (copy / files.MODEL).unlink()
    with pytest.raises(bl.BacklightError, match="has no trained network yet"):
        _ = bl.Run(copy).module


@pytest.mark.parametrize("source", ["sklearn:breast_cancer", "sklearn:diabetes"])
def test_a_training_that_diverged_is_reported(tmp_path, source):
    wild = {"network": "32 relu, 32 relu", "optimizer": "sgd", "learning_rate": 1e12, "epochs": 20}
    run = bl.train(source, out=tmp_path / "run", verbose=False, **wild)
    assert run.metrics == {}
    assert run.evaluation["stopped"] == "the loss is not finite"
    assert run.evaluation["verdict"].startswith("Training diverged")
    assert run.findings
    assert "Training diverged" in (run.folder / files.REPORT).read_text()
    assert run.summary()["metrics"] == {}
    with pytest.raises(bl.BacklightError, match="training diverged"):
        run.predict(source)


def test_other_rows_are_scored_beside_the_constant_of_the_training(people_run, people):
    summary = people_run.summary(people_run.evaluate(people))
    share = (pl.read_csv(people)["rich"] == "yes").mean()
    assert summary["baseline"]["accuracy"] == pytest.approx(max(share, 1 - share))
    assert summary["linear"] == {}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Black and white pictures in a folder by class."""
    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.default_rng(0)
    for name, level in (("dark", 40), ("light", 200)):
        (folder / name).mkdir()
        for number in range(30):
            pixels = random.integers(level - 30, level + 30, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:02d}.png")
    return folder


def test_predictions_of_pictures_name_their_files(pictures, tmp_path, capsys):
    run = bl.train(pictures, out=tmp_path / "run", epochs=2, network="flatten, 8 relu", verbose=False)
    new = tmp_path / "new"
    shutil.copytree(pictures / "light", new)
    (new / "03.png").write_bytes(b"broken")
    predicted = run.predict(new)
    assert predicted.columns[:2] == ["file", "prediction"]
    assert predicted.height == 29
    assert not predicted["file"].str.contains("03.png").any()
    capsys.readouterr()
    assert command(["predict", str(run.folder), str(new)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("file,prediction,")
    assert "03.png" in err


def test_a_view_is_closed_whatever_ends_the_training(tmp_path):
    class Broken(Observer):
        closed = 0

        def on_epoch(self, rows, **_):
            raise RuntimeError("broken")

        def close(self):
            self.closed += 1

    broken = Broken()
    with pytest.raises(RuntimeError, match="broken"):
        bl.train("sklearn:wine", out=tmp_path / "run", observers=[broken], **QUICK)
    assert broken.closed == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"device": "cuda"}, "PyTorch finds no CUDA device"),
        ({"batch_size": 1, "network": "8, norm, relu"}, "cannot be trained in batches of one row"),
        ({"seed": 100_000_000_000_000}, "seed = 100000000000000 cannot be used"),
    ],
)
def test_what_cannot_be_trained_leaves_no_folder(tmp_path, monkeypatch, options, sentence):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(bl.BacklightError, match=sentence):
        bl.train("sklearn:wine", out=tmp_path / "run", **QUICK | options)
    assert not (tmp_path / "run").exists()


def test_single_rows_do_for_a_network_without_norm(tmp_path):
    assert bl.train("sklearn:wine", out=tmp_path / "run", **QUICK | {"batch_size": 1, "epochs": 1}).metrics


def test_settings_of_a_module_of_ones_own_do_not_train_another(tmp_path):
    run = bl.train("sklearn:wine", network=nn.Linear(13, 3), epochs=1, out=tmp_path / "run", verbose=False)
    settings = run.folder / "run.toml"
    with pytest.raises(bl.BacklightError, match="module Linear, passed in Python"):
        bl.train(config=settings, out=tmp_path / "again", verbose=False)
    with pytest.raises(bl.BacklightError, match="module Linear, passed in Python"):
        show(config=settings)
    assert bl.train(config=settings, network="8 relu", out=tmp_path / "other", verbose=False).metrics


def test_labels_of_values_cannot_be_smoothed(tmp_path):
    with pytest.raises(
        bl.BacklightError, match="--label-smoothing spreads probability over classes, and 'target' holds"
    ):
        bl.train("sklearn:diabetes", label_smoothing=0.1, out=tmp_path / "run", verbose=False)
    assert not (tmp_path / "run").exists()
