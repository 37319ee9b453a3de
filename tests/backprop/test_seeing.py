"""What can be seen of a pass: traces, Jacobians, and the check against autograd."""

import copy

import pytest
import torch
from torch import nn

from backlight.backprop import Plan, rule, singular_values
from backlight.backprop.table import RULES
from backlight.network import Concat, Residual
from backlight.records import BacklightError

pytestmark = pytest.mark.filterwarnings("ignore:There is a performance drop")  # of jacrev, in PyTorch
CODES = torch.tensor([0, 2, 1])


class Odd(nn.Module):
    """A forward that cannot be split: it looks at its input."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 6)

    def forward(self, x):
        return torch.sin(self.inner(x)) if x.sum() > -1e9 else x


NETWORKS = {
    "perceptron": (lambda: nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 3)), (4,)),
    "branches": (
        lambda: nn.Sequential(
            Concat(nn.Linear(4, 3), nn.Sequential(nn.Linear(4, 3), nn.Tanh())),
            Residual(nn.Sequential(nn.Linear(6, 6), nn.SiLU())),
            Odd(),
            nn.Linear(6, 3),
        ),
        (4,),
    ),
    "convolutional": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 3)
        ),
        (2, 4, 4),
    ),
    "normalised": (lambda: nn.Sequential(nn.Linear(4, 6), nn.LayerNorm(6), nn.Softmax(-1), nn.Linear(6, 3)), (4,)),
    "transformer layer": (
        lambda: nn.Sequential(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True), nn.Flatten()), (3, 4),
    ),
}  # fmt: skip


def network(name, *, training=False):
    make, shape = NETWORKS[name]
    torch.manual_seed(1)
    module = make().double().train(training)
    for buffer in module.buffers():
        if buffer.is_floating_point():
            buffer.uniform_(0.5, 1.5)
    return module, torch.randn(3, *shape, dtype=torch.float64)


def inside(module, path):
    return module.get_submodule(path) if path else module


# -- trace ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["perceptron", "branches", "convolutional", "normalised"])
def test_a_trace_has_the_gradients_of_autograd_by_layer(name):
    module, x = network(name)
    trace = Plan(module).trace(x, CODES, loss=nn.CrossEntropyLoss())
    seen = {}

    def keep(path):
        def hook(_module, _x, y):
            y.retain_grad()
            seen[path] = y

        return hook

    twin = copy.deepcopy(module)
    for path, layer in twin.named_modules():
        if not list(layer.children()):
            layer.register_forward_hook(keep(path))
    leaf = x.clone().requires_grad_()
    loss = nn.CrossEntropyLoss()(twin(leaf), CODES)
    loss.backward()
    assert trace.loss == pytest.approx(loss.item())
    torch.testing.assert_close(trace.v_in, leaf.grad)
    gradients = dict(twin.named_parameters())
    for layer in trace:
        if layer.name in seen:
            torch.testing.assert_close((layer.y, layer.v_out), (seen[layer.name].detach(), seen[layer.name].grad))
        for k, g in layer.gradients.items():
            torch.testing.assert_close(g, gradients[f"{layer.name}.{k}"].grad)


def test_a_trace_leaves_gradients_buffers_and_random_state_alone_and_stays_as_it_was():
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout())
    module[0].weight.grad = torch.ones(4, 3)
    before, state = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    trace = Plan(module).trace(x)
    torch.testing.assert_close(module.state_dict(), before)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(module[0].weight.grad, torch.ones(4, 3)) and module[0].bias.grad is None
    first = trace[0].x.clone()
    x.zero_()
    assert torch.equal(trace["0"].x, first)
    assert "BatchNorm1d" in str(trace) and len(str(trace).splitlines()) == 5
    with pytest.raises(KeyError, match="there are 0, 1, 2"):
        trace["3"]


# -- Jacobians --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NETWORKS)
def test_jacobians_by_input_equal_jacrev(name):
    module, x = network(name)
    plan = Plan(module)
    trace = plan.trace(x)
    layers = [(layer.name, layer.x) for layer in trace] + [("", x)]
    for path, x_i in layers:
        whole = plan.jacobian(path, x, whole=True)
        expected = torch.func.jacrev(inside(module, path))(x_i)
        torch.testing.assert_close(whole, expected.detach(), rtol=1e-9, atol=1e-9)
        rows = torch.arange(3)
        by_example = expected.movedim(whole.dim() - x_i.dim(), 1)[rows, rows]
        torch.testing.assert_close(plan.jacobian(path, x), by_example.detach(), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NETWORKS)
def test_jacobians_by_parameters_equal_jacrev(name):
    module, x = network(name)
    plan = Plan(module)
    for path, x_i in [(layer.name, layer.x) for layer in plan.trace(x)] + [("", x)]:
        layer = inside(module, path)
        if not dict(layer.named_parameters()):
            assert plan.jacobian(path, x, by="parameters") == {}
            continue
        parameters = {k: p.detach() for k, p in layer.named_parameters()}
        expected = torch.func.jacrev(lambda p, m=layer, at=x_i: torch.func.functional_call(m, p, (at,)))(parameters)
        found = plan.jacobian(path, x, by="parameters")
        assert set(found) == set(expected)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


def test_blocks_and_containers_have_jacobians_too():
    module, x = network("branches")
    plan = Plan(module)
    block = plan.jacobian("1", x)
    inner = plan.jacobian("1.body", x)
    torch.testing.assert_close(block, inner + torch.eye(6, dtype=torch.float64))
    torch.testing.assert_close(plan.jacobian("1.body.1", x) @ plan.jacobian("1.body.0", x), inner)


def test_a_jacobian_in_train_mode_is_that_of_the_batch_and_of_one_draw():
    module, x = network("convolutional", training=True)
    plan = Plan(module)
    with pytest.raises(BacklightError, match=r"mixes the examples.*module\.eval\(\)"):
        plan.jacobian("1", x)
    mine = plan.jacobian("", x, whole=True)
    module[1].track_running_stats, module[1].running_mean, module[1].running_var = False, None, None
    torch.testing.assert_close(mine, torch.func.jacrev(module)(x).detach())

    dropout = nn.Sequential(nn.Linear(5, 5), nn.Dropout(0.5))
    x = torch.randn(1, 5)
    torch.manual_seed(3)
    mask = dropout[1](torch.ones(1, 5))
    torch.manual_seed(3)
    torch.testing.assert_close(Plan(dropout).jacobian("1", x)[0], torch.diag(mask[0]))


def test_a_jacobian_of_two_inputs_is_two():
    module = nn.Bilinear(3, 4, 2)
    x = torch.randn(2, 3), torch.randn(2, 4)
    by_first, by_second = Plan(module).jacobian("", x)
    for row in range(2):
        one = [part[row] for part in x]
        expected = torch.func.jacrev(module, argnums=(0, 1))(*one)
        torch.testing.assert_close((by_first[row], by_second[row]), tuple(part.detach() for part in expected))


def test_jacobians_say_what_they_cannot_do():
    plan = Plan(nn.Sequential(nn.Linear(3, 4), nn.ReLU()))
    x = torch.randn(2, 3)
    with pytest.raises(RuntimeError, match=r"plan\.forward\(x\) first"):
        plan.jacobian("0")
    plan.forward(x)
    assert plan.jacobian("0").shape == (2, 4, 3)
    with pytest.raises(BacklightError, match=r"no layer 'head'.*its layers are 0, 1"):
        plan.jacobian("head")
    with pytest.raises(BacklightError, match=r"no parameter 'gamma'.*weight, bias"):
        plan.jacobian("0", by="gamma")
    with pytest.raises(BacklightError, match="GiB"):
        Plan(nn.Conv2d(3, 64, 3, padding=1)).jacobian("", torch.randn(1, 3, 256, 256))


# -- check ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_check_passes_where_the_plan_is_right(name, training):
    module, x = network(name, training=training)
    check = Plan(module.float()).check(x.float())
    assert check.passed and check.largest < 1e-9
    assert str(check).startswith("as autograd")


class Wrong(nn.Module):
    def forward(self, x):
        return x.square()


def test_the_check_names_the_layer_that_is_off():
    @rule(Wrong)
    def square(m, x):
        return x.square(), x

    @square.backward
    def _(m, x, v, g):
        return 2.001 * v * x

    try:
        check = Plan(nn.Sequential(nn.Linear(3, 4), Wrong(), nn.Linear(4, 2))).check(torch.randn(5, 3))
        assert (check.passed, check.layer) == (False, "1")
        assert "NOT as autograd: layer 1 is off by 5.0e-04" in str(check)
    finally:
        del RULES[Wrong]


# -- singular values --------------------------------------------------------------------------------------------------

SPECTRA = {
    "linear": (nn.Linear(7, 5), (7,), "full matrix"),
    "linear on a sequence": (nn.Linear(4, 5), (3, 4), "full matrix"),
    "relu": (nn.ReLU(), (9,), "element by element"),
    "tanh": (nn.Tanh(), (3, 4), "element by element"),
    "flatten": (nn.Flatten(), (3, 4), "element by element"),
    "batch norm": (nn.BatchNorm2d(3), (3, 4, 4), "element by element"),
    "max pool": (nn.MaxPool2d(2), (2, 6, 6), "rows that do not overlap"),
    "max pool, overlapping": (nn.MaxPool2d(3, 1), (2, 6, 6), "full matrix"),
    "average pool": (nn.AvgPool2d(2), (2, 6, 6), "rows that do not overlap"),
    "global pool": (nn.AdaptiveAvgPool2d(1), (3, 4, 4), "rows that do not overlap"),
    "convolution": (nn.Conv2d(2, 4, 3, padding=1), (2, 5, 5), "full matrix"),
    "layer norm": (nn.LayerNorm(8), (8,), "full matrix"),
    "softmax": (nn.Softmax(1), (6,), "full matrix"),
    "opaque": (nn.GRUCell(4, 4), (4,), "full matrix"),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_singular_values_equal_those_of_the_full_jacobian(name):
    torch.manual_seed(0)
    module, shape, method = SPECTRA[name]
    module = module.eval()
    x = torch.randn(1, *shape)
    leaf = Plan(module).leaves[0]
    spectrum = singular_values(leaf, x)
    j = torch.func.jacrev(module)(x).detach().reshape(spectrum.shape).double()
    expected = torch.linalg.svdvals(j)
    torch.testing.assert_close(torch.from_numpy(spectrum.values), expected, rtol=1e-5, atol=1e-6)
    assert method in spectrum.method and spectrum.complete
    assert spectrum.effective == pytest.approx(float((j**2).sum() / expected[0] ** 2), rel=1e-4)


@pytest.mark.parametrize("make", [lambda: nn.Conv2d(1, 4, 3, padding=1), lambda: nn.Conv2d(4, 1, 3)])
def test_sparse_jacobians_have_the_singular_values_of_the_full_one(make):
    torch.manual_seed(0)
    module = make()
    x = torch.randn(1, module.in_channels, 16, 16)
    leaf = Plan(module).leaves[0]
    full, sparse = singular_values(leaf, x), singular_values(leaf, x, work=7.5e7)
    assert ("full" in full.method, "sparse" in sparse.method) == (True, True)
    torch.testing.assert_close(torch.from_numpy(sparse.values), torch.from_numpy(full.values), rtol=1e-5, atol=1e-6)
    assert sparse.effective == pytest.approx(full.effective)


@pytest.mark.parametrize("name", ["convolution", "linear", "max pool, overlapping"])
def test_the_largest_few_equal_those_of_the_full_jacobian(name):
    torch.manual_seed(0)
    module, shape, _ = SPECTRA[name]
    x = torch.randn(1, *shape)
    spectrum = singular_values(Plan(module).leaves[0], x, work=0)
    assert not spectrum.complete and spectrum.smallest is None
    j = torch.func.jacrev(module)(x).detach().reshape(spectrum.shape).double()
    expected = torch.linalg.svdvals(j)[: len(spectrum.values)]
    torch.testing.assert_close(torch.from_numpy(spectrum.values), expected, rtol=1e-4, atol=1e-5)
    assert spectrum.effective == pytest.approx(float((j**2).sum() / expected[0] ** 2), rel=0.3)


def test_a_frozen_parameter_has_a_jacobian_and_stays_frozen():
    module, x = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), torch.randn(5, 3)
    plan = Plan(module)
    expected = plan.jacobian(0, x, by="weight")
    module[0].weight.requires_grad_(False)
    torch.testing.assert_close(plan.jacobian(0, x, by="weight"), expected)
    assert expected.any() and not module[0].weight.requires_grad
