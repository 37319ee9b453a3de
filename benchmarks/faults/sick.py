"""Networks with one fault each."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import data
from .healthy import mlp
from .programs import Collection, Program, adam, sgd

SICK = Collection()


def _classifier(model: nn.Module, rate: float = 3e-3, **settings: object) -> Program:
    x, y = data.classes()
    return Program(model, x, y, F.cross_entropy, adam(model, rate), **settings)  # type: ignore[arg-type]


# The loop


@SICK.add("gradients-accumulate")
def no_zero_grad() -> Program:
    return _classifier(mlp(16, 64, 4), zero_grad=False)


@SICK.add("gradients-accumulate")
def no_zero_grad_sgd_regression() -> Program:
    x, y = data.values()
    model = mlp(8, 32, 1)
    return Program(model, x, y, nn.MSELoss(), sgd(model, 0.01), zero_grad=False)


@SICK.add("eval-mode-training")
def eval_mode_dropout() -> Program:
    return _classifier(mlp(16, 64, 64, 4, dropout=0.3), evaluation_mode=True)


@SICK.add("eval-mode-training")
def eval_mode_norm() -> Program:
    return _classifier(mlp(16, 64, 64, 4, norm=True), evaluation_mode=True)


@SICK.add("parameters-not-in-optimizer")
def head_not_in_optimizer() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 64, 4)
    return Program(model, x, y, F.cross_entropy, torch.optim.Adam(model[:2].parameters(), 3e-3))


@SICK.add("parameters-not-in-optimizer")
def optimizer_of_a_copy() -> Program:
    x, y = data.classes()
    model, other = mlp(16, 64, 4), mlp(16, 64, 4)
    return Program(model, x, y, F.cross_entropy, adam(other))


class _BatchAsTime(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.memory, self.head = nn.GRU(1, 32), nn.Linear(32, 4)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.memory(x.unsqueeze(2))
        out: Tensor = self.head(states[:, -1])
        return out


@SICK.add("mixed-rows")
def batch_as_time() -> Program:
    return _classifier(_BatchAsTime())


class _Detached(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = mlp(16, 64, 64), nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.body(x)).detach())


@SICK.add("detached-graph")
def detached() -> Program:
    return _classifier(_Detached())


class _ThroughNumbers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(16, 64), nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.tensor(torch.relu(self.first(x)).tolist()))


@SICK.add("detached-graph")
def through_numbers() -> Program:
    return _classifier(_ThroughNumbers())


@SICK.add("frozen-parameters", "learning-rate-too-low")
def group_with_rate_zero() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 64, 4)
    groups = [{"params": model[:3].parameters(), "lr": 0.0}, {"params": model[3:].parameters(), "lr": 3e-3}]
    return Program(model, x, y, F.cross_entropy, torch.optim.Adam(groups))


@SICK.add("unshuffled-data")
def sorted_by_class() -> Program:
    x, y = data.classes()
    order = y.argsort()
    model = mlp(16, 64, 4)
    return Program(model, x[order], y[order], F.cross_entropy, adam(model), shuffle=False)


@SICK.add("unshuffled-data")
def sorted_images() -> Program:
    x, y = data.images()
    order = y.argsort()
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(800, 4))
    return Program(model, x[order], y[order], F.cross_entropy, sgd(model, 0.05), batch=32, shuffle=False)


# Data


@SICK.add("bad-values")
def nan_in_features() -> Program:
    x, y = data.classes()
    x[700, 3] = float("nan")
    model = mlp(16, 64, 4)
    return Program(model, x, y, F.cross_entropy, adam(model))


@SICK.add("bad-values")
def infinite_target() -> Program:
    x, y = data.values()
    y[100] = float("inf")
    model = mlp(8, 32, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model))


@SICK.add("unscaled-features")
def pixels_to_255() -> Program:
    x, y = data.images()
    x = ((x - x.min()) / (x.max() - x.min()) * 255).flatten(1)
    model = mlp(144, 64, 4, activation=nn.Sigmoid)
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05))


@SICK.add("unscaled-features")
def features_of_thousands() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 64, 4)
    return Program(model, 5000 + 3000 * x, y, F.cross_entropy, adam(model))


@SICK.add("unscaled-features")
def features_apart() -> Program:
    x, y = data.values()
    model = mlp(8, 32, 1)
    return Program(model, x * 10.0 ** torch.arange(-3, 5), y, nn.MSELoss(), sgd(model, 0.01))


@SICK.add("unscaled-target")
def prices() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 1)
    return Program(model, x, 250_000 + 80_000 * y, nn.MSELoss(), adam(model))


@SICK.add("unscaled-target")
def large_target_sgd() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 64, 1)
    return Program(model, x, 500 * y, nn.MSELoss(), sgd(model, 0.01))


@SICK.add("target-encoding")
def column_against_row() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 1)

    def loss(out: Tensor, t: Tensor) -> Tensor:
        return ((out - t) ** 2).mean()

    return Program(model, x, y.squeeze(1), loss, adam(model))


@SICK.add("target-encoding")
def labels_one_and_two() -> Program:
    x, y = data.two_classes()
    model = mlp(12, 64, 1)
    return Program(model, x, y + 1, nn.BCEWithLogitsLoss(), adam(model))


@SICK.add("target-encoding")
def labels_plus_minus() -> Program:
    x, y = data.two_classes()
    model = mlp(12, 64, 1)
    return Program(model, x, 2 * y - 1, nn.BCEWithLogitsLoss(), adam(model))


@SICK.add("class-imbalance")
def one_in_a_hundred() -> Program:
    x = torch.randn(2048, 8)
    y = (torch.rand(2048, 1) < 0.01).float()
    x[y.squeeze(1) == 1] += 0.7
    model = mlp(8, 32, 1)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model))


@SICK.add("unlearnable-target", "not-learning")
def shuffled_labels() -> Program:
    x, y = data.classes(2048)
    model = mlp(16, 16, 4)
    return Program(model, x, y[torch.randperm(2048)], F.cross_entropy, adam(model, 1e-3), epochs=4)


@SICK.add("too-little-data")
def dozen_rows() -> Program:
    x, y = data.classes(12)
    model = mlp(16, 64, 4)
    return Program(model, x, y, F.cross_entropy, adam(model), batch=4, epochs=60)


@SICK.add("leaking-feature")
def target_among_features() -> Program:
    x, y = data.values()
    model = mlp(9, 64, 1)
    return Program(model, torch.cat([x, 1.5 * y + 0.001 * torch.randn_like(y)], 1), y, nn.MSELoss(), adam(model))


@SICK.add("constant-feature")
def every_row_the_same() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 4)
    return Program(model, x[:1].expand_as(x).clone(), y, F.cross_entropy, adam(model))


# Output and loss


@SICK.add("output-activation")
def softmax_before_cross_entropy() -> Program:
    return _classifier(nn.Sequential(*mlp(16, 64, 4), nn.Softmax(1)))


class _SoftmaxInForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = mlp(16, 64, 4)

    def forward(self, x: Tensor) -> Tensor:
        return F.softmax(self.body(x), dim=-1)


@SICK.add("output-activation")
def softmax_in_forward() -> Program:
    return _classifier(_SoftmaxInForward())


@SICK.add("output-activation")
def softmax_in_loop() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 4)
    return Program(model, x, y, lambda out, t: F.cross_entropy(torch.softmax(out, 1), t), adam(model))


@SICK.add("output-activation")
def sigmoid_twice() -> Program:
    x, y = data.two_classes()
    model = nn.Sequential(*mlp(12, 64, 1), nn.Sigmoid())
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model))


@SICK.add("output-activation")
def relu_before_cross_entropy() -> Program:
    return _classifier(nn.Sequential(*mlp(16, 64, 4), nn.ReLU()))


@SICK.add("output-activation")
def logits_into_nll() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 4)
    return Program(model, x, y, nn.NLLLoss(), adam(model))


@SICK.add("output-activation")
def probabilities_into_nll() -> Program:
    x, y = data.classes()
    model = nn.Sequential(*mlp(16, 64, 4), nn.Softmax(1))
    return Program(model, x, y, nn.NLLLoss(), adam(model))


@SICK.add("output-activation")
def clamped_linear_into_bce() -> Program:
    x, y = data.two_classes()
    model = mlp(12, 64, 1)
    return Program(model, x, y, lambda out, t: F.binary_cross_entropy(out.clamp(1e-7, 1 - 1e-7), t), adam(model))


@SICK.add("output-activation")
def sigmoid_for_values() -> Program:
    x, y = data.values()
    model = nn.Sequential(*mlp(8, 64, 1), nn.Sigmoid())
    return Program(model, x, y, nn.MSELoss(), adam(model))


@SICK.add("output-activation")
def relu_for_signed_values() -> Program:
    x, y = data.values()
    model = nn.Sequential(*mlp(8, 64, 1), nn.ReLU())
    return Program(model, x, y, nn.MSELoss(), adam(model))


@SICK.add("output-activation")
def softmax_over_one_output() -> Program:
    x, y = data.two_classes()
    model = nn.Sequential(*mlp(12, 64, 1), nn.Softmax(1))
    return Program(model, x, y, nn.BCELoss(), adam(model))


@SICK.add("output-units")
def one_output_for_four_classes() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 1)
    return Program(model, x, y.float().unsqueeze(1), nn.BCEWithLogitsLoss(), adam(model))


@SICK.add("output-units")
def hundred_outputs_for_four_classes() -> Program:
    x, y = data.classes(4096)
    model = mlp(16, 64, 100)
    return Program(model, x, y, F.cross_entropy, adam(model), epochs=3)


@SICK.add("loss-mismatch")
def binary_loss_for_exclusive_classes() -> Program:
    x, y = data.classes(k=6)
    model = nn.Sequential(*mlp(16, 64, 6), nn.Sigmoid())
    return Program(model, x, F.one_hot(y, 6).float(), nn.BCELoss(), adam(model))


@SICK.add("loss-mismatch")
def squared_error_of_one_hot() -> Program:
    x, y = data.classes()
    model = nn.Sequential(*mlp(16, 64, 4), nn.Sigmoid())
    return Program(model, x, F.one_hot(y, 4).float(), nn.MSELoss(), adam(model))


@SICK.add("loss-mismatch")
def squared_error_of_yes_or_no() -> Program:
    x, y = data.two_classes()
    model = nn.Sequential(*mlp(12, 64, 1), nn.Sigmoid())
    return Program(model, x, y, nn.MSELoss(), adam(model))


@SICK.add("loss-mismatch")
def poisson_of_signed_values() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 1)
    return Program(model, x, y, nn.PoissonNLLLoss(), adam(model))


@SICK.add("metric-mismatch")
def accuracy_of_values() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model), metrics=("accuracy",))


# Initialisation


def _filled(model: nn.Module, value: float) -> nn.Module:
    for p in model.parameters():
        nn.init.constant_(p, value)
    return model


@SICK.add("zero-init")
def all_zero() -> Program:
    return _classifier(_filled(mlp(16, 64, 64, 4), 0.0))


@SICK.add("zero-init")
def zero_weights_conv() -> Program:
    x, y = data.images()
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(800, 4))
    nn.init.zeros_(model[0].weight)
    nn.init.zeros_(model[0].bias)
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05), batch=32)


@SICK.add("symmetric-init", "redundant-units")
def all_equal() -> Program:
    return _classifier(_filled(mlp(16, 64, 64, 4, activation=nn.Tanh), 0.05))


def _spread(model: nn.Module, std: float) -> nn.Module:
    for p in model.parameters():
        if p.dim() > 1:
            nn.init.normal_(p, std=std)
    return model


@SICK.add("init-too-small")
def tiny_weights() -> Program:
    model = _spread(mlp(16, 64, 64, 64, 64, 4), 1e-3)
    x, y = data.classes()
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05))


@SICK.add("init-too-large")
def huge_weights() -> Program:
    model = _spread(mlp(16, 64, 64, 64, 4, activation=nn.Tanh), 3.0)
    x, y = data.classes()
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05))


@SICK.add("init-too-large")
def huge_weights_relu() -> Program:
    model = _spread(mlp(16, 128, 128, 128, 4), 1.0)
    x, y = data.classes()
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.01))


# Network


@SICK.add("missing-nonlinearity")
def no_activation() -> Program:
    x, y = data.classes(k=3)
    model = nn.Sequential(nn.Linear(16, 64), nn.Linear(64, 64), nn.Linear(64, 3))
    return Program(model, x, y, F.cross_entropy, adam(model))


@SICK.add("missing-nonlinearity")
def no_activation_between_convolutions() -> Program:
    x, y = data.images()
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 4))
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@SICK.add("misplaced-dropout")
def dropout_on_outputs() -> Program:
    return _classifier(nn.Sequential(*mlp(16, 64, 4), nn.Dropout(0.3)))


@SICK.add("too-much-dropout")
def four_halves() -> Program:
    return _classifier(mlp(16, 64, 64, 64, 64, 4, dropout=0.5))


@SICK.add("too-much-dropout")
def nearly_all_dropped() -> Program:
    return _classifier(mlp(16, 64, 64, 4, dropout=0.9))


@SICK.add("capacity-too-low")
def bottleneck() -> Program:
    x, y = data.classes(k=8)
    model = mlp(16, 64, 1, 64, 8)
    return Program(model, x, y, F.cross_entropy, adam(model))


# Units, gradients, steps


@SICK.add("dead-units")
def born_dead() -> Program:
    model = mlp(16, 64, 64, 4)
    nn.init.constant_(model[2].bias, -20.0)
    return _classifier(model)


@SICK.add("learning-rate-too-high")
def adam_with_rate_one() -> Program:
    return _classifier(mlp(16, 64, 64, 4), 1.0)


@SICK.add("learning-rate-too-high")
def sgd_diverges() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 64, 1)
    return Program(model, x, y, nn.MSELoss(), sgd(model, 3.0))


@SICK.add("learning-rate-too-high")
def sgd_with_momentum_overshoots() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 64, 4)
    return Program(model, x, y, F.cross_entropy, sgd(model, 3.0, 0.9))


@SICK.add("learning-rate-too-low")
def adam_creeps() -> Program:
    return _classifier(mlp(16, 64, 4), 1e-6)


@SICK.add("learning-rate-too-low")
def sgd_creeps() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 64, 1)
    return Program(model, x, y, nn.MSELoss(), sgd(model, 1e-5))


@SICK.add("vanishing-gradient", "saturated-units", "obfuscated-gradient")
def ten_sigmoids() -> Program:
    x, y = data.classes()
    model = mlp(16, *[32] * 10, 4, activation=nn.Sigmoid)
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.1))


@SICK.add("obfuscated-gradient", "vanishing-gradient")
def thirty_plain_layers() -> Program:
    return _classifier(mlp(16, *[32] * 30, 4), 1e-3)


class _ReluRecurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(4, 32, nonlinearity="relu", batch_first=True)
        nn.init.normal_(self.rnn.weight_hh_l0, std=0.45)
        self.head = nn.Linear(32, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


@SICK.add("exploding-gradient", "init-too-large")
def relu_recurrence() -> Program:
    x, y = data.sequences(length=40)
    model = _ReluRecurrent()
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.01), batch=32, epochs=6)


@SICK.add("batch-size")
def one_row_a_batch() -> Program:
    return _classifier(mlp(16, 32, 4), 1e-3, batch=1, epochs=1)


@SICK.add("batch-size")
def whole_data_a_batch() -> Program:
    x, y = data.classes(2048)
    model = mlp(16, 64, 4)
    return Program(model, x, y, F.cross_entropy, adam(model), batch=2048, epochs=150)


@SICK.add("stopped-too-early")
def four_updates() -> Program:
    return _classifier(mlp(16, 64, 4), 1e-3, batch=256, epochs=1)


@SICK.add("overfitting")
def learned_by_heart() -> Program:
    x, y = data.classes(400, spread=3.0)
    model = mlp(16, 256, 256, 4)
    return Program(
        model, x[:120], y[:120], nn.CrossEntropyLoss(), adam(model), batch=32, epochs=40, validation=(x[120:], y[120:])
    )
