"""Maps of signals by layer and epoch: which there are, what lies outside the healthy range, what a finding opens."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import backlight.report
from backlight.doctor.registry import all_diagnoses
from backlight.records import Epoch
from backlight.report import figures
from backlight.report.cards import considered, finding_cards, left_over
from backlight.report.figures.signals import Grid
from backlight.report.folder import RunFolder
from backlight.report.layer_maps import MOST_COLUMNS, layer_maps
from backlight.signals import Meaning, all_meanings, all_signals

ROOM = Path(backlight.report.__file__).parent
LAYERS = ("first", "second", "output")
OUTSIDE = {"update_ratio": 0.9, "dead_share": 0.5}


def run(rows, *, epochs=10, steps=20, **more):
    """A run of `epochs` epochs, `steps` steps each; rows: (step, layer, signal, value)."""
    history = tuple(Epoch(e, e * steps, "train", 1.0 / e, None, None, 0.1, e) for e in range(1, epochs + 1))
    signals = pl.DataFrame(rows, schema=["step", "layer", "signal", "value"], orient="row", strict=False)
    evaluation = {"layers": [{"name": name} for name in LAYERS]}
    return RunFolder(Path("run"), history=history, evaluation=evaluation, signals=signals, **more)


def of(signal, values, *, every=10):
    """Rows of a signal: one value a layer, at each observed step."""
    return [(step, layer, signal, value) for step in range(0, 201, every) for layer, value in values.items()]


def test_layers_stand_in_the_order_of_the_network():
    (found,) = layer_maps(run(of("parameter_norm", {"output": 1.0, "second": 2.0, "first": 3.0})))
    assert found.layers == LAYERS
    assert found.grid.values[:, 0].tolist() == [3.0, 2.0, 1.0]
    assert found.grid.axis == "epoch" and found.grid.end == pytest.approx(10)


def test_signals_without_layers_and_flags_that_never_rose_have_no_map():
    rows = of("loss", {"": 1.0}) + of("non_finite", dict.fromkeys(LAYERS, 0.0)) + of("y_mean", {"first": 0.1})
    assert [one.signal for one in layer_maps(run(rows))] == ["y_mean"]
    assert layer_maps(run(of("loss", {"": 1.0}))) == []  # as of a module that is one layer
    rows += [(200, "second", "non_finite", 1.0)]
    assert [one.signal for one in layer_maps(run(rows))] == ["non_finite", "y_mean"]


def test_a_stretch_is_as_long_as_it_must_be_to_hold_a_number():
    (dense,) = layer_maps(run(of("y_std", {"first": 1.0}, every=1), epochs=100, steps=2))
    (rare,) = layer_maps(run(of("y_std", {"first": 1.0}, every=50), epochs=100, steps=2))
    assert dense.grid.values.shape[1] - 1 == MOST_COLUMNS
    assert rare.grid.values.shape[1] - 1 == 5
    assert not np.isnan(rare.grid.values).any()


def test_the_first_step_stands_by_itself():
    rows = [(step, "first", "y_std", 9.0 if step == 0 else 1.0) for step in range(201)]
    (found,) = layer_maps(run(rows))
    assert found.grid.values[0, 0] == 9.0
    assert found.grid.values[0, -1] == 1.0


def test_too_high_counts_at_any_time_too_low_where_it_was_so_for_half_of_it():
    values = np.array([[1.0, 1, 1, 9], [1, 1, 1, 0.01], [0.01, 0.01, 1, 1], [math.nan, math.nan, 0.01, 1]])
    grid = Grid(values, 1.0, 3.0, 0.1, 2.0, "epoch")
    assert grid.outside.tolist() == [
        [False, False, False, True],
        [False, False, False, False],
        [True, True, False, False],
        [False, False, True, False],
    ]


def test_numbers_are_seen_beside_the_last_hidden_layer_and_the_output_is_left_out():
    rows = of("gradient_share", {"first": 1e-6, "second": 1e-2, "output": 1e9})
    (found,) = layer_maps(run(rows))
    assert found.layers == ("first", "second")
    assert found.grid.values[:, 1] == pytest.approx([1e-4, 1])
    assert found.outside == ["first"]


def test_numbers_are_seen_beside_other_signals_of_the_same_layer():
    rows = of("row_std", {"first": 0.5}) + of("y_mean", {"first": 3.0}) + of("y_std", {"first": 4.0})
    found = next(one for one in layer_maps(run(rows)) if one.signal == "row_std")
    assert found.grid.values[0] == pytest.approx(0.1)
    assert [one.signal for one in layer_maps(run(of("row_std", {"first": 0.5})))] == []


def test_maps_say_what_lies_outside_and_come_first_where_there_is_a_range():
    rows = of("y_mean", {"first": 1.0}) + of("update_ratio", {"first": 0.9, "second": 1e-3})
    ratio, mean = layer_maps(run(rows))
    assert ratio.judged.endswith("in the healthy range, outside it at times in first")
    assert mean.judged == ""
    assert "in the healthy range, outside it" in ratio.figure()


def test_a_loop_without_epochs_is_drawn_by_step():
    found = dataclasses.replace(run(of("y_std", {"block.1": 1.0})), history=(), evaluation={})
    (one,) = layer_maps(found)
    assert (one.grid.axis, one.layers) == ("step", ("block.1",))
    assert "block.1" in one.figure()


@pytest.mark.parametrize(
    "meaning",
    [
        Meaning("a"),
        Meaning("a", scale="share", high=0.1),
        Meaning("a", scale="even"),
        Meaning("a", scale="flag", high=0),
        Meaning("a", low=1e-4, high=0.3, ends=(1e-6, 1), usual=1e-3),
    ],
)
@pytest.mark.parametrize(
    "values",
    [[[1.0, math.nan, math.inf], [0, 2, 3]], [[0.0, 0, 0]], [[math.nan, 1.0]], [[-1.0, 1e12]], [[0.5] * 3] * 80],
)
def test_any_numbers_on_any_scale_are_drawn(meaning, values):
    grid = Grid(np.array(values, dtype=float), 1.0, 2.0, meaning.low, meaning.high, "epoch")
    markup = figures.to_svg(
        figures.signal_map(grid, [f"l{i}" for i in range(len(values))], meaning), name="m", label=""
    )
    assert "start" in markup
    assert ("healthy" in markup) == (meaning.high < math.inf and meaning.scale != "flag")


def test_a_finding_opens_the_maps_that_its_diagnosis_names():
    name, rule = next((name, rule) for name, rule in all_diagnoses().items() if len(rule.shows) > 1)
    rows = [row for signal in rule.shows for row in of(signal, {"first": 0.9, "second": 0.9})]
    found = [
        {"name": name, "severity": "warning", "layer": layer, "message": "1.8e+08"} for layer in ("first", "second")
    ]
    folder = run([*rows, *of("y_mean", {"first": 1.0})], findings=tuple(found), proof={"left": {name: "no time"}})
    maps = layer_maps(folder)
    (card,) = finding_cards(folder, maps)
    assert [one["signal"] for one in card["maps"]] == list(rule.shows)
    assert "▸ second" in card["maps"][0]["figure"]
    assert (len(card["seen"]), card["left"]) == (2, "no time")
    assert card["seen"][0]["message"] == "1.8\u202f·\u202f10⁸"
    assert rule.page.startswith(card["meaning"][:20]) and card["why"]
    assert [one.signal for one in left_over(maps, [card])] == ["y_mean"]


def test_a_finding_that_was_treated_shows_before_and_after():
    name, rule = next((name, rule) for name, rule in all_diagnoses().items() if rule.shows)
    verdict = {"word": "better", "metric": "log_loss", "difference": -1.0, "low": -2.0, "high": -0.5, "kept": True}
    folder = run(of(rule.shows[0], {"first": 0.1}), findings=({"name": name, "verdict": verdict},))
    (card,) = finding_cards(folder, layer_maps(folder), layer_maps(folder))
    assert [one["title"].rsplit(", ")[-1] for one in card["maps"]] == ["before the treatment", "after the treatment"]


def test_what_was_seen_but_explained_comes_first_among_what_was_ruled_out():
    rows = [{"name": "a", "reason": "Not known.", "kind": "unknown"}, {"name": "b", "reason": "fine"}]
    rows.append({"name": "c", "reason": "b explains it.", "kind": "explained"})
    assert [one["name"] for one in considered(RunFolder(Path("run"), considered=tuple(rows)))] == ["c", "b", "a"]


def test_diagnoses_show_signals_that_have_layers():
    layered = {name for name in all_meanings() if name not in all_signals() or all_signals()[name].scope == "layer"}
    assert {signal for rule in all_diagnoses().values() for signal in rule.shows} <= layered


def test_a_healthy_range_has_a_source():
    for name, meaning in all_meanings().items():
        assert bool(meaning.source) == (math.isfinite(meaning.low) or math.isfinite(meaning.high)), name


def test_the_report_names_no_signal_and_no_diagnosis():
    text = json.dumps([path.read_text(encoding="utf-8") for path in ROOM.rglob("*") if path.suffix in (".py", ".html")])
    of_steps = {name for name, rule in all_signals().items() if rule.scope == "step"}
    names = set(all_meanings()) - of_steps - {"v_norm"}  # walk.json has a key of that name
    assert [name for name in [*names, *all_diagnoses()] if f'\\"{name}\\"' in text] == []


def test_a_single_observed_step_is_drawn_as_the_start_alone():
    signals = pl.DataFrame({"step": [0, 0], "layer": ["first", "second"], "signal": ["y_std"] * 2, "value": [1.0, 2.0]})
    (one,) = layer_maps(dataclasses.replace(run(signals), history=()))
    drawn = figures.signal_map(one.grid, one.layers, one.meaning)
    assert [label.get_text() for label in drawn.axes[0].get_xticklabels()] == ["start"]
    (left, right) = drawn.axes[0].get_xlim()
    assert right - left == pytest.approx(1.08)
