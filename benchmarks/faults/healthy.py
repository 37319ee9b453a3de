"""Networks of many kinds that train well: nothing here may be called an error."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import data
from .programs import Collection, Program, adam, sgd

HEALTHY = Collection()


def mlp(*widths: int, activation: type[nn.Module] = nn.ReLU, norm: bool = False, dropout: float = 0.0) -> nn.Sequential:
    """Linear layers with an activation (and norm, and dropout) between them, a linear last layer."""
    layers: list[nn.Module] = []
    for i, (a, b) in enumerate(pairwise(widths)):
        layers.append(nn.Linear(a, b))
        if i < len(widths) - 2:
            layers += [nn.BatchNorm1d(b)] if norm else []
            layers += [activation()]
            layers += [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(*layers)


def _classifier(model: nn.Module, rate: float = 3e-3, **settings: object) -> Program:
    x, y = data.classes()
    return Program(
        model, x[:768], y[:768], F.cross_entropy, adam(model, rate), validation=(x[768:], y[768:]), **settings
    )  # type: ignore[arg-type]


@HEALTHY.add()
def relu_mlp() -> Program:
    return _classifier(mlp(16, 64, 64, 4))


@HEALTHY.add()
def gelu_mlp() -> Program:
    return _classifier(mlp(16, 64, 64, 4, activation=nn.GELU))


@HEALTHY.add()
def tanh_mlp() -> Program:
    return _classifier(mlp(16, 48, 4, activation=nn.Tanh))


@HEALTHY.add()
def sigmoid_mlp() -> Program:
    return _classifier(mlp(16, 48, 4, activation=nn.Sigmoid), 1e-2, epochs=15)


@HEALTHY.add()
def leaky_deep_mlp() -> Program:
    return _classifier(mlp(16, 48, 48, 48, 48, 48, 4, activation=nn.LeakyReLU), epochs=12)


@HEALTHY.add()
def norm_mlp() -> Program:
    return _classifier(mlp(16, 64, 64, 64, 4, norm=True))


@HEALTHY.add()
def dropout_mlp() -> Program:
    return _classifier(mlp(16, 96, 96, 4, dropout=0.3), epochs=15)


@HEALTHY.add()
def momentum_mlp() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 4)
    return Program(model, x, y, nn.CrossEntropyLoss(label_smoothing=0.1), sgd(model, 0.05, 0.9))


@HEALTHY.add()
def logistic_regression() -> Program:
    x = torch.randn(1024, 10)
    y = (x @ torch.randn(10) > 0).float().unsqueeze(1)
    model = nn.Sequential(nn.Linear(10, 1))
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model, 3e-2))


@HEALTHY.add()
def sigmoid_and_bce() -> Program:
    x, y = data.two_classes()
    model = nn.Sequential(*mlp(12, 64, 1), nn.Sigmoid())
    return Program(model, x, y, nn.BCELoss(), adam(model, 1e-2), epochs=12)


@HEALTHY.add()
def log_softmax_and_nll() -> Program:
    x, y = data.classes()
    model = nn.Sequential(*mlp(16, 64, 4), nn.LogSoftmax(1))
    return Program(model, x, y, nn.NLLLoss(), adam(model))


@HEALTHY.add()
def one_hot_cross_entropy() -> Program:
    x, y = data.classes()
    model = mlp(16, 64, 4)
    return Program(model, x, F.one_hot(y, 4).float(), nn.CrossEntropyLoss(), adam(model))


@HEALTHY.add()
def several_labels() -> Program:
    x = torch.randn(1024, 12)
    y = (x @ torch.randn(12, 5) > 0).float()
    model = mlp(12, 64, 5)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model))


@HEALTHY.add()
def regression_relu() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 64, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model), epochs=12, metrics=("mae",))


@HEALTHY.add()
def regression_huber_several() -> Program:
    x, y = data.values(outputs=3)
    model = mlp(8, 64, 64, 3, activation=nn.SiLU)
    return Program(model, x, y, nn.HuberLoss(), adam(model), epochs=12)


@HEALTHY.add()
def regression_by_hand() -> Program:
    x, y = data.values()
    model = mlp(8, 64, 1)
    return Program(model, x, y.squeeze(1), lambda out, t: ((out.squeeze(1) - t) ** 2).mean(), adam(model), epochs=12)


@HEALTHY.add()
def regression_to_unit_interval() -> Program:
    x, y = data.values()
    model = nn.Sequential(*mlp(8, 64, 1), nn.Sigmoid())
    return Program(model, x, torch.sigmoid(1.5 * y), nn.MSELoss(), adam(model, 1e-2), epochs=15)


@HEALTHY.add()
def autoencoder() -> Program:
    z = torch.randn(1024, 3)
    x = torch.tanh(z @ torch.randn(3, 16))
    model = nn.Sequential(*mlp(16, 32, 3), *mlp(3, 32, 16))
    return Program(model, x, x, nn.MSELoss(), adam(model), epochs=15)


@HEALTHY.add()
def imbalanced() -> Program:
    x = torch.randn(2048, 8)
    y = (x[:, :3].sum(1) > 2.6).float().unsqueeze(1)
    model = mlp(8, 32, 1)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model, 1e-2))


@HEALTHY.add()
def noisy_labels() -> Program:
    x, y = data.classes(2048)
    wrong = torch.rand(2048) < 0.3
    y = torch.where(wrong, torch.randint(4, (2048,)), y)
    model = mlp(16, 48, 4)
    return Program(model, x, y, F.cross_entropy, adam(model))


@HEALTHY.add()
def convolutional() -> Program:
    x, y = data.images()
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(144, 4),
    )  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model), batch=32, epochs=10)


@HEALTHY.add()
def convolutional_norm() -> Program:
    x, y = data.images()
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(12, 16, 3, padding=1, groups=4), nn.BatchNorm2d(16), nn.ReLU(inplace=True), nn.Flatten(),
        nn.Linear(576, 4),
    )  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model), batch=32, epochs=6)


class _Residual(nn.Module):
    def __init__(self, width: int = 32, depth: int = 6) -> None:
        super().__init__()
        self.first = nn.Linear(16, width)
        self.blocks = nn.ModuleList(nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width)) for _ in range(depth))
        self.last = nn.Linear(width, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.first(x))
        for block in self.blocks:
            x = x + F.relu(block(x))
        return self.last(x)


@HEALTHY.add()
def residual() -> Program:
    return _classifier(_Residual())


@HEALTHY.add()
def residual_zero_start() -> Program:
    model = _Residual()
    for block in model.blocks:
        nn.init.zeros_(block[1].weight)
    return _classifier(model)


class _Functional(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(16, 64), nn.Linear(64, 64), nn.Linear(64, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc3(F.dropout(torch.relu(self.fc2(F.relu(self.fc1(x)))), 0.1, self.training))


@HEALTHY.add()
def functional_activations() -> Program:
    return _classifier(_Functional())


class _Recurrent(nn.Module):
    def __init__(self, kind: type[nn.Module]) -> None:
        super().__init__()
        self.rnn = kind(4, 24, batch_first=True)
        self.head = nn.Linear(24, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


@HEALTHY.add()
def lstm() -> Program:
    x, y = data.sequences()
    model = _Recurrent(nn.LSTM)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-2), batch=32, epochs=10)


@HEALTHY.add()
def gru() -> Program:
    x, y = data.sequences()
    model = _Recurrent(nn.GRU)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-2), batch=32, epochs=10)


class _Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 24)
        self.block = nn.TransformerEncoderLayer(24, 4, 48, dropout=0.1, batch_first=True, activation="gelu")
        self.head = nn.Linear(24, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.block(self.embed(x)).mean(1))


@HEALTHY.add()
def attention() -> Program:
    x, y = data.tokens()
    model = _Transformer()
    return Program(model, x, y, F.cross_entropy, adam(model), batch=32, epochs=8)


@HEALTHY.add()
def embedding_bag() -> Program:
    x, y = data.tokens()
    model = nn.Sequential(nn.EmbeddingBag(20, 16), nn.Linear(16, 2))
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-2), batch=32, epochs=8)


@HEALTHY.add()
def fine_tuning() -> Program:
    """A body that has learned the task under another head stays as it is."""
    x, y = data.classes()
    body = mlp(16, 64, 64)
    former = nn.Sequential(body, nn.ReLU(), nn.Linear(64, 4))
    optimizer = torch.optim.Adam(former.parameters(), 1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        F.cross_entropy(former(x), y).backward()
        optimizer.step()
    body.requires_grad_(False)
    head = nn.Linear(64, 4)
    model = nn.Sequential(body, nn.ReLU(), head)
    return Program(model, x, y, F.cross_entropy, torch.optim.Adam(head.parameters(), 1e-2), epochs=12)


@HEALTHY.add()
def sparse_units() -> Program:
    x, y = data.classes(k=8)
    model = mlp(16, 256, 8)
    return Program(model, x, y, F.cross_entropy, torch.optim.AdamW(model.parameters(), 1e-2), epochs=20)
