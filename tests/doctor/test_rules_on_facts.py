"""Rules asked with facts made by hand: what tells a fault from a sound run."""

import math
from dataclasses import replace

import numpy as np
import pytest

from backlight.doctor import RunFacts, all_diagnoses
from backlight.doctor.probes import Probe, likeness, probe
from backlight.doctor.settled import settle
from backlight.doctor.words import left_of
from backlight.records import Epoch, Finding, LinearFacts, Signal
from backlight.signals import (
    LayerFacts,
    LoopFacts,
    LossFacts,
    OptimizerFacts,
    OutputFacts,
    ParameterFacts,
    SignalTable,
    UnitFacts,
)

RULES = all_diagnoses()


def findings(name: str, run: RunFacts) -> list[Finding]:
    return [found for found in RULES[name].check(run) if isinstance(found, Finding)]


def course(losses: list[float], rates: list[float] | None = None, validation: list[float] | None = None) -> RunFacts:
    """A finished run of these losses; learning rates and validation losses at even distances."""
    table = SignalTable()
    for step, rate in enumerate(rates or []):
        table.add(Signal(step, "", "learning_rate", rate))
    epochs = [Epoch(i, i, "validation", loss, None, None, 1e-3, 0.0) for i, loss in enumerate(validation or [], 1)]
    return RunFacts(losses=losses, signals=table, epochs=epochs, loop=LoopFacts(steps=len(losses), finished=True))


def falling(start: float, end: float, steps: int = 200) -> list[float]:
    return np.geomspace(start, end, steps).tolist()


ANNEALED = [2.3] * 20 + np.linspace(2.3, 1.6, 140).tolist() + [1.6] * 40
"""A loss that stands at the end because a schedule took the learning rate to nothing."""


def test_a_run_whose_schedule_ended_before_it_had_learned_was_stopped_too_early():
    found = findings("stopped-too-early", course(ANNEALED, [1e-3, 1e-3, 1e-5]))
    assert [f.severity for f in found] == ["warning"] and "0.01 of its largest rate" in found[0].message


def test_the_last_rate_is_that_of_the_last_epoch_not_of_the_last_step_looked_at():
    run = course(ANNEALED, [1e-3, 9e-4], validation=[2.0])
    (row,) = run.epochs
    run = replace(run, epochs=[replace(row, step=200, learning_rate=0.0)])
    assert run.rate_kept == 0 and run.rate_kept_midway == pytest.approx(0.9)


@pytest.mark.parametrize("losses", [falling(2.3, 0.05), [2.3] * 10 + [1.5] * 190], ids=["fitted", "noise floor"])
def test_a_run_that_is_done_was_not_stopped_too_early(losses):
    assert findings("stopped-too-early", course(losses)) == []


def test_a_fitted_run_that_still_falls_is_only_told_of():
    found = findings("stopped-too-early", course(np.linspace(2.3, 0.6, 200).tolist()))
    assert [f.severity for f in found] == ["note"]


@pytest.mark.parametrize(("rates", "advised"), [([1e-3, 1e-3], True), ([1e-3, 1e-5], False), ([], True)])
def test_a_schedule_is_advised_only_where_there_is_none(rates, advised):
    run = replace(course([2.3] * 20 + [1.8] * 180, rates), probed=Probe(300, {"ridge": 14.0, "neighbours": 1.0}))
    (found,) = findings("plateau", run)
    assert ("Try a decaying learning rate" in found.prescription) == advised


@pytest.mark.parametrize(
    ("validation", "named"),
    [([1.0, 0.8, 1.0, 1.6], True), ([1.0, 0.14, 0.15, 0.17], False), ([1.0, 0.6, 0.5, 0.5], False)],
    ids=["rises by a lot", "rises by little beside a constant", "does not rise"],
)
def test_overfitting_is_a_rise_that_matters(validation, named):
    assert bool(findings("overfitting", course(falling(1.0, 0.001), validation=validation))) == named


@pytest.mark.parametrize("networks", [1, 5])
def test_overfitting_of_an_ensemble_is_that_of_its_first_network(networks):
    run = course(falling(1.0, 0.001), validation=[1.0, 0.8, 1.0, 1.6])
    run = replace(run, loop=replace(run.loop, networks=networks, keeps_best=True))
    (found,) = findings("overfitting", run)
    assert ("Of the first of 5 networks" in found.message) == (networks == 5)
    assert ("mean of several networks" in found.prescription) == (networks == 1)


def test_no_share_of_a_loss_above_ten_times_it_is_told_in_percent():
    (ruled_out,) = RULES["overfitting"].check(course([1.0] * 50 + [5.41] * 150, validation=[1.0, 1.0, 1.0]))
    assert "%" not in ruled_out.reason.replace("0% of the loss", "") and "training at 5.41" in ruled_out.reason


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.843, "84% of the first loss left"),
        (1.0, "100% of the first loss left"),
        (1.04, "the loss at 1.04 times the first loss"),
        (3.462, "the loss at 3.46 times the first loss"),
        (41.2, "the loss at 41 times the first loss"),
        (2e7, "the loss at more than a million times the first loss"),
        (-0.5, "-50% of the first loss left"),
        (float("nan"), "no telling how much of the first loss left"),
    ],
)
def test_more_than_all_of_a_loss_is_told_in_times(share, said):
    assert left_of(share, "the first loss") == said


def test_a_loss_below_zero_does_not_swing():
    swings = [1.0] * 20 + ([0.2] * 6 + [2.0] * 6) * 10
    assert findings("oscillating-loss", course(swings))
    assert findings("oscillating-loss", course([loss - 1.5 for loss in swings])) == []


@pytest.mark.parametrize("named", [True, False])
def test_a_log_softmax_over_the_batch_stays_in_the_chain(named):
    output = OutputFacts(("LogSoftmax",), (3,), "head", -9.0, -0.1, columns_sum_to_one=named)
    loss, settled = settle(LossFacts("nll", "log-probabilities", "nll_loss"), output)
    assert settled.chain == (("LogSoftmax",) if named else ())
    assert bool(findings("output-activation", RunFacts(loss=loss, output=settled))) == named


def test_names_have_no_order_and_ratings_have_one(rng):
    centres = rng.normal(size=(5, 4))
    names = rng.integers(5, size=400)
    agreement, apart = likeness(centres[names] + 0.6 * rng.normal(size=(400, 4)), names.astype(float))
    assert 0.4 < agreement < 1 and apart is not None
    x = rng.normal(size=(400, 2))
    ratings = np.digitize(x @ [1.0, 0.5], [-1.2, -0.4, 0.4, 1.2]).astype(float)
    _, ordered = likeness(x, ratings)
    assert ordered is not None and ordered < 0.75 < apart


def test_steps_are_too_small_only_where_the_run_got_nowhere():
    table = SignalTable()
    for step in range(12):
        table.add(Signal(step, "a", "update_ratio", 4e-4))
    layer = _linear("a")
    still = replace(course([2.3] * 200), layers=(layer,), signals=table, optimizer=OptimizerFacts("Adagrad", 1e-4))
    assert findings("learning-rate-too-low", still)
    moving = replace(still, losses=falling(2.3, 1.9))
    assert findings("learning-rate-too-low", moving) == []


def _linear(name: str) -> LayerFacts:
    weight = ParameterFacts((4, 4), 0.0, 0.5, 1.0, False)
    return LayerFacts(name, "Linear", "linear", {}, (4,), (4,), parameters={"weight": weight})


def test_a_layer_without_a_name_does_not_follow_itself():
    run = RunFacts(layers=(_linear(""),), losses=[1.0] * 40)
    assert run.followers("") == () and run.before(run.layers[0]) is None
    assert findings("missing-nonlinearity", run) == []


def test_what_is_left_is_all_where_the_reference_has_no_size():
    assert course([0.0] * 40).left == 1.0
    assert course([-1.0] * 40).left == 0.0  # a loss without a lower end says nothing of what is left
    assert math.isclose(course(falling(2.0, 1.0)).left, 0.52, abs_tol=0.05)


@pytest.mark.parametrize(
    ("rectifiers", "weights", "left", "named"),
    [(60, 3, 1.0, True), (60, 3, 0.1, False), (49, 53, 1.0, False)],
    ids=["a loop written out", "one that learns", "a deep network"],
)
def test_a_recurrence_through_rectifiers_has_no_bound(rectifiers, weights, left, named):
    table = SignalTable()
    weighted = tuple(_linear(f"w{i}") for i in range(weights))
    for layer in weighted:
        table.add(Signal(0, layer.name, "gradient_share", 0.01))
    table.add(Signal(0, "", "total_gradient_norm", 1.0))
    calls = tuple(LayerFacts("relu" + "'" * i, "ReLU", "activation", {}, (4,), (4,)) for i in range(rectifiers))
    run = replace(course(falling(1.0, left)), layers=weighted + calls, signals=table)
    assert bool(findings("exploding-gradient", run)) == named


@pytest.mark.parametrize("sums", [True, False])
def test_outputs_that_sum_to_one_are_probabilities_wherever_they_were_made_so(sums):
    loss = LossFacts("cross_entropy", "logits", "CrossEntropyLoss")
    output = OutputFacts((), (3,), "", 0.01, 0.97, rows_sum_to_one=sums)
    assert bool(findings("output-activation", RunFacts(loss=loss, output=output))) == sums


@pytest.mark.parametrize(("lowest", "named"), [(1e-7, True), (0.02, False)], ids=["silent scores", "scores above zero"])
def test_a_rectified_score_of_zero_is_no_probability_though_all_are_divided_by_their_sum(lowest, named):
    weight = ParameterFacts((3, 4), 0.0, 0.5, 1.0, False)
    last = LayerFacts("out", "Linear", "linear", {}, (4,), (3,), parameters={"weight": weight})
    loss = LossFacts("nll", "probabilities", "written by hand")
    output = OutputFacts(("ReLU",), (3,), "out", lowest, 0.9, rows_sum_to_one=True)
    run = RunFacts(layers=(last,), loss=loss, output=output)
    assert bool(findings("output-activation", run)) == named


@pytest.mark.parametrize(
    ("rows", "steps", "linear", "named"),
    [
        (300, 200, None, True),
        (300, 200, 1.2, True),
        (300, 200, 4.1, False),
        (300, 5, None, False),
        (80, 200, None, False),
    ],
    ids=["nothing found", "nor by the linear model", "linear model finds", "few steps", "few rows"],
)
def test_that_nothing_can_be_learned_is_said_only_of_rows_and_steps_enough(rows, steps, linear, named):
    generator = np.random.default_rng(3)
    sample = generator.normal(size=(rows, 3)), generator.integers(0, 2, rows).astype(float)
    run = replace(course([0.7] * steps), sample=sample, linear=linear and LinearFacts(linear, 0.99, 500))
    assert bool(findings("unlearnable-target", run)) == named


def test_infinite_cells_do_not_hide_what_the_others_say():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(200, 3)).astype(np.float32)
    y = (x[:, 0] > 0).astype(float)
    x[:20, 1] = -np.inf
    told = probe(x, y, classes=True).skill
    assert told is not None and told["ridge"] > 5 and told["neighbours"] > 5


@pytest.mark.parametrize(("losses", "harmless"), [(falling(2.3, 0.05), True), ([2.3] * 200, False)])
def test_dead_units_of_a_network_that_learns_need_nothing_done(losses, harmless):
    units = {"relu1": UnitFacts("relu1", "ReLU", 64, 1000, tuple(range(12)), 0, ())}
    (found,) = findings("dead-units", replace(course(losses), units=units))
    assert found.severity == "note" and ("nothing has to be done" in found.prescription) == harmless
