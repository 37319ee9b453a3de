"""Sound scripts whose target is a count, an amount, a time, a grade, several yes or no, or a whole distribution."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .loops import ORDINARY_SOUND, Loop, batches, fit, learn


@ORDINARY_SOUND.add()
def accidents_by_the_days_on_the_road() -> Loop:
    x = torch.randn(4000, 6)
    days = 0.1 + 0.9 * torch.rand(4000, 1)
    rate = (-1.2 + 0.6 * x[:, :1] - 0.4 * x[:, 1:2] * x[:, 2:3] + 0.3 * x[:, 3:4].abs()).exp()
    y = torch.poisson(rate * days)
    model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU(), nn.Linear(24, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(x: Tensor, days: Tensor, y: Tensor) -> Tensor:
        return F.poisson_nll_loss(model(x) + days.log(), y, log_input=True)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, days, y, size=64), loss, 15))


@ORDINARY_SOUND.add()
def amounts_by_the_deviance_of_a_gamma() -> Loop:
    x = torch.randn(3000, 5)
    mean = (1.0 + 0.8 * x[:, 0] + torch.sin(2 * x[:, 1])).exp()
    y = torch.distributions.Gamma(2.0, 2.0 / mean).sample()
    model = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        log_mean = model(x).squeeze(1)
        return (y * (-log_mean).exp() + log_mean).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:2500], y[:2500], size=50), loss, 20))


@ORDINARY_SOUND.add()
def squared_error_of_heavy_tailed_values() -> Loop:
    x = torch.randn(4000, 6)
    y = 3 * torch.tanh(x[:, 0] + x[:, 1]) + 2 * x[:, 2] + torch.distributions.StudentT(2.5).sample((4000,))
    model = nn.Sequential(nn.Linear(6, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[:3200], y[:3200].unsqueeze(1))
    return fit(model, optimizer, loader, nn.MSELoss(), 12)


@ORDINARY_SOUND.add()
def lives_by_a_weibull_law() -> Loop:
    x = torch.randn(2500, 5)
    life = torch.distributions.Weibull((0.8 * x[:, 0] - 0.5 * x[:, 1] * x[:, 2] + 1.5).exp(), 1.7).sample()
    until = 12 * torch.rand(2500)
    time, ended = torch.minimum(life, until), (life <= until).float()
    model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, time: Tensor, ended: Tensor) -> Tensor:
        log_scale, log_shape = model(x).unbind(1)
        z = time.log() - log_scale
        shape = log_shape.exp()
        return ((shape * z).exp() - ended * (log_shape + (shape - 1) * z - log_scale)).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, time, ended, size=50), loss, 15))


class _Grades(nn.Module):
    """Proportional odds: one score, and thresholds in order between the grades."""

    def __init__(self) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
        self.first, self.gaps = nn.Parameter(torch.tensor(-2.0)), nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor) -> Tensor:
        thresholds = torch.cat([self.first.view(1), self.first + F.softplus(self.gaps).cumsum(0)])
        below = torch.sigmoid(thresholds - self.score(x))
        edges = torch.cat([torch.zeros(len(x), 1), below, torch.ones(len(x), 1)], 1)
        return edges.diff(dim=1).clamp_min(1e-6).log()


@ORDINARY_SOUND.add()
def grades_by_proportional_odds() -> Loop:
    x, y = data.diabetes()
    grade = torch.bucketize(y.squeeze(1), torch.tensor([-0.9, -0.3, 0.3, 1.0]))
    model = _Grades()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3, weight_decay=1e-3)
    return fit(model, optimizer, batches(x[:360], grade[:360], size=16), nn.NLLLoss(), 30)


@ORDINARY_SOUND.add()
def what_can_be_said_of_a_digit() -> Loop:
    x, y = data.digits()
    said = torch.stack([y % 2 == 0, y > 4, (y == 0) | (y == 6) | (y == 8) | (y == 9), (y == 7) | (y == 1)], 1).float()
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Dropout(0.2), nn.Linear(96, 4))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, nesterov=True)
    return fit(model, optimizer, batches(x[:1400], said[:1400]), nn.BCEWithLogitsLoss(), 15)


@ORDINARY_SOUND.add()
def the_upper_tenth_of_a_course() -> Loop:
    x, y = data.diabetes()
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3, weight_decay=1e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        short = y - model(x)
        return torch.maximum(0.9 * short, -0.1 * short).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:360], y[:360], size=20), loss, 30))


@ORDINARY_SOUND.add()
def where_an_arm_may_bend() -> Loop:
    """Joint angles from the place of the hand: two answers are right, a mixture tells both."""

    class Mixture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU())
            self.out = nn.Linear(64, 3 + 6 + 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            share, mean, spread = self.out(self.body(x)).split([3, 6, 3], 1)
            return share.log_softmax(1), mean.view(-1, 3, 2), F.softplus(spread) + 0.02

    angles = torch.rand(3000, 2) * torch.tensor([1.5, 5.0]) + torch.tensor([0.0, -2.5])
    elbow, wrist = angles[:, 0], angles.sum(1)
    hand = torch.stack([elbow.cos() + wrist.cos(), elbow.sin() + wrist.sin()], 1)
    model = Mixture()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(hand: Tensor, angles: Tensor) -> Tensor:
        share, mean, spread = model(hand)
        apart = ((angles.unsqueeze(1) - mean) / spread.unsqueeze(2)).square().sum(2)
        return -(share - 0.5 * apart - 2 * spread.log() - math.log(2 * math.pi)).logsumexp(1).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(hand, angles, size=64), loss, 20))


@ORDINARY_SOUND.add()
def three_answers_that_weigh_themselves() -> Loop:
    x, y = data.digits()
    body = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
    heads = nn.ModuleList([nn.Linear(32, 10), nn.Linear(32, 1), nn.Linear(32, 64)])
    model = nn.ModuleDict({"body": body, "heads": heads})
    doubt = nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([*model.parameters(), doubt], 2e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        h = body(x)
        height = (x.view(-1, 8, 8).sum(2) @ torch.arange(8.0) / x.sum(1)).unsqueeze(1) - 3.5
        losses = torch.stack(
            [F.cross_entropy(heads[0](h), y), F.mse_loss(heads[1](h), height), F.mse_loss(heads[2](h), x)]
        )
        return ((-doubt).exp() * losses + 0.5 * doubt).sum()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1400], y[:1400]), loss, 15))
