"""A run as an ONNX file: the same numbers in ONNX Runtime, and inputs that its metadata is enough to make."""

import json
import math

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

import backlight as bl
from backlight.cli.app import run as command

pytestmark = pytest.mark.usefixtures("undrawn")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnxscript")

QUICK = {"epochs": 2, "network": "16 relu", "verbose": False, "diagnose": False}


def answers(path, x):
    """The one output of the file for x."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def metadata(path):
    return json.loads({entry.key: entry.value for entry in onnx.load(path).metadata_props}["backlight"])


def inputs_told(told, frame):
    """x as the metadata describes it, without any of this package."""
    columns = []
    for column in told["input"]["columns"]:
        if column["name"].endswith(" missing"):
            columns.append([float(value is None) for value in frame[column["name"].removesuffix(" missing")]])
        elif "codes" in column:
            codes = dict(map(tuple, column["codes"]))
            columns.append([codes.get(value, 0) for value in frame[column["name"]]])
        else:
            z = [(column["fill"] if v is None else v) - column["centre"] for v in frame[column["name"]]]
            z = [value * column["factor"] for value in z]
            if column["clip"] == "smooth":
                z = [value / math.sqrt(1 + (value / 3) ** 2) for value in z]
            elif column["clip"] == "unit":
                z = [min(1.0, max(0.0, value)) for value in z]
            columns.append(z)
    return np.array(columns, dtype=np.float32).T


def people(rows):
    random = np.random.default_rng(0)
    age, city = random.normal(40, 10, rows).round(1), random.choice(["Bern", "Genf", "Zug"], rows)
    frame = pl.DataFrame({"age": age, "owns": random.integers(0, 2, rows), "city": city})
    return frame.with_columns(
        pl.when(pl.int_range(rows) % 9 == 0).then(None).otherwise("age").alias("age"),
        pl.when(pl.int_range(rows) % 7 == 0).then(None).otherwise("city").alias("city"),
        rich=pl.Series(np.array(["no", "yes"])[(age + 15 * (city == "Zug") > 44).astype(int)]),
    )


def test_probabilities_are_those_of_predict_for_inputs_made_from_the_metadata_alone(tmp_path, capsys):
    frame = people(240)
    run = bl.train(frame, "rich", out=tmp_path / "run", **QUICK)
    file = tmp_path / "people.onnx"
    assert command(["export", str(run.folder), "--onnx", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)["onnx"]
    assert said["largest_difference"] <= 1e-5
    told = metadata(file)
    assert (told["task"], told["target"], told["output"]["classes"]) == ("binary", "rich", ["no", "yes"])
    found = answers(file, inputs_told(told, frame))
    assert found.shape == (240, 2)
    np.testing.assert_allclose(found, run.predict_proba(frame), atol=1e-5)
    np.testing.assert_allclose(answers(file, inputs_told(told, frame[:1])), found[:1], atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("sklearn:wine", {"ensemble": 3, "network": "piecewise 4, 16 silu"}),
        ("sklearn:diabetes", {"network": "periodic 4, residual(16 relu, 40), norm, 8 tanh"}),
        ("sklearn:digits", {"network": None, "epochs": 1, "augment": "flip-crop"}),
        ("sklearn:breast_cancer", {"network": None, "ensemble": 2}),
    ],
)
def test_every_kind_of_network_gives_the_same_in_onnx_runtime(source, options, tmp_path):
    run = bl.train(source, out=tmp_path / "run", **QUICK | options)
    bl.export(run.folder, onnx=tmp_path / "network.onnx")
    x = run.preprocessing.transform(run.read(source))
    found, expected = answers(tmp_path / "network.onnx", x), run.predict_proba(source)
    unit = run.preprocessing.spread if expected.ndim == 1 else 1  # of a regression's target
    np.testing.assert_allclose(found / unit, expected / unit, atol=1e-5)


class Waves(nn.Module):
    """ONNX has no Bessel functions."""

    def __init__(self):
        super().__init__()
        self.last = nn.Linear(13, 3)

    def forward(self, x):
        return self.last(torch.special.bessel_j0(x))


def test_a_network_that_onnx_lacks_operations_for_is_refused_in_one_sentence(tmp_path):
    network = Waves()
    run = bl.train("sklearn:wine", out=tmp_path / "run", **QUICK | {"network": network})
    with pytest.raises(bl.BacklightError, match=r"cannot be written as ONNX: .*bessel") as refused:
        bl.export(run.folder, onnx=tmp_path / "network.onnx", module=network)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "network.onnx").exists()


def test_bad_places_and_nothing_asked_for_are_refused(tmp_path, capsys):
    run = bl.train("sklearn:wine", out=tmp_path / "run", **QUICK)
    for arguments, words in (
        ([], "Say what to write"),
        (["--onnx", str(tmp_path / "absent" / "network.onnx")], "There is no folder"),
    ):
        assert command(["export", str(run.folder), *arguments]) == 2
        assert words in capsys.readouterr().err
