"""Causes before symptoms: what a finding hides, and what it does not."""

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backlight.doctor import Diagnosis, DiagnosisRule, RunFacts, diagnose
from backlight.records import Finding, Severity

NAMES = ("a", "b", "c", "d", "e")
Graph = dict[str, tuple[str, ...]]


def asked(explains: Graph, severities: dict[str, Severity] | None = None, **more: tuple[str, ...]) -> Diagnosis:
    """The diagnosis where every rule finds its illness; rules by name, in the order of their codes."""
    rules = {}
    for number, name in enumerate(explains):
        found = Finding(f"X{number}", name, (severities or {}).get(name, "error"), f"Seen {name}.", "Mend it.")
        rules[name] = DiagnosisRule(
            code=found.code,
            name=name,
            needs=(),
            treatments=(),
            explains=explains[name],
            explains_above=(),
            certain=False,
            symptom=name in more.get("symptoms", ()),
            held_out=False,
            shows=(),
            page="",
            check=lambda run, found=found: iter([found]),
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importlib.import_module("backlight.doctor.diagnose"), "all_diagnoses", lambda: rules)
        return diagnose(RunFacts())


def reported(*args, **more) -> list[str]:
    return [finding.name for finding in asked(*args, **more).findings]


def test_what_is_itself_explained_hides_nothing():
    assert sorted(reported({"a": (), "b": ("a",), "c": ("b",)})) == ["a", "c"]
    assert sorted(reported({"a": ("b",), "b": ("c",), "c": ()})) == ["a", "c"]


def test_a_cause_hides_its_symptom_whichever_is_asked_first():
    assert reported({"a": ("b",), "b": ()}) == reported({"b": (), "a": ("b",)}) == ["a"]


def test_of_a_ring_the_first_in_order_is_the_cause():
    assert reported({"a": ("b",), "b": ("a",)}) == ["a"]
    assert reported({"a": ("b",), "b": ("a",)}, {"a": "warning", "b": "error"}) == ["b"]


@pytest.mark.parametrize(
    ("cause", "symptom", "mere", "hidden"),
    [("warning", "error", False, False), ("warning", "error", True, True), ("note", "error", True, False),
     ("note", "note", False, True)],
)  # fmt: skip
def test_a_mild_cause_hides_no_severe_finding_but_a_mere_symptom(cause, symptom, mere, hidden):
    names = reported({"a": ("b",), "b": ()}, {"a": cause, "b": symptom}, symptoms=("b",) if mere else ())
    assert ("b" not in names) == hidden


def test_what_is_explained_is_told_with_its_cause():
    (told,) = asked({"a": ("b",), "b": ()}).considered
    assert (told.name, told.kind, told.cause) == ("b", "explained", "a")
    assert "Seen b." in told.reason and "a explains it" in told.reason


graphs = st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES)).map(tuple) for name in NAMES})


@given(graphs)
def test_each_finding_is_reported_or_explained_by_one_that_is(graph: Graph):
    diagnosis = asked({name: tuple(set(found) - {name}) for name, found in graph.items()})
    names = {finding.name for finding in diagnosis.findings}
    explained = {one.name: one.cause for one in diagnosis.considered}
    assert names.isdisjoint(explained) and names | set(explained) == set(NAMES)
    assert all(cause in names and symptom in graph[cause] for symptom, cause in explained.items())


@given(graphs)
def test_without_rings_nothing_reported_explains_another(graph: Graph):
    """An edge from an earlier to a later name only: no ring."""
    tree = {name: tuple(one for one in found if one > name) for name, found in graph.items()}
    names = set(reported(tree))
    assert not any(set(tree[name]) & names for name in names)
