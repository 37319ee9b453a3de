"""The diagnosis of a run once more, from the files of its folder."""

from dataclasses import replace
from pathlib import Path

from .. import files
from ..doctor import Diagnosis, diagnose
from ..records import BacklightError, Considered, Finding, Verdict
from ..watch import read_facts


def rediagnose(run: str | Path) -> Diagnosis:
    """Findings and what was ruled out, by the rules of this version; changes nothing.

    A run folder, or one that a watched loop was saved in, will do. Verdicts of treatments that were tried are taken
    from findings.json. A folder without facts.json (of an earlier version) is answered as it was found then.

    Raises:
        BacklightError: there is no such folder, or its run was not diagnosed.

    """
    folder = files.require_findings(run)
    if not (folder / files.FINDINGS).is_file():
        raise BacklightError(
            f"{folder} was trained without the doctor (diagnose = false), or its training has not ended; there is "
            "nothing to read a diagnosis from."
        )
    kept = [finding_of(values) for values in files.read_json(folder / files.FINDINGS, list)]
    facts = read_facts(folder)
    if facts is None:
        considered = folder / files.CONSIDERED
        told = files.read_json(considered, list) if considered.is_file() else []
        return Diagnosis(tuple(kept), tuple(Considered(**one) for one in told))
    tried = {(one.name, one.layer): one for one in kept if one.verdict is not None and not one.verdict.kept}
    found = diagnose(facts)
    treated = [one for one in kept if one.verdict is not None and one.verdict.kept]
    return Diagnosis((*treated, *(_with_verdict(one, tried) for one in found.findings)), found.considered)


def finding_of(values: dict[str, object]) -> Finding:
    """A finding as findings.json holds it."""
    verdict = values.get("verdict")
    known = {**values, "verdict": Verdict(**verdict) if isinstance(verdict, dict) else None}
    return Finding(**known)  # type: ignore[arg-type]


def _with_verdict(finding: Finding, tried: dict[tuple[str, str], Finding]) -> Finding:
    before = tried.get((finding.name, finding.layer))
    return finding if before is None else replace(finding, treatment=before.treatment, verdict=before.verdict)
