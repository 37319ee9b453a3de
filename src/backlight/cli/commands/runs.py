"""backlight runs: the runs of a folder, newest first."""

from pathlib import Path
from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import number, print_json, print_table, print_text


@app.command(epilog="Example:  backlight runs")
def runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that holds the runs.")] = Path("runs"),
    json: options.Json = False,
) -> None:
    """List the runs in a folder with their scores."""
    from ...runs.listing import list_runs

    found = list_runs(folder)
    if json:
        print_json({"folder": str(folder), "runs": found})
    elif not found:
        print_text(f"There are no runs in {folder}; `backlight train DATA` makes one.")
    else:
        rows = [(run["run"], run["created"], run["task"], run["metric"], number(run["value"])) for run in found]
        print_table(("run", "created (UTC)", "task", "metric", "value"), rows, right=(4,))
