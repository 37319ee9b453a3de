"""`backlight prune` on runs."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import backlight as bl
from backlight.cli.app import run as command

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def spoiled(tmp_path):
    """A run on digits in whose network 6 units are dead and 4 are doubles of unit 10."""
    run = bl.train(
        "sklearn:digits", network="20 relu, 8 relu", epochs=3, out=tmp_path / "run", verbose=False, diagnose=False
    )
    state = run.module.state_dict()
    weight, bias = "linear1.weight", "linear1.bias"
    with torch.no_grad():
        state[weight][:6] = 0
        state[bias][:6] = -1
        for i, unit in enumerate((16, 17, 18, 19)):
            state[weight][unit], state[bias][unit] = (i + 1) * state[weight][10], (i + 1) * state[bias][10]
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, run.folder / "model.safetensors")
    return run.folder


def test_a_pruned_run_predicts_the_same_and_is_a_run_like_any_other(spoiled, capsys):
    before = bl.Run(spoiled).predict_proba("sklearn:digits")
    assert command(["prune", str(spoiled), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    first = answer["layers"][0]
    assert (first["dead"], first["groups"], first["distinct"]) == ([0, 1, 2, 3, 4, 5], [[10, 16, 17, 18, 19]], 10)
    assert answer["rows"] == 1797 and answer["parameters"] < answer["parameters_before"]
    after = bl.Run(answer["run"]).predict_proba("sklearn:digits")
    assert np.abs(after - before).max() <= 1e-5
    widths = [layer.out_features for layer in bl.Run(answer["run"]).module if isinstance(layer, torch.nn.Linear)]
    assert widths[0] <= 10
    assert "pruned from" in (spoiled.parent / "run-pruned" / "report.html").read_text()
    assert command(["evaluate", answer["run"]]) == 0


def test_revived_units_keep_the_size_and_the_function(spoiled, tmp_path):
    before = bl.Run(spoiled).predict_proba("sklearn:digits")
    done = bl.prune(spoiled, tmp_path / "again", revive=True)
    assert done.parameters == done.parameters_before and done.units >= 10
    assert np.abs(bl.Run(done.run).predict_proba("sklearn:digits") - before).max() <= 1e-5


def test_nothing_to_prune_is_said_in_a_sentence(tmp_path, capsys):
    run = bl.train("sklearn:wine", network="4 tanh", epochs=2, out=tmp_path / "wine", verbose=False, diagnose=False)
    assert command(["prune", str(run.folder)]) == 0
    assert "nothing to prune" in capsys.readouterr().out
    assert not (tmp_path / "wine-pruned").exists()
