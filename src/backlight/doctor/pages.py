"""What each finding means: the same text for `explain`, the command line and the documentation."""

import difflib

from ..records import BacklightError
from .registry import DiagnosisRule, all_diagnoses

HEADINGS = ("What it sees", "Why it hurts", "When it is wrong", "Example", "Treatment", "References")
"""Headings that every page has, in this order."""


def explain(name_or_code: str) -> str:
    """The page of one finding as Markdown; by name (`dead-units`) or code (`U501`)."""
    return page(find_rule(name_or_code))


def find_rule(name_or_code: str) -> DiagnosisRule:
    """The diagnosis with this name or code; an unknown one is answered with the nearest."""
    rules = all_diagnoses()
    wanted = name_or_code.strip().lower()
    for rule in rules.values():
        if wanted in (rule.name, rule.code.lower()):
            return rule
    known = {one.lower(): one for one in [*rules, *(rule.code for rule in rules.values())]}
    near = [one for one in known if wanted and one.startswith(wanted)] or difflib.get_close_matches(wanted, known, n=1)
    likely = " or ".join(repr(known[one]) for one in near[:3])
    hint = f"; did you mean {likely}?" if near else f". Known: {', '.join(rules)}."
    raise BacklightError(f"There is no finding {name_or_code!r}{hint}")


def page(rule: DiagnosisRule) -> str:
    """One finding as a Markdown page."""
    lines = [f"# {rule.name} ({rule.code})", ""]
    lines += [f"## {line.rstrip(':')}" if line.rstrip(":") in HEADINGS else line for line in rule.page.splitlines()]
    if rule.explains:
        lines += ["", "## Explains", "", ", ".join(rule.explains)]
    return "\n".join(lines).rstrip() + "\n"


def index() -> str:
    """A table of all findings as Markdown."""
    rows = [f"| {r.code} | [{r.name}]({r.name}.md) | {r.page.splitlines()[0]} |" for r in all_diagnoses().values()]
    return "\n".join(["# Findings", "", "| code | name | meaning |", "|---|---|---|", *rows]) + "\n"
