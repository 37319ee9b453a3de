"""Sick runs are treated where that is proven, healthy ones left alone."""

import json
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import backlight as bl
from backlight.doctor import all_treatments
from backlight.evaluation.side_by_side import balanced, constant_losses, difference, judged, row_losses
from backlight.records import BacklightError, Finding, Task
from backlight.runs.assembly import assemble
from backlight.runs.module import own_copy
from backlight.runs.options import configure
from backlight.runs.proofs.bench import Bench, CutShortError
from backlight.runs.proofs.proof import Prover
from backlight.runs.proofs.weighing import best, verdict
from backlight.training import Observer

pytestmark = pytest.mark.usefixtures("undrawn")
SICK = {"network": "16 relu, 16 relu", "epochs": 15, "init": "zeros", "schedule": "constant", "verbose": False}
TWO = Task("binary", "y", (0, 1))


def test_a_sick_run_is_treated_and_the_untreated_one_is_kept(tmp_path):
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", **SICK)
    treated = run.findings[0]
    assert (treated.name, treated.treatment) == ("zero-init", "init")
    assert treated.verdict.word == "better" and treated.verdict.kept and treated.verdict.high < 0
    assert abs(treated.verdict.random_change) < 0.3 * abs(treated.verdict.difference)  # of five draws one may be init
    assert run.config.network.init == "auto" and not run.config.treat
    assert run.metrics["accuracy"].value > 0.9
    untreated = bl.Run(run.folder / "untreated")
    assert untreated.config.network.init == "zeros" and untreated.metrics["accuracy"].value < 0.7
    assert [one.name for one in untreated.findings] == ["zero-init"]
    proof = json.loads((run.folder / "proof.json").read_text())
    assert proof["kept"] == ["init"] and proof["trainings"] >= 9
    page = (run.folder / "report.html").read_text()
    assert "Treated with init" in page and "it helped: with it, the log-loss is" in page
    assert not list(run.folder.glob(".treated"))


def test_the_treated_run_is_repeated_by_its_settings(tmp_path):
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", **SICK)
    again = bl.train(config=run.folder / "run.toml", out=tmp_path / "again", verbose=False)
    assert again.metrics == run.metrics and not (again.folder / "untreated").exists()


def test_no_treat_leaves_a_sick_run_to_diagnose_treat(tmp_path):
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", treat=False, **SICK)
    assert run.findings[0].verdict is None and not (run.folder / "proof.json").exists()
    treated = bl.treat(run.folder, verbose=False)
    assert treated.findings[0].verdict.kept and treated.metrics["accuracy"].value > 0.9


def test_a_healthy_run_gets_no_treatment(tmp_path):
    run = bl.train("sklearn:breast_cancer", network="16 relu", out=tmp_path / "run", verbose=False)
    assert not [one for one in run.findings if one.verdict is not None]
    assert not (run.folder / "proof.json").exists() and not (run.folder / "untreated").exists()


def test_what_should_be_asked_for_is_not_tried_unasked(tmp_path):
    run = bl.train("sklearn:breast_cancer", network="16 relu", epochs=1, out=tmp_path / "run", verbose=False)
    found = {one.name: one for one in run.findings}
    assert found["stopped-too-early"].verdict is None and run.evaluation["epochs"] == 1
    treated = bl.treat(run.folder, unsafe=True, verbose=False)
    assert treated.evaluation["epochs"] > 3


def test_a_network_passed_in_python_is_treated_by_what_needs_no_description(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    options = {"network": module, "epochs": 15, "schedule": "constant", "learning_rate": 1e-6, "verbose": False}
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", **options)
    assert run.findings[0].treatment == "raise-learning-rate" and run.findings[0].verdict.kept
    assert run.metrics["accuracy"].value > 0.85
    assert all((value == before[name]).all() for name, value in module.state_dict().items())


def test_a_softmax_before_its_loss_is_left_out_of_a_network_passed_in_python(tmp_path):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Sequential(nn.Linear(16, 3), nn.Softmax(1), nn.Dropout(0.1)))
    run = bl.train("sklearn:iris", network=module, epochs=30, learning_rate=0.01, out=tmp_path / "run", verbose=False)
    first = run.findings[0]
    assert (first.treatment, first.verdict.word) == ("linear-ending", "better")
    assert run.config.network.ending == "linear" and len(module[2]) == 3
    answer = bl.Run(run.folder).predict_proba("sklearn:iris")
    assert answer.sum(axis=1) == pytest.approx(np.ones(150)) and answer.max() > 0.9


def test_of_a_network_that_overfits_the_best_epoch_is_kept(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 10))
    data = x, (x[:, 0] + rng.normal(size=500) > 0).astype(int)
    options = {"network": "128 relu, 128 relu", "epochs": 40, "keep": "last", "verbose": False}
    run = bl.train(data, out=tmp_path / "run", **options)
    first = next(one for one in run.findings if one.name == "overfitting")
    assert first.verdict.kept and run.config.training.keep == "best" and run.evaluation["best_epoch"] < 40


def test_what_stands_at_the_end_is_left_out_only_where_it_can_be():
    class Own(nn.Module):
        def forward(self, x):
            return x.softmax(1)

    for module in (Own(), nn.Sequential(nn.Linear(4, 3))):
        with pytest.raises(BacklightError, match="no activation or dropout"):
            own_copy(module, ending="linear")


def test_a_leak_is_judged_where_its_column_is_not_known(tmp_path):
    x = np.random.default_rng(0).normal(size=(400, 2))
    y = x[:, 0] * x[:, 1] > 0
    data = np.column_stack([x, y]), y.astype(int)
    run = bl.train(data, network="32 relu, 32 relu", epochs=30, out=tmp_path / "run", verbose=False)
    leak = next(one for one in run.findings if one.name == "leaking-feature")
    assert leak.verdict is None and run.metrics["accuracy"].value > 0.95
    treated = bl.treat(run.folder, data, unsafe=True, verbose=False)
    kept = next(one for one in treated.findings if one.name == "leaking-feature")
    assert kept.verdict.word == "better" and kept.verdict.metric == "log_loss_without_x2"
    assert treated.config.data.drop == ("x2",)


def test_a_frozen_layer_learns_where_that_is_asked_for(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 4))
    data = x, (x[:, 0] * x[:, 1] > 0).astype(int)
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 6).requires_grad_(False), nn.Tanh(), nn.Linear(6, 1))
    run = bl.train(data, network=module, epochs=20, learning_rate=0.03, out=tmp_path / "run", verbose=False)
    treated = bl.treat(run.folder, data, network=module, unsafe=True, verbose=False)
    kept = next(one for one in treated.findings if one.name == "frozen-parameters")
    assert (kept.treatment, kept.verdict.word) == ("unfreeze", "better") and treated.config.network.frozen == "none"
    assert not next(module.parameters()).requires_grad


def test_classes_taken_for_numbers_are_judged_by_how_often_the_answer_is_wrong():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 5, 400)
    x = rng.normal(size=(5, 4))[kind] * 3 + rng.normal(size=(400, 4))
    config = configure({"network": "16 relu", "epochs": 10, "task": "regression"})
    assembly = assemble((x, kind), config)
    bench = Bench(assembly.dataset, np.arange(400), assembly.config, None, None)
    mismatch = Finding("O203", "loss-mismatch", "warning", "", "", evidence={"classes": 5})
    proof = Prover(bench, assembly.config, unsafe=True).prove([mismatch])
    found = proof.findings[0].verdict
    assert (proof.kept, found.metric, found.word) == (["loss-for-task"], "error_rate", "better")
    assert proof.config.data.task == "multiclass" and -1 < found.difference < -0.05
    with pytest.raises(BacklightError, match="cannot be held against each other"):
        bench.check(proof.config, assembly.config)


def test_few_rows_are_all_held_out_in_turn():
    assembly = assemble("sklearn:iris", configure({"network": "8 relu", "epochs": 2}))
    bench = Bench(assembly.dataset, np.arange(0, 150, 5), assembly.config, None, None)
    held_out = [parts(bench, number)[2] for number in range(8)]
    assert not bench.crossed and len(set.union(*held_out)) == sum(map(len, held_out)) > 20


def test_an_ensemble_is_proven_as_one_network_and_trained_as_several():
    assembly = assemble("sklearn:iris", configure({"network": "8 relu", "epochs": 3}))
    bench = Bench(assembly.dataset, np.arange(150), assembly.config, None, None)
    together = configure({"ensemble": 3}, assembly.config)
    single, mean = bench.train([(assembly.config, 5), (together, 5)])
    assert len(mean.module.members) == 3
    torch.testing.assert_close(mean.module.members[0].output.weight, single.module.output.weight)
    assert mean.held_out[0].shape == single.held_out[0].shape and (mean.held_out[0] != single.held_out[0]).any()


def test_each_network_of_an_ensemble_is_an_untreated_one():
    """The mean of several answers is never worse than they are on average (Jensen), row by row."""
    assembly = assemble("sklearn:breast_cancer", configure({"network": "16 relu", "epochs": 4}))
    prover = Prover(Bench(assembly.dataset, np.arange(569), assembly.config, None, None), assembly.config)
    prover.untreated = prover.bench.train([(prover.proof.config, number) for number in range(4)])
    together = configure({"ensemble": 3}, prover.proof.config)
    treated = prover.bench.train([(together, number) for number in range(4)])
    ensemble = all_treatments()["ensemble"]
    found = verdict(prover.bench, ensemble, prover.proof.config, prover.untreated, treated, [])
    of_members = np.mean([[losses.mean() for losses, _ in one.members] for one in treated])
    mean = np.mean([one.held_out[0].mean() for one in treated])
    assert found.difference == pytest.approx(mean - of_members) and mean < of_members
    first = next(losses.mean() for losses, _ in treated[0].members)
    assert first == pytest.approx(prover.untreated[0].held_out[0].mean(), rel=1e-4)


@pytest.mark.parametrize(("lead", "chosen"), [(0.001, "clip"), (0.5, "schedule")])
def test_what_is_named_first_is_tried_where_the_rows_cannot_tell_it_from_the_best(lead, chosen):
    assembly = assemble("sklearn:iris", configure({"network": "8 relu", "epochs": 2}))
    prover = Prover(Bench(assembly.dataset, np.arange(150), assembly.config, None, None), assembly.config)
    outcomes = prover.bench.train([(prover.proof.config, number) for number in (8, 9)])
    rows = len(outcomes[0].validation[0])
    spread = np.random.default_rng(0).normal(0, 0.2, rows)

    def with_losses(losses):
        return [replace(one, validation=(losses, np.full(rows, 9.0))) for one in outcomes]

    tried = {"clip": with_losses(1 + lead + spread), "schedule": with_losses(np.ones(rows))}
    assert best(prover.bench, tried) == chosen


def test_treating_in_another_process_needs_the_data(tmp_path):
    x = np.random.default_rng(0).normal(size=(120, 4))
    run = bl.train((x, x[:, 0] > 0), network="8 relu", epochs=2, treat=False, out=tmp_path / "run", verbose=False)
    with pytest.raises(BacklightError, match="source=…"):
        bl.treat(run.folder)


@pytest.fixture(autouse=True)
def ctrl_c_is_heard():
    """Also where the tests run in the background of a shell, which turns SIGINT off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class CtrlC(Observer):
    """Presses Ctrl-C, once, where a note begins so."""

    def __init__(self, note):
        self.note = note

    def on_note(self, text):
        if self.note and text.strip().startswith(self.note):
            self.note = ""
            signal.raise_signal(signal.SIGINT)


class PressedAtEpoch(Observer):
    """Presses Ctrl-C, once, at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch(self, rows, **_):
        if rows[-1].epoch == self.epoch:
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(
    ("note", "tried", "said"),
    [
        ("Treating", [], "Interrupted: the run is as it was"),
        ("zero-init, treated with init: it helped", ["better"], "init helped, but"),
    ],
)
def test_ctrl_c_while_treating_leaves_the_run_as_it_was_and_the_rest_for_later(tmp_path, note, tried, said):
    heard = []
    hearing = CtrlC("")
    hearing.on_note = heard.append
    options = SICK | {"verbose": True}
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", observers=[hearing, CtrlC(note)], **options)
    proof = json.loads((run.folder / "proof.json").read_text())
    assert run.interrupted and proof["stopped"] == "interrupted" and proof["kept"] == []
    assert [one["verdict"]["word"] for one in proof["tried"]] == tried
    assert not (run.folder / "untreated").exists() and not (run.folder / ".treated").exists()
    assert run.config.network.init == "zeros" and run.metrics["accuracy"].value < 0.7
    told = " ".join(heard)
    assert said in told and f"backlight diagnose {run.folder} --treat" in told
    again = bl.treat(run.folder, verbose=False)
    assert again.metrics["accuracy"].value > 0.9 and not again.interrupted


def test_ctrl_c_while_the_treated_run_is_trained_leaves_the_run_as_it_was(tmp_path):
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", observers=[CtrlC("Training again")], **SICK)
    assert run.interrupted and run.metrics["accuracy"].value < 0.7
    assert run.findings[0].verdict.word == "better" and not run.findings[0].verdict.kept
    assert not (run.folder / "untreated").exists() and not (run.folder / ".treated").exists()


def test_a_run_whose_training_was_interrupted_is_to_be_ended_first(tmp_path):
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", observers=[PressedAtEpoch(2)], **SICK)
    assert run.interrupted and run.findings
    with pytest.raises(BacklightError, match=f"backlight resume {run.folder}"):
        bl.treat(run.folder, verbose=False)


def test_without_time_nothing_is_tried():
    config = configure({"network": "8 relu", "epochs": 2, "init": "zeros"})
    assembly = assemble("sklearn:iris", config)
    bench = Bench(assembly.dataset, np.arange(150), assembly.config, None, deadline=0.0)
    with pytest.raises(CutShortError):
        Prover(bench, assembly.config, seconds_each=1.0).seeds()


@pytest.mark.parametrize(("left", "trainings"), [(40, 2 * 3 + 8 * 3), (28, 3 + 8 * 3), (12, 0)])
def test_short_of_time_fewer_trainings_choose_and_what_they_took_tells_what_fits(left, trainings):
    """Three treatments, at three seconds a training by itself; side by side it is some hundredths."""
    config = configure({"network": "8 relu", "epochs": 2, "learning_rate": 1.0, "schedule": "constant"})
    assembly = assemble("sklearn:iris", config)
    prover = Prover(Bench(assembly.dataset, np.arange(150), assembly.config, None, None), assembly.config)
    prover.seconds_each, prover._left = 3.0, lambda: left
    proof = prover.prove([Finding("L701", "learning-rate-too-high", "error", "", "")])
    assert proof.trainings == trainings and bool(proof.findings) == bool(trainings)


@pytest.mark.parametrize("crossed", [True, False])
def test_a_difference_needs_seeds_that_agree(crossed):
    rng = np.random.default_rng(0)
    rows = rng.normal(1.0, 0.5, 300)
    first = np.stack([rows + rng.normal(0, 0.05, 300) for _ in range(5)])
    assert difference(TWO, first, first - 0.1, crossed=crossed).high < 0
    shifts = np.array([-0.5, 0.6, -0.7, 0.4, -0.1])[:, None]
    unsure = difference(TWO, first, first + shifts, crossed=crossed)
    assert unsure.low < 0 < unsure.high


def test_one_seed_settles_nothing():
    for crossed in (True, False):
        assert difference(TWO, np.ones((1, 9)), np.zeros((1, 9)), crossed=crossed).high == np.inf


@pytest.mark.parametrize("crossed", [True, False])
@pytest.mark.parametrize(("by_seed", "by_row", "by_both"), [(0.3, 1, 0.5), (0, 1, 1), (0.3, 0, 0.1), (0.1, 1, 3)])
def test_better_is_seldom_said_of_what_is_the_same(crossed, by_seed, by_row, by_both):
    rng, better, worse = np.random.default_rng(1), 0, 0
    for _ in range(400):
        rows = rng.normal(0, by_row, (1 if crossed else 8, 60))
        noise = rng.normal(0, by_seed, (8, 1)) + rows + rng.normal(0, by_both, (8, 60))
        found = difference(TWO, np.zeros((8, 60)), noise, crossed=crossed)
        better, worse = better + (found.high < 0), worse + (found.low > 0)
    assert max(better, worse) <= 0.05 * 400


def test_a_two_way_interval_counts_the_noise_of_single_answers_once():
    """Nothing but that noise, which both the means of seeds and those of rows hold: √(2.4² + 2²) = 3.1 if added up."""
    noise = np.random.default_rng(2).normal(size=(60, 8, 200))
    found = [difference(TWO, np.zeros((8, 200)), one, crossed=True) for one in noise]
    assert np.mean([one.high - one.value for one in found]) < 2.8 / 1600**0.5


def parts(bench, number):
    prepared = bench.assembled(bench.first.config, number).prepared
    return [set(part.rows.tolist()) for part in (prepared.train, prepared.validation, prepared.test)]


def test_every_training_holds_out_other_rows_and_none_that_validates():
    assembly = assemble("sklearn:breast_cancer", configure({"network": "8 relu", "epochs": 2}))
    bench = Bench(assembly.dataset, np.arange(569), assembly.config, None, None)
    assert not bench.crossed
    trained, validation, held_out = zip(*(parts(bench, number) for number in range(8)), strict=True)
    assert all(rows == validation[0] for rows in validation)
    assert len(set.union(*held_out)) == sum(map(len, held_out)) >= 569 - len(validation[0]) - 7
    assert {len(rows) for rows in trained} == {569 - len(validation[0]) - len(held_out[0])}
    assert all(a | b | c == set(range(569)) for a, b, c in zip(trained, validation, held_out, strict=True))
    assert parts(bench, 8) == parts(bench, 0)


@pytest.mark.parametrize("options", [{"group": "mean_radius"}, {"time": "mean_radius"}])
def test_rows_that_belong_together_are_split_as_the_run_splits_them(options):
    assembly = assemble("sklearn:breast_cancer", configure({"network": "8 relu", "epochs": 2}))
    column = assembly.dataset.frame.columns[0]
    config = configure(dict.fromkeys(options, column), assembly.config)
    bench = Bench(assembly.dataset, np.arange(569), config, None, None)
    assert bench.crossed and parts(bench, 0) == parts(bench, 1)


def test_a_network_for_all_columns_is_judged_on_one_part_where_others_lack_a_column():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 3))
    y, own = x[:, 0] > 0, {"network": nn.Linear(3, 1)}
    trained = assemble((x, y), configure({"epochs": 2}), **own).prepared.train.rows
    x[:, 2] = np.arange(200) == trained[0]  # one of the parts holds this row out
    assembly = assemble((x, y), configure({"epochs": 2}), **own)
    described = Bench(assembly.dataset, np.arange(200), assembly.config, None, None)
    passed = Bench(assembly.dataset, np.arange(200), assembly.config, nn.Linear(3, 1), None)
    widths = [described.assembled(assembly.config, number).prepared.train.x.shape[1] for number in range(8)]
    assert not described.crossed and sorted(widths) == [2, *[3] * 7]
    assert passed.crossed and passed.first.prepared.train.x.shape[1] == 3


def test_trainings_on_other_rows_run_as_they_would_alone():
    assembly = assemble("sklearn:iris", configure({"network": "8 relu", "epochs": 3}))
    bench = Bench(assembly.dataset, np.arange(150), assembly.config, None, None)
    together = bench.train([(assembly.config, number) for number in (0, 1, 2)])
    alone = bench.train([(assembly.config, 1)])[0]
    torch.testing.assert_close(torch.as_tensor(together[1].held_out[0]), torch.as_tensor(alone.held_out[0]))


def test_treated_settings_that_are_refused_leave_the_run_as_it_was_and_say_so(tmp_path, monkeypatch):
    def refused(assembly, under_way, **_):
        (under_way / "half").mkdir(parents=True)
        raise BacklightError("This cannot be trained.")

    heard = CtrlC("")
    said = []
    heard.on_note = said.append
    monkeypatch.setattr("backlight.runs.proofs.treating.complete", refused)
    run = bl.train("sklearn:breast_cancer", out=tmp_path / "run", observers=[heard], **SICK | {"verbose": True})
    assert not (run.folder / ".treated").exists() and not (run.folder / "untreated").exists()
    proof = json.loads((run.folder / "proof.json").read_text())
    assert (proof["stopped"], proof["kept"]) == ("This cannot be trained.", [])
    assert proof["tried"][0]["verdict"]["word"] == "better" and not proof["tried"][0]["verdict"]["kept"]
    assert any("init helped, but" in text and "This cannot be trained" in text for text in said)


def test_a_runaway_training_counts_as_twice_the_constant_answer():
    truth = np.array([0, 1, 1, 0])
    constant = constant_losses(TWO, np.array([0, 0, 1, 1]), truth)
    wrong = np.eye(2)[1 - truth]
    for prediction in (np.full((4, 2), np.nan), wrong):
        assert (judged(row_losses(TWO, truth, prediction), constant, np.ones(4)) == 2 * constant).all()
    by_heart = row_losses(TWO, truth, np.where(wrong == 1, 0.6, 0.4))
    assert (judged(by_heart, constant, np.ones(4)) == by_heart).all() and by_heart.mean() > constant.mean()
    assert judged(row_losses(TWO, truth, np.eye(2)[truth]), constant, np.ones(4)).max() == 0
    assert balanced(np.array([0, 0, 0, 1])).tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 2])
