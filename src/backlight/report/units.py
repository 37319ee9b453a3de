"""What the units of each layer did: how many are dead, saturated or like another, which, and since when."""

from collections.abc import Mapping, Sequence
from typing import Any

from .folder import RunFolder
from .layer_maps import Course
from .words import number

LISTED = 12
"""Units, and groups of equal ones, that are named before the rest is counted."""


def unit_rows(run: RunFolder) -> list[dict[str, str]]:
    """One row for each layer whose units speak to the next one: behind its activation where it has one."""
    units: dict[str, dict[str, Any]] = run.facts.get("units") or {}
    told = [one for name, one in units.items() if name in _speaking(run.facts, units)]
    return [_row(run, one) for one in told]


def _speaking(facts: Mapping[str, Any], units: Mapping[str, Any]) -> set[str]:
    """Layers with units whose output no other layer with units changes, the network's output left out."""
    layers = facts.get("layers") or []
    changed = {layer["source"] for layer in layers if layer["name"] in units and layer["role"] != "linear"}
    return {name for name in units if name not in changed} - {(facts.get("output") or {}).get("layer")}


def _row(run: RunFolder, one: Mapping[str, Any]) -> dict[str, str]:
    groups = one.get("redundant") or []
    alike = sum(len(group) - 1 for group in groups)
    dead = one["dead"]
    return {
        "layer": one["layer"],
        "kind": one["kind"],
        "units": number(one["units"]),
        "dead": number(len(dead)) + (f" ({since})" if dead and (since := _since(run, one)) else ""),
        "saturated": number(len(one["saturated"])),
        "alike": number(alike),
        "distinct": number(one["distinct"]),
        "rows": "all of the training" if one.get("whole_data") else f"the last {number(one['rows'])} observed",
        "dead_ones": _listed([str(unit) for unit in dead]),
        "alike_ones": _listed(["=".join(map(str, group)) for group in groups]),
    }


def _since(run: RunFolder, one: Mapping[str, Any]) -> str:
    """When the dead units fell silent, as far as steps were observed."""
    last = one.get("last_spoke") or []
    died = sorted(step for step in last if step >= 0)
    if not last:
        return ""
    if not died:
        return "from the start"
    course = Course(run, run.signals) if run.signals is not None else None
    first, latest = (_place(step if course is None else course.place(step)) for step in (died[0], died[-1]))
    when = f"{first} to {latest}" if first != latest else latest
    some = f"{number(len(last) - len(died))} from the start, the others " if len(died) < len(last) else ""
    return f"{some}after {'step' if course is None else course.name} {when}"


def _place(value: float) -> str:
    """An epoch, or a step: three digits."""
    return number(float(f"{value:.3g}"))


def _listed(words: Sequence[str]) -> str:
    rest = len(words) - LISTED
    return ", ".join(words[:LISTED]) + (f" and {rest:,} more" if rest > 0 else "")
