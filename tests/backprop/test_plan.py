"""The plan on whole modules: as PyTorch, or better not at all."""

import copy

import pytest
import torch
from torch import nn

from backlight.backprop import Plan
from backlight.network import Concat, Residual
from backlight.records import BacklightError


def autograd(module, x, v):
    leaf = x.clone().requires_grad_()
    module(leaf).backward(v)
    return leaf.grad, {k: p.grad for k, p in module.named_parameters()}


def by_plan(module, x, v):
    plan = Plan(module, x)
    plan.forward(x)
    return plan.backward(v), {k: p.grad for k, p in module.named_parameters()}


class Custom(nn.Module):
    """A forward of its own, unknown to the table."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 6)
        self.scale = nn.Parameter(torch.ones(6))

    def forward(self, x):
        return torch.sin(self.inner(x)) * self.scale + x


class DoubledLinear(nn.Linear):
    """A subclass that overrides forward must not inherit the rule of its parent."""

    def forward(self, x):
        return 2 * super().forward(x)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        first = nn.Linear(6, 6)
        second = nn.Linear(6, 6)
        second.weight = first.weight
        self.net = nn.Sequential(first, nn.Tanh(), second)

    def forward(self, x):
        return self.net(x)


def hooked():
    layer = nn.Linear(6, 6)
    layer.register_forward_hook(lambda _m, _x, y: y * 3)
    return layer


MODULES = {
    "custom forward": Custom,
    "subclass with its own forward": lambda: DoubledLinear(6, 6),
    "hooked": hooked,
    "weight norm": lambda: nn.utils.parametrizations.weight_norm(nn.Linear(6, 6)),
    "tied": lambda: Tied().net,
    "same module twice": lambda: (lambda m: nn.Sequential(m, nn.Tanh(), m))(nn.Linear(6, 6)),
    "branches": lambda: nn.Sequential(
        Concat(nn.Linear(6, 4), nn.Identity()),
        nn.LayerNorm(10),
        Residual(nn.Sequential(nn.Linear(10, 10), nn.GELU(), Residual(nn.Linear(10, 10)))),
        nn.Linear(10, 6),
    ),
    "nothing": nn.Sequential,
}


@pytest.mark.parametrize("name", MODULES)
def test_any_module_gives_the_gradients_of_autograd(name):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(6, 6), MODULES[name](), nn.Linear(6, 6)).double()
    x, v = (torch.randn(4, 6, dtype=torch.float64) for _ in range(2))
    mine = by_plan(copy.deepcopy(module), x, v)
    torch.testing.assert_close(mine, autograd(module, x, v), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("frozen", [(), (0,), (0, 1), (2,), (0, 1, 2)])
def test_frozen_layers_get_no_gradient_and_hide_none(frozen):
    torch.manual_seed(0)
    layers = [nn.Linear(6, 6), Residual(nn.Sequential(nn.Linear(6, 6), nn.Tanh())), nn.Linear(6, 2)]
    for i in frozen:
        layers[i].requires_grad_(False)
    module = nn.Sequential(*layers)
    x, v = torch.randn(4, 6), torch.randn(4, 2)
    twin = copy.deepcopy(module)
    plan = Plan(module)
    plan.forward(x)
    assert plan.backward(v, wants_x=False) is None
    _, expected = autograd(twin, x, v)
    torch.testing.assert_close({k: p.grad for k, p in module.named_parameters()}, expected)


def test_gradients_add_up_as_in_pytorch_unless_told_otherwise():
    module = nn.Linear(3, 2)
    x, v = torch.randn(4, 3), torch.randn(4, 2)
    plan = Plan(module, x)
    for _ in range(2):
        plan.forward(x)
        plan.backward(v)
    torch.testing.assert_close(module.weight.grad, 2 * v.t() @ x)
    plan.forward(x)
    plan.backward(v, accumulate=False)
    torch.testing.assert_close(module.weight.grad, v.t() @ x)


class Cut(nn.Module):
    """Lets no gradient through."""

    def forward(self, x):
        return x.detach() * 2


def test_no_gradient_of_an_earlier_step_stands_behind_a_cut():
    module = nn.Sequential(nn.Linear(3, 3), Cut(), nn.Linear(3, 2))
    x, v = torch.randn(4, 3), torch.randn(4, 2)
    module[0].weight.grad = torch.ones(3, 3)
    plan = Plan(module, x)
    plan.forward(x)
    plan.backward(v, wants_x=False, accumulate=False)
    assert not module[0].weight.grad.any()
    assert module[2].weight.grad.any()


def test_several_inputs_reach_an_opaque_module():
    module = nn.Bilinear(3, 4, 2)
    module.register_forward_hook(lambda *_: None)  # no rule with a hook: opaque
    x = torch.randn(5, 3), torch.randn(5, 4)
    plan = Plan(module, x)
    v = torch.randn_like(plan.forward(x))
    mine = plan.backward(v)
    leaves = [part.clone().requires_grad_() for part in x]
    theirs = torch.autograd.grad(module(*leaves), leaves, v)
    torch.testing.assert_close(mine, theirs)


def test_the_layers_seen_are_those_of_the_pass():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 4), Residual(nn.Linear(4, 4)), nn.Tanh())
    plan = Plan(module)
    x = torch.randn(5, 3)
    y = plan.forward(x, observe=True)
    v = torch.ones_like(y)
    plan.backward(v)
    first, inner, last = plan.layers()
    assert [layer.name for layer in (first, inner, last)] == ["0", "1.body", "2"]
    torch.testing.assert_close((first.x, last.y, last.v_out), (x, y, v))
    torch.testing.assert_close(inner.gradients["weight"], inner.v_out.t() @ inner.x)
    torch.testing.assert_close(last.v_in, inner.v_out)


def test_backward_without_forward_and_modules_that_return_no_tensor_are_refused():
    with pytest.raises(RuntimeError, match="no forward pass is waiting"):
        Plan(nn.Linear(2, 2)).backward(torch.ones(1, 2))
    with pytest.raises(BacklightError, match="LSTM"):
        Plan(nn.LSTM(3, 2), torch.randn(4, 5, 3))


def test_trying_a_sample_leaves_mode_and_buffers_alone():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout())
    module[2].eval()
    Plan(module, torch.randn(5, 3))
    assert module.training and not module[2].training
    assert int(module[1].num_batches_tracked) == 0


def test_a_layer_that_stands_twice_gets_its_own_gradient_anew_without_accumulation():
    layer, x = nn.Linear(5, 5), torch.randn(4, 5)
    plan = Plan(nn.Sequential(layer, nn.Tanh(), layer))
    found = []
    for _ in range(2):
        y = plan.forward(x)
        plan.backward(torch.ones_like(y), accumulate=False)
        found.append(layer.weight.grad.clone())
    assert torch.equal(*found)


def test_a_forward_that_someone_put_on_the_layer_itself_is_called():
    module, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh()), torch.randn(5, 3)
    module[0].forward = lambda x: torch.zeros(len(x), 4)
    assert not Plan(module).forward(x).any()


def test_a_hook_that_comes_after_the_plan_is_refused_and_one_in_an_opaque_layer_is_called():
    module, x, heard = nn.Sequential(nn.Linear(3, 4), nn.GRUCell(4, 4)), torch.randn(5, 3), []
    plan = Plan(module)
    module[1].register_forward_hook(lambda *_: heard.append(1))
    plan.forward(x)
    assert heard and not plan.outdated
    module[0].register_forward_hook(lambda *_: None)
    with pytest.raises(RuntimeError, match="make a new Plan"):
        plan.forward(x)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Dropout1d(), (6, 4)),
        (nn.Dropout1d(), (6, 4, 3)),
        (nn.Dropout2d(), (3, 4, 2, 2)),
        (nn.Dropout3d(), (3, 4, 2, 2)),
        (nn.Dropout3d(), (3, 4, 2, 2, 2)),
    ],
)
def test_dropout_of_channels_takes_the_same_axes_for_channels_as_pytorch(layer, shape):
    x, found = torch.ones(shape), []
    for run in (
        layer,
        Plan(layer).forward,
        lambda x: Plan([layer], generators=[torch.default_generator]).forward(x[None])[0],
    ):
        torch.manual_seed(0)
        found.append(run(x))
    assert torch.equal(found[0], found[1]) and torch.equal(found[0], found[2])


def test_gradients_of_flattened_images_keep_the_images_order_in_memory():
    module = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Flatten(), nn.Linear(48, 2)).to(memory_format=torch.channels_last)
    plan = Plan(module)
    y = plan.forward(torch.randn(5, 2, 6, 6).contiguous(memory_format=torch.channels_last), observe=True)
    plan.backward(torch.ones_like(y))
    assert plan.layers()[0].v_out.is_contiguous(memory_format=torch.channels_last)
