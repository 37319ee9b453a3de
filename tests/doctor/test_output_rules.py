"""Rules of outputs, losses and targets, asked with facts made by hand: faults, and what only looks like one."""

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.faults.cases import examine, mend, rebuild
from benchmarks.faults.described import DESCRIBED

from backlight.doctor import RunFacts, all_diagnoses, diagnose
from backlight.doctor.probes import Probe
from backlight.records import Finding
from backlight.signals import (
    InputFacts,
    LayerFacts,
    LoopFacts,
    LossFacts,
    OutputFacts,
    ParameterFacts,
    TargetFacts,
)

RULES = all_diagnoses()
COLUMN = TargetFacts(
    shape=(), batch_shape=(32,), dtype="float32", floating=True, rows=320, minimum=0, maximum=2, mean=1, std=0.8,
    variance=0.64, deviation=0.6, non_finite=0, integers=True, one_hot=False, simplex=False,
    counts={0.0: 100, 1.0: 110, 2.0: 110}, run_share=0.3, run_expected=0.3, batch_purity=0.4,
)  # fmt: skip
LABELS = replace(COLUMN, shape=(3,), maximum=1, mean=0.5, counts={0.0: 500, 1.0: 460})
ONE_HOT = replace(LABELS, one_hot=True, simplex=True, mean=1 / 3)
MSE = LossFacts("mse", "values", "MSELoss")
BCE = LossFacts("bce", "probabilities", "BCELoss")
CROSS_ENTROPY = LossFacts("cross_entropy", "logits", "CrossEntropyLoss")
LEARNED, FAILED = [1.0] * 20 + [0.1] * 80, [0.64] * 100


def findings(name: str, run: RunFacts) -> list[Finding]:
    return [found for found in RULES[name].check(run) if isinstance(found, Finding)]


def run_of(loss: LossFacts, target: TargetFacts, *chain: str, units: int = 3, losses=LEARNED, **more) -> RunFacts:
    low, high = more.pop("between", (-2.0, 2.0))
    output = OutputFacts(chain, (units,), "head", low, high)
    loop = LoopFacts(steps=len(losses), finished=True)
    return RunFacts(loss=loss, output=output, targets=target, losses=losses, loop=loop, **more)


@pytest.mark.parametrize(
    ("chain", "named"),
    [(("ReLU", "Softmax"), True), (("Sigmoid", "Softmax"), True), (("LeakyReLU", "Softmax"), False),
     (("Clamp", "Softmax"), False), (("Softmax",), False)],
)  # fmt: skip
def test_a_softmax_reads_what_no_other_activation_has_cut(chain, named):
    loss = LossFacts("nll", "probabilities", "NLLLoss")
    assert bool(findings("output-activation", run_of(loss, ONE_HOT, *chain))) == named


@pytest.mark.parametrize(
    ("loss", "chain", "target", "named"),
    [(BCE, ("Softmax",), LABELS, True), (CROSS_ENTROPY, (), LABELS, True), (BCE, ("Sigmoid",), LABELS, False),
     (CROSS_ENTROPY, (), ONE_HOT, False), (BCE, ("Softmax",), replace(LABELS, shape=(3, 3)), False)],
)  # fmt: skip
def test_labels_that_do_not_exclude_each_other_share_no_one(loss, chain, target, named):
    run = run_of(loss, target, *chain)
    assert bool(findings("output-activation", run)) == named
    assert bool(findings("loss-mismatch", run)) == (named and loss is CROSS_ENTROPY)


@pytest.mark.parametrize(("between", "named"), [((0.0, 0.0), True), ((0.0, 1.4), False)])
def test_a_rectifier_that_only_ever_put_out_zero_is_in_the_wrong_place(between, named):
    run = run_of(MSE, replace(COLUMN, integers=False), "ReLU", units=1, losses=FAILED, between=between)
    assert bool(findings("output-activation", run)) == named


@pytest.mark.parametrize(
    ("metrics", "target", "named"),
    [(("accuracy",), COLUMN, True), (("mae",), COLUMN, False), ((), COLUMN, False),
     (("accuracy",), replace(COLUMN, minimum=-1, maximum=1, counts={-1.0: 100, 0.0: 90, 1.0: 90}), True),
     (("accuracy",), replace(COLUMN, minimum=4, maximum=6), False),
     (("accuracy",), replace(COLUMN, maximum=3, counts={0.0: 160, 2.0: 90, 3.0: 90}), False)],
    ids=["counts hits", "measures", "does not tell", "about 0", "do not begin at 0", "leave one out"],
)  # fmt: skip
def test_whole_numbers_whose_exact_hits_are_counted_name_classes(metrics, target, named):
    run = run_of(MSE, target, units=1, metrics=metrics)
    assert bool(findings("output-units", run)) == named
    assert bool(findings("loss-mismatch", run)) == named
    assert findings("output-activation", run) == []


@pytest.mark.parametrize(("metrics", "named"), [(("accuracy",), True), ((), False)])
def test_halves_that_a_sigmoid_is_to_hit_name_classes(metrics, named):
    halves = replace(COLUMN, maximum=1, mean=0.5, integers=False, counts={0.0: 100, 0.5: 110, 1.0: 110})
    run = run_of(BCE, halves, "Sigmoid", units=1, metrics=metrics)
    assert bool(findings("output-units", run)) == named


@pytest.mark.parametrize(
    ("first", "advice"), [(0.0, "3 outputs and use"), (1.0, "3 outputs (classes numbered 0 to 2) and use")]
)
def test_one_output_each_is_advised_with_numbers_that_cross_entropy_takes(first, advice):
    target = replace(COLUMN, minimum=first, maximum=first + 2, counts={first + i: 100 for i in range(3)})
    (found,) = findings("output-units", run_of(CROSS_ENTROPY, target, units=1))
    assert advice in found.prescription


@pytest.mark.parametrize(("losses", "severity"), [(LEARNED, "warning"), (FAILED, "error")])
def test_a_distance_of_classes_is_an_error_where_nothing_was_learned(losses, severity):
    run = run_of(MSE, ONE_HOT, losses=losses)
    assert [f.severity for f in findings("loss-mismatch", run)] == [severity]
    assert [f.severity for f in findings("output-activation", run)] == [severity]


def _inputs(shape: tuple[int, ...]) -> InputFacts:
    none = np.zeros(0)
    return InputFacts(shape, "float32", True, 320, 320, 0, -2, 2, 0, 1, 0, False, none, none, none, none, False, none)


@pytest.mark.parametrize(
    ("losses", "first"), [(FAILED[:20], "stopped-too-early"), ([1.0] * 20 + [0.2] * 80, "too-little-data")]
)
def test_few_rows_are_no_reason_that_these_rows_are_not_fitted(losses, first):
    run = replace(run_of(MSE, replace(COLUMN, integers=False), units=1, losses=losses), inputs=_inputs((4,)))
    run = replace(run, loop=replace(run.loop, rows=8))
    assert [f.name for f in diagnose(run).findings][:1] == [first]


SHOWN = ("rectifier-before-softmax", "labels-shared-out", "one-output-for-three-classes", "nearly-all-dropped",
         "raw-digits", "xor-in-twenty-updates")  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_the_fault_of_a_described_program_is_named_first_and_gone_when_mended(name):
    case = DESCRIBED[name]
    assert examine(rebuild(case))[0].name in case["primary"]["names"]
    loud = [f for f in examine(mend(case)) if f.severity != "note"]
    assert [f.name for f in loud if f.severity == "error" or f.name in case["primary"]["names"]] == []


MEASURED = replace(COLUMN, integers=False, minimum=1.0, maximum=9.0, mean=4.0, counts={})


def test_measured_values_under_a_yes_or_no_loss_are_the_fault_of_the_loss_alone():
    run = run_of(BCE, MEASURED, units=1, losses=FAILED)
    assert [f.name for f in diagnose(run).findings if f.severity == "error"] == ["loss-mismatch"]
    labels = replace(COLUMN, minimum=1.0, counts={1.0: 160, 2.0: 160})
    assert findings("target-encoding", run_of(BCE, labels, "Sigmoid", units=1))


@pytest.mark.parametrize(
    ("values", "named"),
    [([-1.5, -0.5, 0.5, 1.5], True), ([-1.5, -0.5, 0.5, 2.5], False), ([-1.0, 0.0, 1.0], False)],
    ids=["even steps", "a gap", "three could have an order"],
)
def test_standardised_whole_numbers_without_an_order_name_classes(values, named):
    target = replace(MEASURED, minimum=values[0], maximum=values[-1], counts=dict.fromkeys(values, 80))
    names = Probe(320, None, agreement=0.9, apart=1.05)
    assert bool(findings("loss-mismatch", run_of(MSE, target, units=1, probed=names))) == named
    assert not findings("loss-mismatch", run_of(MSE, target, units=1, probed=replace(names, apart=0.6)))


@pytest.mark.parametrize(
    ("top", "between", "losses", "named"),
    [(1.0, (), FAILED, True), (1.0, (), LEARNED, False), (300.0, (), FAILED, False), (1.0, ("Flatten",), FAILED, True)],
    ids=["fractions", "learned", "bins enough", "behind a reshaping"],
)
def test_an_embedding_reads_no_fractions(top, between, losses, named):
    table = ParameterFacts((100, 16), 0.0, 1.0, 3.0, False)
    layers = [LayerFacts(kind, kind, "shape", {}, (4,), (4,)) for kind in between]
    layers.append(LayerFacts("words", "Embedding", "embedding", {}, (4,), (4, 16), parameters={"weight": table}))
    x = replace(_inputs((4,)), minimum=0.0, maximum=top, column_mean=np.full(4, 50.0), column_std=np.full(4, 30.0))
    run = replace(run_of(MSE, MEASURED, units=1, losses=losses), layers=tuple(layers), inputs=x)
    assert bool(findings("bad-values", run)) == named
    assert not findings("unscaled-features", run)
