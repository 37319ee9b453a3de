"""From the facts of a run to ranked findings: causes before symptoms."""

from dataclasses import dataclass

from ..records import Considered, Finding
from .facts import RunFacts
from .registry import DiagnosisRule, all_diagnoses

_WEIGHT = {"error": 0, "warning": 1, "note": 2}
POOR = 0.5
"""Share of the reference loss from which the training rows themselves are not fitted."""


@dataclass(frozen=True)
class Diagnosis:
    """What is wrong, most explaining first, and what was ruled out."""

    findings: tuple[Finding, ...]
    considered: tuple[Considered, ...]


def diagnose(run: RunFacts) -> Diagnosis:
    """Ask every diagnosis, drop what others explain, rank the rest.

    A finding is dropped (and told as considered) when one that is reported, and at least as severe, declares that it
    explains it; a mere symptom of a bad run, when any warning does.
    Rank: severity; contradictions before thresholds; what harms new rows only behind the rest, where the training rows
    are not fitted either; then how many of the things seen it explains; then mere symptoms behind the rest; then the
    order of codes, which goes from the program over data, output, initialisation and network to the training.
    """
    rules = all_diagnoses()
    found: dict[str, list[Finding]] = {}
    considered: list[Considered] = []
    for rule in rules.values():
        findings, ruled_out = _ask(rule, run)
        if findings:
            found[rule.name] = findings
        considered.extend(ruled_out)
    explained = _explained(found, rules, [layer.name for layer in run.layers])
    for name, cause in explained.items():
        first = found.pop(name)[0]
        considered.append(Considered(name, f"Seen, but {cause} explains it. {first.message}", "explained", cause))
    ranked = sorted(found.values(), key=lambda group: _rank(group, rules, explained, run.left > POOR))
    return Diagnosis(tuple(finding for group in ranked for finding in group), tuple(considered))


def _ask(rule: DiagnosisRule, run: RunFacts) -> tuple[list[Finding], list[Considered]]:
    missing = [need for need in rule.needs if not _present(getattr(run, need))]
    if missing:
        reason = f"Could not be looked at: nothing is known of {', '.join(missing)}."
        return [], [Considered(rule.name, reason, "unknown")]
    outcomes = list(rule.check(run))
    findings = [outcome for outcome in outcomes if isinstance(outcome, Finding)]
    ruled_out = [outcome for outcome in outcomes if isinstance(outcome, Considered)]
    if not findings and not ruled_out:
        ruled_out = [Considered(rule.name, "Looked for; no sign of it.")]
    findings.sort(key=lambda finding: _WEIGHT[finding.severity])
    return findings, ruled_out if not findings else []


def _present(value: object) -> bool:
    return value is not None and not (isinstance(value, (tuple, dict)) and not value)


def _explained(found: dict[str, list[Finding]], rules: dict[str, DiagnosisRule], layers: list[str]) -> dict[str, str]:
    """name of a symptom → name of the finding that explains it; `layers` from input to output.

    Only what is reported explains anything: a finding is settled when all that may explain it are, and in a ring of
    findings that explain each other the first in order is taken for the cause.
    """
    order = sorted(found, key=lambda name: (_severity(found[name]), rules[name].place))
    follows = {cause: [one for one in order if _may_explain(cause, one, found, rules, layers)] for cause in order}
    open_, causes = list(order), dict[str, str]()
    while open_:
        roots = [name for name in open_ if not any(name in follows[other] for other in open_)]
        cause = (roots or open_)[0]
        for symptom in follows[cause]:
            if symptom in open_:
                causes[symptom] = cause
        open_ = [name for name in open_ if name != cause and name not in causes]
    return causes


def _may_explain(
    cause: str, symptom: str, found: dict[str, list[Finding]], rules: dict[str, DiagnosisRule], layers: list[str]
) -> bool:
    """Whether the cause declares it, lies where it can have that effect, and is severe enough for it."""
    rule = rules[cause]
    if symptom not in rule.explains:
        return False
    if symptom in rule.explains_above and not _lies_above(found[symptom], found[cause], layers):
        return False
    severity = _severity(found[cause])
    return severity <= _severity(found[symptom]) or (rules[symptom].symptom and severity <= _WEIGHT["warning"])


def _lies_above(symptoms: list[Finding], causes: list[Finding], layers: list[str]) -> bool:
    """Whether the lowest layer with the symptom is that of the cause, or above it."""
    places = [[layers.index(f.layer) for f in findings if f.layer in layers] for findings in (symptoms, causes)]
    return not all(places) or min(places[0]) >= min(places[1])


def _severity(findings: list[Finding]) -> int:
    return min(_WEIGHT[finding.severity] for finding in findings)


def _rank(
    group: list[Finding], rules: dict[str, DiagnosisRule], explained: dict[str, str], poor: bool
) -> tuple[int, bool, bool, int, bool, str]:
    rule = rules[group[0].name]
    explains = sum(cause == rule.name for cause in explained.values())
    return _severity(group), not rule.certain, poor and rule.held_out, -explains, rule.symptom, rule.place
