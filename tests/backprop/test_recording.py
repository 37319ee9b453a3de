"""A recorded step against the step itself: the same to the last bit, for every rule, or refused."""

import copy
import weakref

import cases
import pytest
import torch
from torch import nn

from backlight.backprop import Objective, Plan
from backlight.backprop.recording import record
from backlight.records.config import TrainingConfig
from backlight.training import train


def step_of(module, x, v):
    """Forward and backward of a module on fixed tensors; returns x(n) and ∂L/∂x."""
    plan = Plan(module)

    def step():
        y = plan.forward(x)
        return y, plan.backward(v, accumulate=False)

    return step


@pytest.mark.filterwarnings("ignore:Using padding='same'")  # PyTorch's own, of an even kernel
@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("name", cases.LAYERS)
def test_replay_equals_the_rule_to_the_last_bit(name, training):
    module, shape = cases.LAYERS[name]
    module = copy.deepcopy(module).train(training)
    other = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(1)
    inputs = [torch.randn(shape, generator=generator) for _ in range(3)]
    with torch.no_grad():
        v = torch.randn(copy.deepcopy(module)(inputs[0]).shape, generator=generator)
        mine = inputs[0].clone()
        torch.manual_seed(7)
        _, recording = record(step_of(module, mine, v))
        if recording is None:
            pytest.skip("not recorded")
        for x in inputs[1:]:
            mine.copy_(x)
            y, v_in = recording.replay()
        torch.manual_seed(7)
        for x in inputs:
            y_plain, v_plain = step_of(other, x, v)()
    torch.testing.assert_close((y, v_in), (y_plain, v_plain), rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(dict(module.named_buffers()), dict(other.named_buffers()), rtol=0, atol=0)
    for p, q in zip(module.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad, rtol=0, atol=0)


def test_most_rules_are_recorded():
    refused = []
    for name, (module, shape) in cases.LAYERS.items():
        x = torch.randn(shape)
        with torch.no_grad():
            v = torch.ones_like(copy.deepcopy(module)(x))
            if record(step_of(copy.deepcopy(module), x, v))[1] is None:
                refused.append(name)
    assert all("opaque" in name or "cumulative" in name for name in refused), refused


@pytest.mark.parametrize("name", cases.LOSSES)
def test_losses_are_replayed_on_new_outputs(name):
    loss, shape, target = cases.LOSSES[name]
    y = torch.rand(shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    objective = Objective(loss)

    def step():
        return objective.forward(y, target), objective.backward()

    with torch.no_grad():
        _, recording = record(step)
        if recording is None:
            pytest.skip("not recorded")
        y.mul_(0.5)
        again = [t.clone() for t in recording.replay()]
        torch.testing.assert_close(again, list(step()), rtol=0, atol=0)


@pytest.mark.parametrize(
    "function",
    [lambda x: x * float(x.sum()), lambda x: x[x > 0].sum(), lambda x: torch.nonzero(x)],
    ids=["a tensor's value as a number", "a shape that depends on values", "another one"],
)
def test_what_depends_on_values_is_not_recorded(function):
    x = torch.tensor([1.0, -1.0, 2.0])
    with torch.no_grad():
        result, recording = record(lambda: function(x))
    torch.testing.assert_close(result, function(x))
    assert recording is None


def test_autograd_and_large_results_are_not_recorded():
    x = torch.ones(1000)
    assert record(lambda: x * 2)[1] is None  # gradients are enabled here
    with torch.no_grad():
        assert record(lambda: x * 2, most_bytes=3999)[1] is None
        assert record(lambda: x * 2, most_bytes=4000)[1] is not None


class ChangesAtEpochs:
    """Freezes the first layer after one epoch, and drops nothing more after two."""

    def __init__(self, module):
        self.module, self.losses, self.seen = module, [], 0

    def on_epoch(self, rows, losses, **kwargs):
        self.losses += losses.tolist()
        self.seen += 1
        if self.seen == 1:
            self.module[2].p = 0.2
        if self.seen == 2:
            self.module[2].p = 0.0

    def wants_step(self, step, **kwargs):
        return False

    def __getattr__(self, hook):
        return lambda *args, **kwargs: None


class Watching(ChangesAtEpochs):
    """The same, and observes every step, which is then never replayed."""

    def wants_step(self, step, **kwargs):
        return True


def test_changes_of_the_network_between_epochs_are_followed():
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(200, 5, generator=generator), torch.randint(0, 3, (200,), generator=generator)
    network = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 3))
    config = TrainingConfig(epochs=4, batch_size=16, optimizer="sgd", learning_rate=0.1, average=0, momentum=0)
    answers = []
    for kind in (ChangesAtEpochs, Watching):
        module = copy.deepcopy(network)
        observer = kind(module)
        train(module, "cross-entropy", (x, y), None, config, seed=1, observers=[observer])
        answers.append((observer.losses, [p.detach() for p in module.parameters()]))
    torch.testing.assert_close(answers[0], answers[1], rtol=0, atol=0)


@pytest.mark.parametrize("loss", [nn.HuberLoss(), nn.SmoothL1Loss()])
def test_replaying_a_loss_says_nothing_on_stderr(loss, capfd):
    objective, y, target = Objective(loss), torch.randn(8, 3), torch.randn(8, 3)
    with torch.no_grad():
        _, recording = record(lambda: (objective.forward(y, target), objective.backward()))
        y.normal_()
        value, _ = recording.replay()
        assert torch.equal(value, loss(y, target))
    assert not capfd.readouterr().err


def test_a_step_too_large_to_record_frees_its_results_as_it_goes():
    freed = []

    def step():
        x = torch.ones(1000) * 2
        first = weakref.ref(x)
        x = x + 1
        freed.append(first() is None)
        return x

    with torch.no_grad():
        assert record(step, most_bytes=4000)[1] is None
        assert record(step, most_bytes=1 << 20)[1] is not None
    assert freed == [True, False]
