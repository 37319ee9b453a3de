"""Statistics are those of the whole data, units are counted exactly, looking stays rare."""

from bisect import bisect_right

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch import nn

from backlight.records import Layer, Signal, Step
from backlight.signals import Recorder, SignalTable, all_signals
from backlight.signals.columns import RunningColumns
from backlight.signals.inputs import InputStatistics, fingerprints
from backlight.signals.sampling import DENSE, Budget, is_due, is_landmark, next_chosen
from backlight.signals.topology import chain_to, sources
from backlight.signals.units import UnitStatistics
from backlight.signals.work import work_of


@settings(max_examples=40)
@given(arrays.arrays(np.float64, (13, 3), elements=st.floats(-1e3, 1e3)), st.integers(1, 12))
def test_running_columns_equal_those_of_all_rows(rows, cut):
    columns = RunningColumns()
    columns.update(rows[:cut])
    columns.update(rows[cut:])
    assert columns.mean == pytest.approx(rows.mean(0), abs=1e-9)
    assert columns.std == pytest.approx(rows.std(0), abs=1e-6)
    assert (columns.low == rows.min(0)).all() and (columns.high == rows.max(0)).all()


def test_values_that_are_not_finite_are_counted_and_left_out():
    columns = RunningColumns()
    columns.update(np.array([[1.0, 2.0], [3.0, 4.0]]))
    columns.update(np.array([[np.nan, np.inf], [2.0, 3.0]]))
    assert columns.non_finite == 2
    assert columns.mean.tolist() == [2.0, 3.0]


@pytest.mark.parametrize(
    ("x", "y"),
    [(1.0, np.inf), (1.0, np.nan), (np.inf, 1.0), (3e38, 1.0), (1e300, 1e300)],
    ids=["infinite target", "no target", "infinite input", "largest float32", "largest float64"],
)
def test_numbers_beyond_all_measure_neither_warn_nor_correlate(x, y):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(20, 3, generator=generator, dtype=torch.float64)
    target = torch.randn(20, generator=generator, dtype=torch.float64)
    inputs[:3, 0], target[0] = x, y
    seen = InputStatistics()
    seen.update(inputs, target)
    seen.update(inputs.float() if x < 1e39 else inputs, target)
    facts = seen.facts()
    assert facts.rows == 40 and np.isfinite(facts.target_correlation).all()


def test_dead_and_duplicated_units_are_counted_exactly():
    """30 % dead, 20 % copies (up to scale), made so."""
    torch.manual_seed(0)
    linear = nn.Linear(8, 50)
    with torch.no_grad():
        linear.weight[:15], linear.bias[:15] = 0.0, -1.0
        for i in range(10):
            linear.weight[15 + i], linear.bias[15 + i] = 1.5 * linear.weight[30 + i], 1.5 * linear.bias[30 + i]
    units = UnitStatistics()
    for _ in range(4):
        units.update(Layer("act", "ReLU", y=torch.relu(linear(torch.randn(256, 8)))))
    facts = units.facts()["act"]
    assert facts.dead == tuple(range(15))
    assert {frozenset(group) for group in facts.redundant} == {frozenset((15 + i, 30 + i)) for i in range(10)}
    assert (facts.units, facts.distinct, facts.rows) == (50, 25, 1024)


def test_a_unit_that_speaks_once_is_not_dead():
    units, quiet = UnitStatistics(), torch.zeros(64, 2)
    loud = quiet.clone()
    loud[3, 0] = 1.0
    for y in (quiet, loud, quiet):
        units.update(Layer("act", "ReLU", y=y))
    assert units.facts()["act"].dead == (1,)


def test_units_of_pictures_are_channels():
    units = UnitStatistics()
    y = torch.rand(8, 3, 4, 4)
    y[:, 1] = 0
    units.update(Layer("act", "ReLU", y=y))
    assert units.facts()["act"].dead == (1,)


def test_equal_rows_have_equal_fingerprints_and_no_random_number_is_drawn():
    x = torch.randn(20, 5)
    x[7] = x[2]
    state = torch.get_rng_state()
    prints = fingerprints(x)
    assert prints[7] == prints[2] and len(set(prints.tolist())) == 19
    assert torch.equal(state, torch.get_rng_state())


def test_looking_gets_rarer():
    due = [step for step in range(10_000) if is_due(step)]
    assert due[:10] == list(range(10))
    assert len(due) < 150


@pytest.mark.parametrize("steps", [13, 192, 5000])
def test_the_whole_course_of_a_training_is_seen_however_short_it_is(steps):
    landmarks = [step for step in range(steps) if is_landmark(step, steps)]
    assert 7 <= len(landmarks) <= 12 and landmarks[-1] >= 0.85 * steps


def test_a_loop_of_unknown_length_is_seen_twice_in_each_doubling():
    landmarks = [step for step in range(1000) if is_landmark(step)]
    assert landmarks[-6:] == [128, 192, 256, 384, 512, 768]


@pytest.mark.parametrize("steps", [None, 1, 5, 100, 3000])
def test_no_step_is_passed_over_between_one_that_is_chosen_and_the_next(steps):
    chosen = [step for step in range(1, 5000) if is_due(step) or is_landmark(step, steps)]
    for step in range(chosen[-1]):
        assert next_chosen(step, steps) == chosen[bisect_right(chosen, step)]


def test_landmarks_outlast_the_budget():
    recorder = Recorder(budget=0.0, grace=0.0)
    recorder.steps = 120
    layer = Layer("0", "Linear", y=torch.zeros(4, 2))
    seen = [
        step
        for step in range(120)
        if recorder.wants(step) and not recorder.observe(Step(step, 0.0, 1.0, 0.1, (layer,)))
    ]
    assert seen == [*range(DENSE), *range(10, 120, 10)]


def test_a_look_that_costs_much_is_paid_for_by_more_steps():
    def looks(width, rows, steps=400):
        layers = tuple(
            Layer(str(i), "Linear", y=torch.empty(rows, width), parameters={"weight": torch.empty(width, width)})
            for i in range(4)
        )
        budget, made = Budget(0.01, grace=0.0), []
        for step in range(steps):
            if budget.allows(step):
                budget.charge(Step(step, 0.0, 1.0, 0.1, layers), seconds=0.0)
                made.append(step)
        work = work_of(layers)
        assert made[:DENSE] == list(range(DENSE))
        assert len(made) * work.look <= max(DENSE * work.look, 0.01 * steps * work.step + work.look)
        return len(made)

    assert looks(16, 16) == DENSE < looks(2048, 1024)


def test_topology_follows_views_and_stops_at_sums():
    x = torch.randn(4, 6)
    a, b = nn.Linear(6, 8)(x), nn.Linear(8, 8)
    view = a.view(4, 2, 4)
    y = b(a + 1)
    layers = (Layer("a", "Linear", x=x, y=a), Layer("v", "Flatten", x=view, y=view), Layer("b", "Linear", x=a + 1, y=y))
    assert sources(layers) == {"v": "a"}
    assert [layer.name for layer in chain_to(Step(0, 0.0, 1.0, 0.1, layers, output=y))] == ["b"]


def test_table_answers_by_layer_and_signal():
    table = SignalTable()
    for step in range(6):
        table.add(Signal(step, "a", "y_mean", float(step)))
    assert table.first("y_mean", "a") == 0 and table.last("y_mean", "a") == 3 and table.last("y_mean", "b") is None
    assert table.layers("y_mean") == ["a"] and len(table) == 6


def test_every_signal_says_which_question_it_answers():
    for rule in all_signals().values():
        assert "?" in rule.question, rule.name


def test_recorder_reads_any_stream_of_steps():
    """The engine and a watched loop hand over the same records."""
    torch.manual_seed(0)
    model = nn.Linear(4, 2)
    recorder = Recorder(model, budget=None)
    for step in range(4):
        x, target = torch.randn(16, 4), torch.randint(2, (16,))
        y = model(x)
        loss = nn.functional.cross_entropy(y, target)
        model.zero_grad()
        loss.backward()
        parameters = {name: p.detach() for name, p in model.named_parameters()}
        gradients = {name: p.grad for name, p in model.named_parameters()}
        layer = Layer("", "Linear", x=x, y=y.detach(), parameters=parameters, gradients=gradients)
        recorder.observe(Step(step, 0.0, loss.item(), 0.1, (layer,), output=y.detach(), target=target))
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad
        recorder.observe_update()
    expected = 0.1 * recorder.table.first("gradient_share", "")
    assert recorder.table.first("update_ratio", "") == pytest.approx(expected, rel=1e-4)
    assert recorder.inputs.facts().rows == recorder.targets.facts().rows == 64
    assert recorder.changed == {"weight", "bias"}


def test_units_that_died_tell_at_which_step_they_spoke_last():
    units = UnitStatistics()
    for step in range(20):
        y = torch.ones(300, 4)
        y[:, 1:] = 1.0 if step < 5 else 0.0
        y[:, 3] = 0.0
        units.update(Layer("1", "ReLU", y=y), step)
    facts = units.facts()["1"]
    assert (facts.dead, facts.last_spoke) == ((1, 2, 3), (4, 4, -1))
    assert facts.zero_shares == (0.0, 1.0, 1.0, 1.0)


def test_rows_that_are_no_numbers_do_not_count_as_spoken():
    units = UnitStatistics()
    units.update(Layer("1", "ReLU", y=torch.zeros(300, 4)), 0)
    units.update(Layer("1", "ReLU", y=torch.full((300, 4), torch.nan)), 1)
    facts = units.facts()["1"]
    assert (facts.dead, facts.rows, facts.zero_shares) == ((0, 1, 2, 3), 300, (1.0,) * 4)
