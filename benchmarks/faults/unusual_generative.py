"""Sound scripts that learn to make data: adversaries, flows, diffusion, codes."""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .later_faulty import moons
from .loops import UNUSUAL_SOUND, Loop, batches, learn


def ring(n: int) -> Tensor:
    """Points (n, 2) on a circle, a little beside it."""
    angle = 2 * math.pi * torch.rand(n, 1)
    return torch.cat([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(n, 2)


class Adversaries(nn.Module):
    """A generator of points and its judge."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = perceptron(2, 2, hidden=32)
        self.judge = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2),
                                   nn.Linear(64, 1))  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        """Noise (n, 2) → what the judge says of the points made of it (n, 1)."""
        return self.judge(self.generator(z))


@UNUSUAL_SOUND.add()
def points_by_two_adversaries() -> Loop:
    model = Adversaries()
    making = torch.optim.Adam(model.generator.parameters(), 1e-3, betas=(0.5, 0.999))
    judging = torch.optim.Adam(model.judge.parameters(), 1e-3, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    yes, no = torch.ones(64, 1), torch.zeros(64, 1)

    def train() -> None:
        for _ in range(1500):
            made = model.generator(torch.randn(64, 2)).detach()
            judging.zero_grad()
            (criterion(model.judge(ring(64)), yes) + criterion(model.judge(made), no)).backward()
            judging.step()
            making.zero_grad()
            criterion(model(torch.randn(64, 2)), yes).backward()
            making.step()

    return Loop(model, [making, judging], train)


@UNUSUAL_SOUND.add()
def generator_watched_alone() -> Loop:
    pair = Adversaries()
    model, judge = pair.generator, pair.judge
    making = torch.optim.Adam(model.parameters(), 1e-3, betas=(0.5, 0.999))
    judging = torch.optim.Adam(judge.parameters(), 1e-3, betas=(0.5, 0.999))

    def train() -> None:
        for _ in range(1500):
            points, made = ring(64), model(torch.randn(64, 2))
            judging.zero_grad()
            (F.relu(1 - judge(points)).mean() + F.relu(1 + judge(made.detach())).mean()).backward()
            judging.step()
            making.zero_grad()
            (-judge(made).mean()).backward()
            making.step()

    return Loop(model, making, train)


@UNUSUAL_SOUND.add()
def critic_with_a_penalty_of_its_slope() -> Loop:
    model = Adversaries()
    making = torch.optim.Adam(model.generator.parameters(), 1e-3, betas=(0.5, 0.9))
    judging = torch.optim.Adam(model.judge.parameters(), 1e-3, betas=(0.5, 0.9))

    def train() -> None:
        for step in range(3000):
            points, made = ring(64), model.generator(torch.randn(64, 2))
            if step % 6 == 5:
                making.zero_grad()
                (-model.judge(made).mean()).backward()
                making.step()
                continue
            share = torch.rand(64, 1)
            between = (share * points + (1 - share) * made.detach()).requires_grad_()
            slope = torch.autograd.grad(model.judge(between).sum(), between, create_graph=True)[0]
            loss = model.judge(made.detach()).mean() - model.judge(points).mean()
            judging.zero_grad()
            (loss + ((slope.norm(dim=1) - 1) ** 2).mean()).backward()
            judging.step()

    return Loop(model, [making, judging], train)


class _Coupling(nn.Module):
    """Scales and shifts one coordinate by what the other says."""

    def __init__(self, first: int) -> None:
        super().__init__()
        self.first, self.net = first, nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = x[:, self.first : self.first + 1], x[:, 1 - self.first : 2 - self.first]
        scale, shift = self.net(kept).chunk(2, 1)
        scale = torch.tanh(scale)
        moved = moved * scale.exp() + shift
        parts = (kept, moved) if self.first == 0 else (moved, kept)
        return torch.cat(parts, 1), scale.squeeze(1)


class Flow(nn.Module):
    """Six couplings; the log-likelihood of points."""

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList(_Coupling(i % 2) for i in range(6))

    def forward(self, x: Tensor) -> Tensor:
        """(n, 2) → (n,)"""
        change = torch.zeros(len(x))
        for step in self.steps:
            x, scale = step(x)
            change = change + scale
        return change - 0.5 * (x**2).sum(1) - math.log(2 * math.pi)


@UNUSUAL_SOUND.add()
def flow_whose_loss_goes_below_zero() -> Loop:
    x = 0.3 * (moons(1200)[0] - torch.tensor([0.5, 0.25]))
    model = Flow()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=64), lambda some: -model(some).mean(), 20))


@UNUSUAL_SOUND.add()
def noise_taken_away_step_by_step() -> Loop:
    class Denoiser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.time = nn.Embedding(50, 32)
            self.into, self.mid, self.out = nn.Linear(2, 64), nn.Linear(96, 64), nn.Linear(64, 2)

        def forward(self, x: Tensor, t: Tensor) -> Tensor:
            h = F.silu(self.into(x))
            return self.out(F.silu(self.mid(torch.cat([h, self.time(t)], 1))))

    left = torch.cumprod(1 - torch.linspace(1e-3, 0.2, 50), 0)
    x, model = (moons(1000)[0] - torch.tensor([0.5, 0.25])) / 0.7, Denoiser()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    average = copy.deepcopy(model)

    def train() -> None:
        for _ in range(25):
            for (some,) in batches(x, size=64):
                t, noise = torch.randint(50, (len(some),)), torch.randn_like(some)
                kept = left[t].unsqueeze(1)
                optimizer.zero_grad()
                F.mse_loss(model(kept.sqrt() * some + (1 - kept).sqrt() * noise, t), noise).backward()
                optimizer.step()
                with torch.no_grad():
                    for mean, now in zip(average.parameters(), model.parameters(), strict=True):
                        mean.lerp_(now, 0.01)

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def codes_from_a_book() -> Loop:
    class Coded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
            self.decoder = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64))
            self.book = nn.Embedding(32, 4)
            nn.init.uniform_(self.book.weight, -0.5, 0.5)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            z = self.encoder(x).view(-1, 4)
            code = self.book(torch.cdist(z, self.book.weight).argmin(1))
            apart = F.mse_loss(code, z.detach()) + 0.25 * F.mse_loss(z, code.detach())
            return self.decoder((z + (code - z).detach()).view(-1, 16)), apart

    x, _ = data.digits()
    model = Coded()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor) -> Tensor:
        again, apart = model(x)
        return F.mse_loss(again, x) + apart

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=64), loss, 15))


@UNUSUAL_SOUND.add()
def divergence_warmed_up() -> Loop:
    class Variational(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.mean, self.spread = nn.Linear(64, 64), nn.Linear(64, 6), nn.Linear(64, 6)
            self.decoder = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.Sigmoid())

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            h = F.relu(self.body(x))
            mean, spread = self.mean(h), self.spread(h)
            return self.decoder(mean + torch.randn_like(mean) * (spread / 2).exp()), mean, spread

    x, _ = data.digits()
    model = Variational()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for epoch in range(15):
            for (some,) in batches(x, size=64):
                again, mean, spread = model(some)
                divergence = -0.5 * (1 + spread - mean**2 - spread.exp()).sum()
                loss = F.binary_cross_entropy(again, some, reduction="sum") + min(1.0, epoch / 8) * divergence
                optimizer.zero_grad()
                (loss / len(some)).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def pictures_from_minus_one_to_one() -> Loop:
    x, y = data.pictures(1000)
    model = nn.Sequential(
        nn.Linear(10, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Unflatten(1, (16, 2, 2)),
        nn.ConvTranspose2d(16, 16, 4, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
        nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1), nn.Tanh(),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3, betas=(0.5, 0.999))
    loader = batches(F.one_hot(y, 10).float(), 2 * x - 1)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda k, image: F.l1_loss(model(k), image), 15))


@UNUSUAL_SOUND.add()
def masked_autoregression_of_bits() -> Loop:
    class Masked(nn.Linear):
        def __init__(self, inputs: int, outputs: int, mask: Tensor) -> None:
            super().__init__(inputs, outputs)
            self.register_buffer("mask", mask)

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(x, self.weight * self.mask, self.bias)

    x = (data.digits()[0] > 0.5).float()
    order, hidden = torch.arange(64), torch.arange(128) % 63
    first, last = hidden.unsqueeze(1) >= order, order.unsqueeze(1) > hidden
    model = nn.Sequential(Masked(64, 128, first.float()), nn.ReLU(), Masked(128, 64, last.float()))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(x: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(model(x), x, reduction="none").sum(1).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x), loss, 12))
