"""Faults of the output, the loss and the layout of the network, as questions show them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .healthy import mlp
from .keras_losses import binary, categorical
from .programs import POSTED, Program, adam, sgd


def ten(y: Tensor) -> Tensor:
    """Digits as one-hot rows."""
    return F.one_hot(y, 10).float()


# Output and loss


@POSTED.add("loss-mismatch")
def squared_error_after_softmax() -> Program:
    x, y = data.digits()
    model = nn.Sequential(*mlp(64, 64, 10), nn.Softmax(1))
    return Program(model, x, ten(y), nn.MSELoss(), adam(model, 1e-3))


@POSTED.add("loss-mismatch")
def binary_loss_after_softmax() -> Program:
    x, y = data.digits()
    model = nn.Sequential(*mlp(64, 64, 10), nn.Softmax(1))
    return Program(model, x, ten(y), binary, adam(model, 1e-3), metrics=("accuracy",))


@POSTED.add("output-activation")
def categorical_loss_after_sigmoid() -> Program:
    x, y = data.digits()
    model = nn.Sequential(*mlp(64, 64, 10), nn.Sigmoid())
    return Program(model, x, ten(y), categorical, adam(model, 1e-3), metrics=("accuracy",))


@POSTED.add("output-activation")
def sigmoid_before_cross_entropy() -> Program:
    x, y = data.wine()
    model = nn.Sequential(*mlp(13, 32, 3), nn.Sigmoid())
    return Program(model, x, y, nn.CrossEntropyLoss(), sgd(model, 0.1), batch=16, epochs=40)


@POSTED.add("output-activation")
def one_softmax_unit() -> Program:
    x, y = data.cancer()
    model = nn.Sequential(*mlp(30, 32, 16, 1), nn.Softmax(-1))
    return Program(model, x, y, binary, adam(model, 1e-3), batch=32)


@POSTED.add("output-activation", "unscaled-target")
def sigmoid_for_large_values() -> Program:
    x, y = data.diabetes(raw=True)
    model = nn.Sequential(*mlp(10, 32, 1), nn.Sigmoid())
    return Program(model, x, y, nn.MSELoss(), adam(model, 1e-3), batch=32, epochs=20)


@POSTED.add("output-activation", "unscaled-target")
def tanh_for_tens() -> Program:
    x, y = data.diabetes(raw=True)
    model = nn.Sequential(*mlp(10, 32, 1), nn.Tanh())
    return Program(model, x, y / 10, nn.L1Loss(), adam(model, 1e-2), batch=32, epochs=20)


@POSTED.add("output-activation")
def linear_into_binary_loss() -> Program:
    x, y = data.cancer()
    model = mlp(30, 16, 1)
    return Program(model, x, y, binary, adam(model, 1e-3), batch=32, epochs=20)


@POSTED.add("output-activation")
def relu_into_binary_loss() -> Program:
    x, y = data.cancer()
    model = nn.Sequential(*mlp(30, 16, 1), nn.ReLU())
    return Program(model, x, y, binary, adam(model, 1e-3), batch=32, epochs=20)


@POSTED.add("output-activation")
def tanh_into_binary_loss() -> Program:
    x, y = data.cancer()
    model = nn.Sequential(*mlp(30, 16, 1), nn.Tanh())
    return Program(model, x, y, binary, adam(model, 1e-3), batch=32, epochs=20)


@POSTED.add("output-activation")
def softmax_in_a_convolutional_network() -> Program:
    x, y = data.pictures()
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(128, 10), nn.Softmax(1)
    )
    return Program(model, x, y, nn.CrossEntropyLoss(), sgd(model, 0.01, 0.9), batch=32)


@POSTED.add("output-activation")
def softmax_over_the_batch() -> Program:
    x, y = data.digits()
    model = nn.Sequential(*mlp(64, 64, 10), nn.LogSoftmax(0))
    return Program(model, x, y, nn.NLLLoss(), adam(model, 1e-3))


@POSTED.add("loss-mismatch", "target-encoding", "output-units")
def codes_into_categorical_loss() -> Program:
    x, y = data.iris()
    model = nn.Sequential(*mlp(4, 16, 3), nn.Softmax(1))
    return Program(model, x, y.float().unsqueeze(1), categorical, adam(model, 1e-2), batch=16, epochs=30)


@POSTED.add("loss-mismatch", "output-units", "output-activation")
def two_softmax_outputs_for_one_column() -> Program:
    x, y = data.cancer()
    model = nn.Sequential(*mlp(30, 32, 2), nn.Softmax(1))
    return Program(model, x, y, binary, adam(model, 1e-3), batch=32)


@POSTED.add("loss-mismatch", "output-units", "output-activation")
def squared_error_of_class_codes() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 1)
    loss = nn.MSELoss()
    return Program(model, x, y, lambda out, t: loss(out.squeeze(1), t.float()), adam(model, 1e-3))


@POSTED.add("output-units", "loss-mismatch", "target-encoding")
def one_sigmoid_for_three_classes() -> Program:
    x, y = data.wine()
    model = nn.Sequential(*mlp(13, 32, 1), nn.Sigmoid())
    return Program(model, x, y.float().unsqueeze(1), binary, adam(model, 1e-3), batch=16, epochs=30)


@POSTED.add("target-encoding")
def squeezed_target() -> Program:
    x, y = data.diabetes()
    model = mlp(10, 32, 1)
    return Program(model, x, y.squeeze(1), nn.MSELoss(), adam(model, 1e-3), batch=32, epochs=20)


# Hidden layers


@POSTED.add("vanishing-gradient", "saturated-units", "missing-nonlinearity")
def hidden_softmax() -> Program:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 64), nn.Softmax(1), nn.Linear(64, 32), nn.Softmax(1), nn.Linear(32, 10))
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3))


@POSTED.add("vanishing-gradient", "saturated-units", "missing-nonlinearity", "obfuscated-gradient")
def six_sigmoids() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 64, 64, 64, 64, 64, 10, activation=nn.Sigmoid)
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05, 0.9))


@POSTED.add("missing-nonlinearity")
def hidden_layers_without_activation() -> Program:
    x, y = data.digits()
    model = nn.Sequential(*mlp(64, 128, 64, 10, activation=nn.Identity), nn.LogSoftmax(1))
    return Program(model, x, y, nn.NLLLoss(), adam(model, 1e-3))


@POSTED.add("missing-nonlinearity")
def convolution_without_activation() -> Program:
    x, y = data.pictures()
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.Flatten(), nn.Linear(576, 64), nn.Linear(64, 10))
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@POSTED.add("missing-nonlinearity", "capacity-too-low")
def only_the_last_hidden_layer_is_rectified() -> Program:
    x, y = data.diabetes()
    model = nn.Sequential(nn.Linear(10, 64), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    return Program(model, x, y, nn.MSELoss(), adam(model, 1e-3), batch=32, epochs=30)


@POSTED.add("capacity-too-low")
def two_units_for_ten_classes() -> Program:
    x, y = data.digits()
    model = mlp(64, 32, 2, 10)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3))


@POSTED.add("capacity-too-low")
def pooled_to_nothing() -> Program:
    x, y = data.pictures(1000)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(4, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(3, 10),
    )  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@POSTED.add("capacity-too-low", "dead-units")
def one_hidden_unit() -> Program:
    x, y = data.diabetes()
    model = mlp(10, 1, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model, 1e-2), batch=32, epochs=20)


class _PerPixel(nn.Module):
    """A linear layer meant for the whole picture acts on the channels of each pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.dense, self.head = nn.Conv2d(1, 8, 3), nn.Linear(8, 32), nn.Linear(32 * 36, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.conv(x)).movedim(1, -1)
        return self.head(torch.relu(self.dense(x)).flatten(1))


@POSTED.add("capacity-too-low")
def dense_before_flatten() -> Program:
    x, y = data.pictures()
    model = _PerPixel()
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@POSTED.add("capacity-too-low")
def convolution_of_single_pixels() -> Program:
    x, y = data.pictures()
    model = nn.Sequential(nn.Conv2d(1, 16, 1), nn.ReLU(), nn.Conv2d(16, 16, 1), nn.ReLU(),
                          nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@POSTED.add("too-much-dropout")
def eight_tenths_dropped() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 32, 10, dropout=0.8)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3))


@POSTED.add("too-much-dropout")
def dropout_after_each_convolution() -> Program:
    x, y = data.pictures()
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Dropout(0.5), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.5), nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10),
    )  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32)


@POSTED.add("misplaced-dropout")
def dropout_before_the_loss() -> Program:
    x, y = data.diabetes()
    model = nn.Sequential(*mlp(10, 32, 1), nn.Dropout(0.2))
    return Program(model, x, y, nn.MSELoss(), adam(model, 1e-3), batch=32, epochs=20)
