"""Sound scripts that make data or measure how likely it is."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .later_faulty import moons
from .loops import EVERYDAY_SOUND, Loop, batches, learn


@EVERYDAY_SOUND.add()
def adversaries_in_one_dictionary() -> Loop:
    model = nn.ModuleDict({"make": perceptron(2, 2, hidden=32), "judge": perceptron(2, 1, hidden=32)})
    make = torch.optim.Adam(model["make"].parameters(), 1e-3, betas=(0.5, 0.999))
    judge = torch.optim.Adam(model["judge"].parameters(), 2e-3, betas=(0.5, 0.999))

    def train() -> None:
        ones, zeros = torch.ones(64, 1), torch.zeros(64, 1)
        for _ in range(900):
            real = torch.randn(64, 2) * torch.tensor([0.4, 0.2]) + torch.tensor([2.0, -1.0])
            judge.zero_grad()
            false = model["make"](torch.randn(64, 2))
            told = F.binary_cross_entropy_with_logits
            (told(model["judge"](real), ones) + told(model["judge"](false.detach()), zeros)).backward()
            judge.step()
            make.zero_grad()
            told(model["judge"](false), ones).backward()
            make.step()

    return Loop(model, [make, judge], train)


class _Coupling(nn.Module):
    def __init__(self, first: bool) -> None:
        super().__init__()
        self.first, self.net = first, nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        a, b = (x[:, :1], x[:, 1:]) if self.first else (x[:, 1:], x[:, :1])
        scale, shift = self.net(a).chunk(2, 1)
        scale = torch.tanh(scale)
        b = b * scale.exp() + shift
        return torch.cat([a, b] if self.first else [b, a], 1), scale.sum(1)


@EVERYDAY_SOUND.add()
def couplings_over_two_moons() -> Loop:
    class Flow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = nn.ModuleList(_Coupling(i % 2 == 0) for i in range(6))

        def forward(self, x: Tensor) -> Tensor:
            total = torch.zeros(len(x))
            for step in self.steps:
                x, scale = step(x)
                total = total + scale
            return -0.5 * x.square().sum(1) - math.log(2 * math.pi) + total

    x, _ = moons()
    x = (x - x.mean(0)) / x.std(0)
    model = Flow()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=50), lambda a: -model(a).mean(), 30))


@EVERYDAY_SOUND.add()
def several_answers_by_a_mixture() -> Loop:
    class Mixture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(1, 32), nn.Tanh())
            self.share, self.mean, self.spread = nn.Linear(32, 4), nn.Linear(32, 4), nn.Linear(32, 4)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            h = self.body(x)
            return self.share(h).log_softmax(1), self.mean(h), self.spread(h).clamp(-5, 3)

    y = 2 * torch.rand(1500, 1) - 1
    x = y + 0.3 * torch.sin(6 * y) + 0.05 * torch.randn(1500, 1)
    model = Mixture()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        share, mean, spread = model(x)
        inside = -0.5 * ((y - mean) / spread.exp()) ** 2 - spread - 0.5 * math.log(2 * math.pi)
        return -(share + inside).logsumexp(1).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, size=64), loss, 25))


@EVERYDAY_SOUND.add()
def energies_of_data_and_of_noise() -> Loop:
    model = nn.Sequential(nn.Linear(2, 48), nn.SiLU(), nn.Linear(48, 48), nn.SiLU(), nn.Linear(48, 1))
    constant = nn.Parameter(torch.zeros(1))
    model.register_parameter("constant", constant)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    x, _ = moons()
    noise = torch.distributions.MultivariateNormal(x.mean(0), 2 * torch.cov(x.T))

    def loss(real: Tensor) -> Tensor:
        false = noise.sample((len(real),))
        of_real = constant - model(real).squeeze(1) - noise.log_prob(real)
        of_false = constant - model(false).squeeze(1) - noise.log_prob(false)
        return F.softplus(-of_real).mean() + F.softplus(of_false).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x), loss, 40))


@EVERYDAY_SOUND.add()
def energies_learned_by_langevin_steps() -> Loop:
    model = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x = torch.randn(600, 2) * 0.3 + torch.tensor([[1.0, 1.0], [-1.0, -1.0]])[torch.randint(2, (600,))]

    def loss(real: Tensor) -> Tensor:
        false = 2 * torch.randn_like(real)
        for _ in range(15):
            false.requires_grad_()
            slope = torch.autograd.grad(model(false).sum(), false)[0]
            false = (false - 0.1 * slope + 0.1 * torch.randn_like(false)).detach()
        up, down = model(real), model(false)
        return up.mean() - down.mean() + 0.1 * (up.square().mean() + down.square().mean())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=60), loss, 30))


class _Quantised(nn.Module):
    """Codes of a book that begins with codes of the first rows and follows by averages of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.encode, self.decode = perceptron(64, 16), perceptron(16, 64)
        self.register_buffer("book", torch.randn(16, 4))
        self.register_buffer("started", torch.tensor(False))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        z = self.encode(x).view(-1, 4)
        if not self.started:
            self.book.copy_(z.detach()[torch.randperm(len(z))[:16]])
            self.started.fill_(True)
        code = torch.cdist(z, self.book).argmin(1)
        chosen = self.book[code]
        if self.training:
            with torch.no_grad():
                hot = F.one_hot(code, 16).float()
                mean = (hot.T @ z) / hot.sum(0).clamp_min(1).unsqueeze(1)
                moved = hot.sum(0) > 0
                self.book[moved] = self.book[moved].lerp(mean[moved], 0.05)
        through = z + (chosen - z).detach()
        return self.decode(through.view(-1, 16)), F.mse_loss(z, chosen.detach())


@EVERYDAY_SOUND.add()
def codes_of_a_book_that_follows_by_averages() -> Loop:
    x, _ = data.digits()
    model = _Quantised()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor) -> Tensor:
        out, apart = model(x)
        return F.mse_loss(out, x) + 0.25 * apart

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=64), loss, 20))


@EVERYDAY_SOUND.add()
def particles_that_push_each_other_away() -> Loop:
    x = torch.randn(200, 3)
    y = (torch.rand(200) < torch.sigmoid(x @ torch.tensor([2.0, -1.0, 0.5]))).float()

    class Particles(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = nn.Parameter(torch.randn(20, 3))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.weights.T

    model = Particles()
    optimizer = torch.optim.Adagrad(model.parameters(), 0.2)

    def train() -> None:
        for _ in range(300):
            optimizer.zero_grad()
            likely = -F.binary_cross_entropy_with_logits(model(x), y.unsqueeze(1).expand(-1, 20), reduction="none")
            (slope,) = torch.autograd.grad(likely.sum() - 0.5 * model.weights.square().sum(), model.weights)
            with torch.no_grad():
                place = model.weights
                apart = torch.cdist(place, place).square()
                width = apart.median() / math.log(21)
                kernel = torch.exp(-apart / width)
                push = 2 / width * (kernel.sum(1, keepdim=True) * place - kernel @ place)
                model.weights.grad = -(kernel @ slope + push) / 20
            optimizer.step()

    return Loop(model, optimizer, train)
