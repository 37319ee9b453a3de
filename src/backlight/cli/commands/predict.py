"""backlight predict: apply a trained network to new rows."""

from pathlib import Path
from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import print_json, print_text, say, say_all


@app.command(epilog="Example:  backlight predict runs/adult-20260101-120000 new.csv -o predicted.csv")
def predict(
    run: options.RunFolder,
    data: Annotated[str, typer.Argument(metavar="DATA", help="Rows with the columns of the training data.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write: .csv, .parquet, .feather or .json; stdout if not given."),
    ] = None,
    identify: Annotated[
        list[str] | None,
        typer.Option(
            "--id",
            help="Column of DATA to write beside each prediction, such as a customer number; may be repeated.",
            metavar="COLUMN",
        ),
    ] = None,
    json: options.Json = False,
) -> None:
    """Predict each row of DATA, in its order: its class with the probability of every class, or its value.

    Images are named by their file. With --json and without a file the predictions are part of the answer.
    """
    from ... import runs
    from ...data.counted import counted

    opened = runs.Run(run)
    if output is not None:
        runs.check_frame_name(output)
    rows = opened.read(data)
    say_all(rows.notes)
    frame = opened.predict(rows, keep=identify or ())
    if output is not None:
        runs.save_frame(frame, output)
        say(f"{counted(frame.height, 'prediction')} written to {output}")
    elif not json:
        print_text(frame.write_csv().rstrip("\n"))
    if json:
        told = {"file": str(output)} if output is not None else {"file": None, "predictions": frame.to_dicts()}
        print_json({"run": str(run), "rows": frame.height, **told})
