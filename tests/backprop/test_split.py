"""Custom forwards: split into their layers where that is exactly the same, run as they are where not."""

import copy
import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight.backprop import Plan
from backlight.backprop.opaque import OpaqueStep
from backlight.network import Residual

SCALE = 2.0


class Module(nn.Module):
    """Six values in, six out, with two linear layers and a bit more to call."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(6, 6), nn.Linear(6, 6)
        self.norm, self.act, self.inplace = nn.BatchNorm1d(6), nn.Tanh(), nn.ReLU(inplace=True)
        self.layers = nn.ModuleList([nn.Linear(6, 6), nn.Tanh()])
        self.shift = nn.Parameter(torch.ones(6))
        self.skip, self.width, self.twice = None, 6, True


# -- split ------------------------------------------------------------------------------------------------------------


class Chain(Module):
    def forward(self, x):
        return self.b(F.relu(self.a(x)))


class Sum(Module):
    def forward(self, x):
        """With a docstring."""
        y = self.norm(self.a(x))
        y = torch.tanh(y)
        return x + self.b(y)


class InPlaceSum(Module):
    def forward(self, x):
        identity = x
        out = self.norm(self.a(x))
        out = self.inplace(out)
        if self.skip is not None:
            identity = self.skip(x)
        out = self.norm(self.b(out))
        out += identity
        return self.inplace(out)


class Cat(Module):
    def forward(self, x):
        parts = [self.a(x), self.b(x)]
        y = torch.cat(parts, dim=1)
        return F.gelu(y, approximate="tanh")


class Gate(Module):
    def forward(self, x):
        return self.a(x) * torch.sigmoid(self.b(x)) - 0.5 * x


class Loop(Module):
    def forward(self, x):
        for layer in self.layers:
            x = layer(x) + x
        return x


class Collected(Module):
    def forward(self, x):
        found = []
        for layer in self.layers:
            found.append(layer(x))  # noqa: PERF401
        return torch.stack(found, dim=1).mean(1)


class Reshaped(Module):
    def forward(self, x):
        y = self.a(x).view(x.size(0), 2, 3).transpose(1, 2)
        return y.reshape(x.shape[0], -1).clamp(-1, 1)


class Setting(Module):
    def forward(self, x):
        y = self.a(x).view(-1, self.width)
        return self.b(y) if self.twice and self.width == 6 else y


class Shared(Module):
    def forward(self, x):
        return self.a(self.act(self.a(x)))


class Helper(Module):
    def body(self, x):
        return self.act(self.a(x))

    def forward(self, x):
        return self.body(x) + self.body(self.b(x))


class SubSequential(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(6, 6), nn.Tanh())


class Nested(Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = Sum(), Loop()

    def forward(self, x):
        return self.b(self.a(x)) + x


class Unused(Module):
    def forward(self, x):
        _seen = self.b(x)
        return self.a(x)


SPLIT = [
    Chain, Sum, InPlaceSum, Cat, Gate, Loop, Collected, Reshaped, Setting, Shared, Helper, SubSequential, Nested,
    Unused,
]  # fmt: skip


# -- not split --------------------------------------------------------------------------------------------------------


class LooksAtValues(Module):
    def forward(self, x):
        return self.a(x) if x.sum() > 0 else self.b(x)


class Draws(Module):
    def forward(self, x):
        return self.a(x) * random.random()


class DrawsTensor(Module):
    def forward(self, x):
        return self.a(x) + torch.rand(6)


class AsksForMode(Module):
    def forward(self, x):
        return F.dropout(self.a(x), 0.5, self.training)


class Counts(Module):
    def forward(self, x):
        self.width = self.width + 1
        return self.a(x)


class OwnParameter(Module):
    def forward(self, x):
        return self.a(x) * self.shift


class Global(Module):
    def forward(self, x):
        return self.a(x) * SCALE


class InPlace(Module):
    def forward(self, x):
        y = self.a(x)
        z = self.act(y)
        y.add_(1)
        return y + z


class InPlaceShared(Module):
    def forward(self, x):
        y = self.a(x)
        return self.inplace(y) + y


class AddsInPlaceShared(Module):
    def forward(self, x):
        y = self.a(x)
        z = y
        y += x
        return self.b(z) + y


class AddsInPlaceForNobody(Module):
    def forward(self, x):
        y = self.a(x)
        z = y
        z += x
        return self.b(y)


class InPlaceForNobody(Module):
    def forward(self, x):
        y = self.a(x)
        z = F.relu(y, inplace=True)  # noqa: F841
        return self.b(y)


class FirstInPlace(Module):
    """The layer with parameters is registered first and called last."""

    def forward(self, x):
        return self.a(self.inplace(x))


class Decorated(Module):
    @torch.no_grad()
    def forward(self, x):
        return self.a(x)


class Optional(Module):
    def forward(self, x, mask=None):
        y = self.a(x)
        if mask is not None:
            y = y * mask
        return y


class Super(Chain):
    def forward(self, x):
        return super().forward(x) * 2


class Recurrent(Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(6, 6, batch_first=True)

    def forward(self, x):
        _y, (h, _c) = self.cell(x.unsqueeze(1))
        return h[-1]


class GivesTuple(nn.Module):
    def forward(self, x):
        return x, x.exp()


class TakesTuple(nn.Module):
    def forward(self, pair):
        return pair[0] + pair[1]


class TupleWithin(Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = GivesTuple(), TakesTuple()

    def forward(self, x):
        return self.b(self.a(x))


def hooked():
    module = Sum()
    module.register_forward_hook(lambda _m, _x, y: 2 * y)
    return module


def replaced():
    module = Sum()
    module.forward = lambda x: x * 3
    return module


OPAQUE = [
    LooksAtValues, Draws, DrawsTensor, AsksForMode, Counts, OwnParameter, Global, InPlace, InPlaceShared,
    AddsInPlaceShared,
    AddsInPlaceForNobody, InPlaceForNobody, Decorated, Optional, Super, Recurrent, TupleWithin, hooked, replaced,
]  # fmt: skip


def both(make, training):
    """(y, v(0), gradients, buffers) of the plan and of autograd, as one module of three."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 6), make(), nn.Flatten()).double().train(training)
    answers = []
    for by_plan in (True, False):
        net = copy.deepcopy(module)
        x = torch.randn(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        plan = Plan(net)
        torch.manual_seed(3)
        random.seed(3)
        leaf = x.clone().requires_grad_()
        y = plan.forward(x) if by_plan else net(leaf)
        v = torch.randn(y.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
        v_in = plan.backward(v) if by_plan else y.backward(v) if y.requires_grad else None
        gradients = {k: p.grad for k, p in net.named_parameters()}
        answers.append((y.detach(), v_in if by_plan else leaf.grad, gradients, dict(net.named_buffers())))
    return answers


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("make", SPLIT + OPAQUE)
def test_any_forward_gives_what_autograd_gives(make, training):
    mine, theirs = both(make, training)
    torch.testing.assert_close(mine, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("make", SPLIT)
def test_forwards_of_known_calls_are_split(make):
    leaves = Plan(make()).leaves
    assert leaves and not any(isinstance(leaf, OpaqueStep) for leaf in leaves)
    assert len({leaf.name for leaf in leaves}) == len(leaves)


@pytest.mark.parametrize("make", OPAQUE)
def test_forwards_that_could_go_otherwise_run_as_they_are(make):
    (leaf,) = Plan(make()).leaves
    assert isinstance(leaf, OpaqueStep)


def test_a_branch_that_begins_in_place_changes_what_the_other_reads():
    mine, theirs = both(lambda: nn.Sequential(nn.Linear(6, 6), Residual(FirstInPlace())), True)
    torch.testing.assert_close(mine, theirs)


def test_a_split_module_shows_its_layers():
    plan = Plan(Nested())
    x = torch.randn(3, 6)
    assert [layer.name for layer in plan.trace(x)] == ["a.a", "a.norm", "a.tanh", "a.b", "b.layers.0", "b.layers.1"]
    assert plan.jacobian("a.b", x).shape == plan.jacobian("b", x).shape == (3, 6, 6)
    assert [layer.name for layer in Plan(Shared()).trace(x)] == ["a", "act", "a#2"]


def test_a_setting_that_changed_is_refused_with_the_layer():
    module = nn.Sequential(Setting())
    plan = Plan(module, torch.randn(2, 6))
    module[0].width = 3
    with pytest.raises(RuntimeError, match=r"layer 0 \(Setting\): its setting 'width' was 6 .* make a new Plan"):
        plan.forward(torch.randn(2, 6))


class TwoInputs(Module):
    def forward(self, first, second):
        return self.a(first) * self.b(second) + self.a(second)


def test_several_inputs_and_shared_layers():
    torch.manual_seed(0)
    module = TwoInputs().double()
    x = tuple(torch.randn(4, 6, dtype=torch.float64) for _ in range(2))
    plan = Plan(module)
    y = plan.forward(x)
    v = torch.randn_like(y)
    v_in = plan.backward(v)
    mine = [module.a.weight.grad, module.b.bias.grad]
    leaves = [part.clone().requires_grad_() for part in x]
    theirs = torch.autograd.grad(module(*leaves), [*leaves, module.a.weight, module.b.bias], v)
    torch.testing.assert_close([*v_in, *mine], list(theirs))
    assert plan.check(x).passed
    with pytest.raises(TypeError, match="takes 2 inputs, got 1"):
        plan.forward(x[0])


@pytest.mark.parametrize("frozen", [("a",), ("b",), ("a", "b"), ()])
@pytest.mark.parametrize("make", [Sum, Gate, Nested, Shared])
def test_frozen_layers_of_a_split_module(make, frozen):
    torch.manual_seed(0)
    module = make()
    for name in frozen:
        getattr(module, name).requires_grad_(False)
    twin, x, v = copy.deepcopy(module), torch.randn(4, 6), torch.randn(4, 6)
    plan = Plan(module)
    plan.forward(x)
    assert plan.backward(v, wants_x=False) is None
    y = twin(x)
    if y.requires_grad:
        y.backward(v)
    torch.testing.assert_close([p.grad for p in module.parameters()], [p.grad for p in twin.parameters()])
