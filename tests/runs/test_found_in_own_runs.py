"""What the doctor names in trainings of our own, sick and sound, on made-up data."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from torch import nn

import backlight as bl
from backlight.doctor import Diagnosis, diagnose
from backlight.doctor.words import share_of
from backlight.runs.assembly import assemble
from backlight.runs.checkup import Checkup
from backlight.runs.module import count_outputs, loss_name
from backlight.runs.options import configure
from backlight.training import train


def waves(seed):
    """A value that bends and multiplies three of six features."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(900, 6))
    return x, np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=900)


def pictures(seed):
    """Grey pictures of 6 × 6 whose value is how light their upper half is."""
    x = np.random.default_rng(seed).integers(0, 256, (300, 6, 6, 1), dtype=np.uint8)
    return x, x[:, :3].mean((1, 2, 3)) / 255


def mirrored(seed):
    """Two classes that turning any sign leaves as they are."""
    x = np.random.default_rng(seed).normal(size=(1200, 5))
    return x, (np.abs(x[:, 0]) + np.abs(x[:, 1]) > 1.5).astype(int)


def far(seed):
    """Features around 6 with spread 1."""
    x, y = waves(seed)
    return x + 6, y


def diagnosed(data, network=None, seed=3, module=None, **options) -> Diagnosis:
    config = configure({"seed": seed, "network": network, "schedule": "constant", "epochs": 15} | options)
    run = assemble(data(seed), config, network=module)
    parts, settings = run.prepared, run.config.training
    loss = loss_name(run.task, count_outputs(run.module, run.task, parts.train.x))
    checkup = Checkup(
        run.module, loss, settings, len(parts.train.rows), parts.train.x, preprocessing=parts.preprocessing
    )
    rows, held_out = (parts.train.x, parts.train.y), (parts.validation.x, parts.validation.y)
    train(run.module, loss, rows, held_out, settings, seed=seed, unit=run.unit, observers=[checkup])
    return diagnose(checkup.facts)


def names(found: Diagnosis) -> list[str]:
    return list(dict.fromkeys(finding.name for finding in found.findings))


RAW = {"preprocessing": "none", "target_scaling": "standard"}


@pytest.mark.parametrize(
    ("data", "network", "options"),
    [
        (mirrored, "repeat 8 (32 sigmoid)", {"init": "glorot"}),
        (waves, "repeat 4 (48 sigmoid)", {"init": "normal 0.05"}),
        (waves, "repeat 6 (24 hard sigmoid)", {"init": "glorot"}),
        (mirrored, "repeat 12 (24 tanh)", {"init": "normal 0.08", "optimizer": "sgd"}),
    ],
    ids=["sigmoids", "small sigmoids", "hard sigmoids", "small tanhs: v(i) fades, ∂L/∂W does not"],
)
def test_a_gradient_that_fades_in_depth_is_named_first(data, network, options):
    found = diagnosed(data, network, **options)
    assert names(found)[0] == "vanishing-gradient" and found.findings[0].severity == "error"
    assert "redundant-units" not in names(found)  # alike units are what it comes to


@pytest.mark.parametrize("network", ["repeat 8 (32 gelu)", "repeat 4 (32 tanh)", "32 sigmoid"])
def test_a_depth_that_trains_has_no_vanishing_gradient(network):
    assert not {"vanishing-gradient", "obfuscated-gradient"} & set(names(diagnosed(waves, network, epochs=30)))


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (mirrored, {"optimizer": "sgd", "weight_decay": 0.1, "learning_rate": 0.05}),
        (waves, {"optimizer": "adam", "weight_decay": 0.3, "learning_rate": 0.003}),
    ],
    ids=["SGD", "Adam, a value"],
)
def test_weight_decay_that_rules_over_the_data_is_the_cause_that_is_told(data, options):
    found = diagnosed(data, "64 gelu", epochs=30, **options)
    assert names(found)[0] == "capacity-too-low"
    assert "Weight decay" in found.findings[0].message and "weight decay" in found.findings[0].prescription
    assert "learning-rate-too-high" not in names(found)


def test_weight_decay_that_leaves_the_fit_good_is_not_named():
    found = diagnosed(waves, "64 relu, 64 relu", epochs=60, optimizer="adamw", weight_decay=0.1, learning_rate=0.01)
    assert "capacity-too-low" not in names(found)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.84, "84% of"), (9.99, "9.99 times"), (10357.4, "10,000 times"), (1e30, "more than a million times")],
)
def test_a_share_is_told_so_that_it_can_be_read(share, text):
    assert share_of(share) == text and share_of(math.nan)


@pytest.mark.parametrize(("times", "named"), [(3, True), (1, False)])
def test_rows_that_come_several_times_are_counted_over_all_of_them(tmp_path, times, named):
    """Three copies of a row seldom meet in a batch."""
    x, y = waves(0)
    rows = np.random.default_rng(1).permutation(np.repeat(np.arange(400), times))
    run = bl.train((x[rows], y[rows]), network="16 relu", epochs=3, treat=False, out=tmp_path / "run", verbose=False)
    assert ("duplicate-rows" in [one.name for one in run.findings]) == named


def test_saturated_units_are_told_before_the_course_that_they_slow_and_explain_units_that_look_alike():
    found = names(diagnosed(far, "48 tanh, 48 tanh", seed=7, **RAW))
    assert found[0] == "saturated-units" and "redundant-units" not in found


def test_a_large_start_above_does_not_explain_the_units_below():
    found = names(diagnosed(far, "64 sigmoid, 32 sigmoid", init="normal 0.7", **RAW))
    assert {"init-too-large", "saturated-units"} <= set(found)


def test_a_large_start_explains_the_units_of_its_own_layer():
    found = diagnosed(far, "64 sigmoid, 32 sigmoid", init="normal 6", **RAW)
    assert "saturated-units" not in names(found)
    assert any(c.name == "saturated-units" and "init-too-large explains it" in c.reason for c in found.considered)


class Cut(nn.Module):
    """Two layers with a graph that is cut between them, in a forward that a plan can or cannot look into."""

    def __init__(self, readable):
        super().__init__()
        self.body, self.head, self.readable = nn.Linear(5, 32), nn.Linear(32, 1), readable

    def forward(self, x):
        h = torch.relu(self.body(x))
        return self.head(h.detach() if self.readable else torch.tensor(h.tolist()))


@pytest.mark.parametrize("readable", [True, False])
def test_a_graph_cut_inside_a_network_of_ones_own_is_named(readable):
    found = diagnosed(mirrored, module=Cut(readable))
    assert names(found)[0] == "detached-graph" and found.findings[0].layer == "body"


def test_frozen_layers_of_a_network_of_ones_own_are_told():
    network = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 1))
    network[0].requires_grad_(False)
    found = {finding.name: finding for finding in diagnosed(mirrored, module=network).findings}
    assert found["frozen-parameters"].severity in ("note", "warning") and "detached-graph" not in found


def test_a_whitening_that_is_set_from_the_pictures_is_not_said_to_be_frozen():
    found = diagnosed(pictures, "whiten 2, relu, flatten")
    assert "frozen-parameters" not in names(found)


@pytest.mark.parametrize("leaks", [True, False])
def test_a_category_that_gives_three_classes_away_is_named_with_its_column(tmp_path, leaks):
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=(400, 2)), rng.integers(0, 3, 400)
    label = np.array(["closed", "open", "void"])[kind if leaks else rng.integers(0, 3, 400)]
    frame = pl.DataFrame({"size": x[:, 0], "age": x[:, 1], "state": label, "target": [f"kind {k}" for k in kind]})
    run = bl.train(frame, target="target", network="16 relu", epochs=5, treat=False, out=tmp_path / "run")
    found = [finding.message for finding in run.findings if finding.name == "leaking-feature"]
    assert [message.startswith("Column 'state' alone gives the target") for message in found] == [True] * leaks


def plain_pictures(seed):
    """Pictures of large even squares, whose directions differ a thousandfold in spread; their classes mean nothing."""
    rng = np.random.default_rng(seed)
    squares = np.kron(rng.integers(40, 200, (200, 2, 2, 3)), np.ones((1, 8, 8, 1)))
    pictures = (squares + rng.normal(0, 0.5, squares.shape)).clip(0, 255).astype(np.uint8)
    return pictures.transpose(0, 3, 1, 2), rng.integers(0, 3, 200)


def test_a_whitening_layer_is_scaled_to_its_inputs_and_starts_not_too_large():
    network = "whiten, gelu, pool, conv 8, norm, gelu, global pool"
    found = diagnosed(plain_pictures, network, epochs=2, augment="none")
    assert any(one.name == "init-too-large" and "limit 5" in one.reason for one in found.considered)


@pytest.mark.parametrize("preprocessing", ["auto", "none"])
def test_an_estimator_names_the_column_that_leaks(preprocessing):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=["age", "fee", "stay", "result"])
    y = (frame["result"] > 0).astype(int)
    frame["result"] = np.where(y, 5.0, -5.0) + 0.1 * rng.normal(size=400)
    findings = bl.Classifier("16 relu", epochs=8, preprocessing=preprocessing).fit(frame, y).findings_
    (leak,) = (finding for finding in findings if finding.name == "leaking-feature")
    assert leak.message.startswith("Column 'result'")


def pay(x, y, rng):
    """A copy of an amount that is usually small; the smooth clip of the inputs bends it."""
    return np.exp(1.5 * y), 15 * np.exp(1.5 * y) + 0.01 * rng.normal(size=len(y))


def shelf(x, y, rng):
    """A number for each of three classes of which one is frequent, so that the quartiles lie within it."""
    kind = np.digitize(y, [1.0, 1.6])
    return kind, 100 + 10.0 * kind + 0.05 * rng.normal(size=len(y))


def honest(x, y, rng):
    """The amount, read with an error of a fifth."""
    return np.exp(1.5 * y), np.exp(1.5 * y) * (1 + 0.2 * rng.normal(size=len(y)))


@pytest.mark.parametrize(("source", "leaks"), [(pay, True), (shelf, True), (honest, False)])
def test_a_copy_of_the_target_is_seen_through_the_scaling_of_the_inputs(source, leaks):
    def data(seed):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(600, 4))
        target, told = source(x, x[:, 0] + 0.5 * rng.normal(size=600), rng)
        return np.column_stack([x, told]), target

    found = [one for one in diagnosed(data, "16 relu", epochs=3).findings if one.name == "leaking-feature"]
    assert [one.evidence["feature"] for one in found] == [4] * leaks
