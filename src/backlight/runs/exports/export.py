"""A run in the forms of other tools: an ONNX file, TensorBoard's event files, a run of MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...records import BacklightError

if TYPE_CHECKING:
    from torch import nn


def export(
    run: str | Path,
    *,
    onnx: str | Path | None = None,
    tensorboard: str | Path | None = None,
    mlflow: str | None = None,
    module: nn.Module | None = None,
) -> dict[str, Any]:
    """Write a run for other tools; what was written, by the names of the arguments.

    Parameters
    ----------
    run:
        Folder of the run. For TensorBoard and MLflow any folder with a history.csv will do, such as one of `watch`.
    onnx:
        File for the network, with its preprocessing described in the metadata; checked with ONNX Runtime.
    tensorboard:
        Folder that gets a folder of event files named after the run.
    mlflow:
        Address of an MLflow server or store, as in MLFLOW_TRACKING_URI; "" takes MLflow's own choice.
    module:
        The module itself, needed only where one was passed to `train` that network.json cannot hold.

    Raises
    ------
    BacklightError
        Nothing was asked for, no such run, a package is missing, or something cannot be written.

    """
    if onnx is None and tensorboard is None and mlflow is None:
        raise BacklightError("Say what to write: --onnx FILE, --tensorboard FOLDER or --mlflow URI.")
    made: dict[str, Any] = {"run": str(run)}
    if onnx is not None:
        made["onnx"] = _onnx(run, Path(onnx), module)
    if tensorboard is not None:
        from ..trackers import TensorBoard, export_run

        made["tensorboard"] = export_run(Path(run), TensorBoard(Path(tensorboard)))
    if mlflow is not None:
        from ..trackers import MLflow, export_run

        made["mlflow"] = export_run(Path(run), MLflow(mlflow or None))
    return made


def _onnx(folder: str | Path, path: Path, module: nn.Module | None) -> dict[str, Any]:
    from ..run import Run
    from .onnx_file import write_onnx

    run = Run(folder, module=module)
    flips = bool(run.evaluation.get("flips", False))
    return write_onnx(run.module, run.preprocessing, path, flips=flips).to_dict()
