"""Sound scripts with targets and losses that are seldom seen: orders, times, angles, shares."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import data as made
from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import labels_of_several_kinds
from .loops import UNUSUAL_SOUND, Loop, batches, fit, learn


@UNUSUAL_SOUND.add()
def steps_between_ordered_grades() -> Loop:
    class Ordinal(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.first, self.gaps = (
                perceptron(8, 1, hidden=32),
                nn.Parameter(torch.tensor(-2.0)),
                nn.Parameter(torch.zeros(3)),
            )

        def forward(self, x: Tensor) -> Tensor:
            edges = torch.cat([self.first.view(1), self.first + F.softplus(self.gaps).cumsum(0)])
            return self.body(x) - edges

    x = torch.randn(1200, 8)
    worth = x @ torch.randn(8) + 0.3 * torch.randn(1200)
    grade = torch.bucketize(worth, torch.tensor([-3.0, -1.0, 1.0, 3.0]))
    above = (grade.unsqueeze(1) > torch.arange(4)).float()
    model = Ordinal()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(x, above), nn.BCEWithLogitsLoss(), 12)


@UNUSUAL_SOUND.add()
def nine_quantiles_at_once() -> Loop:
    shares = torch.arange(1, 10) / 10
    x = torch.randn(1500, 4)
    y = x[:, :1] + (0.3 + 0.5 * torch.sigmoid(x[:, 1:2])) * torch.randn(1500, 1)
    model = perceptron(4, 9, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        apart = y - model(x)
        return torch.maximum(shares * apart, (shares - 1) * apart).sum(1).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), loss, 15))


@UNUSUAL_SOUND.add()
def claims_that_are_mostly_none() -> Loop:
    x = torch.randn(2000, 6)
    rate = torch.exp(0.7 * (x @ torch.randn(6)) - 1.5).clamp(max=20)
    y = torch.poisson(rate).unsqueeze(1)
    model = perceptron(6, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(x, y, size=64), nn.PoissonNLLLoss(log_input=True), 15)


@UNUSUAL_SOUND.add()
def times_until_an_end_some_not_seen() -> Loop:
    x = torch.randn(1000, 6)
    end = torch.empty(1000).exponential_() * torch.exp(-(x @ torch.randn(6)))
    leave = 3 * torch.rand(1000)
    time, ended = torch.minimum(end, leave), (end <= leave).float()
    model = perceptron(6, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, time: Tensor, ended: Tensor) -> Tensor:
        order = time.argsort(descending=True)
        risk, ended = model(x[order]).squeeze(1), ended[order]
        return -((risk - risk.logcumsumexp(0)) * ended).sum() / ended.sum()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, time, ended, size=128), loss, 20))


@UNUSUAL_SOUND.add()
def heavy_tails_by_their_likelihood() -> Loop:
    x = torch.randn(1500, 5)
    y = torch.sin(2 * x[:, 0]) + x[:, 1] + 0.2 * torch.distributions.StudentT(1.5).sample((1500,))
    model = perceptron(5, 2, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        mean, spread = model(x).unbind(1)
        return -torch.distributions.StudentT(2.0, mean, F.softplus(spread) + 1e-3).log_prob(y).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), loss, 15))


@UNUSUAL_SOUND.add()
def outliers_under_a_robust_loss() -> Loop:
    x, y = made.values(1500)
    wrong = torch.rand(1500) < 0.05
    y = torch.where(wrong.unsqueeze(1), 30 * torch.randn(1500, 1), y)
    model = perceptron(8, 1, hidden=48)
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(x, y), nn.HuberLoss(delta=0.5), 15)


@UNUSUAL_SOUND.add()
def angles_as_two_numbers() -> Loop:
    turn = 2 * math.pi * torch.rand(1000)
    bar = torch.stack([torch.cos(turn + k * math.pi / 6) for k in range(12)], 1)
    x = F.relu(bar) + 0.1 * torch.randn(1000, 12)
    model = perceptron(12, 2, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    goal = torch.stack([turn.cos(), turn.sin()], 1)

    def loss(x: Tensor, goal: Tensor) -> Tensor:
        return 1 - F.cosine_similarity(model(x), goal).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, goal), loss, 12))


@UNUSUAL_SOUND.add()
def shares_of_a_whole() -> Loop:
    x = torch.randn(1000, 6)
    y = (1.5 * x @ torch.randn(6, 4)).softmax(1)
    model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 4), nn.Softmax(1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y), nn.MSELoss(), 15)


@UNUSUAL_SOUND.add()
def counts_of_words_by_their_logarithm() -> Loop:
    topic = torch.rand(3, 60) ** 4
    kind = torch.randint(3, (1200,))
    x = torch.log1p(torch.poisson(8 * topic[kind] + 0.05))
    model = perceptron(60, 3, hidden=32)
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, kind), nn.CrossEntropyLoss(), 10)


@UNUSUAL_SOUND.add()
def rises_with_every_input() -> Loop:
    class Rising(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.shift = nn.Parameter(torch.randn(4, 32) - 1), nn.Parameter(torch.randn(32))
            self.b, self.base = nn.Parameter(torch.randn(32, 1) - 2), nn.Parameter(torch.zeros(1))

        def forward(self, x: Tensor) -> Tensor:
            return torch.tanh(x @ self.a.exp() + self.shift) @ self.b.exp() + self.base

    x = torch.randn(1200, 4)
    y = torch.tanh(x[:, :1]) + F.softplus(2 * x[:, 1:2]) + 0.5 * x[:, 2:3] + 0.05 * torch.randn(1200, 1)
    model = Rising()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    return fit(model, optimizer, batches(x, (y - y.mean()) / y.std()), nn.MSELoss(), 15)


@UNUSUAL_SOUND.add()
def features_for_a_gaussian_process() -> Loop:
    class Kernel(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 4))
            self.noise = nn.Parameter(torch.tensor(-1.0))

        def forward(self, x: Tensor) -> torch.distributions.MultivariateNormal:
            z = self.body(x)
            cover = torch.exp(-0.5 * torch.cdist(z, z) ** 2) + F.softplus(self.noise) ** 2 * torch.eye(len(x))
            return torch.distributions.MultivariateNormal(torch.zeros(len(x)), cover + 1e-4 * torch.eye(len(x)))

    x = torch.randn(120, 3)
    y = torch.sin(3 * x[:, 0]) * x[:, 1]
    y = (y - y.mean()) / y.std()
    model = Kernel()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def train() -> None:
        for _ in range(150):
            optimizer.zero_grad()
            (-model(x).log_prob(y) / len(x)).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def three_heads_that_weigh_themselves() -> Loop:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 64), nn.GELU())
            self.kind, self.odd, self.ink = nn.Linear(64, 10), nn.Linear(64, 1), nn.Linear(64, 1)
            self.doubt = nn.Parameter(torch.zeros(3))

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            h = self.body(x)
            return self.kind(h), self.odd(h).squeeze(1), self.ink(h).squeeze(1)

    x, y = data.digits()
    ink = x.sum(1)
    model = Heads()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, kinds: Tensor, odds: Tensor, inks: Tensor) -> Tensor:
        kind, odd, amount = model(x)
        parts = torch.stack([F.cross_entropy(kind, kinds), F.binary_cross_entropy_with_logits(odd, odds),
                             F.smooth_l1_loss(amount, inks)])  # fmt: skip
        return (parts * torch.exp(-model.doubt) + model.doubt / 2).sum()

    loader = batches(x, y, (y % 2).float(), (ink - ink.mean()) / ink.std())
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 12))


@UNUSUAL_SOUND.add()
def labels_of_which_some_are_not_known() -> Loop:
    x, y = labels_of_several_kinds()
    known = torch.rand(y.shape) < 0.6
    model = perceptron(20, 5, hidden=48)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor, known: Tensor) -> Tensor:
        each = F.binary_cross_entropy_with_logits(model(x), y, reduction="none")
        return (each * known).sum() / known.sum()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, known.float()), loss, 15))


@UNUSUAL_SOUND.add()
def few_labels_and_guesses_for_the_rest() -> Loop:
    x, y = data.digits()
    known = 200
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for _ in range(400):
            some, others = torch.randint(known, (32,)), torch.randint(known, len(x), (96,))
            with torch.no_grad():
                sure, guess = model(x[others]).softmax(1).max(1)
            noisy = x[others] + 0.2 * torch.randn(96, 64)
            loss = F.cross_entropy(model(x[some]), y[some])
            loss = loss + (F.cross_entropy(model(noisy), guess, reduction="none") * (sure > 0.9)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)
