"""`treat`: try treatments of what was found in a run, and keep what is proven to be better."""

from __future__ import annotations

import shutil
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from ... import files
from ...doctor import all_diagnoses, all_treatments
from ...records import CUT_SHORT, INTERRUPTED, TIME_LIMIT, BacklightError, Finding
from ...records.config import Config
from ...report import write_report
from ...watch import read_facts
from .. import settings
from ..assembly import Assembly, assemble
from ..continuation import check_at_hand, check_same_data
from ..diagnosis import finding_of
from ..run import Run
from ..stages import complete
from ..view import view
from .bench import Bench
from .proof import Proof, Prover

UNTREATED = "untreated"
"""Folder within a treated run that keeps the run as it was: a whole run folder."""
_UNDER_WAY = ".treated"
COST, LEAST_SECONDS = 10.0, 30.0
"""A proof may take ten times as long as the training itself, and half a minute at least."""
_FINISHING = 8.0
"""Seconds kept under a time limit to score and report the treated network."""


def treat(
    run: str | Path,
    source: Any = None,
    *,
    network: nn.Module | None = None,
    unsafe: bool = False,
    verbose: bool = True,
) -> Run:
    """Try treatments of every finding of a run; what is better becomes the run's network.

    Each treatment is trained beside the untreated settings with several seeds, on rows of the run that are not its test
    rows. The untreated run stays in RUN/untreated; proof.json says what was tried and what it brought.

    Parameters
    ----------
    run:
        Folder of the run.
    source, network:
        The same data and module again, where they were passed in Python.
    unsafe:
        Also try what should be asked for: to leave out columns or repeated rows, to weigh classes, to train longer.

    Raises
    ------
    BacklightError
        No such run, its data is gone or no longer the same, or its training was interrupted or not diagnosed.

    """
    folder = files.require_run(run)
    config = settings.load(folder / files.RUN)
    check_at_hand(folder, config, source, network, "treat")
    if files.read_json(folder / files.EVALUATION)["stopped"] == INTERRUPTED:
        raise BacklightError(f"The training of {folder} was interrupted: `backlight resume {folder}` ends it first.")
    if not (folder / files.FINDINGS).exists():
        raise BacklightError(f"{folder} was trained without the doctor (diagnose = false); train it again with it.")
    assembly = assemble(source, _without_limit(config), network=network, observers=[])
    check_same_data(folder, assembly)
    assembly.observers = [view()] if verbose else []
    return treat_run(folder, assembly, network=network, unsafe=unsafe, notes=True)


def treat_run(
    folder: Path, assembly: Assembly, *, network: nn.Module | None = None, unsafe: bool = False, notes: bool = False
) -> Run:
    """The run of a folder, treated where that is proven to be better; `assembly` is what it was trained from.

    notes: whether findings of severity note are treated, too.
    """
    run = Run(folder, module=assembly.module if assembly.custom else None)
    wanted = [one for one in run.findings if _treatable(one, unsafe=unsafe, notes=notes)]
    if not wanted and notes:
        assembly.note(_why_none(run, unsafe=unsafe))
    if not wanted or run.evaluation["stopped"] == INTERRUPTED:
        return run
    try:
        proof = _proof(assembly, run, wanted, network, unsafe=unsafe, notes=notes)
    except BacklightError as error:
        assembly.note(f"Nothing was tried: {error}")
        return run
    for name, why in proof.left.items():
        assembly.note(f"{name}: not treated, since {why}.")
    treated = _trained(folder, assembly, proof, network) if proof.kept and proof.stopped != INTERRUPTED else None
    helped = ", ".join(proof.kept)
    if proof.kept and treated is None:
        _tell_missing(assembly, folder, proof)
        proof = replace(proof, kept=[], findings=[_not_kept(one) for one in proof.findings])
    elif proof.stopped == INTERRUPTED:
        assembly.note(f"Interrupted: the run is as it was. `backlight diagnose {folder} --treat` treats it.")
    elif proof.stopped == TIME_LIMIT and assembly.config.training.time_limit is not None and not proof.findings:
        assembly.note(f"`backlight diagnose {folder} --treat` tries treatments without the time limit.")
    elif proof.findings and treated is None:
        assembly.note("No treatment was shown to be better: the run is as it was.")
    with _undisturbed():
        if treated is not None:
            _put_in_place(folder)
            assembly.note(
                f"{folder} holds the network trained with {helped}; the one without is in {folder / UNTREATED}."
            )
        _write_down(folder, proof)
    module = (treated or assembly).module
    return Run(folder, module=module if assembly.custom else None)


def _proof(
    assembly: Assembly, run: Run, wanted: Sequence[Finding], network: nn.Module | None, *, unsafe: bool, notes: bool
) -> Proof:
    """What came of treating the findings, as far as time and the user let it."""
    seconds = run.evaluation["training_seconds"]
    deadline = _deadline(assembly, seconds)
    names = ", ".join(dict.fromkeys(one.name for one in wanted))
    left = deadline - time.monotonic()
    if left <= 0:
        why = "the time limit left no time to prove a treatment"
        return Proof(assembly.config, left={one.name: why for one in wanted}, stopped=TIME_LIMIT)
    rows = np.setdiff1d(np.arange(assembly.dataset.rows), assembly.prepared.test.rows)
    try:
        first = {one.name: one for one in reversed(wanted)}
        for place, name in enumerate(dict.fromkeys(one.name for one in wanted)):
            assembly.note(f"{'' if place else chr(10)}Found {name}: {first[name].message}")
        assembly.note(f"Treating {names}: up to {left:.0f} s of trainings with and without treatment, side by side.")
        facts = read_facts(run.folder)
        linear = facts.linear if facts is not None else None
        bench = Bench(assembly.dataset, rows, assembly.config, network, deadline, linear)
    except KeyboardInterrupt:
        return Proof(assembly.config, stopped=INTERRUPTED)
    each = seconds / (assembly.config.training.ensemble or 1)
    return Prover(bench, assembly.config, unsafe=unsafe, seconds_each=each, tell=assembly.note).prove(
        wanted, notes=notes
    )


def _tell_missing(assembly: Assembly, folder: Path, proof: Proof) -> None:
    """What was proven, and that the run does not have it."""
    helped, them = ", ".join(proof.kept), "it" if len(proof.kept) == 1 else "them"
    why = "" if proof.stopped in CUT_SHORT else f" ({proof.stopped.rstrip('.')})"
    go_on = f" `backlight diagnose {folder} --treat` treats it." if proof.stopped in CUT_SHORT else ""
    assembly.note(
        f"{'Interrupted: ' if proof.stopped == INTERRUPTED else ''}{helped} helped, but the network was not trained "
        f"again with {them}{why}: the run is as it was.{go_on}"
    )


def _treatable(finding: Finding, *, unsafe: bool, notes: bool) -> bool:
    rule, known = all_diagnoses().get(finding.name), all_treatments()
    treatments = rule.treatments if rule is not None else ()
    grave = finding.severity != "note" or notes
    verdict = finding.verdict
    unsettled = verdict is None or (verdict.word == "better" and not verdict.kept)
    return grave and unsettled and any(known[name].safe or unsafe for name in treatments)


def _why_none(run: Run, *, unsafe: bool) -> str:
    """Why nothing is tried though it was asked for."""
    if not run.findings:
        return "Nothing was found that could be treated."
    if not unsafe and any(_treatable(one, unsafe=True, notes=True) for one in run.findings):
        return "Nothing is tried: what was found has treatments that are to be asked for; --unsafe tries them."
    return "Nothing is tried: what was found was treated before, or has no treatment by settings; do as prescribed."


def _deadline(assembly: Assembly, training_seconds: float) -> float:
    """When the trainings side by side must be done; a time limit leaves room for the treated run's own training."""
    now, limit = time.monotonic(), assembly.config.training.time_limit
    budget = now + max(COST * training_seconds, LEAST_SECONDS)
    if limit is None:
        return budget
    return min(budget, assembly.started + limit - _FINISHING - 1.5 * training_seconds)


def _trained(folder: Path, assembly: Assembly, proof: Proof, network: nn.Module | None) -> Assembly | None:
    """Train the treated settings on all training rows, in a folder beside the run's files.

    None, and that folder gone, where the training was cut short or refused; `proof.stopped` then says by what.
    """
    before, under_way = assembly.config, folder / _UNDER_WAY
    shutil.rmtree(under_way, ignore_errors=True)
    watching = [one for one in assembly.observers if not hasattr(one, "on_folder")]
    whole = {name: getattr(before.training, name) for name in ("ensemble", "folds", "time_limit")}
    whole["ensemble"] = max(before.training.ensemble or 1, proof.config.training.ensemble or 1)
    config = proof.config.model_copy(
        update={"training": proof.config.training.model_copy(update=whole), "treat": False}
    )
    treated = None
    try:
        assembly.note(f"Training again with {', '.join(proof.kept)}.")
        trained = assemble(assembly.dataset, config, network=network, started=assembly.started)
        for note in trained.notes:
            if note not in assembly.notes:  # data and network are mostly what they were
                assembly.note(note)
        trained.observers = watching
        complete(trained, under_way, kept=False)
        stopped = files.read_json(under_way / files.EVALUATION)["stopped"]
        if stopped in CUT_SHORT:
            proof.stopped = stopped
        else:
            treated = trained
    except KeyboardInterrupt:
        proof.stopped = INTERRUPTED
    except BacklightError as error:
        proof.stopped = str(error)
    finally:
        if treated is None:
            shutil.rmtree(under_way, ignore_errors=True)
    return treated


def _put_in_place(folder: Path) -> None:
    """The treated run into the folder, the untreated one into a folder within it."""
    kept, under_way = folder / UNTREATED, folder / _UNDER_WAY
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    for file in list(folder.iterdir()):
        if file.name not in (UNTREATED, _UNDER_WAY):
            file.rename(kept / file.name)
    for file in list(under_way.iterdir()):
        file.rename(folder / file.name)
    under_way.rmdir()
    write_report(kept)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C does nothing within the block, so that no file is left half in place."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread gets Ctrl-C
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _write_down(folder: Path, proof: Proof) -> None:
    """findings.json with treatments and verdicts, proof.json, and the report that shows both."""
    own = [finding_of(values) for values in files.read_json(folder / files.FINDINGS, list)]
    tried = {one.name: one for one in proof.findings if one.verdict is not None and not one.verdict.kept}
    findings = [one for one in proof.findings if one.verdict is not None and one.verdict.kept]
    for one in own:
        before = tried.get(one.name)
        findings.append(one if before is None else replace(one, treatment=before.treatment, verdict=before.verdict))
    files.write_json(folder / files.FINDINGS, [asdict(one) for one in findings])
    files.write_json(
        folder / files.PROOF,
        {
            "kept": proof.kept,
            "stopped": proof.stopped,
            "tried": [
                {
                    "finding": one.name,
                    "treatment": one.treatment,
                    "verdict": asdict(one.verdict) if one.verdict else None,
                }
                for one in proof.findings
            ],
            "left": proof.left,
            "trainings": proof.trainings,
            "seconds": proof.seconds,
        },
    )
    write_report(folder)


def _not_kept(finding: Finding) -> Finding:
    verdict = finding.verdict
    return finding if verdict is None else replace(finding, verdict=replace(verdict, kept=False))


def _without_limit(config: Config) -> Config:
    return config.model_copy(update={"training": config.training.model_copy(update={"time_limit": None})})
