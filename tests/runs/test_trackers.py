"""A run as TensorBoard and MLflow show it: while it trains, and afterwards from its folder."""

import json
import sys

import pytest

import backlight as bl
from backlight.cli.app import run as command
from backlight.report.folder import read_folder
from backlight.runs.trackers import TRACKERS, MLflow
from backlight.training import Observer

pytestmark = pytest.mark.usefixtures("undrawn")
QUICK = {"epochs": 4, "network": "16 relu", "verbose": False, "treat": False}


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    return bl.train("sklearn:wine", out=tmp_path_factory.mktemp("wine") / "run", **QUICK)


def events(folder):
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    found = module.EventAccumulator(str(folder))
    found.Reload()
    return found


def check_events(found, run):
    """The curves, the signals, the scores and the settings of the run."""
    validation = [row for row in run.history if row.split == "validation"]
    curve = found.Scalars("loss/validation")
    assert [point.step for point in curve] == [row.step for row in validation]
    assert [point.value for point in curve] == pytest.approx([row.loss for row in validation])
    passed = [point.wall_time - curve[0].wall_time for point in curve]
    assert passed == pytest.approx([row.seconds - validation[0].seconds for row in validation], abs=1e-5)
    accuracy = run.evaluation["metrics"]["accuracy"]["value"]
    assert found.Scalars("held_out/accuracy")[0].value == pytest.approx(accuracy)
    assert {"accuracy/train", "learning_rate", "v_rms/relu1", "gradient_norm/linear1"} <= set(found.Tags()["scalars"])
    assert "findings/text_summary" in found.Tags()["tensors"]
    assert "_hparams_/session_start_info" in found.PluginTagToContent("hparams")


def test_event_files_of_a_finished_run_show_curves_signals_scores_and_settings(wine, tmp_path, capsys):
    pytest.importorskip("tensorboard")
    arguments = ["export", str(wine.folder), "--tensorboard", str(tmp_path)]
    assert command([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["tensorboard"] == str(tmp_path / "run")
    check_events(events(tmp_path / "run"), wine)
    assert command(arguments) == 2
    assert "holds this run already" in capsys.readouterr().err


def test_event_files_are_written_while_a_run_trains(tmp_path):
    pytest.importorskip("tensorboard")
    run = bl.train("sklearn:wine", out=tmp_path / "run", log="tensorboard", **QUICK)
    check_events(events(run.folder / "tensorboard"), run)


@pytest.mark.slow
def test_a_treated_run_is_written_beside_the_untreated_one(tmp_path):
    pytest.importorskip("tensorboard")
    sick = {"epochs": 8, "network": "64 relu, 64 relu", "init": "zeros", "images": "no", "verbose": False}
    run = bl.train("sklearn:digits", out=tmp_path / "run", log="tensorboard", **sick)
    treated = events(run.folder / "tensorboard").Scalars("loss/validation")
    untreated = events(run.folder / "untreated" / "tensorboard").Scalars("loss/validation")
    assert treated[-1].value < 1 < 2 < untreated[-1].value


def test_the_folder_of_a_watched_loop_is_enough(wine, tmp_path):
    pytest.importorskip("tensorboard")
    watched = tmp_path / "watched"
    watched.mkdir()
    for name in ("history.csv", "signals.parquet", "findings.json"):
        (watched / name).write_bytes((wine.folder / name).read_bytes())
    made = bl.export(watched, tensorboard=tmp_path / "events")
    steps = [point.step for point in events(made["tensorboard"]).Scalars("loss/validation")]
    assert steps == [row.step for row in wine.history if row.split == "validation"]


class Failing(Observer):
    def on_epoch(self, rows, **_):
        if rows[-1].epoch >= 2:
            raise RuntimeError("broken")


def test_a_run_that_fails_leaves_what_it_had(tmp_path):
    pytest.importorskip("tensorboard")
    with pytest.raises(RuntimeError, match="broken"):
        bl.train("sklearn:wine", out=tmp_path / "run", log="tensorboard", observers=[Failing()], **QUICK)
    assert len(events(tmp_path / "run" / "tensorboard").Scalars("loss/validation")) == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # MLflow's own parts
def test_mlflow_gets_settings_curves_scores_and_files(wine, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    store = f"sqlite:///{tmp_path}/runs.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "wines")
    monkeypatch.chdir(tmp_path)  # artifacts go below the current directory
    bl.train("sklearn:wine", out=tmp_path / "live", log="mlflow", **QUICK)
    bl.export(wine.folder, mlflow=store)
    client = mlflow.MlflowClient(store)
    found = client.search_runs(client.get_experiment_by_name("wines").experiment_id)
    assert {run.info.run_name for run in found} == {"live", "run"}
    for run in found:
        assert run.info.status == "FINISHED"
        assert run.data.params["training.epochs"] == "4"
        assert run.data.metrics["held_out/accuracy"] == wine.evaluation["metrics"]["accuracy"]["value"]
        assert {file.path for file in client.list_artifacts(run.info.run_id)} >= {"report.html", "model.safetensors"}
        curve = client.get_metric_history(run.info.run_id, "loss/validation")
        expected = [row.loss for row in wine.history if row.split == "validation"]
        assert [point.value for point in curve] == pytest.approx(expected)


class Lost(MLflow):
    """Its server is gone once training has begun."""

    def __init__(self):
        self._run, self._began, self._error = "1", 0.0, ConnectionError

    def on_folder(self, folder, **_):
        pass

    def _log(self, *_):
        raise ConnectionError("no answer")


def test_training_goes_on_where_the_server_is_lost(tmp_path, monkeypatch):
    monkeypatch.setitem(TRACKERS, "mlflow", Lost)
    run = bl.train("sklearn:wine", out=tmp_path / "run", log="mlflow", **QUICK)
    assert run.evaluation["epochs"] == 4
    told = [note for note in run.evaluation["notes"] if "MLflow" in note]
    assert len(told) == 1
    assert told[0].startswith("MLflow takes no more numbers: no answer.")


@pytest.mark.parametrize("name", ["tensorboard", "mlflow"])
def test_a_missing_package_is_told_before_anything_is_read_or_made(name, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    assert command(["train", "absent.csv", "--out", str(tmp_path / "run"), "--log", name]) == 2
    assert f"pip install 'backlight[{name}]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_an_unknown_tracker_and_a_folder_without_epochs_are_refused(tmp_path):
    with pytest.raises(bl.BacklightError, match="there are: mlflow, tensorboard"):
        bl.train("sklearn:wine", out=tmp_path / "run", log="paper", **QUICK)
    pytest.importorskip("tensorboard")
    with pytest.raises(bl.BacklightError, match=r"no history\.csv"):
        bl.export(tmp_path, tensorboard=tmp_path / "events")
    assert read_folder(tmp_path).history == ()
