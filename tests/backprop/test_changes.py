"""What changes after a plan was made, and inputs that it cannot take: said in one sentence, never passed over."""

import copy

import pytest
import torch
from torch import nn

from backlight.backprop import Plan
from backlight.records import BacklightError


class Scaled(nn.Module):
    """A layer of the user's own, which autograd is asked for."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x):
        return self.inner(x) * float(self.inner.weight.detach().abs().max())


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), Scaled(), nn.Linear(4, 2))


X = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))


def set_layer(module):
    module[1] = nn.ReLU()


def set_inner_layer(module):
    module[2].inner = nn.Linear(4, 4)


def set_parameter(module):
    module[3].weight = nn.Parameter(torch.zeros(2, 4))


def append_layer(module):
    module.append(nn.Tanh())


def drop_bias(module):
    module[0].bias = None


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (set_layer, "1"),
        (set_inner_layer, "2.inner"),
        (set_parameter, "3.weight"),
        (append_layer, "4"),
        (drop_bias, "0.bias"),
    ],
)
def test_a_part_that_is_replaced_after_the_plan_was_made_is_named(change, path):
    module = network()
    plan = Plan(module, X)
    change(module)
    assert plan.outdated
    with pytest.raises(RuntimeError, match=rf"^{path} was replaced, .* make a new Plan"):
        plan.forward(X)
    with pytest.raises(RuntimeError, match=path):
        plan.trace(X)
    with pytest.raises(RuntimeError, match=path):
        plan.jacobian(0, X)
    torch.testing.assert_close(Plan(module).forward(X), module(X).detach())


def test_values_that_change_are_followed():
    module = network()
    plan = Plan(module, X)
    module[0].weight.data = torch.zeros(4, 3)
    module.double()
    assert not plan.outdated
    torch.testing.assert_close(plan.forward(X.double()), module(X.double()).detach())


def test_copies_follow_parameters_that_are_moved():
    module = nn.Linear(3, 2)
    plan = Plan([module])
    plan.forward(X[None])
    module.weight.data = torch.ones(2, 3)
    torch.testing.assert_close(plan.forward(X[None])[0], module(X).detach())


@pytest.mark.parametrize(
    ("module", "x", "words"),
    [
        (network(), torch.randn(5, 7), r"layer 0 \(Linear, parameters torch.float32 on cpu\) .* \(5, 7\)"),
        (network(), torch.randn(5, 3).double(), r"layer 0 .* \(5, 3\), torch.float64 on cpu"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()), torch.randn(2, 1, 8, 8), r"layer 0 \(Conv2d.* \(2, 1, 8, 8\)"),
        (nn.Sequential(nn.Linear(3, 5), Scaled()), torch.randn(5, 3), r"layer 1 \(Scaled.* \(5, 5\)"),
        (nn.Sequential(nn.Embedding(4, 2)), torch.tensor([[1, 9]]), r"layer 0 \(Embedding.* torch.int64"),
        (nn.Sequential(nn.MaxPool2d(4)), torch.randn(1, 1, 2, 2), r"layer 0 \(MaxPool2d\) .* \(1, 1, 2, 2\)"),
    ],
)  # fmt: skip
def test_an_input_that_a_layer_cannot_take_is_told_with_the_layer(module, x, words):
    with pytest.raises(BacklightError, match=words) as caught:
        Plan(module).forward(x)
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is not None


def test_a_gradient_of_another_shape_than_the_output_is_refused():
    plan = Plan(network())
    y = plan.forward(X)
    with pytest.raises(BacklightError, match=r"\(5, 1\).*\(5, 2\)"):
        plan.backward(torch.ones(5, 1))
    assert plan.backward(torch.ones_like(y)).shape == X.shape


def test_tied_layers_show_each_its_own_part_of_the_gradient():
    torch.manual_seed(0)
    first, last = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
    last.weight = first.weight
    x = torch.randn(5, 4)
    plan = Plan(nn.Sequential(first, nn.Tanh(), last))
    trace = plan.trace(x)
    parts = {layer.name: layer.v_out.t() @ layer.x for layer in trace if layer.parameters}
    for name, part in parts.items():
        torch.testing.assert_close(trace[name].gradients["weight"], part)
    for accumulate in (False, True):
        y = plan.forward(x, observe=True)
        plan.backward(torch.ones_like(y), accumulate=accumulate)
        seen = {layer.name: layer.gradients for layer in plan.layers()}
        torch.testing.assert_close(seen["0"]["weight"], parts["0"])
        torch.testing.assert_close(first.weight.grad, (2 if accumulate else 1) * (parts["0"] + parts["2"]))


class Idle(nn.Module):
    """Uses one of its layers for positive batches only, and another never."""

    def __init__(self):
        super().__init__()
        self.used, self.seldom, self.never = (nn.Linear(3, 3) for _ in range(3))

    def forward(self, x):
        return self.seldom(self.used(x)) if x.sum() > 0 else self.used(x)


@pytest.mark.parametrize("accumulate", [True, False])
def test_parameters_that_no_gradient_came_to_are_known(accumulate):
    module = nn.Sequential(Idle(), nn.Linear(3, 1))
    module.extra = nn.Parameter(torch.ones(3))
    module[1].requires_grad_(False)
    plan = Plan(module)

    def unreached(x):
        y = plan.forward(x)
        plan.backward(torch.ones_like(y), accumulate=accumulate)
        names = {id(p): name for name, p in module.named_parameters()}
        return {names[id(p)] for p in plan.unreached}

    never = {"extra", "0.never.weight", "0.never.bias"}
    assert unreached(torch.ones(2, 3)) == never
    assert unreached(-torch.ones(2, 3)) == never | {"0.seldom.weight", "0.seldom.bias"}
    if not accumulate:
        assert not module[0].seldom.weight.grad.any()


@pytest.mark.parametrize("layer", [nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3, bias=False), nn.BatchNorm1d(3)])
@pytest.mark.parametrize("name", ["scale", "bias"])
def test_a_parameter_that_a_rule_does_not_know_has_no_gradient(layer, name):
    """Registered on a layer of PyTorch's, whose forward makes nothing of it."""
    layer = copy.deepcopy(layer)
    known = dict(layer.named_parameters())
    if name not in known:
        layer.register_parameter(name, nn.Parameter(torch.ones(3)))
    module = nn.Sequential(nn.Linear(3, 3), layer)
    theirs = copy.deepcopy(module)
    theirs(X).sum().backward()
    plan = Plan(module)
    plan.backward(torch.ones_like(plan.forward(X)))
    for mine, their in zip(module.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, their.grad)
    idle = [p for p, their in zip(module.parameters(), theirs.parameters(), strict=True) if their.grad is None]
    assert [id(p) for p in plan.unreached] == list(map(id, idle))


def test_a_parameter_that_a_hook_uses_has_its_gradient():
    layer = nn.Linear(3, 3)
    layer.register_parameter("scale", nn.Parameter(torch.full((3,), 2.0)))
    layer.register_forward_hook(lambda m, args, y: y * m.scale)
    layer(X).sum().backward()
    theirs = [p.grad for p in layer.parameters()]
    layer.zero_grad()
    plan = Plan(layer)
    plan.backward(torch.ones_like(plan.forward(X)))
    torch.testing.assert_close([p.grad for p in layer.parameters()], theirs)
