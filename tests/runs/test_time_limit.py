"""What a time limit leaves for the linear model, the doctor and the report."""

import time

from backlight.runs import stages, time_left
from backlight.runs.assembly import assemble
from backlight.runs.options import configure


def assembled(network="8 relu", **options):
    return assemble("sklearn:breast_cancer", configure({"network": network, **options}))


def test_without_a_limit_nothing_is_kept_back():
    assert time_left.measured_needs(assembled()) == time_left.Needs(0, 0)


def test_deep_networks_that_are_diagnosed_keep_more_time():
    kept = [
        time_left.seconds_of_report(assembled(network, time_limit=20, diagnose=diagnose))
        for network, diagnose in (("8 relu", False), ("8 relu", True), (", ".join(["8 relu"] * 20), True))
    ]
    assert kept == sorted(set(kept))
    assert kept[2] - kept[1] > 0.5


def test_the_linear_model_takes_a_small_share_of_the_time_left(monkeypatch):
    given = []
    monkeypatch.setattr(stages, "reference_scores", lambda *_, seconds, **__: given.append(seconds) or {})
    assembly = assembled(time_limit=20)
    stages.references_of(assembly)
    assembly.started = time.monotonic() - 30
    stages.references_of(assembly)
    assert 1 < given[0] <= 2
    assert given[1] == 0
    stages.references_of(assembled())
    assert given[2] is None


def said(assembly, needs, *, spent):
    assembly.started = time.monotonic() - spent
    before = len(assembly.notes)
    time_left.say_what_is_left(assembly, needs)
    return " ".join(assembly.notes[before:])


def test_how_the_limit_is_spent_is_said_before_training():
    needs = time_left.Needs(after=8, epoch=2)
    words = said(assembled(time_limit=60), needs, spent=20)
    assert words == (
        "Time limit 60 s for all of it: 20 s went into reading and preparing, about 8 s are kept for scores and "
        "report, 32 s are left for training."
    )
    assert said(assembled(), needs, spent=20) == ""


def test_a_limit_too_short_for_one_pass_is_called_so():
    assembly = assembled(time_limit=60)
    short = said(assembly, time_left.Needs(after=8, epoch=50), spent=20)
    assert "32 s are left for training. That is too short for a sensible result: one pass" in short
    assert "takes about 50 s" in short
    late = said(assembly, time_left.Needs(after=8, epoch=50), spent=70)
    assert "none are left for training" in late and "ends about 18 s late" in late


def test_the_pass_over_the_training_rows_is_measured():
    assembly = assembled("2048 relu, 2048 relu", time_limit=60)
    needs = time_left.measured_needs(assembly)
    begun = time.process_time()
    for _ in range(3):
        assembly.predict(assembly.prepared.train.x)
    assert 0.2 < needs.epoch / (time.process_time() - begun) < 20
    assert needs.after > time_left.seconds_of_report(assembly)
