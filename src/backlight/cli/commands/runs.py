"""backlight runs: the runs of folders, with their scores and the settings in which they differ."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...records import INTERRUPTED
from .. import options
from ..app import app
from ..output import number, print_json, print_table, print_text, table_width

if TYPE_CHECKING:
    from ...runs.listing import Group

_WIDEST = 24
"""Characters of a cell of settings, beyond which it is broken."""
_SCORES = ("accuracy", "log_loss", "r2", "rmse")
"""Those printed unless others are asked for."""


@app.command(epilog="Example:  backlight runs runs experiments --sort log_loss")
def runs(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FOLDER]…", help="Folders that hold runs, at any depth.  [default: runs]", show_default=False
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            help="Best first by score, or by the score of that name; or in the order of a setting, seconds, epochs, …; "
            "newest first if not given.",
            metavar="NAME",
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Score to show, such as roc_auc; may be repeated.", metavar="NAME"),
    ] = None,
    json: options.Json = False,
) -> None:
    """List runs with their scores on held-out rows and the settings in which they differ, a table for each data set."""
    from ...runs.listing import find_runs, groups

    wanted = folders or [Path("runs")]
    found = find_runs(wanted, sort=sort)
    together = groups(found)
    if json:
        facts = [
            {"source": one.source, "target": one.target, "task": one.task, "runs": [run["run"] for run in one.runs]}
            | {"differ": one.differ, "same": one.same}
            for one in together
        ]
        print_json({"folders": [str(folder) for folder in wanted], "runs": found, "groups": facts})
    elif not found:
        names = ", ".join(str(folder) for folder in wanted)
        print_text(f"There are no runs in {names}; `backlight train DATA` makes one.")
    else:
        _check_metrics(metric or (), together)
        for group in together:
            _print_group(group, [name.replace("-", "_") for name in metric or _SCORES])


def _check_metrics(wanted: Sequence[str], groups: Sequence["Group"]) -> None:
    """Refuse a score that no run has."""
    from ...records import BacklightError

    known = list(dict.fromkeys(name for group in groups for name in group.metrics))
    for name in wanted:
        if name.replace("-", "_") not in known:
            raise BacklightError(f"No run has a score {name!r}; choose one of {', '.join(known)}.")


def _print_group(group: "Group", wanted: Sequence[str]) -> None:
    """Heading, table, and what the best score is worth."""
    scores = [name for name in wanted if name in group.metrics] or [name for name in _SCORES if name in group.metrics]
    print_text(f"{group.title}, {len(group.runs)} run{'s' if len(group.runs) > 1 else ''}\n")
    headings = ["run", "created (UTC)", *scores, "epochs done", "seconds", "findings", *map(_words, group.differ)]
    headings = [name.replace("_", " ") for name in headings]
    rows = [_cells(group, run, scores, group.differ) for run in group.runs]
    fitting = _fitting(headings, rows, fixed=len(headings) - len(group.differ))
    shown = [row[:fitting] for row in rows]
    print_table(headings[:fitting], shown, right=range(2, 4 + len(scores)), whole=(0, 1))
    if headings[fitting:]:
        print_text(f"They differ in {', '.join(headings[fitting:])}, too; --json has all.")
    shared = ", ".join(f"{_words(name)} {_setting(value)}" for name, value in group.chosen().items())
    if shared and len(group.runs) > 1:
        print_text(f"\nThe same in all: {shared}.")
    print_text(_best(group, scores[0]) if scores and len(group.runs) > 1 else "")


def _fitting(headings: Sequence[str], rows: Sequence[Sequence[object]], *, fixed: int) -> int:
    """How many columns fit beside each other without breaking a heading; the first `fixed` are always shown."""
    space = table_width()
    for place, heading in enumerate(headings):
        widest = max(len(str(row[place])) for row in rows)
        space -= max(len(heading), widest if place < fixed else min(widest, _WIDEST)) + 2
        if space < 0 and place >= fixed:
            return place
    return len(headings)


def _cells(group: "Group", run: dict[str, Any], scores: Sequence[str], settings: Sequence[str]) -> list[object]:
    from rich.text import Text

    from ...runs.listing import UNFINISHED, WATCHED

    values = []
    for name in scores:
        value = (run["metrics"].get(name) or {}).get("value")
        text = number(value) if isinstance(value, int | float | None) else str(value)
        values.append(Text(text, style="bold green" if run is group.best(name) and len(group.runs) > 1 else ""))
    differing = [
        Text(_setting(run["settings"].get(name)), style="bold yellow" if group.unusual(run, name) else "")
        for name in settings
    ]
    epochs = "–" if run["epochs"] is None else f"{run['epochs']:g}"
    seconds = "–" if run["seconds"] is None else f"{run['seconds']:.1f}"
    found = ", ".join(f"{many} {severity}{'s' if many > 1 else ''}" for severity, many in run["findings"].items())
    unfinished = run["stopped"] if run["stopped"] in (UNFINISHED, WATCHED, INTERRUPTED) else ""
    when = run["created"][:16].replace("T", " ")
    return [run["run"], when, *values, epochs, seconds, ", ".join(filter(None, (unfinished, found))), *differing]


def _best(group: "Group", name: str) -> str:
    best, near = group.best(name), group.indistinct(name)
    if best is None:
        return ""
    score = best["metrics"][name]
    words = f"Best {name.replace('_', ' ')}: {best['run']}, {number(score['value'])} "
    words += f"[{number(score.get('low'))}, {number(score.get('high'))}]. "
    if not near:
        return f"{words}No other lies within its 95 % interval.\n"
    others = f"{len(near)} other{'s lie' if len(near) > 1 else ' lies'}"
    compare = f"`backlight compare {near[0]['run']} {best['run']}`"
    return f"{words}{others} within its 95 % interval: {compare} tells whether there is a difference.\n"


def _words(setting: str) -> str:
    """training.learning_rate → learning rate; the description of the network is the network."""
    return "network" if setting == "network.description" else setting.rpartition(".")[2].replace("_", " ")


def _setting(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
