"""Faults of the data, the steps and the loop, as questions show them."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .healthy import mlp
from .programs import POSTED, Program, adam, sgd


def digits_with(make: Callable[[nn.Module], torch.optim.Optimizer], model: nn.Module | None = None,
                **settings: object) -> Program:  # fmt: skip
    """The usual two hidden layers on digits, by an optimiser."""
    x, y = data.digits()
    model = model or mlp(64, 64, 64, 10)
    return Program(model, x, y, F.cross_entropy, make(model), **settings)  # type: ignore[arg-type]


# Learning rate, optimiser, length


@POSTED.add("learning-rate-too-high", "dead-units")
def adam_at_three_tenths() -> Program:
    return digits_with(lambda m: adam(m, 0.3), mlp(64, 64, 10), epochs=15)


@POSTED.add("learning-rate-too-high", "dead-units")
def adam_at_a_tenth_in_a_deep_network() -> Program:
    return digits_with(lambda m: adam(m, 0.1), mlp(64, 64, 64, 64, 64, 10), epochs=15)


@POSTED.add("learning-rate-too-high", "dead-units")
def rmsprop_at_a_tenth() -> Program:
    return digits_with(lambda m: torch.optim.RMSprop(m.parameters(), 0.1), epochs=15)


@POSTED.add("learning-rate-too-high", "dead-units")
def sgd_at_five_with_momentum() -> Program:
    return digits_with(lambda m: sgd(m, 5.0, 0.9))


@POSTED.add("learning-rate-too-high", "saturated-units")
def sigmoid_network_at_twenty() -> Program:
    return digits_with(lambda m: sgd(m, 20.0), mlp(64, 64, 10, activation=nn.Sigmoid))


@POSTED.add("learning-rate-too-high")
def regression_diverges() -> Program:
    x, y = data.diabetes()
    model = mlp(10, 64, 64, 1)
    return Program(model, x, y, nn.MSELoss(), sgd(model, 2.0), batch=32)


@POSTED.add("learning-rate-too-low", "stopped-too-early")
def adam_at_a_hundred_thousandth() -> Program:
    return digits_with(lambda m: adam(m, 1e-5))


@POSTED.add("learning-rate-too-low", "stopped-too-early")
def sgd_at_a_ten_thousandth() -> Program:
    return digits_with(lambda m: sgd(m, 1e-4), epochs=10)


@POSTED.add("learning-rate-too-low", "stopped-too-early")
def sgd_at_a_thousandth_without_momentum() -> Program:
    x, y = data.cancer()
    model = mlp(30, 16, 1)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), sgd(model, 1e-3), batch=32, epochs=20)


@POSTED.add("learning-rate-too-low", "stopped-too-early")
def adadelta_at_a_thousandth() -> Program:
    return digits_with(lambda m: torch.optim.Adadelta(m.parameters(), 1e-3))


@POSTED.add("learning-rate-too-low", "stopped-too-early")
def adagrad_at_a_ten_thousandth() -> Program:
    return digits_with(lambda m: torch.optim.Adagrad(m.parameters(), 1e-4))


@POSTED.add("learning-rate-too-low", "stopped-too-early")
def clipped_to_nothing() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 10)
    optimizer = sgd(model, 0.05)
    optimizer.register_step_pre_hook(lambda *_: nn.utils.clip_grad_norm_(model.parameters(), 1e-3) and None)
    return Program(model, x, y, F.cross_entropy, optimizer)


@POSTED.add("stopped-too-early")
def one_epoch() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), batch=128, epochs=1)


@POSTED.add("stopped-too-early")
def three_epochs_of_a_convolutional_network() -> Program:
    x, y = data.pictures(300)
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 64), nn.ReLU(),
                          nn.Linear(64, 10))  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=64, epochs=3)


@POSTED.add("stopped-too-early")
def ten_updates_of_the_whole_data() -> Program:
    x, y = data.iris()
    model = mlp(4, 32, 16, 3)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=150, epochs=10)


@POSTED.add("stopped-too-early", "learning-rate-too-low")
def default_rate_and_eight_epochs() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), mlp(64, 32, 10), batch=128, epochs=8)


@POSTED.add("stopped-too-early", "learning-rate-too-low")
def deep_tanh_network_for_iris() -> Program:
    x, y = data.iris(raw=True)
    model = mlp(4, 500, 250, 125, 64, 32, 9, 3, activation=nn.Tanh)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32, epochs=1)


@POSTED.add("batch-size")
def one_digit_a_batch() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), mlp(64, 32, 10), batch=1, epochs=1)


@POSTED.add("batch-size", "stopped-too-early")
def all_digits_in_a_batch() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), batch=1797, epochs=60)


@POSTED.add("batch-size")
def batch_norm_over_two_rows() -> Program:
    x, y = data.wine()
    model = mlp(13, 32, 3, norm=True)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=2, epochs=4)


@POSTED.add("capacity-too-low", "not-learning", "plateau")
def weight_decay_of_one() -> Program:
    return digits_with(lambda m: torch.optim.Adam(m.parameters(), 1e-3, weight_decay=1.0))


@POSTED.add("capacity-too-low", "not-learning", "plateau")
def weight_decay_under_sgd() -> Program:
    return digits_with(lambda m: torch.optim.SGD(m.parameters(), 0.05, weight_decay=0.5), epochs=10)


# Data


@POSTED.add("unscaled-features")
def digits_to_255() -> Program:
    x, y = data.digits(scale=255 / 16)
    model = mlp(64, 64, 10)
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.1))


@POSTED.add("unscaled-features")
def pictures_to_255() -> Program:
    x, y = data.pictures(scale=255.0)
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(576, 64), nn.ReLU(),
                          nn.Linear(64, 10))  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@POSTED.add("unscaled-features")
def wine_as_it_comes() -> Program:
    x, y = data.wine(raw=True)
    model = mlp(13, 32, 3)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=16, epochs=20)


@POSTED.add("unscaled-features")
def cancer_into_sigmoids() -> Program:
    x, y = data.cancer(raw=True)
    model = mlp(30, 32, 1, activation=nn.Sigmoid)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), sgd(model, 0.05), batch=32)


@POSTED.add("unscaled-features")
def one_column_of_millions() -> Program:
    x, y = data.cancer()
    x[:, 3] = 1e6 * (2 + x[:, 3])
    model = mlp(30, 32, 1)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model, 1e-3), batch=32)


@POSTED.add("unscaled-target")
def diabetes_as_it_comes() -> Program:
    x, y = data.diabetes(raw=True)
    model = mlp(10, 32, 16, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model, 1e-3), batch=32, epochs=20)


@POSTED.add("unscaled-target", "learning-rate-too-high")
def diabetes_as_it_comes_by_sgd() -> Program:
    x, y = data.diabetes(raw=True)
    model = mlp(10, 32, 16, 1)
    return Program(model, x, y, nn.MSELoss(), sgd(model, 0.01), batch=32, epochs=20)


@POSTED.add("bad-values")
def logarithm_of_zero() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 10)
    return Program(model, x.log(), y, F.cross_entropy, adam(model, 1e-3), epochs=3)


@POSTED.add("bad-values")
def a_missing_measurement() -> Program:
    x, y = data.diabetes()
    x[33, 2] = float("nan")
    model = mlp(10, 32, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model, 1e-3), batch=32)


@POSTED.add("unshuffled-data")
def digits_in_order() -> Program:
    x, y = data.digits()
    order = y.argsort()
    model = mlp(64, 64, 10)
    return Program(model, x[order], y[order], F.cross_entropy, adam(model, 1e-3), batch=32, shuffle=False)


@POSTED.add("class-imbalance")
def two_in_a_hundred() -> Program:
    x = torch.randn(2000, 10)
    y = (x[:, 0] + torch.randn(2000) > 2.9).long()
    model = mlp(10, 32, 2)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), metrics=("accuracy",))


@POSTED.add("unlearnable-target", "not-learning", "overfitting")
def joined_in_the_wrong_order() -> Program:
    x, y = data.cancer()
    model = mlp(30, 16, 1)
    return Program(model, x, y[torch.randperm(len(y))], nn.BCEWithLogitsLoss(), adam(model, 1e-3), batch=32, epochs=5)


@POSTED.add("overfitting")
def a_hundred_digits_by_heart() -> Program:
    x, y = data.digits()
    y = torch.where(torch.rand(len(y)) < 0.2, torch.randint(10, y.shape), y)
    model = mlp(64, 256, 256, 10)
    held_out = (x[200:800], y[200:800])
    return Program(
        model, x[:200], y[:200], nn.CrossEntropyLoss(), adam(model, 3e-3), batch=32, epochs=40, validation=held_out
    )


@POSTED.add("metric-mismatch")
def accuracy_of_diabetes() -> Program:
    x, y = data.diabetes()
    model = mlp(10, 32, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model, 3e-3), batch=32, epochs=20, metrics=("accuracy",))


# Start


def started(model: nn.Module, start: Callable[[Tensor], object]) -> nn.Module:
    """All weights by `start`, biases zero."""
    for p in model.parameters():
        if p.dim() > 1:
            start(p.data)
        else:
            nn.init.zeros_(p)
    return model


@POSTED.add("zero-init")
def weights_of_zero() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), started(mlp(64, 64, 10), nn.init.zeros_))


@POSTED.add("symmetric-init", "init-too-large")
def weights_of_one() -> Program:
    return digits_with(lambda m: sgd(m, 0.01), started(mlp(64, 64, 10), nn.init.ones_))


@POSTED.add("init-too-large")
def standard_normal_weights() -> Program:
    return digits_with(lambda m: sgd(m, 0.01), started(mlp(64, 128, 128, 10), nn.init.normal_))


@POSTED.add("init-too-large")
def weights_between_zero_and_one() -> Program:
    return digits_with(lambda m: sgd(m, 0.01), started(mlp(64, 128, 64, 10), nn.init.uniform_))


@POSTED.add("init-too-small", "vanishing-gradient")
def weights_near_zero() -> Program:
    small = started(mlp(64, 64, 64, 64, 10), lambda w: nn.init.normal_(w, std=1e-3))
    return digits_with(lambda m: sgd(m, 0.05, 0.9), small)


# The loop


@POSTED.add("gradients-accumulate")
def gradients_never_cleared() -> Program:
    x, y = data.wine()
    model = mlp(13, 32, 3)
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05), batch=16, epochs=10, zero_grad=False)


@POSTED.add("eval-mode-training")
def trained_in_evaluation_mode() -> Program:
    x, y = data.pictures()
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 10))
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32, evaluation_mode=True)


@POSTED.add("parameters-not-in-optimizer")
def head_replaced_after_the_optimizer() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 20)
    optimizer = adam(model, 1e-3)
    model[2] = nn.Linear(64, 10)
    return Program(model, x, y, F.cross_entropy, optimizer)


class _InAList(nn.Module):
    """Layers in a plain list are no parameters of the network."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(64, 64), nn.Linear(64, 64)]
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.hidden:
            x = torch.relu(layer(x))
        return self.head(x)


@POSTED.add("parameters-not-in-optimizer")
def layers_in_a_plain_list() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), _InAList())


@POSTED.add("frozen-parameters")
def everything_frozen_but_the_head() -> Program:
    model = mlp(64, 64, 64, 10)
    for p in model[:-1].parameters():
        p.requires_grad_(False)
    return digits_with(lambda m: adam(m[-1], 1e-3), model)


class _NoGradient(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = mlp(64, 64, 64), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x = torch.relu(self.body(x))
        return self.head(x)


@POSTED.add("detached-graph")
def body_without_gradient() -> Program:
    return digits_with(lambda m: adam(m, 1e-3), _NoGradient())


@dataclass
class _Decayed(Program):
    """The learning rate falls after each batch instead of each epoch."""

    def _batches(self, generator: torch.Generator):  # type: ignore[no-untyped-def]
        scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.8)
        for batch in super()._batches(generator):
            yield batch
            scheduler.step()


@POSTED.add("learning-rate-too-low", "plateau", "stopped-too-early")
def schedule_stepped_by_batch() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 10)
    return _Decayed(model, x, y, F.cross_entropy, adam(model, 1e-3))


@dataclass
class _Stepless(Program):
    """The optimiser is never asked to step."""

    def run(self, seed: int = 0) -> list[float]:
        """Train; the losses of all steps."""
        losses = []
        for x, y in self._batches(torch.Generator().manual_seed(seed)):
            self.optimizer.zero_grad()
            loss = self.loss(self.model(x), y)
            loss.backward()
            losses.append(float(loss.detach()))
        return losses


@POSTED.add("frozen-parameters", "not-learning")
def no_step_at_all() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 10)
    return _Stepless(model, x, y, F.cross_entropy, adam(model, 1e-3))
