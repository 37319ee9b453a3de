"""A second set of whole scripts without a fault."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, SequenceNet, houses, rows_of_digits
from .later_faulty import moons
from .loops import LATER_SOUND, Loop, batches, fit


@LATER_SOUND.add()
def bytes_normalised_inside() -> Loop:
    x, y = data.pictures(900, scale=255.0)
    model = nn.Sequential(nn.BatchNorm2d(1), ConvNet())
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(x, y), nn.CrossEntropyLoss(), 12)


@LATER_SOUND.add()
def tags_with_padding() -> Loop:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(30, 16, padding_idx=0)
            self.rnn = nn.LSTM(16, 24, batch_first=True, bidirectional=True)
            self.out = nn.Linear(48, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.rnn(self.embed(x))[0])

    x = torch.randint(1, 30, (600, 10))
    x[torch.arange(10) >= torch.randint(4, 11, (600, 1))] = 0
    y = torch.where(x == 0, -100, (x + x.roll(1, 1)) % 4)
    model = Tagger()

    def criterion(out: Tensor, t: Tensor) -> Tensor:
        return F.cross_entropy(out.flatten(0, 1), t.flatten(), ignore_index=-100)

    return fit(model, torch.optim.Adam(model.parameters(), 1e-2), batches(x, y), criterion, 15)


@LATER_SOUND.add()
def numbers_beside_categories() -> Loop:
    class TwoInputs(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.shop, self.day = nn.Embedding(20, 6), nn.Embedding(7, 3)
            self.body = nn.Sequential(nn.Linear(14, 48), nn.ReLU(), nn.Linear(48, 1))

        def forward(self, numbers: Tensor, codes: Tensor) -> Tensor:
            return self.body(torch.cat([numbers, self.shop(codes[:, 0]), self.day(codes[:, 1])], 1))

    numbers, codes = torch.randn(1200, 5), torch.stack([torch.randint(20, (1200,)), torch.randint(7, (1200,))], 1)
    y = torch.randn(20)[codes[:, 0]] + torch.randn(7)[codes[:, 1]] * numbers[:, 0] + numbers[:, 1]
    model = TwoInputs()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loader = batches(numbers, codes, (y - y.mean()) / y.std())

    def train() -> None:
        for _ in range(15):
            for some, kinds, targets in loader:
                optimizer.zero_grad()
                F.mse_loss(model(some, kinds).squeeze(1), targets).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def three_quantiles() -> Loop:
    shares = torch.tensor([0.1, 0.5, 0.9])

    def criterion(out: Tensor, t: Tensor) -> Tensor:
        apart = t - out
        return torch.maximum(shares * apart, (shares - 1) * apart).mean()

    model = perceptron(10, 3, hidden=32)
    x, y = houses()
    loader = batches(x, (y - y.mean()) / y.std())
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), loader, criterion, 20)


@LATER_SOUND.add()
def steering_between_minus_one_and_one() -> Loop:
    x = torch.randn(1000, 6)
    y = torch.tanh(x @ torch.randn(6, 2))
    model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 2), nn.Tanh())
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(x, y), nn.MSELoss(), 15)


@LATER_SOUND.add()
def rate_lowered_on_a_plateau() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=3, factor=0.5)
    loader = batches(x[:450], y[:450])
    criterion = nn.BCEWithLogitsLoss()

    def train() -> None:
        for _ in range(15):
            model.train()
            for inputs, targets in loader:
                optimizer.zero_grad()
                criterion(model(inputs), targets).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                schedule.step(criterion(model(x[450:]), y[450:]))

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def brain_floats() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    loader = batches(*data.pictures(1000))

    def train() -> None:
        for _ in range(10):
            for images, labels in loader:
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = F.cross_entropy(model(images), labels)
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def moons_by_tanh() -> Loop:
    model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(*moons()), nn.BCEWithLogitsLoss(), 20)


@LATER_SOUND.add()
def mixture_of_densities() -> Loop:
    class Mixture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.out = nn.Sequential(nn.Linear(1, 32), nn.Tanh()), nn.Linear(32, 9)

        def forward(self, x: Tensor) -> torch.distributions.Distribution:
            weight, mean, spread = self.out(self.body(x)).chunk(3, 1)
            parts = torch.distributions.Normal(mean, F.softplus(spread) + 0.01)
            return torch.distributions.MixtureSameFamily(torch.distributions.Categorical(logits=weight), parts)

    y = torch.rand(1000) * 6 - 3
    x = y + 2 * torch.sin(2 * y) + 0.1 * torch.randn(1000)
    model = Mixture()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    loader = batches(x.unsqueeze(1) / 2, y / 2)

    def train() -> None:
        for _ in range(20):
            for inputs, targets in loader:
                optimizer.zero_grad()
                (-model(inputs).log_prob(targets).mean()).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def graph_of_neighbours() -> Loop:
    x, y = data.digits()
    x, y = x[:800], y[:800]
    near = torch.cdist(x, x).topk(6, largest=False).indices
    graph = torch.zeros(800, 800).scatter_(1, near, 1 / 6)

    class GraphNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(64, 32), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            return graph @ self.b(F.relu(graph @ self.a(x)))

    model = GraphNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=5e-4)
    known = torch.rand(800) < 0.5

    def train() -> None:
        for _ in range(200):
            optimizer.zero_grad()
            F.cross_entropy(model(x)[known], y[known]).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def parameters_averaged() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    mean = torch.optim.swa_utils.AveragedModel(model)
    loader = batches(*data.digits())

    def train() -> None:
        for epoch in range(10):
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            if epoch > 5:
                mean.update_parameters(model)

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def like_and_unlike_by_cosine() -> Loop:
    x, y = data.digits()
    a, b = torch.randint(len(x), (2, 2000))
    order = y.argsort()
    b = torch.where(torch.rand(2000) < 0.5, order[(order.argsort()[a] + 3) % len(x)], b)
    model, criterion = perceptron(64, 16), nn.CosineEmbeddingLoss(margin=0.2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[a], x[b], torch.where(y[a] == y[b], 1.0, -1.0))

    def train() -> None:
        for _ in range(10):
            for left, right, sign in loader:
                optimizer.zero_grad()
                criterion(model(left), model(right), sign).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


class _Step(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.a, self.b = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(F.gelu(self.a(self.norm(x))))


@LATER_SOUND.add()
def ten_residual_steps() -> Loop:
    model = nn.Sequential(nn.Linear(64, 32), *(_Step(32) for _ in range(10)), nn.LayerNorm(32), nn.Linear(32, 10))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@LATER_SOUND.add()
def learned_slopes_and_dropped_channels() -> Loop:
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.PReLU(), nn.Dropout2d(0.1), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
        nn.PReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*data.pictures(1000)), nn.CrossEntropyLoss(), 10)


@LATER_SOUND.add()
def frozen_first_and_free_later() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    early = torch.optim.Adam(model.parameters(), 3e-3)
    for _ in range(200):
        rows = torch.randint(len(x), (64,))
        early.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        early.step()
    model[-1] = nn.Linear(64, 10)
    for p in model[:-1].parameters():
        p.requires_grad = False
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    loader = batches(x, (y + 3) % 10)

    def train() -> None:
        for epoch in range(10):
            if epoch == 4:
                for p in model.parameters():
                    p.requires_grad = True
            for inputs, labels in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(inputs), labels).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def two_layers_of_memory_with_dropout() -> Loop:
    model = SequenceNet(nn.GRU, 8, 48, 10, num_layers=2, dropout=0.2)
    optimizer = torch.optim.RMSprop(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 10)


@LATER_SOUND.add()
def teacher_forcing() -> Loop:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(12, 24)
            self.encoder, self.decoder = nn.GRU(24, 64, batch_first=True), nn.GRU(24, 64, batch_first=True)
            self.out = nn.Linear(64, 12)

        def forward(self, x: Tensor, before: Tensor) -> Tensor:
            _, state = self.encoder(self.embed(x))
            return self.out(self.decoder(self.embed(before), state)[0])

    x = torch.randint(2, 12, (1500, 4))
    y = x.flip(1)
    before = torch.cat([torch.ones(1500, 1, dtype=torch.long), y[:, :-1]], 1)
    model = Pair()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loader = batches(x, before, y)

    def train() -> None:
        for _ in range(12):
            for source, shifted, target in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(source, shifted).transpose(1, 2), target).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER_SOUND.add()
def ridge_by_gradient_descent() -> Loop:
    x, y = data.diabetes()
    model = nn.Linear(10, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, weight_decay=1e-3)
    return fit(model, optimizer, batches(x, y), nn.MSELoss(), 25)
