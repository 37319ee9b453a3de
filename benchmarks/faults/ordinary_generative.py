"""Sound scripts that make data: by codes, by noise, by a game, by maps with an inverse."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from . import posted_data as data
from .later_faulty import moons
from .loops import ORDINARY_SOUND, Loop, batches, learn


class _Variational(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(64, 96), nn.ReLU())
        self.mean, self.log_variance = nn.Linear(96, 8), nn.Linear(96, 8)
        self.decode = nn.Sequential(nn.Linear(8, 96), nn.ReLU(), nn.Linear(96, 64), nn.Sigmoid())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.encode(x)
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + (0.5 * log_variance).exp() * torch.randn_like(mean)
        return self.decode(z), mean, log_variance


@ORDINARY_SOUND.add()
def digits_by_the_bound_of_their_likelihood() -> Loop:
    x, _ = data.digits()
    model = _Variational()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(x: Tensor) -> Tensor:
        again, mean, log_variance = model(x)
        fit = F.binary_cross_entropy(again, x, reduction="sum")
        apart = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum()
        return (fit + apart) / len(x)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1400]), loss, 20))


@ORDINARY_SOUND.add()
def holes_filled_with_one_table_both_ways() -> Loop:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.back = nn.Linear(64, 48), nn.Parameter(torch.zeros(64))

        def forward(self, x: Tensor) -> Tensor:
            return F.linear(torch.relu(self.down(x)), self.down.weight.T, self.back)

    x, _ = data.digits()
    model = Tied()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor) -> Tensor:
        return F.mse_loss(model(x * (torch.rand_like(x) > 0.25)), x)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1400], size=50), loss, 20))


class _Denoiser(nn.Module):
    """Noise of a picture, told how much there is by sines of the time."""

    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 64), nn.SiLU())
        self.first, self.second, self.third = nn.Linear(64, 160), nn.Linear(224, 160), nn.Linear(224, 64)

    def forward(self, x: Tensor, step: Tensor) -> Tensor:
        angles = step.unsqueeze(1) * torch.exp(-math.log(1e3) * torch.arange(8) / 8)
        when = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        h = F.silu(self.first(x))
        h = F.silu(self.second(torch.cat([h, when], 1)))
        return self.third(torch.cat([h, when], 1))


@ORDINARY_SOUND.add()
def digits_out_of_noise() -> Loop:
    x, _ = data.digits()
    x = 2 * x - 1
    kept = torch.cumprod(1 - torch.linspace(1e-3, 0.15, 50), 0)
    model = _Denoiser()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.99))

    def train() -> None:
        for _ in range(20):
            for (a,) in batches(x[:1400], size=64):
                step = torch.randint(50, (len(a),))
                noise, share = torch.randn_like(a), kept[step].unsqueeze(1)
                seen = share.sqrt() * a + (1 - share).sqrt() * noise
                optimizer.zero_grad()
                F.mse_loss(model(seen, step), noise).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                average.update_parameters(model)

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def digits_by_two_players_and_least_squares() -> Loop:
    make = nn.Sequential(nn.Linear(12, 64), nn.LeakyReLU(0.2), nn.Linear(64, 96), nn.LeakyReLU(0.2),
                         nn.Linear(96, 64), nn.Sigmoid())  # fmt: skip
    judge = nn.Sequential(spectral_norm(nn.Linear(64, 96)), nn.LeakyReLU(0.2), spectral_norm(nn.Linear(96, 64)),
                          nn.LeakyReLU(0.2), spectral_norm(nn.Linear(64, 1)))  # fmt: skip
    of_make = torch.optim.Adam(make.parameters(), 1e-3, betas=(0.5, 0.999))
    of_judge = torch.optim.Adam(judge.parameters(), 1e-3, betas=(0.5, 0.999))
    x, _ = data.digits()

    def train() -> None:
        for _ in range(12):
            for (real,) in batches(x, size=50):
                of_judge.zero_grad()
                false = make(torch.randn(len(real), 12))
                ((judge(real) - 1).square().mean() + judge(false.detach()).square().mean()).backward()
                of_judge.step()
                of_make.zero_grad()
                (judge(false) - 1).square().mean().backward()
                of_make.step()

    return Loop(nn.ModuleList([make, judge]), [of_make, of_judge], train)


class _Coupling(nn.Module):
    """Scales and shifts half of the columns by what the other half says; columns are turned round after it."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.half = columns // 2
        self.net = nn.Sequential(
            nn.Linear(self.half, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2 * (columns - self.half))
        )
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = x[:, : self.half], x[:, self.half :]
        scale, shift = self.net(kept).chunk(2, 1)
        scale = 2 * torch.tanh(scale / 2)
        return torch.cat([moved * scale.exp() + shift, kept], 1), scale.sum(1)


@ORDINARY_SOUND.add()
def how_likely_a_tumour_is() -> Loop:
    class Flow(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = nn.ModuleList(_Coupling(10) for _ in range(6))

        def forward(self, x: Tensor) -> Tensor:
            logs = torch.zeros(len(x))
            for step in self.steps:
                x, log = step(x)
                logs = logs + log
            return torch.distributions.Normal(0.0, 1.0).log_prob(x).sum(1) + logs

    x = data.cancer()[0][:, :10]
    model = Flow()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, weight_decay=1e-4)

    def loss(x: Tensor) -> Tensor:
        return -model(x + 0.05 * torch.randn_like(x)).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:480], size=32), loss, 35))


@ORDINARY_SOUND.add()
def velocities_from_noise_to_moons() -> Loop:
    x, _ = moons()
    x = (x - x.mean(0)) / x.std(0)
    model = nn.Sequential(nn.Linear(3, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(x: Tensor) -> Tensor:
        noise, time = torch.randn_like(x), torch.rand(len(x), 1)
        between = time * x + (1 - time) * noise
        return F.mse_loss(model(torch.cat([between, time], 1)), x - noise)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=64), loss, 60))


@ORDINARY_SOUND.add()
def hidden_patches_guessed() -> Loop:
    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.place = nn.Linear(4, 32), nn.Parameter(0.02 * torch.randn(1, 16, 32))
            self.hidden = nn.Parameter(torch.zeros(32))
            layer = nn.TransformerEncoderLayer(32, 4, 64, 0.0, activation="gelu", batch_first=True, norm_first=True)
            self.body, self.out = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.Linear(32, 4)

        def forward(self, x: Tensor, hidden: Tensor) -> Tensor:
            tokens = torch.where(hidden.unsqueeze(2), self.hidden, self.embed(x))
            return self.out(self.body(tokens + self.place))

    x, _ = data.pictures(1400)
    patches = F.unfold(x, 2, stride=2).transpose(1, 2)
    patches = (patches - patches.mean()) / patches.std()
    model = Masked()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.05)

    def loss(x: Tensor) -> Tensor:
        hidden = torch.rand(x.shape[:2]) < 0.4
        return F.mse_loss(model(x, hidden)[hidden], x[hidden])

    return Loop(model, optimizer, lambda: learn(optimizer, batches(patches, size=50), loss, 12))
