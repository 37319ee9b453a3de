"""A run that was cut short goes on as if it had not been."""

import shutil

import pytest

import backlight as bl
from backlight import files
from backlight.runs import settings

pytestmark = pytest.mark.usefixtures("undrawn")


class StopAfter:
    """Presses Ctrl-C at the end of an epoch."""

    def __new__(cls, epoch):
        from backlight.training import Observer

        class Stop(Observer):
            def on_epoch(self, rows, **_):
                if rows[0].epoch >= epoch:
                    raise KeyboardInterrupt

        return Stop()


def options(folder):
    return {"out": folder, "epochs": 12, "network": "16 relu, dropout 0.2", "patience": 100, "verbose": False}


def curve(run):
    return [(row.epoch, row.split, row.loss) for row in run.history]


def test_an_interrupted_run_keeps_its_network_and_goes_on_exactly(tmp_path):
    whole = bl.train("sklearn:wine", **options(tmp_path / "whole"))
    cut = bl.train("sklearn:wine", observers=[StopAfter(5)], **options(tmp_path / "cut"))
    assert cut.evaluation["stopped"] == "interrupted"
    assert (cut.folder / files.REPORT).exists()
    assert cut.evaluation["epochs"] == 5
    resumed = bl.resume(cut.folder, verbose=False)
    assert resumed.evaluation["stopped"] == whole.evaluation["stopped"] == "all epochs done"
    assert curve(resumed) == curve(whole)
    assert resumed.metrics == whole.metrics


def test_stopped_before_the_first_epoch_it_says_how_to_go_on_and_does(tmp_path, capsys, monkeypatch):
    from backlight.training.session import Session

    def begin(self):
        raise KeyboardInterrupt

    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Session, "begin", begin)
        with pytest.raises(KeyboardInterrupt):
            bl.train("sklearn:wine", **options(folder) | {"verbose": True})
    assert f"`backlight resume {folder}` trains it" in "".join(capsys.readouterr())
    assert bl.resume(folder, verbose=False).evaluation["epochs"] == 12


def test_fewer_epochs_than_are_done_are_refused_in_a_sentence(tmp_path):
    run = bl.train("sklearn:wine", **options(tmp_path / "run"))
    before = run.folder.joinpath(files.EVALUATION).read_text()
    with pytest.raises(bl.BacklightError, match=r"12 epochs of .* are done, more than --epochs 3: give a greater"):
        bl.resume(run.folder, epochs=3, verbose=False)
    assert run.folder.joinpath(files.EVALUATION).read_text() == before
    assert bl.resume(run.folder, epochs=12, verbose=False).evaluation["epochs"] == 12
    assert bl.resume(run.folder, epochs=14, verbose=False).evaluation["epochs"] == 14


def test_new_limits_are_written_down_and_the_rest_of_run_toml_stays(tmp_path):
    run = bl.train("sklearn:wine", **options(tmp_path / "run"))
    before = settings.facts(run.folder / files.RUN)
    bl.resume(run.folder, epochs=13, verbose=False)
    after = settings.facts(run.folder / files.RUN)
    assert (before["training"].pop("epochs"), after["training"].pop("epochs")) == (12, 13)
    assert after == before
    assert bl.resume(run.folder, verbose=False).evaluation["epochs"] == 13


def test_changed_data_is_noticed(tmp_path):
    import polars as pl

    path = tmp_path / "data.csv"
    frame = pl.DataFrame({"a": [float(i % 17) for i in range(100)], "y": [i % 17 > 8 for i in range(100)]})
    frame.write_csv(path)
    run = bl.train(path, "y", out=tmp_path / "run", epochs=2, network="4 relu", verbose=False)
    frame.with_columns(pl.col("a") * 3).write_csv(path)
    with pytest.raises(bl.BacklightError, match="has changed since"):
        bl.resume(run.folder, verbose=False)


def test_the_run_that_gave_the_first_parameters_may_go(tmp_path, monkeypatch):
    quick = {"epochs": 2, "network": "8 relu", "verbose": False}
    monkeypatch.chdir(tmp_path)
    bl.train("sklearn:wine", out="first", **quick)
    run = bl.train("sklearn:wine", out="second", init_from="first", **quick)
    assert run.config.network.init_from == str(tmp_path / "first")
    shutil.rmtree("first")
    assert bl.resume("second", epochs=3, verbose=False).evaluation["epochs"] == 3
