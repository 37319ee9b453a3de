"""`learning_curve`: the rows it uses, the folder it leaves, and what it keeps when it is cut short."""

import csv
import json

import numpy as np
import pytest

import backlight as bl
from backlight.cli.app import run as command
from backlight.data import prepare, read
from backlight.evaluation.learning_curve import forecast
from backlight.records import BacklightError, Metric
from backlight.records.config import Config, DataConfig
from backlight.runs.learning_curves import learning_curve as curve_module
from backlight.runs.learning_curves.sizes import ground
from backlight.runs.learning_curves.words import text, verdict
from backlight.training.session import Session

FAST = {"network": "16 relu", "epochs": 2, "batch_size": 64, "learning_rate": 0.01, "verbose": False, "seeds": 2}


def test_points_forecast_and_folder(tmp_path):
    curve = bl.learning_curve("sklearn:digits", out=tmp_path / "curve", most_sizes=4, **FAST)
    assert [point.rows for point in curve.points] == [153, 306, 611, 1222]
    assert curve.points[0].value < curve.points[-1].value
    assert all(len(point.values) == 2 and point.low <= point.value <= point.high for point in curve.points)
    assert [one.rows for one in curve.forecast] == [2444, 4888, 9776]
    assert all(one.low < one.value < one.high for one in curve.forecast)
    begin = text("accuracy", forecast("accuracy", curve.law, 1222).value)  # as the gain: from the curve to the curve
    assert f"With twice the rows (2,444) expect accuracy {begin}" in curve.verdict
    stored = json.loads((curve.folder / "learning-curve.json").read_text())
    assert {"metric", "points", "forecast", "verdict"} <= stored.keys()
    trainings = list(csv.DictReader((curve.folder / "trainings.csv").read_text().splitlines()))
    assert [float(row["accuracy"]) for row in trainings[:2]] == list(curve.points[0].values)
    assert (curve.folder / "learning-curve.svg").read_text().startswith("<?xml")
    curve.gain = Metric(-1e-6, -2e-4, 1e-4)
    assert "take away 0.0% of the error (0.0%–0.0%)" in verdict(curve)


def test_rows_beyond_up_to_are_seen_by_nothing():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1000, 3))
    y = (X[:, 0] > 0).astype(int)
    dataset = read((X, y))
    place = ground(dataset, None, Config(), "8 relu", None, 0.25)
    whole = prepare(dataset, DataConfig(), seed=0)
    assert place.all_rows == len(whole.train.rows) == 680
    assert len(place.train) == 170
    assert set(place.train) <= set(whole.train.rows)
    assert np.array_equal(place.prepared.test.rows, whole.test.rows)
    assert np.array_equal(place.prepared.validation.rows, whole.validation.rows)
    unused = np.setdiff1d(whole.train.rows, place.train)
    X[unused] *= 1000
    again = ground(read((X, y)), None, Config(), "8 relu", None, 0.25)
    assert np.array_equal(again.prepared.train.x, place.prepared.train.x)


def test_cut_short_it_keeps_what_it_has(tmp_path, monkeypatch):
    measure = curve_module.measure

    def until_interrupted(place, rows, *args, **kwargs):
        if rows > 611:
            raise KeyboardInterrupt
        return measure(place, rows, *args, **kwargs)

    monkeypatch.setattr(curve_module, "measure", until_interrupted)
    curve = bl.learning_curve("sklearn:digits", out=tmp_path / "curve", most_sizes=4, **FAST)
    assert [point.rows for point in curve.points] == [153, 306, 611]
    assert curve.missing == (1222,)
    assert curve.stopped == "interrupted"
    assert "Missing, interrupted: 1,222 rows." in curve.verdict
    assert json.loads((curve.folder / "learning-curve.json").read_text())["missing"] == [1222]


@pytest.mark.parametrize(
    ("done", "said"), [(0, "nothing can be told."), (2, "2 finished sizes are too few for a forecast.")]
)
def test_cut_short_too_early_for_a_forecast_it_still_says_what_is_missing(tmp_path, monkeypatch, done, said):
    """As a real Ctrl-C does it: within a pass over the rows of a size."""
    update, sizes = Session.update, []

    def interrupted(self, loss, seen=None, **more):
        if self.batches.rows not in sizes:
            sizes.append(self.batches.rows)
        if len(sizes) > done and self.course.step == 3:
            raise KeyboardInterrupt
        update(self, loss, seen, **more)

    monkeypatch.setattr(Session, "update", interrupted)
    curve = bl.learning_curve("sklearn:digits", out=tmp_path / "curve", most_sizes=4, **FAST)
    wanted = [153, 306, 611, 1222]
    assert [point.rows for point in curve.points] == wanted[:done]
    assert said in curve.verdict
    assert curve.verdict.endswith(f"Missing, interrupted: {', '.join(f'{rows:,}' for rows in wanted[done:])} rows.")


def test_a_time_limit_that_is_over_leaves_an_empty_curve(tmp_path):
    curve = bl.learning_curve("sklearn:digits", out=tmp_path / "curve", time_limit=1e-3, **FAST)
    assert curve.points == ()
    assert curve.stopped == "time limit"
    assert "No size was finished" in curve.verdict


def test_values_have_r2(tmp_path):
    curve = bl.learning_curve("sklearn:diabetes", out=tmp_path / "curve", **FAST)
    assert curve.metric == "r2"
    assert len(curve.points) >= 3


def test_the_command(tmp_path, capsys):
    figure = tmp_path / "curve.png"
    options = ["--network", "16 relu", "--epochs", "1", "--seeds", "2", "--sizes", "3", "--json"]
    status = command(["learning-curve", "sklearn:digits", *options, "--out", str(tmp_path / "c"), "-o", str(figure)])
    answer = json.loads(capsys.readouterr().out)
    assert status == 0
    assert answer["metric"] == "accuracy"
    assert answer["points"][0].keys() >= {"rows", "value", "low", "high"}
    assert answer["forecast"][0].keys() >= {"rows", "value", "low", "high"}
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seeds": 1}, "luck"),
        ({"most_sizes": 2}, "three at least"),
        ({"metric": "rmse"}, "choose one of accuracy"),
        ({"up_to": 0}, "share"),
        ({"up_to": 100}, "too few"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, options, words):
    with pytest.raises(BacklightError, match=words):
        bl.learning_curve("sklearn:digits", out=tmp_path / "curve", **{**FAST, **options})
    assert not (tmp_path / "curve").exists()


def test_a_figure_of_another_kind_is_refused_before_training(tmp_path, capsys):
    assert command(["learning-curve", "sklearn:digits", "-o", str(tmp_path / "curve.gif")]) == 2
    assert ".png or .svg" in capsys.readouterr().err


def test_trainings_that_answer_like_a_constant_foretell_nothing(tmp_path):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(1000, 3)), (rng.random(1000) < 0.1).astype(int)
    curve = bl.learning_curve((X, y), out=tmp_path / "curve", most_sizes=3, **FAST)
    assert curve.begun is None
    assert curve.forecast == ()
    assert "answer no better than a constant does, in accuracy" in curve.verdict
    assert curve.figure() is not None


def test_trainings_that_err_nowhere_have_no_forecast_and_say_so(tmp_path):
    x = np.random.default_rng(0).choice([-1.0, 1.0], 200) * np.linspace(2, 3, 200)
    options = {"network": "8 relu", "seeds": 2, "most_sizes": 3, "verbose": False, "out": tmp_path / "curve"}
    curve = bl.learning_curve((x[:, None], np.where(x > 0, "up", "down")), **options)
    assert [point.value for point in curve.points] == [1.0] * 3 and curve.forecast == ()
    assert "no training errs" in curve.verdict
