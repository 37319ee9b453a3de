"""backlight train: from data to a trained, evaluated network with its report."""

from typing import TYPE_CHECKING, Unpack

import typer

from ...records import INTERRUPTED, TIME_LIMIT
from .. import options
from ..app import INTERRUPTED_STATUS, app
from ..output import print_json, print_scores, print_text, print_wrapped, say
from ..settings import Settings, arguments, takes_settings

if TYPE_CHECKING:
    from ...runs import Run


@app.command(epilog="Example:  backlight train adult.csv --target income --time-limit 2m")
@takes_settings()
def train(data: options.Data = None, json: options.Json = False, **settings: Unpack[Settings]) -> None:
    """Train a network on DATA, score it on held-out rows, and leave a run folder with a report."""
    from ... import runs

    run = runs.train(data, **arguments(settings, automatic_rate=True))
    show_result(run, json=json)


def show_result(run: "Run", *, json: bool) -> None:
    """Print the scores, the verdict, and where the report is; leave with 130 if training was interrupted."""
    evaluation = run.evaluation
    if json:
        print_json(run.summary())
    else:
        if evaluation["metrics"]:
            print_text("")
            print_scores(evaluation)
        cut = "The time limit ended training before its last epoch. " if evaluation["stopped"] == TIME_LIMIT else ""
        print_text(f"\n{cut}{evaluation['verdict']}")
        _print_findings(run)
        print_text(f"Report: {run.folder / 'report.html'}")
    for treated in (one for one in run.findings if one.verdict is not None and one.verdict.kept):
        say(f"Treated: {treated.name}, by {treated.treatment}; the run as it was is in {run.folder / 'untreated'}.")
    if evaluation.get("diverged"):
        say(f"Warning: {evaluation['verdict']}")
    if evaluation["stopped"] == INTERRUPTED:
        say(
            f"Interrupted: the best network so far and its report are in {run.folder}; "
            f"`backlight resume {run.folder}` goes on."
        )
    if run.interrupted:
        raise typer.Exit(INTERRUPTED_STATUS)


def _print_findings(run: "Run") -> None:
    """What the doctor found and no treatment has mended, a line each; of notes their names."""
    from ...files import FINDINGS

    open_ones = [one for one in run.findings if not (one.verdict and one.verdict.kept)]
    grave = [one for one in open_ones if one.severity != "note"]
    for one in grave:
        print_wrapped(f"{one.severity.capitalize()}: {one.name}. {one.message}", hang=2)
    if notes := list(dict.fromkeys(one.name for one in open_ones if one.severity == "note")):
        print_wrapped(f"{'Note' if len(notes) == 1 else 'Notes'}: {', '.join(notes)}.", hang=2)
    if open_ones:
        print_text(f"`backlight diagnose {run.folder}` shows the evidence and says what to do.")
    elif not run.findings and (run.folder / FINDINGS).exists():
        print_text("The doctor found nothing wrong with the training.")
