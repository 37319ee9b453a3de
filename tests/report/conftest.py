"""Sample run folders, as a run leaves them: small real models on scikit-learn's own data sets."""

import base64
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from backlight.evaluation import evaluate, reference_scores, worst_examples
from backlight.records import Feature, Finding, ImageInputs, TableInputs, Task, Verdict

RUN_TOML = """
format = 1
name = "sample"
created = "2026-03-04T10:11:12+00:00"
seed = 0
[data]
source = "{source}"
target = "{target}"
[training]
learning_rate = 0.003
[versions]
backlight = "0.1.0"
"""
FINDING = Finding(
    code="U101",
    name="dead-units",
    severity="error",
    message="31 % of the units of layer 2 gave zero for every one of <4,000> rows.",
    prescription="Lower the learning rate.",
    layer="2",
    step=1200,
    evidence={"zero_share": 0.31, "threshold": 0.2},
    treatment="leaky-relu",
    verdict=Verdict("better", "log_loss", -0.021, -0.03, -0.012, 3),
)


def write_history(folder: Path, *, regression: bool = False) -> None:
    lines = ["epoch,step,split,loss,accuracy,error,learning_rate,seconds"]
    for epoch in range(1, 13):
        for split, gap in (("train", 0.0), ("validation", 0.1)):
            loss = np.exp(-epoch / 4) + gap
            accuracy = "" if regression else f"{1 - loss / 2}"
            lines.append(f"{epoch},{epoch * 50},{split},{loss},{accuracy},{loss / 2},{0.1 / epoch},{epoch * 0.5}")
    (folder / "history.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_signals(folder: Path) -> None:
    random = np.random.default_rng(0)
    rows = [
        (step, layer, signal, float(random.lognormal()))
        for step in range(0, 600, 10)
        for layer in ("0", "2")
        for signal in ("gradient_norm", "zero_share")
    ]
    frame = pl.DataFrame(rows, schema=["step", "layer", "signal", "value"], orient="row")
    frame.write_parquet(folder / "signals.parquet")


def write_run(folder: Path, evaluation: dict[str, Any], source: str, target: str, findings: list[Finding]) -> Path:
    folder.mkdir()
    (folder / "run.toml").write_text(RUN_TOML.format(source=source, target=target), encoding="utf-8")
    (folder / "evaluation.json").write_text(json.dumps(evaluation), encoding="utf-8")
    (folder / "findings.json").write_text(json.dumps([asdict(finding) for finding in findings]), encoding="utf-8")
    considered = [{"name": "exploding-gradient", "reason": "the largest gradient was 3.1"}]
    (folder / "considered.json").write_text(json.dumps(considered), encoding="utf-8")
    write_history(folder, regression=evaluation["task"]["kind"] == "regression")
    write_signals(folder)
    return folder


def facts(task: Task, rows: tuple[int, int, int], **more: Any) -> dict[str, Any]:
    layers = [
        {"name": "0", "kind": "Linear", "settings": "", "depth": 0, "x_in": [30], "x_out": [64], "parameters": 1984},
        {"name": "2", "kind": "Linear", "settings": "", "depth": 0, "x_in": [64], "x_out": [1], "parameters": 65},
    ]
    return {
        "task": {"kind": task.kind, "target": task.target, "classes": list(task.classes), "reason": "It was given."},
        "rows": dict(zip(("train", "validation", "test"), rows, strict=True)),
        "seconds": 12.3,
        "epochs": 12,
        "best_epoch": 11,
        "stopped": "all epochs done",
        "notes": ["3 columns were dropped."],
        "layers": layers,
        "split": "At random.",
        **more,
    }


@pytest.fixture(scope="session")
def binary_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x, y = load_breast_cancer(return_X_y=True)
    task = Task("binary", "diagnosis", ("malignant", "benign"))
    inputs = TableInputs(tuple(Feature(str(place), "continuous") for place in range(30)))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1)).fit(x[:400], y[:400])
    prediction = model.predict_proba(x[400:])
    worst = [
        {
            "row": one.row,
            "truth": task.classes[int(one.truth)],
            "predicted": task.classes[int(one.predicted)],
            "probability": one.probability,
            "values": {"mean radius": float(x[400 + one.row, 0]), "clinic": "St <Mary>", "year": 1995},
            "image": None,
        }
        for one in worst_examples(task, y[400:], prediction)
    ]
    columns = [{"name": "mean radius", "kind": "continuous", "note": "standardised", "missing": 0, "distinct": 456}]
    evaluation = (
        evaluate(task, y[400:], prediction).to_dict()
        | dict(reference_scores(task, x[:400], y[:400], x[400:], y[400:], inputs))
        | facts(task, (340, 60, 169), worst=worst, columns=columns)
    )
    return write_run(tmp_path_factory.mktemp("binary") / "run", evaluation, "data/cancer.csv", "diagnosis", [FINDING])


@pytest.fixture(scope="session")
def image_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x, y = load_digits(return_X_y=True)
    task = Task("multiclass", "digit", tuple(range(10)))
    model = LogisticRegression(max_iter=200).fit(x[:1000] / 16, y[:1000])
    prediction = model.predict_proba(x[1000:] / 16)
    images = (x * 15).astype(np.uint8).reshape(-1, 1, 8, 8)
    worst = [
        {
            "row": one.row,
            "truth": int(one.truth),
            "predicted": int(one.predicted),
            "probability": one.probability,
            "values": None,
            "image": _data_uri(images[1000 + one.row, 0]),
        }
        for one in worst_examples(task, y[1000:], prediction)
    ]
    inputs = ImageInputs(1, 8, 8, (70.0,), (90.0,))
    evaluation = (
        evaluate(task, y[1000:], prediction).to_dict()
        | dict(reference_scores(task, images[:1000], y[:1000], images[1000:], y[1000:], inputs))
        | facts(task, (850, 150, 797), worst=worst, columns=[])
    )
    return write_run(tmp_path_factory.mktemp("image") / "run", evaluation, "sklearn:digits", "digit", [])


@pytest.fixture(scope="session")
def regression_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x, y = load_diabetes(return_X_y=True)
    task = Task("regression", "progression")
    prediction = LinearRegression().fit(x[:300], y[:300]).predict(x[300:])
    inputs = TableInputs(tuple(Feature(str(place), "continuous") for place in range(10)))
    evaluation = (
        evaluate(task, y[300:], prediction).to_dict()
        | dict(reference_scores(task, x[:300], y[:300], x[300:], y[300:], inputs))
        | facts(task, (250, 50, 142), worst=[], columns=[])
    )
    return write_run(tmp_path_factory.mktemp("value") / "run", evaluation, "diabetes.csv", "progression", [])


def _data_uri(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
