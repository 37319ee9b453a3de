"""Ensembles: the mean of members that are each what one training would be, and what is kept when they are cut short."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import backlight as bl
from backlight.network.layers import Ensemble
from backlight.runs.ensembles import ensemble as ensembles
from backlight.runs.ensembles.ensemble import draw_folds, members_of
from backlight.training import Observer, resumption
from backlight.training.session import Session

FAST = {"network": "8 relu", "epochs": 3, "batch_size": 32, "learning_rate": 0.01, "verbose": False, "diagnose": False}
update = Session.update


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return bl.train("sklearn:wine", ensemble=3, out=tmp_path_factory.mktemp("ensemble") / "run", **FAST)


def test_the_prediction_is_the_mean_of_the_members(run):
    opened = bl.Run(run.folder)
    x = torch.as_tensor(opened.preprocessing.transform(opened.read("sklearn:wine")))
    with torch.inference_mode():
        each = [member(x).softmax(1) for member in members_of(opened.module)]
    assert len(each) == 3
    assert np.allclose(opened.predict_proba("sklearn:wine"), torch.stack(each).mean(0), atol=1e-6)
    frame = opened.predict("sklearn:wine")
    chosen = torch.stack(each).mean(0).argmax(1)
    wanted = torch.stack(each)[:, torch.arange(len(x)), chosen].std(0, correction=0)
    assert np.allclose(frame["spread"], wanted, atol=1e-6)


def test_the_first_member_is_the_single_run_with_the_same_seed(run, tmp_path):
    single = bl.train("sklearn:wine", out=tmp_path / "single", **FAST)
    assert "spread" not in single.predict("sklearn:wine").columns
    for ours, theirs in zip(members_of(run.module)[0].parameters(), single.module.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)


def test_the_summary_tells_of_the_members(run):
    facts = json.loads((run.folder / "ensemble.json").read_text())
    told = run.summary()["ensemble"]
    assert (told["members"], told["folds"], told["missing"]) == (3, False, [])
    assert told["best_epochs"] == [one["best_epoch"] for one in facts["trained"]]
    assert told["rows"] == [run.evaluation["rows"]["train"]] * 3
    assert [one["member"] for one in facts["trained"]] == [1, 2, 3]
    assert len({one["seed"] for one in facts["trained"]}) == 3
    assert (run.folder / "history-members.csv").read_text().startswith("member,epoch,step")


@pytest.mark.parametrize(
    ("outputs", "mean_of", "prediction"),
    [
        (1, "probabilities", torch.sigmoid),
        (3, "probabilities", lambda z: z.softmax(1)),
        (1, "values", lambda z: z),
    ],
)
def test_outputs_of_an_ensemble(outputs, mean_of, prediction):
    members = {f"member{i}": torch.nn.Linear(4, outputs) for i in range(3)}
    x = 5 * torch.randn(10, 4, generator=torch.Generator().manual_seed(0))
    whole = prediction(Ensemble(mean_of, **members)(x))
    assert torch.allclose(whole, torch.stack([prediction(one(x)) for one in members.values()]).mean(0), atol=1e-6)


def test_terminal_and_report_tell_the_same_numbers_and_which_are_of_each_member(tmp_path, capsys):
    run = bl.train("sklearn:iris", out=tmp_path / "open", epochs=2, diagnose=False)
    err = capsys.readouterr().err
    report = (run.folder / "report.html").read_text()
    total = sum(p.numel() for p in run.module.parameters())
    assert f"; {total // 5:,} in each of 5 networks, {total:,} parameters." in err
    assert f"Rows: {run.evaluation['rows']['train']} train and validation, " in err
    assert run.summary()["best_epoch"] is None
    assert len(run.summary()["ensemble"]["best_epochs"]) == 5
    assert f"{total:,} ({total // 5:,} in each network)" in report
    rows = json.loads((run.folder / "ensemble.json").read_text())["trained"][0]["rows"]
    assert f"{run.evaluation['rows']['train']} ({rows} in each network, whose other rows chose its epoch)" in report
    assert "(kept of each network: " in report
    assert "The curves are those of network 1 of 5." in report


def test_small_tables_get_folds_unless_the_user_chose(tmp_path):
    few = {"epochs": 1, "verbose": False, "diagnose": False}
    run = bl.train("sklearn:iris", out=tmp_path / "open", **few)
    assert (run.config.training.ensemble, run.config.training.folds) == (5, True)
    assert run.evaluation["rows"]["validation"] == 0
    facts = json.loads((run.folder / "ensemble.json").read_text())["trained"]
    assert sum(one["rows"] for one in facts) == 4 * run.evaluation["rows"]["train"]
    chosen = bl.train("sklearn:iris", out=tmp_path / "chosen", network="8 relu", **few)
    assert (chosen.config.training.ensemble, chosen.config.training.folds) == (1, False)
    single = bl.train("sklearn:iris", out=tmp_path / "single", ensemble=1, **few)
    assert not isinstance(single.module, Ensemble)


def test_folds_hold_like_parts_of_the_target():
    y = np.repeat([0, 1, 2], (40, 30, 10))
    fold = draw_folds(y, 8, seed=0)
    assert all(np.isin(np.bincount(fold[y == code], minlength=8), (count // 8, count // 8 + 1)).all()
               for code, count in enumerate((40, 30, 10)))  # fmt: skip
    values = np.random.default_rng(0).normal(size=200)
    fold = draw_folds(values, 5, seed=0)
    assert np.bincount(fold).tolist() == [40] * 5
    assert np.ptp([values[fold == one].mean() for one in range(5)]) < 0.3


class StopsAfter(Observer):
    """Ctrl-C at the end of an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch(self, rows, **_):
        if rows[-1].epoch == self.epoch:
            raise KeyboardInterrupt


def history(run):
    """Of every member, but for the seconds."""
    return [line.rsplit(",", 1)[0] for line in (run.folder / "history-members.csv").read_text().splitlines()]


@pytest.mark.parametrize("network", ["8 relu, dropout 0.3", "8 relu, dropout 0.3; 4 tanh, dropout 0.2"])
def test_members_that_were_cut_short_go_on_where_they_stood(network, tmp_path, monkeypatch):
    """Of one structure, and in turns; the numbers are those of a run that nothing interrupted."""
    monkeypatch.setattr(resumption, "KEEP_SECONDS", 0.0)
    options = FAST | {"network": network, "ensemble": 3, "epochs": 6}
    whole = bl.train("sklearn:wine", out=tmp_path / "whole", **options)
    cut = bl.train("sklearn:wine", out=tmp_path / "cut", observers=[StopsAfter(4)], **options)
    assert cut.summary()["ensemble"]["missing"] == [1, 2, 3]
    (said,) = [note for note in cut.evaluation["notes"] if "0 of 3 members are whole" in note]
    assert said.endswith("trains them all on.")
    updates = []
    monkeypatch.setattr(Session, "update", lambda *args, **kwargs: updates.append(args) or update(*args, **kwargs))
    resumed = bl.resume(cut.folder, verbose=False)
    assert 0 < len(updates) < 3 * whole.history[-1].step * 3 / 4
    assert resumed.summary()["ensemble"]["missing"] == []
    assert history(resumed) == history(whole)
    assert np.array_equal(whole.predict_proba("sklearn:wine"), resumed.predict_proba("sklearn:wine"))


def test_resume_gives_members_more_epochs(run, tmp_path):
    few = bl.train("sklearn:wine", ensemble=3, out=tmp_path / "few", **FAST)
    before = history(few)
    more = bl.resume(few.folder, epochs=5, verbose=False)
    facts = json.loads((more.folder / "ensemble.json").read_text())["trained"]
    assert [one["epochs"] for one in facts] == [5, 5, 5]
    assert set(before) < set(history(more))
    with pytest.raises(bl.BacklightError, match=r"5 epochs of .* are done"):
        bl.resume(few.folder, epochs=2, verbose=False)


def test_members_that_are_whole_predict_where_others_were_cut_short(run, tmp_path, monkeypatch):
    train_copies = ensembles.train_copies

    def second_cut_short(*args, **kwargs):
        trained = train_copies(*args, **kwargs)
        return [trained[0], replace(trained[1], stopped="interrupted"), trained[2]]

    monkeypatch.setattr(ensembles, "train_copies", second_cut_short)
    cut = bl.train("sklearn:wine", ensemble=3, out=tmp_path / "cut", **FAST)
    assert cut.evaluation["stopped"] == "interrupted"
    assert cut.summary()["ensemble"]["missing"] == [2]
    (said,) = [note for note in cut.evaluation["notes"] if "2 of 3 members are whole" in note]
    assert said.endswith("trains the others on.")
    assert len(members_of(bl.Run(cut.folder).module)) == 2
    monkeypatch.setattr(ensembles, "train_copies", train_copies)
    whole = bl.resume(cut.folder, verbose=False)
    assert whole.summary()["ensemble"]["missing"] == []
    assert np.allclose(whole.predict_proba("sklearn:wine"), run.predict_proba("sklearn:wine"), atol=1e-6)


def test_estimators(run):
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True)
    fitted = bl.Regressor("8 relu", epochs=2, ensemble=3, diagnose=False).fit(X, y)
    assert len(members_of(fitted.module_)) == 3
    assert fitted.predict(X).shape == (442,)
    assert (fitted.predict_spread(X) > 0).all()
    single = bl.Regressor("8 relu", epochs=2, diagnose=False).fit(X, y)
    assert (single.predict_spread(X) == 0).all()


def test_values_have_a_spread_in_their_own_units(tmp_path):
    run = bl.train("sklearn:diabetes", ensemble=2, out=tmp_path / "run", **FAST)
    each = ensembles.member_predictions(
        run.module, run.task, run.preprocessing.transform(run.read("sklearn:diabetes")),
        run.preprocessing.restore_target,
    )  # fmt: skip
    frame = run.predict("sklearn:diabetes")
    assert np.allclose(frame["prediction"], each.mean(0), rtol=1e-5)
    assert np.allclose(frame["spread"], np.abs(each[0] - each[1]) / 2, atol=1e-4)


def test_folds_without_an_ensemble_are_refused(tmp_path):
    with pytest.raises(bl.BacklightError, match="ensemble"):
        bl.train("sklearn:wine", folds=True, out=tmp_path / "run", **FAST)


def test_members_take_descriptions_in_turn(tmp_path):
    run = bl.train("sklearn:wine", ensemble=3, out=tmp_path / "run", **{**FAST, "network": "8 relu; 4 tanh"})
    kinds = [[type(layer).__name__ for layer in member.children()] for member in members_of(bl.Run(run.folder).module)]
    assert ["ReLU" in kind for kind in kinds] == [True, False, True]
    with pytest.raises(bl.BacklightError, match="2 networks are described"):
        bl.train("sklearn:wine", out=tmp_path / "one", **{**FAST, "network": "8 relu; 4 tanh"})
