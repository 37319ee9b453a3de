"""backlight prune: the same function in a smaller network."""

from typing import Annotated

import typer

from .. import options
from ..app import app
from ..output import print_json, print_table, print_text


@app.command(epilog="Example:  backlight prune runs/adult-20260101-120000 --out runs/adult-small")
def prune(
    run: options.RunFolder,
    revive: Annotated[
        bool, typer.Option("--revive", help="Keep the size; let idle units begin anew, the function unchanged.")
    ] = False,
    data: Annotated[str | None, typer.Option(help="The rows, where the run's own cannot be read again.")] = None,
    out: options.Out = None,
    json: options.Json = False,
) -> None:
    """Take out units of RUN that are zero for every row of its data, and merge those that are equal up to scale."""
    from ... import runs

    done = runs.prune(run, out, revive=revive, data=data)
    if json:
        print_json(done.to_dict())
        return
    rows = [
        (one.layer, one.units, len(one.dead), len(one.redundant), one.distinct, _listed(one.dead, one.groups))
        for one in done.layers
    ]
    print_table(("layer", "units", "dead", "redundant", "distinct", "which"), rows, right=(1, 2, 3, 4))
    if not done.units:
        print_text(f"\nEvery unit of {done.source} says something of its own; there is nothing to prune.")
        return
    what = "begun anew" if done.revived else "taken out"
    changed = f" changed by more than {done.largest_change:.1g}" if done.largest_change else " changed"
    print_text(
        f"\n{done.units:,} units {what}: {done.parameters_before:,} → {done.parameters:,} parameters. No prediction on "
        f"{done.rows:,} rows{changed}."
    )
    for one in done.layers:
        if not one.distinct:
            print_text(f"All units of {one.layer} are dead: the network says the same for every row.")
    print_text(f"Run: {done.run}")


def _listed(dead: tuple[int, ...], groups: tuple[tuple[int, ...], ...], shown: int = 8) -> str:
    """Numbers of the dead units, and the equal ones with = between them."""
    words = [str(unit) for unit in dead] + ["=".join(map(str, group)) for group in groups]
    return ", ".join(words[:shown]) + (f", … ({len(words)} in all)" if len(words) > shown else "")
