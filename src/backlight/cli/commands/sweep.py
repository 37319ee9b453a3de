"""backlight sweep: many learning rates, or values of another setting, trained beside each other and judged."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from ...records import INTERRUPTED
from .. import options
from ..app import INTERRUPTED_STATUS, app
from ..output import number, print_json, print_table, print_text, say
from ..settings import Settings, arguments, takes_settings

if TYPE_CHECKING:
    from ...runs import Sweep

_SWEEP = "Sweep"
_LEFT_OUT = ("patience", "clip", "accumulate", "precision", "ensemble", "folds", "treat", "log")


@app.command(epilog="Example:  backlight sweep adult.csv --target income -o rates.png")
@takes_settings(without=_LEFT_OUT)
def sweep(
    data: options.Data = None,
    over: Annotated[
        str,
        typer.Option(
            help="What to vary: learning_rate finds its own values; others as in dropout=0,.1,.2,.5, batch_size=…, "
            "weight_decay=…, width=…, or init=zeros,normal 0.1,he.",
            metavar="SETTING[=VALUES]",
            rich_help_panel=_SWEEP,
        ),
    ] = "learning_rate",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Draw the figure to this .png or .svg file, too.", rich_help_panel=_SWEEP),
    ] = None,
    json: options.Json = False,
    **settings: Unpack[Settings],
) -> None:
    """Train many learning rates at once, from far too small to divergent, say what each curve shows, recommend one.

    The losers are stopped early. --lr is the middle of the search. Other settings are swept with --over.
    """
    from ... import runs
    from ...runs.learning_curves.folder import check_figure_name

    check_figure_name(output)
    found = runs.sweep(data, over=over, **arguments(settings))
    if output is not None and found.trials:
        found.save(output)
        say(f"The figure is in {output}.")
    _show(found, json=json)


def _show(found: "Sweep", *, json: bool) -> None:
    """One line for each value, with its curve, and the verdict."""
    if json:
        print_json(found.to_dict())
    else:
        from ...report.swept import name_of
        from ...runs.sweeps.words import shown, sparkline

        print_text("")
        rows = [
            (
                f"{'→' if one.value == found.recommended else ' '} {shown(one.value)}",
                one.verdict,
                number(one.validation_loss),
                f"{one.epochs}{' short' if one.stage == 'short' else ''}",
                sparkline(found, one),
                one.words,
            )
            for one in found.trials
        ]
        print_table(
            (f"  {name_of(found.over)}", "verdict", "validation loss", "epochs", "loss", "because"), rows, right=(2,)
        )
        if any("×" in row[4] for row in rows):
            print_text("× in a curve: the loss was above what it began with, or no number.")
        print_text(f"\n{found.verdict}\nSweep: {found.folder / 'report.html' if found.trials else found.folder}")
    if found.stopped == INTERRUPTED:
        say(f"Interrupted: the trials so far are in {found.folder}.")
        raise typer.Exit(INTERRUPTED_STATUS)
