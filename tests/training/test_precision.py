"""Accumulated gradients, mixed precision and the loss scale."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from backlight.backprop import Plan
from backlight.backprop.precision import lower
from backlight.network import Concat, Residual
from backlight.records.config import TrainingConfig
from backlight.training import train
from backlight.training.scaling import Scaling


def data(rows=96, shape=(6,)):
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, *shape, generator=generator), torch.randint(0, 3, (rows,), generator=generator)


def perceptron():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, 16), nn.ReLU(), Residual(nn.Sequential(nn.Linear(16, 16), nn.Tanh())), nn.Linear(16, 3)
    )


def trained(module, x, y, **settings):
    config = TrainingConfig(**{"epochs": 4, "optimizer": "sgd", "learning_rate": 0.1, "average": 0} | settings)
    losses = train(module, "cross-entropy", (x, y), None, config, seed=3, record=False).history
    return [row.loss for row in losses], [p.detach().clone() for p in module.parameters()]


@pytest.mark.parametrize("rows", [96, 101], ids=["whole batches", "a smaller last batch"])
def test_accumulated_batches_equal_one_larger_batch(rows):
    x, y = data(rows)
    ours = trained(perceptron().double(), x.double(), y, batch_size=8, accumulate=4)
    theirs = trained(perceptron().double(), x.double(), y, batch_size=32)
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_low_precision_learns_what_float32_learns(precision):
    x, _ = data(256)
    y = (x[:, 0] > 0).long() + (x[:, 1] > 1).long()
    low, parameters = trained(perceptron(), x, y, batch_size=32, precision=precision, epochs=8)
    full, _ = trained(perceptron(), x, y, batch_size=32, epochs=8)
    assert all(p.dtype == torch.float32 for p in parameters)
    assert low != full
    torch.testing.assert_close(low, full, rtol=0.03, atol=0.03)


def network_of_many_layers():
    return nn.Sequential(
        *(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), Residual(nn.Conv2d(4, 4, 3, padding=1))),
        *(nn.MaxPool2d(2), Concat(nn.Conv2d(4, 4, 1), nn.Identity()), nn.GELU(), nn.Flatten()),
        *(nn.Linear(8 * 9, 8), nn.LayerNorm(8), nn.SiLU(), nn.Linear(8, 5), nn.LogSoftmax(1)),
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_mixed_precision_agrees_with_autocast(dtype):
    torch.manual_seed(1)
    ours = network_of_many_layers()
    theirs = copy.deepcopy(ours)
    x, target = torch.randn(6, 2, 6, 6), torch.randint(0, 5, (6,))
    plan = Plan(ours)
    lower(plan, dtype)
    y = plan.forward(x)
    v = torch.autograd.functional.jacobian(lambda out: F.nll_loss(out, target), y.float())
    plan.backward(v)
    with torch.autocast("cpu", dtype):
        out = theirs(x)
    F.nll_loss(out.float(), target).backward()
    full = copy.deepcopy(theirs)
    full.zero_grad()
    F.nll_loss(full(x), target).backward()
    step = {torch.bfloat16: 0.02, torch.float16: 0.003}[dtype]
    torch.testing.assert_close(y.float(), out.float(), rtol=step, atol=step)
    for (name, p), q, exact in zip(ours.named_parameters(), theirs.parameters(), full.parameters(), strict=True):
        assert p.grad.dtype == torch.float32
        scale = exact.grad.norm() + 1e-3
        assert (p.grad - exact.grad).norm() <= 2 * (q.grad - exact.grad).norm() + step * scale, name


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(6, 3)

    def forward(self, x):
        return torch.where(x.sum(1, keepdim=True) > 0, self.inner(x), self.inner(-x))


def test_a_module_without_a_rule_runs_in_low_precision_too():
    x, y = data()
    losses, _ = trained(nn.Sequential(nn.Linear(6, 6), Own()), x, y, batch_size=32, precision="bfloat16")
    assert losses[-1] < losses[0]


def test_the_scale_halves_at_an_overflow_and_doubles_after_many_steps():
    config = TrainingConfig(optimizer="sgd", precision="float16")
    scaling = Scaling(config, Plan(nn.Linear(2, 2)), torch.device("cpu"))
    before = float(scaling.scale)
    assert not scaling.accepts(torch.tensor([1.0, float("inf")]))
    assert float(scaling.scale) == before / 2
    assert all(scaling.accepts(torch.ones(2)) for _ in range(2000))
    assert float(scaling.scale) == before
    again = Scaling(config, Plan(nn.Linear(2, 2)), torch.device("cpu"))
    again.load(scaling.state())
    assert again.state() == scaling.state()


def test_bfloat16_and_float32_need_no_scale():
    for precision in ("auto", "float32", "bfloat16"):
        scaling = Scaling(TrainingConfig(precision=precision), Plan(nn.Linear(2, 2)), torch.device("cpu"))
        assert scaling.state() == {}
        assert scaling.accepts(torch.tensor(float("nan")))


class Mixing(nn.Module):
    """A forward of its own whose calls meet a low and a float32 value."""

    def __init__(self):
        super().__init__()
        self.low, self.single, self.last = nn.Linear(5, 5), nn.LayerNorm(5), nn.Linear(5, 1)

    def forward(self, x):
        mixed = torch.matmul(self.single(x).unsqueeze(1), self.low(x).unsqueeze(2)).squeeze(2)
        return self.last(x * mixed)


def test_calls_between_layers_work_in_mixed_precision_as_under_autocast():
    ours, x = Mixing(), torch.randn(20, 5)
    theirs, plan = copy.deepcopy(ours), Plan(ours)
    lower(plan, torch.bfloat16)
    y = plan.forward(x)
    plan.backward(torch.ones_like(y))
    with torch.autocast("cpu", torch.bfloat16):
        expected = theirs(x)
    expected.backward(torch.ones_like(expected))
    for mine, autograd in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, autograd.grad)
