"""Each fault is named; no healthy run is called an error."""

import pytest
from benchmarks.faults.bench import examine
from benchmarks.faults.healthy import HEALTHY
from benchmarks.faults.sick import SICK


@pytest.mark.parametrize("entry", SICK.entries, ids=lambda entry: entry.name)
def test_the_cause_is_among_the_first_three(entry):
    outcome = examine(entry, seed=0)
    assert outcome.rank is not None and outcome.rank <= 3, outcome.names


@pytest.mark.parametrize("entry", HEALTHY.entries, ids=lambda entry: entry.name)
def test_no_healthy_run_is_called_an_error(entry):
    outcome = examine(entry, seed=0)
    assert outcome.false_errors == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("entry", HEALTHY.entries, ids=lambda entry: entry.name)
def test_no_healthy_run_is_called_an_error_with_other_seeds(entry, seed):
    assert examine(entry, seed).false_errors == []
