"""What the plan says of a module that it could not split: in words, with its name and the reason."""

import pytest
import torch
from torch import nn

from backlight.backprop import Plan
from backlight.records import BacklightError


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = nn.GRU(2, 5, batch_first=True)
        self.head = nn.Linear(5, 1)

    def forward(self, x):
        return self.head(self.cells(x)[0][:, -1])


X = torch.randn(3, 6, 2)
WHY = "layer cells may return something else than one tensor"


def test_a_check_of_nothing_but_autograd_says_that_nothing_was_checked():
    check = Plan(Recurrent()).check(X)
    assert check.passed
    assert check.unchecked == {"Recurrent": WHY}
    assert str(check) == f"nothing was checked: 1 layer runs as autograd itself (Recurrent: {WHY})"


def test_a_check_counts_the_layers_without_a_rule_apart():
    net = nn.Sequential(nn.Linear(8, 8), nn.TransformerEncoderLayer(8, 2, 16, batch_first=True))
    told = str(Plan(net).check(torch.randn(2, 5, 8)))
    assert told.startswith("as autograd: 1 layer, largest relative difference")
    assert told.endswith("; 1 layer runs as autograd itself (1: PyTorch's own module, for which there is no rule)")


def test_a_layer_that_is_the_whole_network_is_checked_under_its_kind():
    check = Plan(nn.Linear(2, 3)).check(X)
    assert sorted(check.differences) == ["", "Linear"]
    assert str(check).startswith("as autograd: 1 layer, ")


def test_a_trace_names_the_whole_by_its_kind_and_says_why_it_was_not_split():
    trace = Plan(Recurrent()).trace(X)
    assert trace["Recurrent"] is trace[0]
    assert str(trace).splitlines()[1].split()[:3] == ["0", "Recurrent", "Recurrent"]
    assert str(trace).endswith(f"the whole network (Recurrent) runs as it is, on autograd: {WHY}")


def test_a_jacobian_of_a_layer_inside_says_why_there_is_none():
    with pytest.raises(BacklightError, match=rf'its layers are "" \(the whole, Recurrent\)\. Of these, .*: {WHY}'):
        Plan(Recurrent()).jacobian("cells", X)


def test_a_target_without_its_loss_is_refused_in_one_sentence():
    plan = Plan(nn.Sequential(nn.Linear(2, 3)))
    with pytest.raises(BacklightError, match=r"Without loss= .* shape \(4, 3\).* of shape \(4,\)"):
        plan.trace(torch.randn(4, 2), torch.tensor([0, 1, 2, 0]))


def test_a_hook_is_the_reason_that_is_told():
    layer = nn.Linear(2, 3)
    layer.register_forward_hook(lambda *_: None)
    assert "hook" in Plan(nn.Sequential(layer)).trace(X).notes[0]


def test_a_plan_prints_its_layers_and_who_gives_their_gradients():
    assert repr(Plan(nn.Sequential(nn.Linear(2, 3), Recurrent()))).splitlines() == [
        "Plan of Sequential",
        "  0  0  Linear     rule",
        f"  1  1  Recurrent  autograd: {WHY}",
    ]
    assert repr(Plan(nn.Sequential(nn.Linear(2, 3), nn.Tanh()), copies=3)).startswith("Plan of Sequential, 3 copies\n")
