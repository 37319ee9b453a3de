"""What a time limit leaves for the linear model, the doctor and the report."""

import time

from backlight.runs import stages
from backlight.runs.assembly import assemble
from backlight.runs.options import configure


def assembled(network="8 relu", **options):
    return assemble("sklearn:breast_cancer", configure({"network": network, **options}))


def test_without_a_limit_nothing_is_kept_back():
    assert stages._seconds_after_training(assembled()) == 0


def test_deep_networks_that_are_diagnosed_keep_more_time():
    kept = [
        stages._seconds_of_report(assembled(network, time_limit=20, diagnose=diagnose))
        for network, diagnose in (("8 relu", False), ("8 relu", True), (", ".join(["8 relu"] * 20), True))
    ]
    assert kept == sorted(set(kept))
    assert kept[2] - kept[1] > 0.5


def test_the_linear_model_takes_a_small_share_of_the_time_left(monkeypatch):
    given = []
    monkeypatch.setattr(stages, "reference_scores", lambda *_, seconds, **__: given.append(seconds) or {})
    assembly = assembled(time_limit=20)
    stages._references(assembly)
    assembly.started = time.monotonic() - 30
    stages._references(assembly)
    assert 1 < given[0] <= 2
    assert given[1] == 0
    stages._references(assembled())
    assert given[2] is None
