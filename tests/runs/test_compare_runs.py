"""Comparing runs."""

import json
import shutil

import numpy as np
import polars as pl
import pytest

import backlight as bl
from backlight.cli.app import run as command
from backlight.records.config import Config, TrainingConfig
from backlight.runs.comparisons.comparison import differing
from backlight.runs.comparisons.words import sentences

pytestmark = pytest.mark.usefixtures("undrawn")
QUIET = {"verbose": False, "diagnose": False, "epochs": 3}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two beginnings of one network, and a network that learns less, on the same rows of digits."""
    home = tmp_path_factory.mktemp("runs")
    for name, options in {
        "first": {"network": "32 relu"},
        "again": {"network": "32 relu", "init_seed": 1},
        "third": {"network": "32 relu", "init_seed": 2},
        "worse": {"network": "2 relu"},
        "worse again": {"network": "2 relu", "init_seed": 1},
        "elsewhere": {"network": "32 relu", "seed": 1},
    }.items():
        bl.train("sklearn:digits", out=home / name, learning_rate=0.01, **QUIET, **options)
    return home


def test_how_a_setting_came_about_is_no_difference():
    found = Config().model_copy(update={"treat": False})
    found = found.model_copy(
        update={"training": TrainingConfig(learning_rate=0.02, learning_rate_from="a sweep of 14 rates")}
    )
    assert differing(Config(), found) == {"learning_rate": (None, 0.02)}


def test_the_same_network_is_no_different_and_a_small_one_is_worse(folders):
    same = bl.compare(folders / "first", folders / "again")
    assert same.rows == bl.Run(folders / "first").evaluation["rows"]["test"]
    assert same.settings == {"init_seed": (None, 1)}
    worse = bl.compare(folders / "first", folders / "worse")
    assert (worse.verdict, worse.paired.rows_to_settle) == ("worse", 0)
    assert bl.compare(folders / "worse", folders / "first").verdict == "better"
    first, second = (bl.Run(folders / name).metrics for name in ("first", "worse"))
    for name in ("accuracy", "log_loss", "probability_of_right_class"):
        expected = second[name].value - first[name].value
        assert worse.differences[name].value == pytest.approx(expected, abs=1e-6)


def test_trainings_of_two_configurations_are_sorted_into_their_sides(folders):
    names = ("first", "worse", "again", "worse again", "third")
    found = bl.compare(*(folders / name for name in names))
    assert [len(found.first), len(found.second)] == [3, 2]
    assert found.verdict == "worse"
    with pytest.raises(bl.BacklightError, match="3 configurations"):
        other = bl.train("sklearn:digits", out=folders / "other", network="4 tanh", **QUIET)
        bl.compare(folders / "first", folders / "worse", other)


def test_only_rows_that_both_held_out_are_compared(folders):
    found = bl.compare(folders / "first", folders / "elsewhere")
    parts = [bl.Run(folders / name).evaluation["rows"]["test"] for name in ("first", "elsewhere")]
    assert 20 <= found.rows < min(parts)


def test_other_rows_may_be_given(folders, tmp_path):
    from sklearn.datasets import load_digits

    from backlight.data import read

    own = read("sklearn:digits").frame
    assert len(own) == len(load_digits().target)
    own.head(50).write_csv(tmp_path / "new.csv")
    found = bl.compare(folders / "first", folders / "worse", data=str(tmp_path / "new.csv"))
    assert found.rows == 50 and "count only if no run was trained on them" in found.which


def test_runs_that_cannot_be_compared_are_refused_in_a_sentence(folders, tmp_path):
    with pytest.raises(bl.BacklightError, match="name two run folders"):
        bl.compare(folders / "first")
    wine = bl.train("sklearn:wine", out=tmp_path / "wine", network="4 relu", **QUIET)
    with pytest.raises(bl.BacklightError, match="compare runs of one task"):
        bl.compare(folders / "first", wine)
    x, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 2
    memory = [bl.train((x, y), out=tmp_path / f"memory-{i}", network="2 relu", **QUIET) for i in range(2)]
    with pytest.raises(bl.BacklightError, match="was passed in memory; name rows"):
        bl.compare(*memory)


def test_the_command_prints_the_verdict_draws_and_answers_json(folders, tmp_path, capsys):
    runs = [str(folders / "first"), str(folders / "worse")]
    assert command(["compare", *runs, "-o", str(tmp_path / "pair.svg")]) == 0
    shown = capsys.readouterr().out
    assert "network: 32 relu → 2 relu" in shown and "The second is worse: log-loss +" in shown
    assert (tmp_path / "pair.svg").read_text().count("<svg") == 1
    assert command(["compare", *runs, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"rows", "differences", "verdict", "rows_to_settle"} <= answer.keys()
    assert answer["differences"]["log_loss"].keys() == {"value", "low", "high"}
    assert command(["compare", runs[0]]) == 2
    capsys.readouterr()
    assert command(["compare", runs[0], f"{runs[0]}/."]) == 2
    assert "was named twice, and a run does not differ from itself" in capsys.readouterr().err


def test_runs_that_predict_the_same_are_said_to_and_print_no_zeros(folders, tmp_path, capsys):
    shutil.copytree(folders / "first", tmp_path / "copy")
    assert command(["compare", str(folders / "first"), str(tmp_path / "copy")]) == 0
    shown = capsys.readouterr().out
    assert "No difference: both predict the same on every one of" in shown
    assert "second minus first" not in shown


def test_no_difference_names_the_rule_that_says_so(folders):
    found = bl.compare(folders / "first", folders / "again")
    assert found.verdict == "no-difference"
    said = sentences(found)[0]
    assert f"Chance gives such a difference in {found.paired.p_value:.2g} of all cases; below 0.01 it would" in said
    assert f"{found.paired.training_error:.2g} from training" in said


def test_values_are_compared_by_their_squared_error(tmp_path, capsys):
    for name, network in (("first", "16 relu"), ("second", "16 relu")):
        bl.train("sklearn:diabetes", out=tmp_path / name, network=network, init_seed=len(name), **QUIET)
    assert command(["compare", str(tmp_path / "first"), str(tmp_path / "second"), "-o", str(tmp_path / "x.png")]) == 0
    assert "root mean squared error" in capsys.readouterr().out
    assert (tmp_path / "x.png").stat().st_size > 1000


def test_images_are_not_sliced_by_single_pixels_and_the_quantity_is_named(folders):
    found = bl.compare(folders / "first", folders / "worse")
    assert found.groups
    assert {group.column for group in found.groups} <= {"class", "brightness", "contrast"}
    unlike = [text for text in sentences(found) if text.startswith("Not alike everywhere")]
    assert unlike
    assert all("the probability of the right class changed by " in text for text in unlike)


def test_groups_of_values_tell_of_the_absolute_error(tmp_path):
    rng = np.random.default_rng(0)
    side = np.repeat(["left", "right"], 500)
    x = rng.normal(size=1000)
    pl.DataFrame({"x": x, "side": side, "y": np.where(side == "left", 10 * x, 0.01 * x)}).write_csv(tmp_path / "t.csv")
    few, many = (
        bl.train(
            tmp_path / "t.csv",
            target="y",
            out=tmp_path / str(n),
            network="16 relu",
            ensemble=1,
            **QUIET | {"epochs": n},
        )
        for n in (1, 60)
    )
    found = bl.compare(few, many)
    left = next(group for group in found.groups if (group.column, group.value) == ("side", "left"))
    assert left.change > max(0.0, left.rest)
    text = next(text for text in sentences(found) if "side is left" in text)
    assert f"the absolute error changed by {-left.change:+.3g} where side is left" in text
