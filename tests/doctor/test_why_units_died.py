"""A finding of dead units says which, since when and why, and advises by that."""

import pytest
import torch
from torch import nn

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Finding, Signal
from backlight.signals import LayerFacts, LoopFacts, ParameterFacts, SignalTable, UnitFacts
from backlight.watch import watch

RULE = all_diagnoses()["dead-units"]


def found(run: RunFacts) -> Finding:
    return next(one for one in RULE.check(run) if isinstance(one, Finding))


def by_hand(last_spoke: tuple[int, ...], units: int = 8, **signals: float) -> RunFacts:
    """A layer of rectifiers over a linear one, that learned nothing; signals of the linear one at steps 0, 10, 20, …"""
    weight, bias = ParameterFacts((units, 4), 0.0, 0.5, 1.0, False), ParameterFacts((units,), 0.0, 0.0, 0.0, False)
    linear = LayerFacts("linear", "Linear", "linear", {}, (4,), (units,), parameters={"weight": weight, "bias": bias})
    table = SignalTable()
    for step in range(0, 100, 10):
        for name, value in ({"update_ratio": 1e-3} | signals).items():
            table.add(Signal(step, "linear", name, value))
    dead = tuple(range(len(last_spoke)))
    counted = UnitFacts("relu", "ReLU", units, 1000, dead, last_spoke.count(-1), (), last_spoke=last_spoke)
    return RunFacts(
        layers=(linear, LayerFacts("relu", "ReLU", "activation", {}, (units,), (units,), source="linear")),
        units={"relu": counted},
        signals=table,
        losses=[1.0] * 100,
        observed=tuple(range(0, 100, 10)),
        loop=LoopFacts(steps=100, finished=True),
    )


def test_units_that_died_slowly_are_not_put_down_to_the_rate():
    one = found(by_hand((30, 30, 50, -1, 30, 20)))
    assert one.step == 40 and "1 from the start, half of them silent by step 40" in one.message
    assert "no step was large (at most 0.001" in one.message and "rate" not in one.prescription


def test_a_large_step_before_they_fell_silent_is_named():
    run = by_hand((30,) * 6)
    run.signals.add(Signal(30, "linear", "update_ratio", 0.6))
    run.signals.add(Signal(90, "linear", "update_ratio", 0.9))
    one = found(run)
    assert "step 30 changed the weights below by 0.6" in one.message and "Lower the learning rate" in one.prescription
    assert one.evidence["largest_update_ratio"] == 0.6 and one.evidence["dead_from_the_start"] == 0


@pytest.mark.parametrize(
    ("signals", "units", "said"),
    [({"y_mean": 4.0, "y_std": 1.0, "row_std": 0.2}, 8, "rows differ by 5%"),
     ({"y_mean": 0.0, "y_std": 1.0, "row_std": 0.9}, 2, "so few units"),
     ({"y_mean": 0.0, "y_std": 1.0, "row_std": 0.9}, 8, "as the weights were drawn")],
    ids=["scale", "few", "start"],
)  # fmt: skip
def test_units_that_never_spoke_are_put_down_to_the_start(signals, units, said):
    one = found(by_hand((-1,) * units, units=units, **signals))
    assert one.step == 0 and "from the start" in one.message and said in one.message
    assert "rate" not in one.prescription


def watched(bias: float, rate: float) -> RunFacts:
    """A plain loop over labels that nothing tells."""
    torch.manual_seed(0)
    x, y = torch.randn(640, 6), torch.randint(3, (640,))
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 3))
    nn.init.constant_(model[0].bias, bias)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    with watch(model, optimizer) as seen:
        for _ in range(3):
            for rows in torch.randperm(640).split(32):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
                optimizer.step()
    return seen.facts


def test_a_bias_below_all_values_is_named_with_its_size():
    one = found(watched(bias=-9.0, rate=1e-3))
    assert one.severity == "error" and one.step == 0
    assert "a bias of -9 under values that spread by" in one.message and one.prescription == "Start the biases at zero."


def test_units_that_a_step_has_killed_are_put_down_to_it():
    one = found(watched(bias=0.0, rate=3.0))
    assert one.step is not None and one.step > 0
    assert "changed the weights below by" in one.message and one.evidence["largest_update_ratio"] > 1
