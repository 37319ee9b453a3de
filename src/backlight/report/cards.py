"""The findings as cards: one an illness, in plain words, with its evidence, what to do and what was proven."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from ..doctor.registry import DiagnosisRule, all_diagnoses
from ..doctor.treatment import all_treatments
from . import figures
from .folder import RunFolder
from .headline import worst
from .layer_maps import LayerMap
from .verdicts import verdict_sentence
from .words import CONSIDERED, number, powers, spaced


def finding_cards(
    run: RunFolder, maps: Sequence[LayerMap] = (), before: Sequence[LayerMap] = ()
) -> list[dict[str, Any]]:
    """One card for all findings of a name, as the diagnosis ranks them; a map stands in the first that shows it.

    `before` are the maps of the run as it was before it was treated.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for finding in run.findings or ():
        groups.setdefault(str(finding.get("name", "")), []).append(finding)
    rules = all_diagnoses()
    now, then = ({one.signal: one for one in part} for part in (maps, before))
    return [_card(run, name, group, rules.get(name), (then, now)) for name, group in groups.items()]


def considered(run: RunFolder) -> list[dict[str, str]]:
    """What was ruled out: first what was seen but follows from a finding, last what could not be looked at."""
    rows = sorted(run.considered, key=lambda one: list(CONSIDERED).index(one.get("kind", "ruled-out")))
    return [{"name": spaced(one["name"]), "reason": powers(str(one.get("reason", "")))} for one in rows]


def considered_counts(run: RunFolder) -> str:
    """How many of each kind were considered, as `backlight diagnose` says it."""
    kinds = [one.get("kind", "ruled-out") for one in run.considered]
    return ", ".join(f"{kinds.count(kind)} {words}" for kind, words in CONSIDERED.items() if kind in kinds)


def left_over(maps: Sequence[LayerMap], cards: Sequence[Mapping[str, Any]]) -> list[LayerMap]:
    """The maps that stand in no card."""
    shown = {one["signal"] for card in cards for one in card["maps"]}
    return [one for one in maps if one.signal not in shown]


def map_content(one: LayerMap, *, marked: Sequence[str] = (), when: str = "") -> dict[str, Any]:
    """A map as the templates show it; `when` is `before` or `after` a treatment."""
    return {
        "signal": one.signal,
        "title": f"{one.title}, {when} the treatment" if when else one.title,
        "unit": one.unit,
        "judged": one.judged,
        "source": "" if when == "after" else one.meaning.source,  # it stands under the map before
        "figure": Markup(one.figure(marked=marked, suffix=f"-{when}" if when else "")),
    }


def _card(
    run: RunFolder,
    name: str,
    group: list[dict[str, Any]],
    rule: DiagnosisRule | None,
    free: tuple[dict[str, LayerMap], dict[str, LayerMap]],
) -> dict[str, Any]:
    first = next((finding for finding in group if finding.get("verdict")), group[0])
    verdict = first.get("verdict") or {}
    treatment = str(first.get("treatment") or "")
    known = all_treatments().get(treatment)
    severities = [str(finding.get("severity", "note")) for finding in group]
    return {
        "code": group[0].get("code", ""),
        "name": spaced(name).capitalize(),
        "severity": worst(severities),
        "meaning": _meaning(rule),
        "why": _section(rule, "Why it hurts"),
        "seen": [_seen(finding) for finding in group],
        "prescription": group[0].get("prescription", ""),
        "maps": _maps(group, rule, free, kept=bool(verdict.get("kept"))),
        "marked": len({finding["layer"] for finding in group if finding.get("layer")}),
        "treatment": spaced(treatment),
        "does": known.does.rstrip(".") if known else "",
        "verdict": _verdict(verdict, name) if verdict else None,
        "left": "" if verdict else str((run.proof.get("left") or {}).get(name, "")),
    }


def _verdict(verdict: Mapping[str, Any], name: str) -> dict[str, Any]:
    label = f"Difference that the treatment of {spaced(name)} made, beside none and beside changes drawn at random"
    drawn = figures.to_svg(figures.verdict(verdict), name=f"verdict-{name}", label=label)
    return {"kept": bool(verdict.get("kept")), "sentence": verdict_sentence(verdict), "figure": Markup(drawn)}


def _maps(
    group: Sequence[Mapping[str, Any]],
    rule: DiagnosisRule | None,
    free: tuple[dict[str, LayerMap], dict[str, LayerMap]],
    *,
    kept: bool,
) -> list[dict[str, Any]]:
    """The maps that show the illness; of one that was treated, before and after."""
    layers = [str(finding["layer"]) for finding in group if finding.get("layer")]
    before, now = free
    found = []
    for signal in rule.shows if rule else ():
        if kept and signal in before:
            found.append(map_content(before.pop(signal), marked=layers, when="before"))
        if signal in now:
            found.append(map_content(now.pop(signal), marked=layers, when="after" if kept else ""))
    return found


def _seen(finding: Mapping[str, Any]) -> dict[str, Any]:
    evidence = finding.get("evidence") or {}
    return {
        "place": _place(finding),
        "message": powers(str(finding.get("message", ""))),
        "evidence": {spaced(key): _evidence(value) for key, value in evidence.items()},
    }


def _meaning(rule: DiagnosisRule | None) -> str:
    """What the illness is: the first paragraph of its page."""
    return "" if rule is None else " ".join(rule.page.split("\n\n")[0].split())


def _section(rule: DiagnosisRule | None, heading: str) -> str:
    found = re.search(rf"^{heading}:?\n(.*?)(?:\n\n|\Z)", rule.page if rule else "", flags=re.S | re.M)
    return " ".join(found[1].split()) if found else ""


def _evidence(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_evidence(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_evidence(item)}" for key, item in value.items())
    return number(value)


def _place(finding: Mapping[str, Any]) -> str:
    parts = [f"layer {finding['layer']}" if finding.get("layer") else ""]
    step = finding.get("step")
    parts.append("" if step is None else "from the start" if step == 0 else f"step {step:,}")
    return ", ".join(filter(None, parts))
