"""`backlight explain`: the page of a finding."""

import json

from backlight.cli.app import run


def test_a_finding_is_explained_by_name_and_by_code(capsys):
    assert run(["explain", "dead-units"]) == 0
    by_name = capsys.readouterr().out
    assert "## What it sees" in by_name and "## Treatment" in by_name
    assert run(["explain", "u501", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["page"].strip() == by_name.strip()


def test_an_unknown_finding_is_answered_with_the_nearest(capsys):
    assert run(["explain", "dead-unit"]) == 2
    assert "did you mean 'dead-units'" in capsys.readouterr().err


def test_the_beginning_of_a_name_or_code_is_enough_for_a_hint(capsys):
    assert run(["explain", "unscaled"]) == 2
    assert "did you mean 'unscaled-features' or 'unscaled-target'?" in capsys.readouterr().err
    assert run(["explain", "U50"]) == 2
    assert "'U501'" in capsys.readouterr().err


def test_without_a_name_all_findings_are_listed_with_what_they_are(capsys):
    assert run(["explain"]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    assert "dead-units Units of a rectifier whose output is zero for every input." in listed
    assert run(["explain", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["findings"]) > 40


def test_commands_stand_in_order_and_values_are_refused_in_plain_words(capsys):
    assert run(["--help"]) == 0
    told = [
        line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("│ ") and line[2].isalpha()
    ]
    assert len(told) > 12 and told == sorted(told)
    assert run(["train", "x.csv", "--batch-size", "1.5"]) == 2
    assert "'--batch-size': this is not a whole number" in capsys.readouterr().err
