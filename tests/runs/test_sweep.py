"""`sweep` and `learning_rate="auto"`: the folder, what is said, and what a training after it is."""

import csv
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import backlight as bl
from backlight.evaluation.trials import Judged
from backlight.report.swept import _WORDS, name_of, question
from backlight.runs.sweeps.values import read_over, sweepable, widened
from backlight.runs.sweeps.words import verdict
from backlight.training.contest import Contest, Race
from backlight.training.defaults import OWN_RATE
from backlight.training.session import Session

QUICK = {"network": "16 relu", "epochs": 6, "batch_size": 32, "diagnose": False, "verbose": False}
KEYS = {"over", "trials", "recommended", "margin", "cost_in_runs", "seconds"}


@pytest.fixture(scope="module")
def rates(tmp_path_factory):
    return bl.sweep("sklearn:breast_cancer", out=tmp_path_factory.mktemp("sweep") / "rates", **QUICK)


def test_a_sweep_of_rates_says_which_and_leaves_a_folder(rates):
    result = json.loads((rates.folder / "sweep.json").read_text())
    assert result.keys() >= KEYS
    assert all({"value", "validation_loss", "verdict"} <= trial.keys() for trial in result["trials"])
    assert {trial["verdict"] for trial in result["trials"]} >= {"too small", "right"}
    low, high = result["margin"]
    assert low <= result["recommended"] <= high
    assert 0 < result["cost_in_runs"] < 20
    assert str(result["recommended"]) in rates.verdict
    names = {path.name for path in rates.folder.iterdir()}
    assert names == {"sweep.json", "trials.csv", "history.csv", "sweep.toml", "sweep.svg", "report.html"}


def test_every_curve_is_in_the_history(rates):
    lines = list(csv.DictReader((rates.folder / "history.csv").read_text().splitlines()))
    assert {(line["stage"], float(line["value"])) for line in lines} == {
        (trial.stage, trial.value) for trial in rates.contest.trials
    }
    starts = [line for line in lines if line["epoch"] == "0" and line["split"] == "validation"]
    assert len(starts) == len(rates.contest.trials)


def test_the_page_is_whole_and_shows_every_rate(rates):
    page = (rates.folder / "report.html").read_text()
    assert page.count("<svg") == 1
    assert "<h1>Which learning rate suits this network?</h1>" in page
    assert all(f"{trial.value:g}" in page for trial in rates.trials)
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_interrupted_it_keeps_what_it_has_and_says_what_is_missing(tmp_path, monkeypatch):
    def run(self, epoch, entering=()):
        raise KeyboardInterrupt

    monkeypatch.setattr(Race, "run", run)
    found = bl.sweep("sklearn:breast_cancer", out=tmp_path / "half", **QUICK)
    assert found.stopped == "interrupted"
    assert found.trials and all(trial.stage == "short" for trial in found.trials)
    assert "Missing, interrupted: the race" in found.verdict
    assert (tmp_path / "half" / "report.html").exists()


def test_interrupted_within_the_first_epoch_of_the_race_it_says_so_and_calls_nothing_divergent(tmp_path, monkeypatch):
    """As a real Ctrl-C does it: within a pass over the rows."""
    update, steps = Session.update, []

    def interrupted(self, loss, seen=None, **more):
        if len(self.batches) > 4:  # the race: the short look sees a part of the rows
            steps.append(loss)
            if len(steps) == 20:
                raise KeyboardInterrupt
        update(self, loss, seen, **more)

    monkeypatch.setattr(Session, "update", interrupted)
    options = QUICK | {"epochs": 2, "batch_size": 32}
    found = bl.sweep("sklearn:breast_cancer", over="lr=0.001,0.01", out=tmp_path / "half", **options)
    assert found.stopped == "interrupted"
    assert {one.verdict for one in found.trials} == {"unfinished"}
    assert "no trial came to the end of its first epoch" in found.verdict
    assert "Missing, interrupted: 0.001, 0.01" in found.verdict
    assert (tmp_path / "half" / "report.html").read_text().count("unfinished") >= 2


def test_a_best_at_the_end_of_the_race_names_rates_to_try(rates):
    def verdict_with(recommended):
        return verdict(replace(rates, recommended=recommended))

    raced = sorted(trial.value for trial in rates.contest.trials if trial.stage == "full")
    assert "may do better still" not in verdict_with(raced[1])
    low, high = raced[0], raced[-1]
    assert f"the lowest of the race, and a lower one may do better still: try --over learning_rate={low:g}," in (
        verdict_with(low)
    )
    assert f"the highest of the race, and a higher one may do better still: try --over learning_rate={high:g}," in (
        verdict_with(high)
    )


def test_the_margin_says_which_of_its_rates_were_not_seen_to_the_end(rates):
    def margin_of(*trials):
        return verdict(replace(rates, trials=trials, recommended=0.01, margin=(0.01, 0.02)))

    best = Judged(0.01, 0.1, "right", "", "full", 6, 0.0, True)
    assert "2 times more does as well." in margin_of(best, Judged(0.02, 0.101, "right", "", "full", 6, 0.01, True))
    stopped = margin_of(best, Judged(0.02, 0.15, "right", "", "full", 2, 0.01, False))
    assert "2 times more does as well, as far as was seen: 0.02 at epoch 2, where it was stopped." in stopped


@pytest.mark.parametrize("setting", sweepable())
def test_every_setting_that_can_be_swept_is_asked_for_in_a_sentence(setting):
    assert question(setting).endswith("?") and setting in _WORDS
    assert "_" not in name_of(setting) + question(setting)


def test_values_that_were_not_trained_are_named(tmp_path, monkeypatch):
    def run(self, values, make, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Contest, "run", run)
    found = bl.sweep("sklearn:wine", over="batch_size=8,16", out=tmp_path / "none", **{**QUICK, "batch_size": None})
    assert found.missing == (8, 16)
    assert json.loads((tmp_path / "none" / "sweep.json").read_text())["missing"] == [8, 16]


@pytest.mark.parametrize(
    ("over", "network", "values"),
    [
        ("dropout=0,.5", "16 relu, dropout 0.1", [0, 0.5]),
        ("batch_size=16,64", "16 relu", [16, 64]),
        ("weight-decay=0,.1", "16 relu", [0, 0.1]),
        ("width=4,32", "16 relu, 8 relu", [4, 32]),
        ("lr=.0001,.01", "16 relu", [0.0001, 0.01]),
        ("optimizer=sgd,adam", "16 relu", ["sgd", "adam"]),
    ],
)
def test_other_settings_are_swept_the_same_way(tmp_path, over, network, values):
    options = {**QUICK, "network": network, "batch_size": None, "epochs": 2}
    found = bl.sweep("sklearn:wine", over=over, out=tmp_path / "sweep", **options)
    assert [trial.value for trial in found.trials] == values
    assert found.recommended in values
    assert len({trial.validation_loss for trial in found.trials}) == 2  # the setting reached the training
    assert found.cost_in_runs == pytest.approx(2, rel=0.3)


def test_initialisations_show_what_they_do_to_x_and_v_by_depth(tmp_path):
    options = {**QUICK, "network": "32 relu, 32 relu, 32 relu", "epochs": 2}
    found = bl.sweep("sklearn:wine", over="init=zeros,normal 0.01,he,lsuv", out=tmp_path / "sweep", **options)
    by_depth = {
        name: [layer for layer in found.layers if layer.init == name] for name in ("zeros", "normal 0.01", "he", "lsuv")
    }
    assert all(layer.x_variance == 0 for layer in by_depth["zeros"][1:])
    fading = [layer.x_variance for layer in by_depth["normal 0.01"]]
    assert fading == sorted(fading, reverse=True) and fading[-2] < 1e-6
    assert all(0.9 < layer.x_variance < 1.1 for layer in by_depth["lsuv"][:-1])
    assert min(layer.v_norm for layer in by_depth["he"]) > 10 * by_depth["normal 0.01"][0].v_norm
    assert {trial.verdict for trial in found.trials if trial.value == "zeros"} == {"worse"}
    assert (tmp_path / "sweep" / "report.html").read_text().count("<svg") == 2


def test_width_scales_all_layers_in_proportion():
    assert (
        widened("64 relu, residual(32 relu, 64), dropout 0.2", 16)
        == "linear 16, relu, residual(linear 8, relu, linear 16), dropout 0.2"
    )


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("depth=1,2", "cannot be swept"),
        ("dropout", "two values"),
        ("dropout=0,2", "from 0 to below 1"),
        ("width=4,x", "whole numbers"),
        ("init=he,hee", "unknown initialisation"),
        ("batch_size=0,8", "cannot be used"),
    ],
)
def test_what_cannot_be_swept_is_told_in_one_sentence(over, said):
    with pytest.raises(bl.BacklightError, match=said):
        read_over(over)


def test_a_network_without_dropout_and_rows_without_validation_are_told(tmp_path):
    with pytest.raises(bl.BacklightError, match="needs a network with dropout"):
        bl.sweep("sklearn:wine", over="dropout=0,.5", out=tmp_path / "a", **QUICK)
    with pytest.raises(bl.BacklightError, match="validation rows"):
        bl.sweep("sklearn:wine", out=tmp_path / "b", validation_fraction=0.0, **QUICK)


def test_training_at_an_automatic_rate_is_the_training_at_the_number_that_was_found(tmp_path):
    state = torch.get_rng_state()
    auto = bl.train("sklearn:breast_cancer", learning_rate="auto", out=tmp_path / "auto", **QUICK)
    assert torch.equal(torch.get_rng_state(), state)
    chosen = auto.config.training
    given = bl.train("sklearn:breast_cancer", learning_rate=chosen.learning_rate, out=tmp_path / "given", **QUICK)
    losses = [[(row.epoch, row.split, row.loss) for row in run.history] for run in (auto, given)]
    assert losses[0] == losses[1]
    assert "sweep of" in chosen.learning_rate_from and "plain runs" in chosen.learning_rate_from
    assert given.config.training.learning_rate_from is None
    assert any("Learning rate" in note and "found by a sweep" in note for note in auto.evaluation["notes"])


def test_who_describes_a_network_without_a_rate_is_told_of_the_search(tmp_path):
    def told(**options):
        run = bl.train("sklearn:wine", epochs=1, verbose=False, diagnose=False, ensemble=1, **options)
        return [note for note in run.evaluation["notes"] if "--lr auto" in note]

    (note,) = told(network="8 relu", out=tmp_path / "own")
    assert f"The learning rate {OWN_RATE:g}" in note
    assert told(network="8 relu", learning_rate=0.01, out=tmp_path / "given") == []
    assert told(network="8 relu", learning_rate="auto", out=tmp_path / "auto") == []
    assert told(out=tmp_path / "chosen") == []
    assert told(config=tmp_path / "own", out=tmp_path / "repeated") == []


def test_a_run_with_an_automatic_rate_is_repeated_without_another_search(tmp_path):
    auto = bl.train("sklearn:wine", learning_rate="auto", out=tmp_path / "auto", **QUICK)
    again = bl.train(config=tmp_path / "auto", out=tmp_path / "again", verbose=False)
    assert again.config.training == auto.config.training
    assert not any("is looked for" in note for note in again.evaluation["notes"])


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.out = nn.Linear(15, 8), nn.Linear(15, 8), nn.Linear(8, 2)

    def forward(self, x):
        left, right = x.split(15, dim=1)
        return self.out(torch.relu(self.a(left)) * torch.sigmoid(self.b(right)))


def test_an_estimator_with_a_module_of_ones_own_and_no_validation_rows():
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
    x = ((x - x.mean(0)) / x.std(0)).astype(np.float32)
    torch.manual_seed(0)
    module = Own()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    settings = {"preprocessing": "none", "epochs": 4, "validation_fraction": 0.0, "batch_size": 32}
    fitted = bl.Classifier(module, learning_rate="auto", **settings).fit(x, y)
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    same = bl.Classifier(module, learning_rate=fitted.learning_rate_, **settings).fit(x, y)
    assert [row.loss for row in fitted.history_] == [row.loss for row in same.history_]
    assert math.isfinite(fitted.history_[-1].loss) and fitted.score(x, y) > 0.9
