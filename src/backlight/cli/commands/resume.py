"""backlight resume: go on with a run that was cut short."""

from typing import Annotated

import typer

from .. import options
from ..app import app
from .train import show_result


@app.command(epilog="Example:  backlight resume runs/adult-20260101-120000 --epochs 50")
def resume(
    run: options.RunFolder,
    epochs: Annotated[
        int | None,
        typer.Option(help="Epochs in all, those that are done included.", rich_help_panel="Training"),
    ] = None,
    time_limit: options.TimeLimit = None,
    json: options.Json = False,
) -> None:
    """Go on with RUN from its newest checkpoint, as if it had never stopped."""
    from ... import runs
    from .. import STARTED

    show_result(runs.resume(run, epochs=epochs, time_limit=time_limit, started=STARTED), json=json)
