"""backlight learning-curve: how the score grows with the rows, and what more of them would bring."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Unpack

import typer

from ...records import INTERRUPTED
from .. import options
from ..app import INTERRUPTED_STATUS, app
from ..output import number, print_json, print_table, print_text, say
from ..settings import Settings, arguments, takes_settings

if TYPE_CHECKING:
    from ...runs import LearningCurve

_CURVE = "Curve"
_LEFT_OUT = (
    "init_seed",
    "init_from",
    "pretrain",
    "clip",
    "accumulate",
    "precision",
    "ensemble",
    "folds",
    "treat",
    "log",
)


@app.command(name="learning-curve", epilog="Example:  backlight learning-curve adult.csv --target income --up-to 0.25")
@takes_settings(without=_LEFT_OUT)
def learning_curve(
    data: options.Data = None,
    up_to: Annotated[
        float,
        typer.Option(help="Training rows of the largest subset: a share, or a number.", rich_help_panel=_CURVE),
    ] = 1.0,
    seeds: Annotated[int, typer.Option(help="Trainings of each size, 2 at least.", rich_help_panel=_CURVE)] = 3,
    sizes: Annotated[int, typer.Option(help="Sizes, each half of the next, 3 at least.", rich_help_panel=_CURVE)] = 6,
    metric: Annotated[
        str | None,
        typer.Option(help="accuracy, log_loss, roc_auc, …; r2, rmse or mae for values.", rich_help_panel=_CURVE),
    ] = None,
    augmentation_worth: Annotated[
        bool, typer.Option(help="For images, tell how many rows augmentation replaces.", rich_help_panel=_CURVE)
    ] = True,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Draw the curve to this .png or .svg file, too.", rich_help_panel=_CURVE),
    ] = None,
    json: options.Json = False,
    **settings: Unpack[Settings],
) -> None:
    """Train on growing subsets of DATA and foretell the score with more rows: is data what lacks, or something else?"""
    from ... import runs
    from ...runs.learning_curves.folder import check_figure_name

    check_figure_name(output)
    curve = runs.learning_curve(
        data,
        up_to=up_to,
        seeds=seeds,
        most_sizes=sizes,
        metric=metric,
        augmentation_worth=augmentation_worth,
        **arguments(settings),
    )
    if output is not None and curve.points:
        curve.save(output)
        say(f"The curve is drawn in {output}.")
    _show(curve, json=json)


def _show(curve: "LearningCurve", *, json: bool) -> None:
    """Points, forecast, verdict, and where the picture of them is."""
    from ...runs.learning_curves.folder import FIGURE

    if json:
        print_json(curve.to_dict())
    else:
        print_text("")
        found = [(f"{one.rows:,}", number(one.value), _interval(one.low, one.high), "") for one in curve.points]
        found += [
            (f"{one.rows:,}", number(one.value), _interval(one.low, one.high), "expected") for one in curve.forecast
        ]
        heading = "R²" if curve.metric == "r2" else curve.metric.replace("_", " ")
        if found:
            print_table(("training rows", heading, "95 % interval", ""), found, right=(0, 1, 2))
        print_text(f"\n{curve.verdict}")
        print_text(f"Picture: {curve.folder / FIGURE}" if curve.points else f"Folder: {curve.folder}")
    if curve.stopped == INTERRUPTED:
        kept = "the sizes that were done are" if curve.points else "no size was done; the settings are"
        say(f"Interrupted: {kept} in {curve.folder}.")
        raise typer.Exit(INTERRUPTED_STATUS)


def _interval(low: float, high: float) -> str:
    return f"[{number(low)}, {number(high)}]"
