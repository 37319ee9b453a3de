"""What does not get through a network or a recurrence, and what is not there to learn, asked with made-up facts."""

from dataclasses import replace

import numpy as np
import pytest

from backlight.doctor import RunFacts, all_diagnoses
from backlight.doctor.probes import Probe
from backlight.records import Finding, Signal
from backlight.signals import (
    LayerFacts,
    LoopFacts,
    LossFacts,
    OutputFacts,
    ParameterFacts,
    SignalTable,
    TargetFacts,
    UnitFacts,
)

RULES = all_diagnoses()
FLAT = [1.0] * 200
VALUES = TargetFacts(
    shape=(1,), batch_shape=(32, 1), dtype="float32", floating=True, rows=640, minimum=-2.5, maximum=2.5, mean=0.0,
    std=1.0, variance=1.0, deviation=0.8, non_finite=0, integers=False, one_hot=False, simplex=False, counts={},
    run_share=0.0, run_expected=0.0, batch_purity=0.0,
)  # fmt: skip
LABELS = replace(VALUES, shape=(8,), minimum=0, maximum=1, mean=0.02, integers=True, counts={0.0: 5000, 1.0: 100})
MSE = LossFacts("mse", "values", "MSELoss")
NO_SKILL = {"ridge": 0.0, "neighbours": 0.4}


def findings(name: str, run: RunFacts) -> list[Finding]:
    return [found for found in RULES[name].check(run) if isinstance(found, Finding)]


def run_of(*layers: LayerFacts, losses=FLAT, target=VALUES, **more) -> RunFacts:
    output = OutputFacts((), (1,), "head", -1.0, 1.0)
    loop = LoopFacts(steps=len(losses), finished=True, epochs=more.pop("epochs", None))
    return RunFacts(layers=layers, loss=MSE, output=output, targets=target, losses=losses, loop=loop, **more)


def linear(name: str, inputs: int, outputs: int) -> LayerFacts:
    weight = ParameterFacts((outputs, inputs), 0.0, 0.5, 1.0, False)
    return LayerFacts(name, "Linear", "linear", {}, (inputs,), (outputs,), parameters={"weight": weight})


def falling(start: float, end: float) -> list[float]:
    return np.linspace(start, end, 200).tolist()


@pytest.mark.parametrize(
    ("filters", "losses", "severity"),
    [(1, FLAT, "error"), (1, falling(1.0, 0.6), "warning"), (16, FLAT, None), (1, falling(1.0, 0.1), None)],
    ids=["learned nothing", "a poor fit", "many filters", "a good fit"],
)
def test_one_filter_over_a_whole_sequence_hands_on_one_number(filters, losses, severity):
    weight = ParameterFacts((filters, 1, 30), 0.0, 0.2, 1.0, False)
    over_all = LayerFacts("conv", "Conv1d", "linear", {}, (1, 30), (filters, 1), parameters={"weight": weight})
    run = run_of(over_all, linear("hidden", filters, 32), linear("head", 32, 1), losses=losses)
    assert [found.severity for found in findings("capacity-too-low", run)] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("steps", "spread", "losses", "named"),
    [(100, 0.5, FLAT, True), (100, 0.05, FLAT, False), (10, 0.5, FLAT, False), (100, 0.5, falling(1.0, 0.5), False)],
    ids=["many steps", "a small state", "few steps", "learned"],
)
def test_the_slope_of_tanh_fades_v_on_its_way_back_in_time(steps, spread, losses, named):
    orthogonal = ParameterFacts((24, 24), 0.0, 24**-0.5, 24**0.5, False)
    settings = {"nonlinearity": "tanh", "batch_first": True}
    rnn = LayerFacts(
        "rnn", "RNN", "recurrent", settings, (steps, 1), (steps, 24), parameters={"weight_hh_l0": orthogonal}
    )
    table = SignalTable()
    for name, value in (("y_mean", 0.0), ("y_std", spread)):
        table.add(Signal(0, "rnn", name, value))
    run = run_of(rnn, linear("head", 24, 1), losses=losses, signals=table)
    assert bool(findings("vanishing-gradient", run)) == named


@pytest.mark.parametrize(
    ("zeros", "left", "named"),
    [
        ((0.01, 0.01, 0.01), 1.0, True),
        ((0.0, 0.0, 0.9), 1.0, True),
        ((0.5, 0.5, 0.5), 1.0, False),
        ((0.01, 0.01, 0.01), 0.1, False),
    ],
    ids=["cut off nothing", "one unit seldom speaks", "cut off half", "a good fit"],
)
def test_rectifiers_of_a_recurrence_that_cut_off_nothing_are_no_activation(zeros, left, named):
    calls = ["relu" + "'" * i for i in range(40)]
    units = {name: UnitFacts(name, "ReLU", 4, 300, (3,), 1, (), zero_shares=(*zeros, 1.0)) for name in calls}
    run = run_of(linear("x", 2, 4), linear("h", 4, 4), linear("head", 4, 1), losses=falling(1.0, left), units=units)
    run = replace(run, signals=SignalTable())
    assert bool(findings("missing-nonlinearity", run)) == named


@pytest.mark.parametrize(
    ("first_pass", "skill", "named"),
    [(1.0, NO_SKILL, True), (0.8, NO_SKILL, False), (1.0, {"ridge": 9.0, "neighbours": 3.0}, False)],
    ids=["by heart", "rows not seen before were told too", "a linear model finds it"],
)
def test_what_comes_with_the_second_pass_is_learned_by_heart(first_pass, skill, named, rng):
    means = np.r_[np.ones(15), np.full(25, first_pass), np.linspace(first_pass, 0.75, 160)]
    losses = (means + 0.05 * rng.normal(size=200)).tolist()
    run = run_of(linear("head", 4, 1), losses=losses, epochs=5.0, probed=Probe(600, skill))
    found = findings("unlearnable-target", run)
    assert bool(found) == named and ("by heart" in found[0].message if named else True)


@pytest.mark.parametrize(("losses", "named"), [(falling(8.0, 1.05), False), ([8.0] * 20 + [1.05] * 180, True)])
def test_a_loss_on_its_way_down_is_not_said_to_stand(losses, named):
    assert bool(findings("not-learning", run_of(linear("head", 4, 1), losses=losses))) == named


@pytest.mark.parametrize(
    ("losses", "ones", "named"),
    [([0.1] * 200, 100, True), (falling(0.1, 0.05), 100, False), ([0.1] * 200, 2000, False)],
    ids=["no to every label", "learned", "common labels"],
)
def test_rare_labels_are_told_of_where_no_to_every_one_is_all_that_was_learned(losses, ones, named):
    target = replace(LABELS, counts={0.0: 5000, 1.0: ones})
    run = run_of(linear("head", 4, 8), losses=losses, target=target)
    assert bool(findings("class-imbalance", run)) == named


def test_a_loss_that_became_infinite_in_the_first_pass_is_not_asked_what_was_learned_by_heart():
    losses = [1.0] * 30 + [float("inf")] * 170
    found = findings(
        "unlearnable-target", run_of(linear("head", 4, 1), losses=losses, epochs=4.0, probed=Probe(600, NO_SKILL))
    )
    assert [one.severity for one in found] == ["warning"] and "by heart" not in found[0].message
