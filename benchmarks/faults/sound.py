"""More networks that train well: on real small data, in the ways that tutorials and papers train them."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .healthy import mlp
from .programs import SOUND, Program, adam, sgd


def _digits(model: nn.Module, optimizer: torch.optim.Optimizer, **settings: Any) -> Program:
    x, y = data.digits()
    held_out = (x[1500:], y[1500:])
    loss = nn.CrossEntropyLoss()
    return Program(model, x[:1500], y[:1500], loss, optimizer, validation=held_out, **settings)


# On real data


@SOUND.add()
def digits_by_adam() -> Program:
    model = mlp(64, 128, 10)
    return _digits(model, adam(model, 1e-3), batch=32, epochs=15)


@SOUND.add()
def digits_standardised() -> Program:
    x, y = data.digits()
    x = (x - x.mean(0)) / x.std(0).clamp_min(1e-6)
    model = mlp(64, 64, 64, 10)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32, epochs=15)


@SOUND.add()
def digits_by_sgd_with_momentum() -> Program:
    model = mlp(64, 100, 50, 10)
    return _digits(model, sgd(model, 0.1, 0.9), batch=64, epochs=15)


@SOUND.add()
def digits_by_plain_sgd() -> Program:
    model = mlp(64, 64, 10)
    return _digits(model, sgd(model, 0.5), batch=32, epochs=25)


@SOUND.add()
def digits_by_rmsprop() -> Program:
    model = mlp(64, 64, 10)
    return _digits(model, torch.optim.RMSprop(model.parameters(), 1e-3), batch=32, epochs=15)


@SOUND.add()
def digits_by_adagrad() -> Program:
    model = mlp(64, 64, 10)
    return _digits(model, torch.optim.Adagrad(model.parameters(), 0.05), batch=32, epochs=15)


@SOUND.add()
def digits_by_adamw_with_decay() -> Program:
    model = mlp(64, 128, 64, 10, activation=nn.GELU, dropout=0.2)
    return _digits(model, torch.optim.AdamW(model.parameters(), 2e-3, weight_decay=0.05), batch=64, epochs=20)


@SOUND.add()
def digits_by_nadam() -> Program:
    model = mlp(64, 64, 10, activation=nn.ELU)
    return _digits(model, torch.optim.NAdam(model.parameters(), 2e-3), batch=32, epochs=12)


@SOUND.add()
def digits_logistic() -> Program:
    model = nn.Linear(64, 10)
    return _digits(model, adam(model, 1e-2), batch=64, epochs=20)


@SOUND.add()
def digits_tanh_sgd() -> Program:
    model = mlp(64, 100, 10, activation=nn.Tanh)
    return _digits(model, sgd(model, 0.1, 0.9), batch=32, epochs=15)


@SOUND.add()
def digits_convolutional() -> Program:
    x, y = data.pictures(1200)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10),
    )  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32, epochs=12)


@SOUND.add()
def digits_as_log_probabilities() -> Program:
    model = nn.Sequential(*mlp(64, 64, 10), nn.LogSoftmax(1))
    x, y = data.digits()
    return Program(model, x, y, nn.CrossEntropyLoss(), adam(model, 2e-3), batch=32, epochs=12)


@SOUND.add()
def wine_standardised() -> Program:
    x, y = data.wine()
    model = mlp(13, 32, 3)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-2), batch=16, epochs=30)


@SOUND.add()
def iris_raw() -> Program:
    x, y = data.iris(raw=True)
    model = mlp(4, 16, 16, 3)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-2), batch=16, epochs=60)


@SOUND.add()
def cancer_standardised() -> Program:
    x, y = data.cancer()
    model = mlp(30, 32, 16, 1)
    held_out = (x[450:], y[450:])
    return Program(model, x[:450], y[:450], nn.BCEWithLogitsLoss(), adam(model, 1e-3), batch=16, epochs=25,
                   validation=held_out)  # fmt: skip


@SOUND.add()
def diabetes_standardised() -> Program:
    x, y = data.diabetes()
    model = mlp(10, 32, 1)
    held_out = (x[350:], y[350:])
    return Program(model, x[:350], y[:350], nn.MSELoss(), adam(model, 1e-3), batch=32, epochs=40, validation=held_out)


# Data of other kinds


@SOUND.add()
def binary_bag_of_words() -> Program:
    words = torch.rand(200) ** 3 * 0.3 + 0.003
    x = (torch.rand(1500, 200) < words).float()
    y = (x @ torch.randn(200) > 0).float().unsqueeze(1)
    model = mlp(200, 32, 1)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model, 3e-3), batch=32, epochs=15)


@SOUND.add()
def numbers_and_categories() -> Program:
    number, code = torch.randn(1200, 4), torch.randint(6, (1200,))
    x = torch.cat([number, F.one_hot(code, 6).float()], 1)
    y = number[:, :1] * (code % 2).unsqueeze(1) + 0.5 * number[:, 1:2]
    model = mlp(10, 64, 32, 1)
    return Program(model, x, (y - y.mean()) / y.std(), nn.SmoothL1Loss(), adam(model, 3e-3), batch=32, epochs=15)


@SOUND.add()
def counts() -> Program:
    x = torch.randn(1500, 6)
    y = torch.poisson(torch.exp(1 + 0.5 * (x @ torch.randn(6, 1))).clamp(max=60))
    model = mlp(6, 32, 1)
    return Program(model, x, y, nn.PoissonNLLLoss(), adam(model, 3e-3), batch=32, epochs=15)


@SOUND.add()
def ratings() -> Program:
    x = torch.randn(1500, 8)
    y = (3 + x @ torch.randn(8, 1) * 0.5).round().clamp(1, 5)
    model = mlp(8, 32, 1)
    return Program(model, x, y, nn.MSELoss(), adam(model, 3e-3), batch=32, epochs=20, metrics=("mae",))


@SOUND.add()
def forecast_of_waves() -> Program:
    x, y = data.waves()

    class Forecast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.rnn(x)[0][:, -1])

    model = Forecast()
    return Program(model, x, y, nn.MSELoss(), adam(model, 5e-3), batch=32, epochs=12)


@SOUND.add()
def a_value_for_each_step() -> Program:
    x, _ = data.waves()
    y = x.cumsum(1) / 4

    class Running(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.head = nn.GRU(1, 24, batch_first=True), nn.Linear(24, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.rnn(x)[0])

    model = Running()
    return Program(model, x, y, nn.MSELoss(), adam(model, 5e-3), batch=32, epochs=12)


@SOUND.add()
def segmentation() -> Program:
    x = torch.randn(256, 1, 10, 10)
    y = (F.avg_pool2d(x, 3, 1, 1) > 0).long().squeeze(1)
    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
                          nn.Conv2d(16, 2, 1))  # fmt: skip
    return Program(model, x, y, nn.CrossEntropyLoss(), adam(model, 3e-3), batch=16, epochs=8)


@SOUND.add()
def mask_of_probabilities() -> Program:
    x = torch.randn(256, 1, 10, 10)
    y = (F.avg_pool2d(x, 3, 1, 1) > 0).float()
    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 1, 1), nn.Sigmoid())
    return Program(model, x, y, nn.BCELoss(), adam(model, 1e-2), batch=16, epochs=8)


@SOUND.add()
def picture_autoencoder() -> Program:
    x, _ = data.digits()
    model = nn.Sequential(*mlp(64, 32, 8), nn.ReLU(), *mlp(8, 32, 64), nn.Sigmoid())
    return Program(model, x, x, nn.MSELoss(), adam(model, 3e-3), batch=64, epochs=15)


class _Variational(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = mlp(64, 64, 8), mlp(4, 64, 64)

    def forward(self, x: Tensor) -> Tensor:
        mean, spread = self.encode(x).chunk(2, 1)
        self.divergence = 0.5 * (mean**2 + spread.exp() - spread - 1).sum(1).mean()
        return self.decode(mean + (0.5 * spread).exp() * torch.randn_like(mean))


@SOUND.add()
def variational_autoencoder() -> Program:
    x, _ = data.digits()
    model = _Variational()

    def loss(out: Tensor, t: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(out, t, reduction="none").sum(1).mean() + model.divergence

    return Program(model, x, x, loss, adam(model, 3e-3), batch=64, epochs=12)


@SOUND.add()
def quantile() -> Program:
    x, y = data.diabetes()
    model = mlp(10, 32, 1)
    return Program(model, x, y, lambda out, t: torch.maximum(0.8 * (t - out), 0.2 * (out - t)).mean(),
                   adam(model, 3e-3), batch=32, epochs=25)  # fmt: skip


@SOUND.add()
def focal() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 10)

    def loss(out: Tensor, t: Tensor) -> Tensor:
        log_p = F.log_softmax(out, 1).gather(1, t.unsqueeze(1))
        return -((1 - log_p.exp()) ** 2 * log_p).mean()

    return Program(model, x, y, loss, adam(model, 2e-3), batch=32, epochs=12)


@SOUND.add()
def classes_weighed() -> Program:
    x = torch.randn(1500, 8)
    y = (x[:, :3].sum(1) > 2.6).long()
    model = mlp(8, 32, 2)
    return Program(model, x, y, nn.CrossEntropyLoss(torch.tensor([0.1, 0.9])), adam(model, 3e-3), batch=32, epochs=12)


# Networks of other kinds


class _Attention(nn.Module):
    """Attention written out, with a softmax module inside, and a gate of sigmoids."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(8, 32), nn.Linear(8, 32), nn.Linear(8, 32)
        self.softmax, self.sigmoid, self.gate = nn.Softmax(-1), nn.Sigmoid(), nn.Linear(32, 32)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        share = self.softmax(self.q(x) @ self.k(x).transpose(1, 2) / 32**0.5)
        pooled = (share @ self.v(x)).mean(1)
        return self.head(F.gelu(pooled) * self.sigmoid(self.gate(pooled)))


@SOUND.add()
def attention_by_hand() -> Program:
    x, y = data.digits()
    model = _Attention()
    return Program(model, x.reshape(-1, 8, 8), y, F.cross_entropy, adam(model, 3e-3), batch=32, epochs=12)


class _Experts(nn.Module):
    """A softmax over experts weighs what they say."""

    def __init__(self) -> None:
        super().__init__()
        self.experts = nn.ModuleList(mlp(64, 32, 10) for _ in range(4))
        self.gate = nn.Sequential(nn.Linear(64, 4), nn.Softmax(1))

    def forward(self, x: Tensor) -> Tensor:
        said = torch.stack([expert(x) for expert in self.experts], 1)
        return (self.gate(x).unsqueeze(2) * said).sum(1)


@SOUND.add()
def mixture_of_experts() -> Program:
    x, y = data.digits()
    model = _Experts()
    return Program(model, x, y, F.cross_entropy, adam(model, 2e-3), batch=32, epochs=12)


class _Block(nn.Module):
    def __init__(self, width: int, inside: int) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(width, inside, 3, padding=1, bias=False), nn.Conv2d(inside, width, 3, padding=1)
        self.norm, self.last = nn.BatchNorm2d(inside), nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.last(self.b(F.relu(self.norm(self.a(x))))))


@SOUND.add()
def small_resnet() -> Program:
    x, y = data.pictures(800)
    model = nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), _Block(16, 16),
                          nn.MaxPool2d(2), _Block(16, 16), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                          nn.Linear(16, 10))  # fmt: skip
    return Program(model, x, y, F.cross_entropy, sgd(model, 0.05, 0.9), batch=32, epochs=8)


@SOUND.add()
def separable_convolutions() -> Program:
    x, y = data.pictures(800)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU6(), nn.Conv2d(16, 16, 3, padding=1, groups=16),
        nn.Conv2d(16, 32, 1), nn.BatchNorm2d(32), nn.ReLU6(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(128, 10),
    )  # fmt: skip
    return Program(model, x, y, F.cross_entropy, adam(model, 3e-3), batch=32, epochs=10)


@SOUND.add()
def adapter_of_low_rank() -> Program:
    model = nn.Sequential(nn.Linear(64, 4, bias=False), nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 10))
    return _digits(model, adam(model, 3e-3), batch=32, epochs=15)


@SOUND.add()
def selu_eight_deep() -> Program:
    model = mlp(64, *[48] * 8, 10, activation=nn.SELU)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
    return _digits(model, adam(model, 1e-3), batch=32, epochs=12)


@SOUND.add()
def tanh_seven_deep() -> Program:
    model = mlp(64, *[48] * 7, 10, activation=nn.Tanh)
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_normal_(layer.weight, 5 / 3)
    return _digits(model, adam(model, 1e-3), batch=32, epochs=12)


@SOUND.add()
def relu_ten_deep_with_norm() -> Program:
    model = mlp(64, *[48] * 10, 10, norm=True)
    return _digits(model, adam(model, 1e-3), batch=32, epochs=12)


@SOUND.add()
def narrow_at_the_end() -> Program:
    x, y = data.cancer()
    model = mlp(30, 12, 8, 1)
    return Program(model, x, y, nn.BCEWithLogitsLoss(), adam(model, 3e-3), batch=16, epochs=20)


# Loops of other kinds


@dataclass
class _Scheduled(Program):
    """A schedule by batches, and a clipped gradient."""

    schedule: Any = None

    def __post_init__(self) -> None:
        steps = self.epochs * -(-len(self.x) // self.batch)
        self.step_schedule = self.schedule(self.optimizer, steps)
        self.optimizer.register_step_pre_hook(
            lambda *_: nn.utils.clip_grad_norm_(self.model.parameters(), 1.0) and None
        )

    def _batches(self, generator: torch.Generator) -> Any:
        for batch in super()._batches(generator):
            yield batch
            self.step_schedule.step()


@SOUND.add()
def cosine_schedule() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 64, 10)
    return _Scheduled(model, x, y, F.cross_entropy, sgd(model, 0.3, 0.9), batch=32, epochs=15,
                      schedule=torch.optim.lr_scheduler.CosineAnnealingLR)  # fmt: skip


@SOUND.add()
def one_cycle() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 64, 10)
    return _Scheduled(
        model, x, y, F.cross_entropy, adam(model, 1e-3), batch=32, epochs=10,
        schedule=lambda o, steps: torch.optim.lr_scheduler.OneCycleLR(o, 1e-2, total_steps=steps + 1),
    )  # fmt: skip


@dataclass
class _Accumulating(Program):
    """Four batches make one step."""

    def run(self, seed: int = 0) -> list[float]:
        """Train; the losses of all batches."""
        generator, losses, count = torch.Generator().manual_seed(seed), [], 0
        self.model.train()
        for _ in range(self.epochs):
            for x, y in self._batches(generator):
                loss = self.loss(self.model(x), y) / 4
                loss.backward()
                losses.append(float(loss.detach()))
                count += 1
                if count % 4 == 0:
                    self.optimizer.step()
                    self.optimizer.zero_grad()
        return losses


@SOUND.add()
def accumulated_gradients() -> Program:
    x, y = data.digits()
    model = mlp(64, 64, 10)
    return _Accumulating(model, x, y, F.cross_entropy, adam(model, 3e-3), batch=16, epochs=20)


@SOUND.add()
def whole_small_data_for_long() -> Program:
    x, y = data.iris()
    model = mlp(4, 16, 3)
    return Program(model, x, y, F.cross_entropy, adam(model, 1e-2), batch=150, epochs=300)
