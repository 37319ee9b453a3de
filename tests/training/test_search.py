"""The search of learning rates: what it tries, what it stops, and what it leaves as it was."""

import copy
import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from backlight.evaluation.trials import judge
from backlight.records import TIME_LIMIT, Epoch
from backlight.records.config import TrainingConfig
from backlight.training import search, train
from backlight.training.contest import Contest, Trial
from backlight.training.copies import OTHERS_DO_BETTER, Copy
from backlight.training.search import LAP, MOST_RUNS, halving, keep_best, lowest, search_rates, vertex
from backlight.training.session import Session


def rows(n, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 6)).astype(np.float32)
    return x, (x[:, 0] * x[:, 1] > 0).astype(np.int64)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 2))


def settings(**more):
    chosen = {"optimizer": "adamw", "epochs": 8, "batch_size": 32, "schedule": "cosine", "learning_rate": 1e-3}
    return TrainingConfig(**{"weight_decay": 0.0, **chosen, **more})


@pytest.fixture(scope="module")
def contest():
    found = Contest("cross-entropy", rows(600, 0), rows(300, 1))
    search_rates(network(), settings(), found, seed=0)
    return found


def test_rates_go_from_far_too_small_to_divergent_and_the_losers_stop(contest):
    short = [trial for trial in contest.trials if trial.stage == "short"]
    full = [trial for trial in contest.trials if trial.stage == "full"]
    assert min(trial.value for trial in short) <= 1e-6
    assert max(trial.value for trial in short) >= 0.1
    assert sum(trial.finished for trial in full) == 2
    assert {trial.epochs for trial in full} == {round(LAP * 8), 8}


def test_the_recommended_rate_is_the_best_and_small_and_large_ones_are_told(contest):
    found = judge(contest.trials, constant=math.log(2), rates=True)
    verdicts = {one.value: one.verdict for one in found.trials}
    assert verdicts[found.recommended] == "right"
    low, high = found.margin
    assert low <= found.recommended <= high
    assert verdicts[min(verdicts)] == "too small"
    assert verdicts[max(verdicts)] in ("too large", "diverges")
    assert 3e-3 < found.recommended < 0.3


@pytest.mark.parametrize("base", [1e-8, 1e-3, 1e4])
def test_the_short_look_finds_the_rates_that_learn_from_any_rate_to_begin_with(base):
    found = Contest("cross-entropy", rows(600, 0), rows(300, 1))
    search_rates(network(), settings(learning_rate=base), found, seed=0)
    best = judge(found.trials, rates=True)
    assert 3e-3 < best.recommended < 0.5
    assert min(trial.loss for trial in found.trials if trial.finished) < 0.5 * math.log(2)


def raced_from(centre, monkeypatch, **more):
    """A race around that rate; the contest, and what was told."""
    monkeypatch.setattr(search, "short_look", lambda *_, **__: centre)
    found, told = Contest("cross-entropy", rows(640, 0), rows(300, 1)), []
    found.tell = told.append
    search_rates(network(), settings(**more), found, seed=0)
    return found, told


def test_rates_join_the_race_where_the_best_lies_at_its_end(monkeypatch):
    """A short look that points far too low."""
    found, told = raced_from(1e-4, monkeypatch)
    values = [trial.value for trial in found.trials]
    assert values[:4] == [5e-5, 1e-4, 2e-4, 4e-4]
    at_lap = {trial.value: trial.curve[1].loss for trial in found.trials}
    assert {trial.value for trial in found.trials if trial.finished} == set(sorted(at_lap, key=at_lap.get)[:2])
    assert "0.0004 joins" in told[1]
    assert found.rows_seen <= MOST_RUNS * 640 * 8


def test_those_that_fall_behind_are_said_to_be_stopped_because_others_do_better(monkeypatch):
    found, _ = raced_from(0.02, monkeypatch)
    assert {trial.stopped for trial in found.trials} == {"all epochs done", OTHERS_DO_BETTER}
    assert all(trial.finished == (trial.stopped == "all epochs done") for trial in found.trials)


def test_when_the_time_is_up_nothing_joins_the_race_and_what_was_trained_is_kept(monkeypatch):
    monkeypatch.setattr(search, "short_look", lambda *_, **__: 1e-4)
    found = Contest("cross-entropy", rows(640, 0), rows(300, 1), deadline=time.monotonic())
    search_rates(network(), settings(), found, seed=0)
    assert found.stopped == TIME_LIMIT
    assert [trial.value for trial in found.trials] == [5e-5, 1e-4, 2e-4]
    assert not any(trial.finished for trial in found.trials)


def test_a_share_of_the_time_that_is_up_stops_its_own_trainings_and_not_the_contest():
    found = Contest("cross-entropy", rows(640, 0), rows(300, 1), deadline=time.monotonic() + 600)

    def make(rate):
        return Copy(network(), settings(learning_rate=rate), 0)

    (short,) = found.run([1e-3], make, stage="short", deadline=time.monotonic())
    assert (short.stopped, found.stopped) == (TIME_LIMIT, "")
    found.deadline = time.monotonic()
    found.run([1e-3], make, stage="full", deadline=time.monotonic() + 600)
    assert found.stopped == TIME_LIMIT


def test_where_all_of_the_race_diverge_lower_rates_join(monkeypatch):
    found, _ = raced_from(1e19, monkeypatch, optimizer="sgd", momentum=0.0, nesterov=False)
    values = [trial.value for trial in found.trials]
    assert not any(trial.finished for trial in found.trials[:3])
    assert len(values) > 3
    assert values[3:] == sorted(values[3:], reverse=True) and values[3] < values[0]


def test_a_trial_of_the_race_is_to_the_last_bit_the_training_with_its_rate(monkeypatch):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 2))
    found = Contest("cross-entropy", rows(600, 0), rows(300, 1))
    monkeypatch.setattr(search, "short_look", lambda *_, **__: 0.05)
    search_rates(module, settings(), found, seed=3)
    assert len(found.trials) >= 3
    for trial in found.trials:
        config = settings(learning_rate=trial.value)
        alone = train(copy.deepcopy(module), "cross-entropy", found.train, found.validation, config, seed=3)
        losses = [row.loss for row in alone.history if row.split == "validation"]
        assert losses[: trial.epochs] == [row.loss for row in trial.curve]


def test_the_vertex_lies_between_the_best_and_its_better_neighbour():
    assert vertex({-1: math.exp(4), 0: math.exp(1), 1: math.exp(0), 2: math.exp(1)}) == pytest.approx(1.0)
    assert vertex({0: math.exp(1.0), 1: math.exp(0.0), 2: math.exp(0.5)}) == pytest.approx(1 + 1 / 6)
    assert vertex({0: 1.0, 1: 2.0}) == 0.0  # at an end
    assert vertex({0: -1.0, 1: -3.0, 2: -2.0}) == pytest.approx(1 + 1 / 6)  # no logarithm of these
    assert vertex({3: 0.5}) == 3.0


def test_of_valleys_as_deep_the_race_is_at_the_lower_rates():
    assert lowest({0: 0.69, 1: 0.573, 2: 0.593, 3: 0.62, 4: 0.564}) == 1
    assert lowest({0: 0.69, 1: 0.6, 2: 0.593, 3: 0.62, 4: 0.564}) == 4  # the first is not as deep
    assert lowest({0: 0.575, 1: 0.57, 2: 0.564, 3: 0.7}) == 2  # one valley
    assert lowest({0: -2.0, 1: -1.0, 2: -2.01}) == 0


def test_the_module_and_the_random_state_are_left_as_they_were():
    module, state = network(), torch.get_rng_state()
    before = copy.deepcopy(module.state_dict())
    module.train()
    search_rates(module, settings(epochs=4), Contest("cross-entropy", rows(200, 0), rows(100, 1)), seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], tensor) for name, tensor in module.state_dict().items())
    assert module.training
    assert all(parameter.grad is None for parameter in module.parameters())


class TwoBranches(nn.Module):
    """A module of one's own, whose input is cut in two."""

    def __init__(self):
        super().__init__()
        self.left, self.right, self.out = nn.Linear(3, 16), nn.Linear(3, 16), nn.Linear(16, 2)

    def forward(self, x):
        left, right = x.split(3, dim=1)
        return self.out(torch.relu(self.left(left)) * self.right(right))


def test_a_module_of_ones_own_with_two_branches():
    contest = Contest("cross-entropy", rows(400, 0), rows(200, 1))
    search_rates(TwoBranches(), settings(), contest, seed=0)
    found = judge(contest.trials, rates=True)
    assert 1e-4 < found.recommended < 1


def test_ctrl_c_keeps_what_was_trained(monkeypatch):
    contest = Contest("cross-entropy", rows(200, 0), rows(100, 1))
    original, epochs = Session.run_epoch, []

    def interrupted(self):
        epochs.append(self.epoch)
        if len(epochs) == 4:
            raise KeyboardInterrupt
        original(self)

    monkeypatch.setattr(Session, "run_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        search_rates(network(), settings(), contest, seed=0)
    assert contest.stopped == "interrupted"
    assert {trial.stage for trial in contest.trials} == {"short", "full"}
    assert [trial.epochs for trial in contest.trials if trial.stage == "full"] == [1, 1, 1]
    assert not any(trial.finished for trial in contest.trials if trial.stage == "full")


def latest(*losses, epoch=2):
    return [(Epoch(epoch, 1, "validation", loss, None, None, 0.1, 0.0),) if loss is not None else () for loss in losses]


def test_the_judge_keeps_the_best_of_those_that_still_run():
    assert set(keep_best(2, 2)(latest(0.3, 0.1, math.nan, 0.2))) == {0, 2}
    assert list(keep_best(3, 1)(latest(0.3, 0.1))) == []
    assert set(halving(8, [(0.25, 2), (0.6, 1)])(latest(0.3, 0.1, 0.2, None))) == {0}


def curve(value, losses, stage="full", start=1.0, planned=None):
    history = tuple(Epoch(i, i, "validation", loss, None, None, 0.1, 0.0) for i, loss in enumerate(losses, 1))
    return Trial(value, stage, start, history, planned or len(losses), len(losses), 1, "")


def verdicts(*trials, **more):
    return {one.value: one.verdict for one in judge(trials, rates=True, **more).trials}


def test_each_kind_of_curve_has_its_verdict():
    found = verdicts(
        curve(1e-4, [0.98, 0.96, 0.95, 0.94]),
        curve(1e-2, [0.4, 0.3, 0.28, 0.27]),
        curve(2e-2, [0.38, 0.3, 0.29, 0.274]),
        curve(1e-1, [0.4, 0.6, 0.45, 0.6]),
        curve(1.0, [3.0, 9.0]),
        curve(10.0, [math.nan]),
    )
    assert found == {
        1e-4: "too small",
        1e-2: "right",
        2e-2: "right",
        1e-1: "too large",
        1.0: "diverges",
        10.0: "diverges",
    }


def test_a_spike_at_the_beginning_does_not_condemn_a_rate():
    found = judge([curve(1e-3, [0.9, 0.6, 0.5]), curve(1e-2, [1.6, 0.4, 0.2])], rates=True)
    assert found.recommended == 1e-2


def with_training(trial, losses):
    rows = tuple(Epoch(i, i, "train", loss, None, None, 0.1, 0.0) for i, loss in enumerate(losses, 1))
    return replace(trial, history=(*trial.history, *rows))


def test_a_loss_that_rises_late_while_that_of_training_falls_is_no_divergence():
    overfits = with_training(curve(0.2, [0.589, 0.65, 1.01]), [0.6, 0.5, 0.4])
    found = judge([overfits, with_training(curve(0.4, [0.6, 1.1, 3.0]), [0.6, 0.9, 2.5])], rates=True)
    assert {one.value: one.verdict for one in found.trials} == {0.2: "right", 0.4: "diverges"}
    assert found.trials[0].words.endswith("overfits after epoch 1, which is kept: 1.01 at the end")


def test_rates_below_the_race_are_not_called_too_large_or_divergent_as_its_end_is():
    short = [curve(rate, [loss], "short") for rate, loss in ((1e-4, 0.95), (1e-2, 0.5), (3.0, 0.6))]
    race = [curve(0.2, [0.9, 1.2]), curve(0.4, [0.5, 0.4]), curve(0.8, [0.9, 1.3])]
    assert verdicts(*short, *race) == {
        1e-4: "too small",
        1e-2: "right",
        0.2: "diverges",
        0.4: "right",
        0.8: "diverges",
        3.0: "diverges",
    }


def test_one_that_was_stopped_early_is_not_blamed_for_the_epochs_it_did_not_get():
    found = judge([curve(1e-2, [0.5, 0.4, 0.3, 0.2]), curve(2e-2, [0.5, 0.405], planned=4)], rates=True)
    assert found.recommended == 1e-2
    assert found.margin == (1e-2, 2e-2)


def test_the_margin_holds_what_was_raced_and_a_rate_of_the_short_look_is_judged_there():
    short = [
        curve(rate, [loss], "short")
        for rate, loss in ((1e-3, 0.9), (1e-2, 0.5), (2e-2, 0.402), (4e-2, 0.4), (1e-1, 0.6))
    ]
    race = [curve(3e-2, [0.3, 0.2]), curve(6e-2, [0.3, 0.202])]
    found = judge([*short, *race], rates=True)
    assert found.margin == (3e-2, 6e-2)
    assert {one.value: one.verdict for one in found.trials} == {
        1e-3: "too small",
        1e-2: "too small",
        2e-2: "right",
        3e-2: "right",
        4e-2: "right",
        6e-2: "right",
        1e-1: "too large",
    }


def test_the_distance_to_the_best_says_at_which_epoch_or_in_which_stage_it_was_measured():
    race = [curve(1e-2, [0.5, 0.4, 0.3]), curve(1e-1, [0.6], planned=3), curve(2e-1, [0.6, 0.6, 0.6])]
    short = [curve(1e-2, [0.5], "short", planned=1), curve(1.0, [0.8], "short", planned=1)]
    words = {one.value: one.words for one in judge([*short, *race], rates=True).trials}
    assert words[1e-1].endswith("20.0% above the best at epoch 1, where it was stopped")
    assert words[2e-1].endswith("2 times the loss of the best")
    assert words[1.0].endswith("60.0% above the best of the short look")


def test_one_that_was_stopped_says_where_it_was_compared_in_the_short_look_and_where_it_is_too_small():
    race = [curve(1e-2, [0.5, 0.4, 0.3]), curve(1e-3, [0.8], planned=3)]
    short = [curve(1e-2, [0.6, 0.5], "short"), curve(1.0, [0.8], "short", planned=2)]
    words = {one.value: one.words for one in judge([*short, *race], rates=True).trials}
    assert words[1.0].endswith("33.3% above the best of the short look at epoch 1, where it was stopped")
    assert words[1e-3].endswith("40% of the way of the best at epoch 1, where it was stopped")


def test_a_trial_that_was_stopped_before_anything_was_measured_is_not_called_divergent():
    short = [curve(1e-3, [0.5], "short"), curve(1e-2, [0.4], "short")]
    found = judge([*short, curve(1e-2, [], planned=4), curve(2e-2, [], planned=4)], rates=True)
    assert {one.value: (one.verdict, one.stage) for one in found.trials} == {
        1e-3: ("too small", "short"),
        1e-2: ("right", "short"),
        2e-2: ("unfinished", "full"),
    }
    assert found.recommended == 1e-2
    assert found.margin == (1e-2, 1e-2)


def test_nothing_finite_recommends_nothing():
    found = judge([curve(1.0, [math.nan]), curve(2.0, [math.inf])], rates=True)
    assert found.recommended is None
    assert [one.verdict for one in found.trials] == ["diverges", "diverges"]


def test_other_settings_are_best_as_good_or_worse():
    found = judge([curve("he", [0.5, 0.4]), curve("zeros", [0.69, 0.69]), curve("glorot", [0.5, 0.404])], rates=False)
    assert [one.verdict for one in found.trials] == ["best", "worse", "as good"]
    assert found.recommended == "he"
    assert found.margin is None
