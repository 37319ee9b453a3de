"""evaluation.json: the scores of a run and everything beside them that the report shows."""

import base64
import io
import time
from typing import Any

import numpy as np
from PIL import Image

from ..data import Part
from ..evaluation import Evaluation, best_constant, worst_examples
from ..network import summarise
from ..records import ImageInputs
from ..training import Trained
from .assembly import Assembly
from .ensembles.ensemble import members_of
from .verdict import diverged, verdict

_SHOWN_VALUES = 12
"""Columns shown of a wrong example; more do not fit a line."""


def outcome(
    assembly: Assembly, trained: Trained, prediction: np.ndarray, evaluation: Evaluation, references: dict[str, Any]
) -> dict[str, Any]:
    """The content of evaluation.json. `prediction` is of the rows of `assembly.held_out`."""
    task, prepared = assembly.task, assembly.prepared
    wrong = int(np.count_nonzero(~np.isfinite(prediction).reshape(len(prediction), -1).all(axis=1)))
    scored = verdict(task, evaluation.metrics, references["baseline"], references["linear"], rows=len(prediction))
    return (
        evaluation.to_dict()
        | references
        | {
            "task": task_facts(assembly),
            "rows": {name: len(getattr(prepared, name).rows) for name in ("train", "validation", "test")},
            "constant": best_constant(task, assembly.truth(prepared.train)),
            "verdict": diverged(wrong, len(prediction)) if wrong else scored,
            "diverged": bool(wrong),
            "seconds": time.monotonic() - assembly.started,
            "training_seconds": trained.seconds,
            "epochs": trained.epochs,
            "best_epoch": trained.best_epoch,
            "stopped": trained.stopped,
            "notes": assembly.notes,
            "layers": layers(assembly),
            "columns": columns(assembly),
            "worst": [] if wrong else worst(assembly, prediction),
            "split": prepared.split,
            "flips": assembly.flips,
        }
    )


def task_facts(assembly: Assembly) -> dict[str, Any]:
    """What is learned, as plain values."""
    task = assembly.task
    return {"kind": task.kind, "target": task.target, "classes": list(task.classes), "reason": task.reason}


def layers(assembly: Assembly) -> list[dict[str, Any]]:
    """The layer table, with the shapes of x(i) and x(i+1); of an ensemble, that of one member."""
    return [vars(row) for row in summarise(members_of(assembly.module)[0], assembly.prepared.inputs)]


def columns(assembly: Assembly) -> list[dict[str, Any]]:
    """What was recognised of each column."""
    return [vars(column) for column in assembly.prepared.columns]


def worst(assembly: Assembly, prediction: np.ndarray) -> list[dict[str, Any]]:
    """The held-out rows that the network gets most wrong, with their values or picture."""
    part, pictures = assembly.held_out, isinstance(assembly.prepared.inputs, ImageInputs)
    found = worst_examples(assembly.task, assembly.truth(part), prediction)
    return [
        {
            "row": int(part.rows[example.row]),
            "truth": _named(assembly, example.truth),
            "predicted": _named(assembly, example.predicted),
            "probability": example.probability,
            "values": None if pictures else _values(assembly, part, example.row),
            "image": _picture(part.x[example.row]) if pictures else None,
        }
        for example in found
    ]


def _named(assembly: Assembly, value: float) -> Any:
    return assembly.task.classes[int(value)] if assembly.task.classes else float(value)


def _values(assembly: Assembly, part: Part, row: int) -> dict[str, Any]:
    """The row as it stood in the source, without the target."""
    values = assembly.dataset.frame.row(int(part.rows[row]), named=True)
    values.pop(assembly.task.target, None)
    missing = {name for name, value in values.items() if isinstance(value, float) and np.isnan(value)}
    return {name: None if name in missing else value for name, value in list(values.items())[:_SHOWN_VALUES]}


def _picture(pixels: np.ndarray) -> str:
    """uint8 (c, h, w) → a PNG as a data URI."""
    image = Image.fromarray(pixels[0] if len(pixels) == 1 else np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
