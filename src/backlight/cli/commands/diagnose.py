"""backlight diagnose: what is wrong with a run, why, and what was ruled out."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .. import options
from ..app import INTERRUPTED_STATUS, app
from ..output import number, print_json, print_text, print_wrapped

if TYPE_CHECKING:
    from ...records import Considered, Finding

_LISTED = 8
"""Values of one piece of evidence that are printed."""
_INDENT = 4


@app.command(epilog="Example:  backlight diagnose runs/adult-20260101-120000")
def diagnose(
    run: options.RunFolder,
    treat: Annotated[
        bool,
        typer.Option(
            "--treat",
            help="Train treatments beside the untreated settings, with several seeds and on other rows than those of "
            "the test; what is proven to be better becomes RUN's network, and the run as it was is kept in "
            "RUN/untreated.",
        ),
    ] = False,
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe",
            help="With --treat: also what should be asked for, such as to leave out columns or to train longer.",
        ),
    ] = False,
    all: Annotated[
        bool, typer.Option("--all", help="Also list what was looked for and not found, each with its reason.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Say what is wrong with RUN, most important first, with the evidence and what to do; and what was looked for and
    ruled out. Reads the folder's facts.json and signals.parquet; without --treat it trains nothing."""
    from ...runs.diagnosis import rediagnose

    if treat:
        from ...runs import treat as treat_run

        if treat_run(run, unsafe=unsafe).interrupted:
            raise typer.Exit(INTERRUPTED_STATUS)
    found = rediagnose(run)
    if json:
        listed = [asdict(one) for one in found.findings], [asdict(one) for one in found.considered]
        print_json({"run": str(run), "findings": listed[0], "considered": listed[1]})
        return
    show_findings(found.findings)
    show_considered(found.considered, beside=len(found.findings), listed=all)


def show_findings(findings: "Sequence[Finding]") -> None:
    """Each finding: severity, name and place; what was seen; the evidence; what to do."""
    from ...report import verdict_sentence

    if not findings:
        print_text("Nothing wrong was found.")
    for place, finding in enumerate(findings, 1):
        where = [finding.layer and f"layer {finding.layer}", "" if finding.step is None else f"step {finding.step}"]
        told = ", ".join(one for one in where if one)
        title = f"{finding.name} ({finding.code}){', ' + told if told else ''}"
        kept = finding.verdict is not None and finding.verdict.kept
        print_text(f"{'' if place == 1 else chr(10)}{place}. {'treated' if kept else finding.severity}: {title}")
        _wrapped(finding.message)
        if finding.evidence:
            _wrapped("Evidence: " + "; ".join(f"{_words(k)} {_value(v)}" for k, v in finding.evidence.items()) + ".")
        _wrapped(f"Do: {finding.prescription}")
        if finding.verdict is not None:
            said = verdict_sentence(asdict(finding.verdict))
            _wrapped(f"{'Treated' if kept else 'Tried'} with {finding.treatment}: {said}")
        if kept:
            _wrapped(
                'This is of the network as it was (folder untreated); findings not marked "treated" are of it now.'
            )
    if findings:
        print_text(f"\n`backlight explain {findings[0].name}` tells what the first one means.")


def show_considered(considered: "Sequence[Considered]", *, beside: int, listed: bool) -> None:
    """What was not found: how much of it, or each with its reason, what a finding explains first.

    beside: the number of findings that were told before.
    """
    from ...report.words import CONSIDERED

    parts = {words: [one for one in considered if one.kind == kind] for kind, words in CONSIDERED.items()}
    if not listed:
        counts = ", ".join(_counted(words, part) for words, part in parts.items() if part)
        if counts:
            print_text("")
            many = f"{len(considered)} {'more' if beside else 'illnesses'}"
            print_wrapped(f"{many} were considered: {counts}; --all lists them with the reasons.")
        return
    for words, part in parts.items():
        if part:
            print_text(f"\n{words[0].upper()}{words[1:]}:")
        for one in part:
            _wrapped(f"{one.name}: {one.reason}", hang=2)


def _counted(words: str, part: "Sequence[Considered]") -> str:
    """How many there are of a kind; those that were seen also by name."""
    names = f" ({', '.join(one.name for one in part)})" if part[0].kind == "explained" else ""
    return f"{len(part)} {words}{names}"


def _wrapped(text: str, hang: int = 0) -> None:
    print_wrapped(text, indent=_INDENT, hang=hang)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        more = f" … ({len(value)} in all)" if len(value) > _LISTED else ""
        return "[" + ", ".join(_value(one) for one in value[:_LISTED]) + "]" + more
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_value(one)}" for key, one in list(value.items())[:_LISTED]) + "}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return number(value) if value == 0 or 1e-3 <= abs(value) < 1e6 else f"{value:.3g}"
