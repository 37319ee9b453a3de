"""A finding that is printed reads like a sentence."""

from backlight.records import Finding


def test_a_printed_finding_says_what_where_and_what_to_do():
    found = Finding("U101", "dead-units", "warning", "3 of 8 are zero.", "Lower the rate.", layer="relu1", step=1200)
    assert str(found) == "warning: dead units (in relu1, at step 1,200). 3 of 8 are zero. Do: Lower the rate."
    assert str(Finding("T1", "plateau", "note", "Flat.", "Stop.")) == "note: plateau. Flat. Do: Stop."
