"""One example's way through a trained network: the numbers are those of the plan, the singular values those of J."""

import json

import numpy as np
import polars as pl
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from backlight import Plan
from backlight.cli.app import run as command
from backlight.data import read
from backlight.records import BacklightError
from backlight.runs import Run, train
from backlight.runs.walks.effort import TIME_UP, Effort

NETWORKS = {
    "perceptron": "32 relu, dropout 0.1, layer-norm, 16 tanh",
    "convolutional": "conv 6 3, batch-norm, relu, max-pool 2, conv 8 3, gelu, global-pool, 12 relu",
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A run of each kind of network, opened with the data that it read."""
    home = tmp_path_factory.mktemp("walk")
    digits = load_digits()
    np.savez(home / "digits.npz", x=(digits.images[:300, None] * 15).astype("uint8"), y=digits.target[:300])
    sources = {"perceptron": "sklearn:wine", "convolutional": home / "digits.npz"}
    made = {
        name: train(sources[name], network=NETWORKS[name], epochs=4, out=home / name, diagnose=False)
        for name in NETWORKS
    }
    made["regression"] = train("sklearn:diabetes", network="12 tanh", epochs=4, out=home / "regression")
    return {name: made[name].folder for name in made}


def trace_of(run, walk):
    """The same pass by the plan alone."""
    one = run.read(run.config.data.source).take(np.array([walk.row]))
    x, y = run.preprocessing.transform(one), run.preprocessing.encode_target(one)
    plan = Plan(run.module)
    return plan, plan.trace(torch.as_tensor(x), torch.as_tensor(y), loss=nn.CrossEntropyLoss())


@pytest.mark.parametrize("name", NETWORKS)
def test_sizes_and_norms_are_those_of_the_trace(folders, name):
    run = Run(folders[name])
    walk = run.walk(17)
    _, trace = trace_of(run, walk)
    assert walk.loss == pytest.approx(trace.loss)
    assert len(walk.layers) == len(trace)
    for mine, layer in zip(walk.layers, trace, strict=True):
        assert (mine.layer, mine.kind, mine.shape) == (layer.name, layer.kind, tuple(layer.x.shape[1:]))
        assert mine.x_norm == pytest.approx(float(layer.x.double().norm()))
        assert mine.v_norm == pytest.approx(float(layer.v_in.double().norm()))
        parts = [float(g.double().norm()) for g in layer.gradients.values()]
        expected = float(np.linalg.norm(parts)) if parts else None
        assert mine.parameter_gradient_norm == (expected if expected is None else pytest.approx(expected))
    probabilities = torch.softmax(trace.output[0], 0)
    assert walk.probability_of_right_class == pytest.approx(
        float(probabilities[list(run.task.classes).index(walk.truth)]), rel=1e-5
    )
    assert walk.output_v == pytest.approx(trace.layers[-1].v_out[0].tolist())


@pytest.mark.parametrize("name", NETWORKS)
def test_singular_values_are_those_of_the_full_jacobian(folders, name):
    run = Run(folders[name])
    walk = run.walk(17)
    plan, trace = trace_of(run, walk)
    for mine, layer in zip(walk.layers, trace, strict=True):
        x = layer.x.float()
        j = torch.func.jacrev(run.module.get_submodule(layer.name))(x).detach().reshape(mine.jacobian_shape)
        values = torch.linalg.svdvals(j.double()).numpy()
        assert mine.jacobian_complete
        np.testing.assert_allclose(mine.jacobian_singular_values, values, rtol=1e-4, atol=1e-5 * values[0])
        assert (mine.largest, mine.smallest) == (mine.jacobian_singular_values[0], mine.jacobian_singular_values[-1])
    assert len(plan.leaves) == len(walk.layers)


def test_a_walk_shows_the_row_as_the_user_wrote_it(folders):
    wine = Run(folders["perceptron"])
    walk = wine.walk(17)
    frame = wine.read("sklearn:wine").frame
    assert walk.example == {k: v for k, v in frame.row(17, named=True).items() if k != "class"}
    assert (walk.target, walk.truth) == ("class", frame["class"][17])
    assert walk.prediction == wine.predict("sklearn:wine")["prediction"][17]
    numbers = Run(folders["regression"]).walk(3)
    assert numbers.truth == pytest.approx(float(Run(folders["regression"]).read("sklearn:diabetes").frame["target"][3]))
    assert numbers.probability_of_right_class is None
    assert numbers.loss_name == "mean-squared-error"


def test_the_command_answers_with_the_fixed_keys_and_tells_a_person(folders, capsys):
    assert command(["walk", str(folders["perceptron"]), "--row", "17", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    keys = {
        "layer", "kind", "shape", "x_norm", "v_norm", "parameter_gradient_norm", "jacobian_singular_values",
    }  # fmt: skip
    assert said["row"] == 17
    assert all(keys <= layer.keys() for layer in said["layers"])
    assert command(["walk", str(folders["perceptron"]), "--row", "17"]) == 0
    page = capsys.readouterr().out
    for words in ("v(i) = v(i+1) · ∂x(i+1)/∂x(i)", "alcohol", "truth", "probability of the right class", "How σ was"):
        assert words in page
    table = page[page.index("i  layer  ") : page.index("|·|")]
    assert max(map(len, table.splitlines())) <= 100
    for layer in said["layers"]:
        assert layer["layer"] in page and f"{layer['x_norm']:.3g}" in page


@pytest.mark.parametrize(
    ("row", "data", "sentence"),
    [
        ("178", None, "sklearn:wine has rows 0 to 177, and --row 178 is none of them."),
        ("-1", None, "--row -1 is none of them"),
        ("1", "nowhere.csv", "nowhere.csv"),
        ("0", "empty.csv", "Row 0 of empty.csv has no 'class'"),
    ],
)
def test_a_row_that_is_not_there_is_told_in_one_sentence(folders, tmp_path, monkeypatch, capsys, row, data, sentence):
    monkeypatch.chdir(tmp_path)
    Run(folders["perceptron"]).read("sklearn:wine").frame[:2].with_columns(pl.lit(None).alias("class")).write_csv(
        "empty.csv"
    )
    assert command(["walk", str(folders["perceptron"]), "--row", row, *(["--data", data] if data else [])]) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert len(err.strip().splitlines()) == 1


def test_data_that_was_passed_in_memory_has_to_be_given_again(tmp_path):
    frame = read("sklearn:wine").frame
    run = train(frame, target="class", network="8 relu", epochs=2, out=tmp_path / "run", diagnose=False)
    with pytest.raises(BacklightError, match="passed in memory"):
        run.walk(0)
    assert run.walk(0, frame).row == 0


def test_the_run_keeps_a_typical_example_for_its_report(folders):
    for name, folder in folders.items():
        kept = json.loads((folder / "walk.json").read_text())
        again = Run(folder).walk(kept["row"])
        assert kept["loss"] == pytest.approx(again.loss, rel=1e-4)
        assert [layer["largest"] for layer in kept["layers"]] == pytest.approx(
            [layer.largest for layer in again.layers], rel=1e-4
        ), name
        page = (folder / "report.html").read_text()
        assert "One example, forward and backward" in page
        assert f"Row {kept['row']}," in page


def test_what_cannot_be_walked_leaves_the_picture_out(tmp_path, capsys, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise RuntimeError("no gradient of this layer")

    monkeypatch.setattr("backlight.runs.walks.kept.walk_through", refuse)
    run = train("sklearn:wine", network="8 relu", epochs=2, out=tmp_path / "run", diagnose=False)
    assert not (run.folder / "walk.json").exists()
    assert "One example, forward and backward" not in (run.folder / "report.html").read_text()
    assert "The report shows no example's way through the network: no gradient of this layer" in capsys.readouterr().err


@pytest.fixture(scope="module")
def residual(tmp_path_factory):
    network = "16 relu, residual(norm, 16 relu), residual(12 tanh, residual(12)), 8 relu"
    out = tmp_path_factory.mktemp("residual") / "run"
    return train("sklearn:wine", network=network, epochs=2, out=out, diagnose=False, ensemble=1)


def test_the_sum_of_a_residual_block_stands_behind_its_layers(residual):
    walk = residual.walk(5)
    names = [layer.layer for layer in walk.layers]
    inner = next(name for name in names if name.count("residual") == 2 and name.endswith("residual1"))
    assert names.index("residual1") == names.index("residual1.body.relu1") + 1
    assert names.index("residual2") > names.index(inner)
    assert [layer.layer for layer in walk.layers if layer.kind == "sum"] == ["residual1", inner, "residual2"]
    _, trace = trace_of(residual, walk)
    assert len(walk.layers) == len(trace) + 3
    block, found = residual.module.get_submodule("residual1"), walk.layers[names.index("residual1")]
    x = trace["residual1.body.norm1"].x
    assert found.x_norm == pytest.approx(float(block.body(x).detach().double().norm()), rel=1e-5)
    assert found.v_norm == pytest.approx(float(trace["residual1.body.relu1"].v_out.double().norm()))
    j = torch.func.jacrev(block)(x).detach().reshape(found.jacobian_shape)
    np.testing.assert_allclose(found.jacobian_singular_values, torch.linalg.svdvals(j.double()).numpy(), rtol=1e-4)


def test_the_page_explains_the_sum(residual, capsys):
    assert command(["walk", str(residual.folder), "--row", "5"]) == 0
    page = capsys.readouterr().out
    assert "where a residual block ends" in page and "the whole block, x + body(x)" in page
    assert "A sum is where a residual block ends" in (residual.folder / "report.html").read_text()


def test_of_an_ensemble_it_is_said_which_network_is_walked(tmp_path, capsys):
    run = train("sklearn:wine", network="8 relu", epochs=2, out=tmp_path / "run", diagnose=False, ensemble=3)
    first, second = run.walk(0), run.walk(0, member=2)
    assert (first.member, second.member, first.members) == (1, 2, 3)
    assert first.loss != second.loss
    assert "This is network 1 of the 3 of the ensemble" in (run.folder / "report.html").read_text()
    assert command(["walk", str(run.folder), "--row", "0", "--member", "2"]) == 0
    assert "Network 2 of the 3 of the ensemble" in capsys.readouterr().out
    assert command(["walk", str(run.folder), "--row", "0", "--member", "4"]) == 2
    assert "is an ensemble of 3 networks; --member 4 is none of them" in capsys.readouterr().err


def test_one_network_has_no_other_member(residual):
    with pytest.raises(BacklightError, match="not an ensemble"):
        residual.walk(0, member=2)


def test_a_large_residual_block_shows_its_largest_singular_values(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "pictures.npz", x=rng.integers(0, 255, (60, 1, 16, 16), dtype=np.uint8), y=np.arange(60) % 2)
    text = "conv 8 3, relu, residual(conv 8 3, relu, conv 8 3), global-pool"
    made = train(tmp_path / "pictures.npz", network=text, epochs=1, out=tmp_path / "run", diagnose=False)
    run = Run(made.folder)
    end = next(layer for layer in run.walk(3).layers if layer.kind == "sum")
    assert np.prod(end.shape) == 2048
    one = run.read(run.config.data.source).take(np.array([3]))
    j = Plan(run.module).jacobian(end.layer, torch.as_tensor(run.preprocessing.transform(one)))
    values = torch.linalg.svdvals(j.detach().double().reshape(2048, 2048))
    assert end.jacobian_singular_values == pytest.approx(values[:8].tolist(), rel=1e-4)
    assert end.smallest is None and not end.jacobian_complete
    assert end.effective == pytest.approx(float(values.square().sum() / values[0] ** 2), rel=0.1)


def test_what_there_was_no_time_for_is_named_and_can_be_asked_for(tmp_path, monkeypatch, capsys):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "pictures.npz", x=rng.integers(0, 255, (60, 1, 16, 16), dtype=np.uint8), y=np.arange(60) % 2)
    text = "conv 6 3, relu, residual(conv 6 3, relu), global-pool"
    made = train(tmp_path / "pictures.npz", network=text, epochs=1, out=tmp_path / "run", diagnose=False)
    monkeypatch.setattr("backlight.runs.walks.walk.ANSWER", Effort(seconds=0, work=2e10, most=8))
    hurried = Run(made.folder).walk(3)
    late = [layer.layer for layer in hurried.layers if layer.jacobian_method == TIME_UP]
    assert late == ["residual1.body.conv1", "residual1"]
    assert all(layer.largest is None for layer in hurried.layers if layer.layer in late)
    assert command(["walk", str(made.folder), "--row", "3"]) == 0
    page = capsys.readouterr().out
    assert "not looked for: the time for singular values was up: layer 3, 5" in page
    assert "Not all σ of layer 3, 5 were looked for" in page and "--all-singular-values" in page
    assert command(["walk", str(made.folder), "--row", "3", "--all-singular-values", "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    assert all(layer["jacobian_complete"] for layer in layers)


def test_a_layer_through_which_nothing_comes_back_is_explained(tmp_path, capsys):
    data = pl.DataFrame(
        {"kind": ["a", "b", "c", "d"] * 20, "size": [i % 7 / 7 for i in range(80)], "y": ["u", "v"] * 40}
    )
    data.write_csv(tmp_path / "data.csv")
    fast = ["--epochs", "1", "--network", "8 relu", "--no-treat", "--out", str(tmp_path / "run")]
    assert command(["train", str(tmp_path / "data.csv"), "--target", "y", *fast]) == 0
    capsys.readouterr()
    assert command(["walk", str(tmp_path / "run"), "--row", "1"]) == 0
    out = capsys.readouterr().out
    assert "OneHot" in out and "σ = 0" in out and "v(i) = 0" in out
    assert "where ways\n" in out
