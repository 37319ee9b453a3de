"""backlight curves: how the loss and the score of runs went, drawn over each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options
from ..app import app
from ..output import number, print_json, print_lines, print_table, print_text, text_width

if TYPE_CHECKING:
    from ...report.curves import Course


@app.command(epilog="Example:  backlight curves runs/adult-20260101-120000 runs/adult-20260102-093000 -o curves.png")
def curves(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, watched loops or sweeps; 16 curves at most.")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw to this .png or .svg file, not in the terminal.")
    ] = None,
    smooth: Annotated[
        float,
        typer.Option(help="Share of the course that lines are smoothed over; 0: draw what was measured.", min=0, max=1),
    ] = 0.015,
    json: options.Json = False,
) -> None:
    """Draw loss, accuracy (or RMSE) and learning rate of each RUN by epoch, training beside validation.

    A run that is still going on shows what it has so far.
    """
    from ...report.curves import read_courses, save_curves, text_curves

    courses = read_courses(runs)
    if output is not None:
        save_curves(courses, output, smooth=smooth)
    if json:
        found = [course.to_dict() for course in courses]
        print_json({"runs": found, "file": None if output is None else str(output)})
    elif output is not None:
        print_text(f"Curves: {output}")
    else:
        print_lines(text_curves(courses, smooth=smooth, width=text_width()))
        print_text("")
        _print_lowest(courses)


def _print_lowest(courses: "list[Course]") -> None:
    """What each run reached, behind its letter."""
    from ...report.curves import letters, score_name
    from ...report.run_differences import differences

    score = score_name(row for course in courses for row in course.rows)
    rows = []
    for (letter, name), course in zip(letters(courses), courses, strict=True):
        best = course.lowest
        values = (None, None) if best is None else (best.loss, best.error if best.accuracy is None else best.accuracy)
        rows.append(
            (
                letter if len(courses) > 1 else "",
                name,
                f"{course.epochs:g}",
                "" if best is None else best.split,
                *map(number, values),
                "–" if best is None else f"{best.epoch:g}",
                "–" if course.best_epoch is None else f"{course.best_epoch:g}",
            )
        )
    headings = ("", "run", "epochs", "split", "lowest loss", f"{score or 'score'} there", "at epoch", "kept epoch")
    print_table(headings, rows, right=(2, 4, 5, 6, 7))
    told = differences([course.run for course in courses])
    if any(told):
        print_text("\nThey differ in:")
        for (letter, _), words in zip(letters(courses), told, strict=True):
            print_text(f"{letter}  {words or '–'}")
