"""backlight export: a run in the forms of other tools."""

from pathlib import Path
from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import print_json, print_text


@app.command(epilog="Example:  backlight export runs/adult-20260101-120000 --onnx adult.onnx")
def export(
    run: options.RunFolder,
    onnx: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the network as ONNX, with its preprocessing told in the metadata."),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write event files into a folder of the run's name in this one."),
    ] = None,
    mlflow: Annotated[
        str | None,
        typer.Option(metavar="URI", help='Send the run to this MLflow server or store; "" for MLflow\'s own choice.'),
    ] = None,
    json: options.Json = False,
) -> None:
    """Write RUN for other tools: as an ONNX file, for TensorBoard, or to MLflow."""
    from ... import runs as room

    made = room.export(run, onnx=onnx, tensorboard=tensorboard, mlflow=mlflow)
    if json:
        print_json(made)
        return
    if "onnx" in made:
        file = made["onnx"]
        print_text(
            f"{file['file']}: {_told(file['input'])} → {_told(file['output'])}, ONNX opset {file['opset']}.\n"
            f"Checked with ONNX Runtime on {file['checked_rows']} made-up rows: differs from PyTorch by at most "
            f"{file['largest_difference']:.1g}.\nThe metadata entry `backlight` says, as JSON, how the inputs are made."
        )
    if "tensorboard" in made:
        print_text(f"{made['tensorboard']}: look at it with  tensorboard --logdir {tensorboard}")
    if "mlflow" in made:
        print_text(f"MLflow has it as run {made['mlflow']}.")


def _told(tensor: dict[str, object]) -> str:
    shape = tensor["shape"]
    assert isinstance(shape, list)
    return f"{tensor['name']} ({', '.join(map(str, shape))})"
