"""What someone else does to the network while it trains: followed, or refused, never passed over."""

import pytest
import torch
from torch import nn

from backlight.backprop.recording import record
from backlight.records import BacklightError
from backlight.records.config import TrainingConfig
from backlight.training import replay
from backlight.training.loop import train
from backlight.training.observer import Observer

X = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
Y = 2 * X[:, :1] + X[:, 1:2]
CONFIG = TrainingConfig(
    optimizer="sgd",
    learning_rate=0.02,
    weight_decay=0.0,
    batch_size=16,
    epochs=5,
    schedule="constant",
    label_smoothing=0.0,
    average=0,
    device="cpu",
)


class Opaque(nn.Linear):
    """A layer that autograd is asked for, so that no step is replayed."""

    def forward(self, x):
        return super().forward(x) if x.dim() == 2 else x


class Meddler(Observer):
    """Does something to the network at the end of every epoch."""

    def __init__(self, act):
        self.act = act

    def on_start(self, module, **kwargs):
        self.module = module

    def on_epoch(self, rows, **kwargs):
        self.act(self.module)


def trained(first=nn.Linear, observers=(), loss="mean-squared-error", share=0.0):
    torch.manual_seed(1)
    module = nn.Sequential(first(5, 8), nn.ReLU(), nn.Dropout(share), nn.Linear(8, 1))
    train(module, loss, (X, Y), None, CONFIG, observers=observers)
    return module[0].weight.detach()


@pytest.mark.parametrize("first", [nn.Linear, Opaque])
@pytest.mark.parametrize("gradients_only", [True, False])
def test_gradients_dropped_and_parameters_moved_elsewhere_change_nothing(first, gradients_only):
    def act(module):
        if gradients_only:
            module.zero_grad()
        else:
            vector = nn.utils.parameters_to_vector(module.parameters()).detach().clone()
            nn.utils.vector_to_parameters(vector, module.parameters())

    assert torch.equal(trained(first, [Meddler(act)]), trained(first))


@pytest.mark.parametrize("trainable", [True, False])
def test_freezing_and_unfreezing_while_it_trains_is_refused(trainable):
    module = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
    module[0].requires_grad_(not trainable)
    meddler = Meddler(lambda module: module[0].requires_grad_(trainable))
    with pytest.raises(BacklightError, match=r"0\.weight, 0\.bias: frozen or unfrozen while it trains"):
        train(module, "mean-squared-error", (X, Y), None, CONFIG, observers=[meddler])


def both_ways(monkeypatch, run):
    """With the steps replayed, and without."""
    recorded = []

    def counting(function):
        found = record(function)
        recorded.append(found[1] is not None)
        return found

    monkeypatch.setattr(replay, "record", counting)
    replayed = run()
    monkeypatch.setattr(replay, "record", lambda function: (function(), None))
    assert any(recorded)
    return replayed, run()


def test_a_setting_of_the_loss_that_changes_counts_in_replayed_steps(monkeypatch):
    def run():
        loss = nn.HuberLoss()
        return trained(loss=loss, observers=[Meddler(lambda module: setattr(loss, "delta", 0.01))])

    replayed, plain = both_ways(monkeypatch, run)
    assert torch.equal(replayed, plain)


class Rising(Meddler):
    """More dropout with every step that it sees, in the midst of an epoch."""

    def wants_step(self, step, **kwargs):
        return step % 4 == 3

    def on_update(self, step, **kwargs):
        self.module[2].p = min(0.5, step / 100)


def test_a_share_of_dropout_that_changes_within_an_epoch_counts_in_replayed_steps(monkeypatch):
    replayed, plain = both_ways(monkeypatch, lambda: trained(observers=[Rising(lambda module: None)], share=0.1))
    assert torch.equal(replayed, plain)


def test_parameters_of_two_number_formats_are_refused():
    module = nn.Sequential(nn.Linear(5, 8), nn.Linear(8, 1).double())
    with pytest.raises(BacklightError, match=r"torch\.float32 on cpu, torch\.float64 on cpu"):
        train(module, "mean-squared-error", (X, Y), None, CONFIG)


class Listening(Observer):
    """Hangs a hook on a layer that a rule would run."""

    def __init__(self, when):
        self.when, self.heard, self.epochs = when, 0, 0

    def on_start(self, module, **kwargs):
        self.module = module
        self.hang(0)

    def on_epoch(self, rows, **kwargs):
        self.epochs += 1
        self.hang(self.epochs)

    def hang(self, epoch):
        if epoch == self.when:
            self.module[0].register_forward_hook(self.hear)

    def hear(self, layer, inputs, output):
        self.heard += layer.training


@pytest.mark.parametrize("when", [0, 2])
def test_a_hook_that_an_observer_hangs_on_a_layer_is_called_at_every_step_from_then_on(when):
    observer = Listening(when)
    weight = trained(observers=[observer])
    assert observer.heard == (5 - when) * 13  # 200 rows in batches of 16, the last of 8
    torch.testing.assert_close(weight, trained())
