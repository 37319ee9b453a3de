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
