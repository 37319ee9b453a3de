"""The search of learning rates: what it tries, what it stops, and what it leaves as it was."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from backlight.evaluation.trials import judge
from backlight.records import Epoch
from backlight.records.config import TrainingConfig
from backlight.training import search
from backlight.training.contest import Contest, Trial
from backlight.training.search import MOST_FURTHER, against, edge_of, halving, keep_best, search_rates


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
    assert sum(trial.finished for trial in full) == 1
    assert {trial.epochs for trial in full} == {2, 5, 8}


def test_the_recommended_rate_is_the_best_and_small_and_large_ones_are_told(contest):
    found = judge(contest.trials, constant=math.log(2), rates=True)
    verdicts = {one.value: one.verdict for one in found.trials}
    assert verdicts[found.recommended] == "right"
    low, high = found.margin
    assert low <= found.recommended <= high
    assert verdicts[min(verdicts)] == "too small"
    assert verdicts[max(verdicts)] in ("too large", "diverges")
    assert 3e-3 < found.recommended < 0.3


def test_the_best_at_the_end_of_the_race_is_followed_up(monkeypatch):
    """A search whose short look points far too high, so that the lowest rate of the race wins."""
    monkeypatch.setattr(search, "short_look", lambda *_, **__: 1.0)
    found, told = Contest("cross-entropy", rows(600, 0), rows(300, 1)), []
    found.tell = told.append
    search_rates(network(), settings(), found, seed=0)
    values = [trial.value for trial in found.trials]
    assert values[:5] == [0.1, 0.22, 0.5, 1.1, 0.045]
    losses = {trial.value: trial.loss for trial in found.trials if trial.finished}
    followed = found.trials[4]
    assert followed.finished == (followed.loss == min(losses.values()))
    assert "0.1, is at the end of the race; 0.045 against it" in told[1]
    assert len(values) <= 4 + MOST_FURTHER


def test_nothing_follows_a_best_between_others_or_a_race_that_was_cut_short():
    assert edge_of([curve(1e-2, [0.3]), curve(3e-2, [0.2]), curve(1e-1, [0.3])]) is None
    low, high = curve(1e-2, [0.2, 0.1]), curve(3e-2, [0.3, 0.2])
    assert edge_of([low, high]) == (low, -1)
    assert edge_of([curve(1e-2, [0.3, 0.3]), high]) == (high, 1)
    assert edge_of([curve(1e-2, [0.3], planned=2), curve(3e-2, [0.2], planned=2)]) is None


def test_one_rate_against_another_stops_where_it_is_behind_at_a_lap():
    judge_of = against(curve(1e-2, [0.4, 0.3, 0.2, 0.1]).curve, 4)  # laps: the first and the third epoch
    assert [list(judge_of(latest(loss, epoch=1))) for loss in (0.5, 0.3, math.nan)] == [[0], [], [0]]
    assert list(judge_of(latest(0.35, epoch=2))) == []
    assert list(judge_of(latest(0.25, epoch=3))) == [0]


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
    contest, told = Contest("cross-entropy", rows(200, 0), rows(100, 1)), []
    contest.tell = told.append
    original = Contest.run

    def interrupted_race(self, values, make, *, stage, judge=None, deadline=None):
        def stop(latest):
            raise KeyboardInterrupt

        return original(self, values, make, stage=stage, judge=stop if stage == "full" else judge)

    monkeypatch.setattr(Contest, "run", interrupted_race)
    with pytest.raises(KeyboardInterrupt):
        search_rates(network(), settings(), contest, seed=0)
    assert contest.stopped == "interrupted"
    assert {trial.stage for trial in contest.trials} == {"short", "full"}
    assert all(trial.epochs == 1 for trial in contest.trials if trial.stage == "full")
    assert not any(trial.finished for trial in contest.trials if trial.stage == "full")


def latest(*losses, epoch=2):
    return [(Epoch(epoch, 1, "validation", loss, None, None, 0.1, 0.0),) if loss is not None else () for loss in losses]


def test_the_judge_keeps_the_best_of_those_that_still_run():
    assert set(keep_best(2, 2)(latest(0.3, 0.1, math.nan, 0.2))) == {0, 2}
    assert list(keep_best(3, 1)(latest(0.3, 0.1))) == []
    assert set(halving(8)(latest(0.3, 0.1, 0.2, None))) == {0}


def curve(value, losses, stage="full", start=1.0, planned=None, steps=100):
    history = tuple(Epoch(i, i, "validation", loss, None, None, 0.1, 0.0) for i, loss in enumerate(losses, 1))
    return Trial(value, stage, start, history, planned or len(losses), len(losses), steps, 1, "")


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


def test_one_that_was_stopped_early_is_not_blamed_for_the_epochs_it_did_not_get():
    found = judge([curve(1e-2, [0.5, 0.4, 0.3, 0.2]), curve(2e-2, [0.5, 0.405], planned=4)], rates=True)
    assert found.recommended == 1e-2
    assert found.margin == (1e-2, 2e-2)


def test_a_small_rate_of_the_short_look_is_judged_by_rate_times_steps():
    short = [
        curve(rate, [loss], "short", steps=10) for rate, loss in ((1e-4, 0.99), (1e-3, 0.9), (1e-2, 0.5), (1e-1, 0.4))
    ]
    race = [curve(1e-2, [0.3, 0.2], steps=1000), curve(3e-2, [0.3, 0.21], steps=1000)]
    found = verdicts(*short, *race)
    assert found[1e-3] == "right"  # over 100 times the steps it goes as far as 0.1 in the short look
    assert found[1e-4] == "too small"


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
