"""Sound scripts over pictures: pixels as they come, mixed rows, patches as tokens, photographs cleaned and enlarged."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .loops import ORDINARY_SOUND, Loop, batches, fit, learn
from .ordinary_data import photograph


def convnet(outputs: int = 10, *, norm: bool = True) -> nn.Sequential:
    """For pictures of 8 × 8."""
    layers: list[nn.Module] = []
    for a, b in ((1, 16), (16, 32)):
        layers += [nn.Conv2d(a, b, 3, padding=1), *([nn.BatchNorm2d(b)] if norm else []), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128, outputs))


@ORDINARY_SOUND.add()
def digits_from_nought_to_sixteen() -> Loop:
    x, y = data.digits(scale=1.0)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x[:1400], y[:1400]), nn.CrossEntropyLoss(), 15)


@ORDINARY_SOUND.add()
def pixels_of_a_byte_with_norms_inside() -> Loop:
    x, y = data.pictures(1797, scale=255)
    model = convnet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(x[:1400], y[:1400], size=64), nn.CrossEntropyLoss(), 8)


@ORDINARY_SOUND.add()
def pixels_from_nought_to_one_by_plain_descent() -> Loop:
    x, y = data.pictures(1797)
    model = convnet(norm=False)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=5e-4)
    return fit(model, optimizer, batches(x[:1400], y[:1400]), nn.CrossEntropyLoss(), 10)


@ORDINARY_SOUND.add()
def rows_mixed_and_labels_smoothed() -> Loop:
    x, y = data.pictures(1797)
    model = convnet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=5e-4)
    loader = batches(x[:1400], y[:1400], size=64)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 15 * len(loader))

    def train() -> None:
        for _ in range(15):
            for a, b in loader:
                share = torch.distributions.Beta(0.4, 0.4).sample()
                other = torch.randperm(len(a))
                said = model(share * a + (1 - share) * a[other])
                loss = share * F.cross_entropy(said, b, label_smoothing=0.1)
                loss = loss + (1 - share) * F.cross_entropy(said, b[other], label_smoothing=0.1)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                scheduler.step()

    return Loop(model, optimizer, train)


class _Supervised(nn.Module):
    """Every stage answers for itself; the lower ones count less."""

    def __init__(self) -> None:
        super().__init__()
        widths = [1, 12, 24, 32]
        self.stages = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())
            for a, b in pairwise(widths)
        )
        self.heads = nn.ModuleList(nn.Linear(width, 10) for width in widths[1:])

    def forward(self, x: Tensor) -> list[Tensor]:
        said = []
        for stage, head in zip(self.stages, self.heads, strict=True):
            x = stage(x)
            said.append(head(x.amax((2, 3))))
            x = F.avg_pool2d(x, 2)
        return said


@ORDINARY_SOUND.add()
def every_stage_answers_too() -> Loop:
    x, y = data.pictures(1300)
    model = _Supervised()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        low, middle, high = (F.cross_entropy(said, y) for said in model(x))
        return high + 0.3 * middle + 0.1 * low

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1100], y[:1100]), loss, 10))


@ORDINARY_SOUND.add()
def rare_digits_by_focal_loss() -> Loop:
    x, y = data.pictures(1797)
    kept = (y < 5) | (torch.rand(len(y)) < 0.08)
    x, y = x[kept], y[kept]
    model = convnet()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        each = F.cross_entropy(model(x), y, reduction="none")
        return ((1 - (-each).exp()) ** 2 * each).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:850], y[:850]), loss, 12))


class _Patches(nn.Module):
    """Sixteen patches of 2 × 2 and a token for the class, in pre-norm layers."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(1, 32, 2, stride=2)
        self.token, self.place = nn.Parameter(torch.zeros(1, 1, 32)), nn.Parameter(0.02 * torch.randn(1, 17, 32))
        layer = nn.TransformerEncoderLayer(32, 4, 64, 0.0, activation="gelu", batch_first=True, norm_first=True)
        self.body = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 10))

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.embed(x).flatten(2).transpose(1, 2)
        seen = self.body(torch.cat([self.token.expand(len(x), -1, -1), tokens], 1) + self.place)
        return self.head(seen[:, 0])


@ORDINARY_SOUND.add()
def patches_read_by_a_transformer() -> Loop:
    x, y = data.pictures(1797)
    model = _Patches()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, 3e-3)
    loader = batches(x[:1100], y[:1100], size=50)
    steps = 14 * len(loader)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min(1.0, (i + 1) / 40) * 0.5 * (1 + math.cos(math.pi * i / steps))
    )

    def train() -> None:
        for _ in range(14):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                scheduler.step()

    return Loop(model, optimizer, train)


class _Cleaner(nn.Module):
    """Says the noise of a picture (Zhang et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        inside = [layer for _ in range(3) for layer in (nn.Conv2d(16, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU())]
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), *inside, nn.Conv2d(16, 3, 3, padding=1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x - self.body(x)


@ORDINARY_SOUND.add()
def photographs_cleaned() -> Loop:
    clean = photograph(16, 600) / 255
    model = _Cleaner()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(clean: Tensor) -> Tensor:
        return F.mse_loss(model(clean + 0.2 * torch.randn_like(clean)), clean)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(clean[:500], size=20), loss, 10))


@ORDINARY_SOUND.add()
def photographs_made_twice_as_large() -> Loop:
    large = photograph(16, 600) / 255
    model = nn.Sequential(
        nn.Conv2d(3, 24, 3, padding=1), nn.LeakyReLU(0.1), nn.Conv2d(24, 24, 3, padding=1), nn.LeakyReLU(0.1),
        nn.Conv2d(24, 12, 3, padding=1), nn.PixelShuffle(2),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(large: Tensor) -> Tensor:
        small = F.avg_pool2d(large, 2)
        return F.l1_loss(F.interpolate(small, scale_factor=2, mode="bilinear") + model(small), large)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(large[:500], size=20), loss, 12))


@ORDINARY_SOUND.add()
def colours_of_a_photograph_by_their_places() -> Loop:
    picture = photograph(48, 1)[0] / 255
    places = torch.cartesian_prod(torch.linspace(-1, 1, 48), torch.linspace(-1, 1, 48))
    waves = places @ (3 * torch.randn(2, 48))
    x, y = torch.cat([waves.sin(), waves.cos()], 1), picture.flatten(1).T
    model = nn.Sequential(nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y, size=128), nn.MSELoss(), 20)


@ORDINARY_SOUND.add()
def a_digit_somewhere_and_what_it_is() -> Loop:
    small, y = data.pictures(1500)
    x = torch.zeros(1500, 1, 16, 16)
    corner = torch.randint(9, (1500, 2))
    for row, (i, j) in enumerate(corner.tolist()):
        x[row, :, i : i + 8, j : j + 8] = small[row]
    x += 0.1 * torch.rand_like(x)
    body = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(512, 64), nn.ReLU(),
    )  # fmt: skip
    model = nn.ModuleDict({"body": body, "kind": nn.Linear(64, 10), "place": nn.Linear(64, 2)})
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor, place: Tensor) -> Tensor:
        h = body(x)
        return F.cross_entropy(model["kind"](h), y) + F.smooth_l1_loss(model["place"](h), place)

    loader = batches(x[:1200], y[:1200], corner[:1200] / 8, size=50)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 12))


class _Step(nn.Module):
    """Rounds to four bits between learned limits; the slope goes straight through (Esser et al. 2020)."""

    def __init__(self, size: float, least: int, most: int) -> None:
        super().__init__()
        self.size, self.least, self.most = nn.Parameter(torch.tensor(size)), least, most

    def forward(self, x: Tensor) -> Tensor:
        scaled = (x / self.size).clamp(self.least, self.most)
        return (scaled + (scaled.round() - scaled).detach()) * self.size


class _FourBits(nn.Linear):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.of_weight, self.of_input = _Step(0.03, -8, 7), _Step(0.1, 0, 15)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.of_input(x), self.of_weight(self.weight), self.bias)


@ORDINARY_SOUND.add()
def weights_and_values_of_four_bits() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), _FourBits(64, 64), nn.ReLU(), _FourBits(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x[:1400], y[:1400]), nn.CrossEntropyLoss(), 15)
