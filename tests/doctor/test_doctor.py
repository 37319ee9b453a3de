"""Pages, relations and ranking."""

from pathlib import Path

import pytest
from benchmarks.faults.sick import SICK

from backlight.doctor import RunFacts, all_diagnoses, diagnose, explain
from backlight.doctor.pages import HEADINGS, index, page
from backlight.doctor.settled import settle
from backlight.records import BacklightError
from backlight.signals import LossFacts, OutputFacts, TargetFacts

DOCS = Path(__file__).parents[2] / "docs" / "findings"
RULES = all_diagnoses()


@pytest.mark.parametrize("name", RULES)
def test_every_page_has_all_headings_and_stands_in_the_docs(name):
    text = explain(name)
    positions = [text.find(f"## {heading}\n") for heading in HEADINGS]
    assert -1 not in positions and positions == sorted(positions)
    assert (DOCS / f"{name}.md").read_text(encoding="utf-8") == page(RULES[name]), "run python docs/write_findings.py"
    assert f"# {name} (" in text and explain(RULES[name].code) == text


def test_the_index_lists_every_finding_and_no_page_is_left_over():
    assert (DOCS / "README.md").read_text(encoding="utf-8") == index()
    assert {path.stem for path in DOCS.glob("*.md")} == {*RULES, "README"}


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(BacklightError, match="did you mean 'dead-units'"):
        explain("dead-unit")


def test_relations_name_findings_that_exist():
    for rule in RULES.values():
        assert set(rule.explains) <= set(RULES), rule.name
        assert rule.name not in rule.explains


def test_every_diagnosis_has_a_sick_program():
    causes = {name for entry in SICK.entries for name in entry.causes}
    symptoms = {"non-finite", "plateau", "oscillating-loss", "duplicate-rows"}
    assert set(RULES) - causes <= symptoms


def test_nothing_is_known_of_an_empty_run():
    diagnosis = diagnose(RunFacts())
    assert diagnosis.findings == ()
    assert {c.name for c in diagnosis.considered} == set(RULES)
    assert {c.kind for c in diagnosis.considered if "nothing is known of" in c.reason} == {"unknown"}


def test_every_diagnosis_is_either_a_finding_or_considered():
    target = TargetFacts((), (32,), "int64", False, 32, 0, 2, 1, 0.8, 0.64, 0.6, 0, True, False, False,
                         {0.0: 10, 1.0: 11, 2.0: 11}, 0.3, 0.33, 0.4)  # fmt: skip
    loss = LossFacts("cross_entropy", "logits", "CrossEntropyLoss", {}, (32, 3), (32,))
    run = RunFacts(loss=loss, output=OutputFacts(("Softmax",), (3,), "head", 0, 1, True), targets=target)
    diagnosis = diagnose(run)
    assert [f.name for f in diagnosis.findings] == ["output-activation"]
    assert {f.name for f in diagnosis.findings} | {c.name for c in diagnosis.considered} == set(RULES)


@pytest.mark.parametrize(
    ("name", "expects", "chain", "settled"),
    [
        ("nll", "log-probabilities", ("Softmax", "Clamp", "Log"), ("nll", "probabilities", ("Softmax",))),
        ("nll", "log-probabilities", ("LogSoftmax",), ("cross_entropy", "logits", ())),
        ("bce", "probabilities", ("Sigmoid", "Clamp"), ("bce", "probabilities", ("Sigmoid",))),
        ("mse", "values", ("Clamp",), ("mse", "values", ("Clamp",))),
    ],
)
def test_losses_are_said_in_one_way(name, expects, chain, settled):
    loss, output = settle(LossFacts(name, expects), OutputFacts(chain, (3,)))
    assert (loss.name, loss.expects, output.chain) == settled
