"""backlight evaluate: scores of a run on its held-out rows, or on other data."""

from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import print_json, print_scores, print_text, say_all


@app.command(epilog="Example:  backlight evaluate runs/adult-20260101-120000 next-year.csv")
def evaluate(
    run: options.RunFolder,
    data: Annotated[
        str | None,
        typer.Argument(metavar="[DATA]", help="Other rows, with the target."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Show how good RUN is, each score with its 95 % interval, beside a constant and (own rows only) a linear model."""
    from ... import runs

    opened = runs.Run(run)
    if data is None:
        summary = opened.summary()
    else:
        rows = opened.read(data, with_target=True)
        say_all(rows.notes)
        summary = opened.summary(opened.evaluate(rows))
    if json:
        print_json(summary)
        return
    if summary["metrics"]:
        print_scores(summary, "held-out rows" if data is None else "rows given")
    if data is not None:
        print_text("\nThese scores are honest only for rows that training did not see.")
    else:
        print_text(f"\n{opened.evaluation['verdict']}")
