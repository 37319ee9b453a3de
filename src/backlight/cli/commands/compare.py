"""backlight compare: two models on the same held-out rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options
from ..app import app
from ..output import number, print_json, print_table, print_text, say

if TYPE_CHECKING:
    from ...records import Metric


@app.command(epilog="Example:  backlight compare runs/adult-one runs/adult-two -o compare.png")
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN RUN…", help="Two run folders; or more, trainings of two configurations."),
    ],
    data: Annotated[str | None, typer.Option(help="Other rows, with the target, that no run has seen.")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw the comparison to this .png or .svg file, too.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Hold the second RUN against the first on the rows that both held out: better, worse, or no difference to be
    seen, what accuracy hides, and how many more rows would settle it."""
    from ... import runs as room
    from ...runs.comparisons.words import sentences

    found = room.compare(*runs, data=data)
    if output is not None:
        room.draw_comparison(found, output)
        say(f"Drawn: {output}")
    if json:
        print_json(found.to_dict())
        return
    for name, (first, second) in found.settings.items():
        print_text(f"{name}: {_shown(first)} → {_shown(second)}")
    print_text(f"On {found.which}:\n")
    if not found.same:
        _print_differences(found.differences)
    for sentence in sentences(found):
        print_text(sentence)


def _print_differences(differences: "Mapping[str, Metric]") -> None:
    rows = [
        (name.replace("_", " "), number(d.value), f"[{number(d.low)}, {number(d.high)}]")
        for name, d in differences.items()
    ]
    print_table(("second minus first", "difference", "95 % interval"), rows, right=(1, 2))
    print_text("")


def _shown(value: object) -> str:
    """A setting; of a number four digits."""
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
