"""Every rule against autograd, in float64."""

import copy
import itertools

import cases
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from backlight.backprop import Objective, Plan
from backlight.backprop.steps import RuleStep
from backlight.backprop.table import CONTAINERS, LOSSES, RULES, find_rule
from backlight.network.layers import Embeddings, OneHot

TOLERANCE = 1e-9


def gradients_of_both(module, x, *, training=True):
    """(y, ∂L/∂x, parameter gradients, buffers) by the plan and by autograd, for L = Σ y·r with a random r."""
    answers = []
    module = copy.deepcopy(module).double().train(training)
    generator = torch.Generator().manual_seed(5)
    for p in module.parameters():  # some start at zero, which would hide part of the gradient
        p.data.normal_(generator=generator)
    for by_plan in (True, False):
        net = copy.deepcopy(module)
        torch.manual_seed(7)
        leaf = x.clone().requires_grad_(x.is_floating_point())
        if by_plan:
            plan = Plan(net)
            y = plan.forward(x)
        else:
            y = net(leaf * 1 if x.is_floating_point() else leaf)
        v = torch.randn(y.shape, generator=torch.Generator().manual_seed(3), dtype=y.dtype)
        if by_plan:
            v_in = plan.backward(v)
        else:
            if y.requires_grad:
                y.backward(v)
            v_in = leaf.grad
        answers.append((y.detach(), v_in, [p.grad for p in net.parameters()], list(net.buffers())))
    return answers


def assert_same(mine, theirs):
    torch.testing.assert_close(mine, theirs, rtol=TOLERANCE, atol=TOLERANCE)


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # PyTorch's own, of an even kernel
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", cases.LAYERS)
def test_gradients_by_input_and_parameters_equal_autograd(name, training):
    module, shape = cases.LAYERS[name]
    x = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mine, theirs = gradients_of_both(module, x, training=training)
    assert_same(mine, theirs)


@pytest.mark.parametrize("name", cases.CODES)
def test_gradients_of_code_layers_equal_autograd(name):
    module, shape = cases.CODES[name]
    x = torch.randint(0, 7, shape, generator=torch.Generator().manual_seed(1))
    if isinstance(module, OneHot | Embeddings):  # these read codes from a matrix of numbers
        x = x.double()
    (y, _, gradients, _), (y2, _, gradients2, _) = gradients_of_both(module, x)
    assert_same((y, gradients), (y2, gradients2))


@pytest.mark.parametrize("name", cases.LOSSES)
def test_loss_and_its_gradient_equal_autograd(name):
    loss, shape, target = cases.LOSSES[name]
    y = torch.randn(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    if isinstance(loss, nn.PoissonNLLLoss) and not loss.log_input:
        y = y.exp()
    leaf = y.clone().requires_grad_()
    value = loss(leaf, target)
    value.backward()
    objective = Objective(loss)
    assert_same(objective.forward(y, target), value.detach())
    assert_same(objective.backward(), leaf.grad)


def test_every_rule_has_a_case():
    find_rule(nn.Identity())  # loads the table
    in_layers = {type(m) for module, _ in (cases.LAYERS | cases.CODES).values() for m in module.modules()}
    in_losses = {type(loss) for loss, _, _ in cases.LOSSES.values()}
    assert set(RULES) - in_layers == {nn.Bilinear}, "Bilinear has two inputs and a test of its own"
    assert set(LOSSES) - in_losses == set()
    assert set(CONTAINERS) - in_layers - {nn.Sequential} == set()


@pytest.mark.parametrize("name", [name for name in cases.LAYERS | cases.CODES if "opaque" not in name])
def test_every_case_runs_its_rules(name):
    leaves = Plan((cases.LAYERS | cases.CODES)[name][0]).leaves
    assert [leaf.name for leaf in leaves if not isinstance(leaf, RuleStep)] == []


def test_bilinear_equals_autograd():
    torch.manual_seed(0)
    module = nn.Bilinear(3, 4, 2).double()
    x = torch.randn(5, 3, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    plan = Plan(module)
    y = plan.forward(x)
    v = torch.randn_like(y)
    v_in = plan.backward(v)
    mine = [p.grad.clone() for p in module.parameters()]
    leaves = [part.clone().requires_grad_() for part in x]
    theirs = torch.autograd.grad(module(*leaves), [*leaves, *module.parameters()], v)
    assert_same([*v_in, *mine], list(theirs))


@pytest.mark.parametrize("settings", [{}, {"mode": "sum"}, {"padding_idx": 2}, {"mode": "sum", "padding_idx": 2}])
def test_bags_given_by_offsets_equal_autograd(settings):
    torch.manual_seed(0)
    module = nn.EmbeddingBag(7, 3, **settings).double()
    codes, offsets = torch.tensor([1, 2, 4, 5, 4, 3, 2, 6]), torch.tensor([0, 3, 3, 5])  # the second bag is empty
    weights = torch.rand(8, dtype=torch.float64)
    x = (codes, offsets, weights) if settings.get("mode") == "sum" else (codes, offsets)
    plan = Plan(module)
    y = plan.forward(x)
    v = torch.randn_like(y)
    v_in = plan.backward(v)
    leaves = [part.clone().requires_grad_() for part in x[2:]]
    expected = module(codes, offsets, *leaves)
    by_weight, *by_input = torch.autograd.grad(expected, [module.weight, *leaves], v)
    assert_same((y, module.weight.grad), (expected.detach(), by_weight))
    assert v_in[:2] == (None, None)
    assert_same(list(v_in[2:]), by_input)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_convolutions_of_any_shape_equal_autograd(data):
    groups = data.draw(st.integers(1, 3))
    kernel, stride, padding, dilation = (data.draw(st.integers(a, b)) for a, b in ((1, 3), (1, 3), (0, 2), (1, 2)))
    module = nn.Conv2d(
        groups * data.draw(st.integers(1, 2)),
        groups * data.draw(st.integers(1, 2)),
        kernel,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=data.draw(st.booleans()),
    )
    height, width = (data.draw(st.integers(5, 8)) for _ in range(2))
    x = torch.randn(data.draw(st.integers(1, 3)), module.in_channels, height, width, dtype=torch.float64)
    if data.draw(st.booleans()):
        x = x.contiguous(memory_format=torch.channels_last)
    assert_same(*gradients_of_both(module, x))


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(2, 5),
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    activation=st.sampled_from([nn.ReLU, nn.GELU, nn.Tanh, nn.SiLU, nn.ELU]),
    frozen=st.integers(0, 4),
)
def test_perceptrons_with_frozen_layers_equal_autograd(rows, widths, activation, frozen):
    layers = [m for a, b in itertools.pairwise(widths) for m in (nn.Linear(a, b), activation())]
    module = nn.Sequential(*layers)
    for m in layers[: 2 * frozen]:
        m.requires_grad_(False)
    x = torch.randn(rows, widths[0], dtype=torch.float64)
    assert_same(*gradients_of_both(module, x))
