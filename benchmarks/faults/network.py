"""Scripts with a fault of the network: its start, its depth, its branches, its attention."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_output import rows_of_digits
from .loops import NETWORK, Loop, batches, fit
from .third import reviews


def digits_by(model: nn.Module, rate: float = 1e-3, epochs: int = 6) -> Loop:
    optimizer = torch.optim.Adam(model.parameters(), rate)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), epochs)


class OwnLinear(nn.Module):
    """A layer of one's own, with a start of one's own."""

    def __init__(self, inputs: int, outputs: int, std: float) -> None:
        super().__init__()
        self.w, self.b = nn.Parameter(std * torch.randn(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs) → (n, outputs)"""
        return x @ self.w + self.b


@NETWORK.add("init-too-large", "exploding-gradient")
def own_layers_drawn_without_a_scale() -> Loop:
    layers = [OwnLinear(64, 128, 1.0), nn.ReLU(), OwnLinear(128, 128, 1.0), nn.ReLU(), OwnLinear(128, 10, 1.0)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 6)


@NETWORK.add("init-too-small", "vanishing-gradient")
def own_layers_drawn_from_a_thousandth() -> Loop:
    layers: list[nn.Module] = [OwnLinear(64, 64, 1e-3), nn.Tanh()]
    for _ in range(4):
        layers += [OwnLinear(64, 64, 1e-3), nn.Tanh()]
    model = nn.Sequential(*layers, OwnLinear(64, 10, 1e-3))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 6)


@NETWORK.add("zero-init", "symmetric-init")
def own_layers_from_zeros() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w1, self.w2 = nn.Parameter(torch.zeros(64, 32)), nn.Parameter(torch.zeros(32, 10))

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x @ self.w1) @ self.w2

    return digits_by(Net(), 1e-2)


@NETWORK.add("symmetric-init", "redundant-units")
def convolutions_from_one_constant() -> Loop:
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(256, 10),
    )  # fmt: skip
    for p in model.parameters():
        nn.init.constant_(p, 0.05)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures(800)), nn.CrossEntropyLoss(), 6)


@NETWORK.add("vanishing-gradient", "obfuscated-gradient", "saturated-units")
def ten_layers_of_sigmoids_in_convolutions() -> Loop:
    layers: list[nn.Module] = [nn.Conv2d(1, 8, 3, padding=1), nn.Sigmoid()]
    for _ in range(9):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(*data.pictures(500)), nn.CrossEntropyLoss(), 5)


@NETWORK.add("obfuscated-gradient", "vanishing-gradient")
def forty_plain_layers() -> Loop:
    layers: list[nn.Module] = [nn.Linear(64, 32), nn.ReLU()]
    for _ in range(38):
        layers += [nn.Linear(32, 32), nn.ReLU()]
    return digits_by(nn.Sequential(*layers, nn.Linear(32, 10)))


@NETWORK.add("exploding-gradient", "init-too-large")
def residual_branches_that_double_the_signal() -> Loop:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(48, 48), nn.Linear(48, 48)
            for fc in (self.a, self.b):
                nn.init.kaiming_normal_(fc.weight)

        def forward(self, x: Tensor) -> Tensor:
            return x + 2 * self.b(F.relu(self.a(x)))

    model = nn.Sequential(nn.Linear(64, 48), *(Block() for _ in range(14)), nn.Linear(48, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 4)


@NETWORK.add("exploding-gradient", "non-finite", "learning-rate-too-high")
def recurrent_net_of_rectifiers_over_sixty_steps() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.RNN(1, 48, batch_first=True, nonlinearity="relu"), nn.Linear(48, 10)
            nn.init.orthogonal_(self.rnn.weight_hh_l0, 1.2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.rnn(x.unsqueeze(2))[0][:, -1])

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    x, y = data.digits()
    return fit(model, optimizer, batches(x[:600], y[:600]), nn.CrossEntropyLoss(), 5)


@NETWORK.add("vanishing-gradient", "saturated-units")
def memory_of_a_first_step_over_sixty() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.RNN(4, 32, batch_first=True), nn.Linear(32, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.rnn(x)[0][:, -1])

    x = torch.randn(800, 60, 4)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, x[:, 0, :3].argmax(1)), nn.CrossEntropyLoss(), 8)


class _Attention(nn.Module):
    """Attention by hand over the rows of a digit."""

    def __init__(self, scale: float, width: int = 64) -> None:
        super().__init__()
        self.into, self.scale = nn.Linear(8, width), scale
        self.q, self.k, self.v = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, width)
        self.softmax, self.fc = nn.Softmax(-1), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        h = self.into(x)
        share = self.softmax(self.scale * self.q(h) @ self.k(h).transpose(1, 2))
        return self.fc((share @ self.v(h)).mean(1))


@NETWORK.add("saturated-units", "init-too-large")
def attention_that_looks_at_one_place_from_the_start() -> Loop:
    model = _Attention(1.0)
    for layer in (model.q, model.k):
        nn.init.normal_(layer.weight)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 5)


@NETWORK.add("unscaled-features", "init-too-large", "obfuscated-gradient")
def places_louder_than_words() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(60, 24)
            nn.init.normal_(self.embed.weight, std=0.02)
            self.register_buffer("place", 50 * torch.sin(torch.arange(12).unsqueeze(1) * torch.rand(24) * 3))
            self.body = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
            self.fc = nn.Linear(32, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.body(self.embed(x) + self.place).mean(1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 8)


@NETWORK.add("init-too-large", "saturated-units")
def word_vectors_that_start_at_a_hundred() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.rnn, self.fc = nn.Embedding(60, 24), nn.LSTM(24, 32, batch_first=True), nn.Linear(32, 2)
            nn.init.normal_(self.embed.weight, std=100.0)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.rnn(self.embed(x))[0][:, -1])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 8)


@NETWORK.add("zero-init", "dead-units", "vanishing-gradient")
def every_norm_starts_at_zero() -> Loop:
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8),
        nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip
    for module in model:
        if isinstance(module, nn.BatchNorm2d):
            nn.init.zeros_(module.weight)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(*data.pictures(600)), nn.CrossEntropyLoss(), 6)


@NETWORK.add("exploding-gradient", "init-too-large", "non-finite")
def twelve_residual_sums_without_a_norm() -> Loop:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(32, 128), nn.Linear(128, 32)
            nn.init.kaiming_normal_(self.a.weight)
            nn.init.normal_(self.b.weight, std=0.5)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.b(F.gelu(self.a(x)))

    model = nn.Sequential(nn.Linear(64, 32), *(Block() for _ in range(12)), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 4)


@NETWORK.add("saturated-units", "init-too-large", "vanishing-gradient")
def slopes_that_are_far_too_steep() -> Loop:
    class Wave(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.fc = nn.Linear(inputs, outputs)
            nn.init.normal_(self.fc.weight, std=3.0)

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(30 * self.fc(x))

    x = 2 * torch.rand(800, 2) - 1
    y = torch.sin(math.pi * x[:, :1]) * x[:, 1:]
    model = nn.Sequential(Wave(2, 48), Wave(48, 48), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.MSELoss(), 8)


@NETWORK.add("missing-nonlinearity")
def activation_called_and_thrown_away() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Linear(64, 64), nn.Linear(64, 64), nn.Linear(64, 10)

        def forward(self, x: Tensor) -> Tensor:
            x = self.a(x)
            F.relu(x)
            x = self.b(x)
            F.relu(x)
            return self.c(x)

    return digits_by(Net())
