"""`backlight runs`: which folders are runs, what is said of them, and where they differ."""

import json
from pathlib import Path

import pytest

from backlight.records import BacklightError
from backlight.runs.listing import find_runs, groups


def make(
    folder, *, accuracy=0.9, created="2026-01-01T00:00:00+00:00", source="a.csv", metrics=None, seed=0, **training
):
    folder.mkdir(parents=True)
    settings = "\n".join(f"{name} = {json.dumps(value)}" for name, value in training.items())
    (folder / "run.toml").write_text(
        f'format = 1\ncreated = "{created}"\nname = "a"\nseed = {seed}\n'
        f'[data]\nsource = "{source}"\ntarget = "y"\ntask = "binary"\n'
        f'[training]\nepochs = 5\n{settings}\n[versions]\ntorch = "2"\n'
    )
    if metrics is None and accuracy is not None:
        loss = {"value": 1 - accuracy, "low": 0.0, "high": 1.0}
        metrics = {"accuracy": {"value": accuracy, "low": accuracy - 0.02, "high": accuracy + 0.02}, "log_loss": loss}
    if metrics is not None:
        (folder / "evaluation.json").write_text(json.dumps({"metrics": metrics, "epochs": 5, "stopped": "done"}))
    return folder


def names(rows):
    return [Path(row["run"]).name for row in rows]


def test_runs_are_found_at_any_depth_in_several_folders_and_once(tmp_path):
    make(tmp_path / "one" / "a")
    make(tmp_path / "one" / "deep" / "er" / "b")
    make(tmp_path / "one" / "a" / "within")  # what lies within a run belongs to it
    make(tmp_path / "one" / ".hidden" / "c")
    make(tmp_path / "two" / "d")
    rows = find_runs([tmp_path / "one", tmp_path / "two", tmp_path / "one" / "a"])
    assert sorted(names(rows)) == ["a", "b", "d"]


def test_that_a_treated_run_holds_its_treated_settings_makes_it_no_other(tmp_path):
    for name, treats in (("treated", "false"), ("plain", "true")):
        file = make(tmp_path / name) / "run.toml"
        file.write_text(f"treat = {treats}\n{file.read_text()}")
    (group,) = groups(find_runs([tmp_path]))
    assert group.differ == [] and "treat" not in group.same


def test_the_newest_comes_first(tmp_path):
    for day in (2, 3, 1):
        make(tmp_path / str(day), created=f"2026-01-0{day}T00:00:00+00:00")
    assert names(find_runs([tmp_path])) == ["3", "2", "1"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("score", ["good", "fair", "poor", "open"]),
        ("accuracy", ["good", "fair", "poor", "open"]),
        ("log-loss", ["good", "fair", "poor", "open"]),
        ("learning_rate", ["poor", "good", "open", "fair"]),
        ("training.learning_rate", ["poor", "good", "open", "fair"]),
        ("run", ["fair", "good", "open", "poor"]),
    ],
)
def test_sorting(tmp_path, sort, order):
    make(tmp_path / "fair", accuracy=0.8)
    make(tmp_path / "good", accuracy=0.9, learning_rate=0.01)
    make(tmp_path / "poor", accuracy=0.6, learning_rate=0.001)
    make(tmp_path / "open", accuracy=None, learning_rate=0.1)
    assert names(find_runs([tmp_path], sort=sort)) == order


def test_an_unknown_name_to_sort_by_is_refused(tmp_path):
    make(tmp_path / "a", learning_rate=0.1)
    with pytest.raises(BacklightError, match=r"'speed'; choose one of score, .*learning_rate"):
        find_runs([tmp_path], sort="speed")


def test_a_score_that_is_no_number_comes_last(tmp_path):
    make(tmp_path / "a", metrics={"log_loss": {"value": "nan", "low": "nan", "high": "nan"}})
    make(tmp_path / "b", metrics={"log_loss": {"value": 3.0, "low": 2.0, "high": 4.0}})
    rows = find_runs([tmp_path], sort="log_loss")
    assert names(rows) == ["b", "a"]
    (group,) = groups(rows)
    assert names([group.best("log_loss")]) == ["b"]
    assert group.indistinct("log_loss") == []


def test_only_what_differs_is_a_column(tmp_path):
    make(tmp_path / "a", learning_rate=0.1, schedule="cosine")
    make(tmp_path / "b", learning_rate=0.2, schedule="cosine")
    make(tmp_path / "c", learning_rate=0.1, schedule="cosine", weight_decay=0.5)
    (group,) = groups(find_runs([tmp_path], sort="run"))
    assert group.differ == ["training.learning_rate", "training.weight_decay"]
    assert group.same["training.schedule"] == "cosine"
    assert group.chosen() == {"training.epochs": 5, "training.schedule": "cosine"}
    assert [group.unusual(run, "training.learning_rate") for run in group.runs] == [False, True, False]
    assert [group.unusual(run, "training.weight_decay") for run in group.runs] == [False, False, True]


def test_a_setting_that_an_older_version_did_not_write_is_its_default(tmp_path):
    make(tmp_path / "old")
    make(tmp_path / "new", momentum=0.9)
    (group,) = groups(find_runs([tmp_path]))
    assert group.differ == []


def test_of_two_runs_none_is_unusual(tmp_path):
    make(tmp_path / "a", seed=0)
    make(tmp_path / "b", seed=1)
    (group,) = groups(find_runs([tmp_path]))
    assert group.differ == ["seed"]
    assert not any(group.unusual(run, "seed") for run in group.runs)


def test_runs_on_other_data_are_listed_apart(tmp_path):
    for name, source in (("a", "x.csv"), ("b", "y.csv"), ("c", "x.csv")):
        make(tmp_path / name, source=source)
    found = {group.source: sorted(names(group.runs)) for group in groups(find_runs([tmp_path]))}
    assert found == {"x.csv": ["a", "c"], "y.csv": ["b"]}


def test_scores_within_the_interval_of_the_best_are_named(tmp_path):
    for name, accuracy in (("best", 0.9), ("near", 0.89), ("far", 0.8)):
        make(tmp_path / name, accuracy=accuracy)
    (group,) = groups(find_runs([tmp_path]))
    assert names(group.indistinct("accuracy")) == ["near"]


def test_findings_are_counted_by_severity(tmp_path):
    folder = make(tmp_path / "a")
    found = [{"severity": severity} for severity in ("error", "note", "note")]
    (folder / "findings.json").write_text(json.dumps(found))
    assert find_runs([tmp_path])[0]["findings"] == {"error": 1, "note": 2}
    found[0]["verdict"] = {"word": "better", "kept": True}  # the network that is there was trained without the error
    found[1]["verdict"] = {"word": "worse", "kept": False}
    (folder / "findings.json").write_text(json.dumps(found))
    assert find_runs([tmp_path])[0]["findings"] == {"note": 2}


def test_a_watched_loop_is_a_run_without_settings(tmp_path):
    folder = tmp_path / "loop"
    folder.mkdir()
    (folder / "history.csv").write_text("epoch\n")
    (folder / "findings.json").write_text("[]")
    (row,) = find_runs([tmp_path])
    assert (row["stopped"], row["settings"], row["value"]) == ("watched loop", {}, None)
    assert row["created"].startswith("20")
    assert groups([row])[0].title == "Watched loops"


def test_a_broken_folder_is_left_out(tmp_path):
    make(tmp_path / "a")
    make(tmp_path / "b").joinpath("run.toml").write_text("format = ")
    make(tmp_path / "c").joinpath("evaluation.json").write_text("{")
    rows = find_runs([tmp_path], sort="run")
    assert names(rows) == ["a", "c"]
    assert rows[1]["stopped"] == "not finished"


def test_the_default_folder_may_be_missing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert find_runs([Path("runs")]) == []
    with pytest.raises(BacklightError, match="no folder nowhere"):
        find_runs([Path("nowhere")])
