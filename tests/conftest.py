"""Shared by all tests: their order, the machine's speed and its number of cores make no difference."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, settings

torch.set_num_threads(1)  # small tensors: a second thread only waits, and badly so on a busy machine
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Before the fixtures, too."""
    torch.manual_seed(0)


@pytest.fixture(scope="module")
def undrawn() -> Iterator[None]:
    """Reports without figures, for tests that ask for other things: drawing takes nine tenths of a short run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("backlight.report.page.drawings", lambda run: {})
        patch.setattr("backlight.report.courses.network_courses", lambda run: [])
        patch.setattr("backlight.report.layer_maps.LayerMap.figure", lambda one, **_: "")
        yield
