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
    json: options.Json = False,
) -> None:
    """Predict each row of DATA: its class with the probability of every class, or its value. Images by their file."""
    from ... import runs

    opened = runs.Run(run)
    rows = opened.read(data)
    say_all(rows.notes)
    frame = opened.predict(rows)
    if output is not None:
        runs.save_frame(frame, output)
        say(f"{frame.height:,} predictions written to {output}")
    elif not json:
        print_text(frame.write_csv().rstrip("\n"))
    if json:
        print_json({"run": str(run), "rows": frame.height, "file": None if output is None else str(output)})
