"""Sound scripts that begin with what is known: fine-tuning, adapters, students, continued and averaged runs."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .loops import ORDINARY_SOUND, Loop, batches, fit, learn
from .ordinary_pictures import convnet


def _taught(model: nn.Module, x: Tensor, y: Tensor, epochs: int = 10) -> nn.Module:
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    learn(optimizer, batches(x, y), lambda a, b: F.cross_entropy(model(a), b), epochs)
    return model


@ORDINARY_SOUND.add()
def a_new_head_first_and_then_the_body() -> Loop:
    x, y = data.pictures(1500)
    old = y < 6
    model = _taught(convnet(6), x[old], y[old])
    model[-1] = nn.Linear(128, 4)
    x, y = x[~old], y[~old] - 6
    body, head = list(model[:-1].parameters()), list(model[-1].parameters())
    optimizer = torch.optim.AdamW(head, 5e-3)

    def train() -> None:
        for p in body:
            p.requires_grad_(False)
        for epoch in range(14):
            if epoch == 4:
                for p in body:
                    p.requires_grad_(True)
                optimizer.add_param_group({"params": body, "lr": 5e-4})
            model.train()
            for a, b in batches(x[:450], y[:450], size=16):
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                F.cross_entropy(model(x[450:]), y[450:])

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def lower_layers_learn_more_slowly() -> Loop:
    x, y = data.pictures(1797)
    model = _taught(convnet(), x[:700], y[:700], 6)
    turned, groups, rate = x.flip(3), [], 3e-3
    for layer in reversed([layer for layer in model if list(layer.parameters())]):
        groups.append({"params": list(layer.parameters()), "lr": rate})
        rate *= 0.5
    optimizer = torch.optim.AdamW(groups)
    return fit(model, optimizer, batches(turned[700:1500], y[700:1500]), nn.CrossEntropyLoss(), 8)


class _LowRank(nn.Module):
    """A frozen layer and a correction of rank four that starts at nothing (Hu et al. 2022)."""

    def __init__(self, base: nn.Linear, rank: int = 4, alpha: float = 8.0) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scale * (x @ self.a.T @ self.b.T)


@ORDINARY_SOUND.add()
def low_ranks_for_digits_upside_down() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU(), nn.Linear(96, 10))
    _taught(model, x[:900], y[:900])
    for place in (0, 2, 4):
        model[place] = _LowRank(model[place])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 5e-3)
    return fit(model, optimizer, batches(x[900:1600].flip(1), y[900:1600]), nn.CrossEntropyLoss(), 15)


class _Bottleneck(nn.Module):
    """Down, up, and a way around that is all there is at first (Houlsby et al. 2019)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.down, self.up = nn.LayerNorm(width), nn.Linear(width, 8), nn.Linear(8, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.up(F.gelu(self.down(self.norm(x))))


@ORDINARY_SOUND.add()
def adapters_behind_every_frozen_layer() -> Loop:
    x, y = data.digits()
    layers = [nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU()]
    body = _taught(nn.Sequential(*layers, nn.Linear(64, 10)), x[:900], y[:900])[:-1]
    body.requires_grad_(False)
    parts: list[nn.Module] = []
    for place in range(0, 6, 2):
        parts += [body[place], body[place + 1], _Bottleneck(64)]
    model = nn.Sequential(*parts, nn.Linear(64, 1))
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 2e-3)
    odd = (y % 2).float().unsqueeze(1)
    return fit(model, optimizer, batches(x[900:1600], odd[900:1600]), nn.BCEWithLogitsLoss(), 20)


@ORDINARY_SOUND.add()
def hints_and_soft_answers_of_a_teacher() -> Loop:
    x, y = data.digits()
    teacher = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    _taught(teacher, x[:1400], y[:1400], 15).eval().requires_grad_(False)
    body, head = nn.Sequential(nn.Linear(64, 24), nn.ReLU()), nn.Linear(24, 10)
    model = nn.ModuleDict({"body": body, "head": head, "regressor": nn.Linear(24, 64)})
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            hint = teacher[:4](x)
            soft = teacher[4](hint)
        h = body(x)
        said = head(h)
        taught = F.kl_div(
            F.log_softmax(said / 3, 1), F.log_softmax(soft / 3, 1), log_target=True, reduction="batchmean"
        )
        return 0.3 * F.cross_entropy(said, y) + 0.7 * 9 * taught + 0.1 * F.mse_loss(model["regressor"](h), hint)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1400], y[:1400]), loss, 20))


@ORDINARY_SOUND.add()
def continued_from_a_file() -> Loop:
    x, y = data.pictures(1797)
    before = convnet()
    of_before = torch.optim.SGD(before.parameters(), 0.05, momentum=0.9)
    loader = batches(x[:1400], y[:1400], size=50)
    learn(of_before, loader, lambda a, b: F.cross_entropy(before(a), b), 5)
    kept = copy.deepcopy({"model": before.state_dict(), "optimizer": of_before.state_dict()})
    model = convnet()
    model.load_state_dict(kept["model"])
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    optimizer.load_state_dict(kept["optimizer"])
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)

    def train() -> None:
        for _ in range(6):
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            scheduler.step()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def eighty_steps_of_a_learned_network() -> Loop:
    x, y = data.pictures(1797)
    model = _taught(convnet(), x[:900], y[:900], 8)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    noisy = x + 0.3 * torch.randn_like(x)

    def train() -> None:
        rows = iter(batches(noisy[900:1500], y[900:1500], size=32))
        for _ in range(80):
            try:
                a, b = next(rows)
            except StopIteration:
                rows = iter(batches(noisy[900:1500], y[900:1500], size=32))
                a, b = next(rows)
            optimizer.zero_grad()
            F.cross_entropy(model(a), b).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def four_small_batches_make_a_step() -> Loop:
    x, y = data.pictures(1797)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    loader = batches(x[:1400], y[:1400], size=8)

    def train() -> None:
        for _ in range(8):
            optimizer.zero_grad()
            for i, (a, b) in enumerate(loader, 1):
                (F.cross_entropy(model(a), b) / 4).backward()
                if i % 4 == 0 or i == len(loader):
                    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
                    optimizer.zero_grad()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def weights_averaged_after_the_middle() -> Loop:
    x, y = data.pictures(1797)
    model = convnet()
    average = torch.optim.swa_utils.AveragedModel(model)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 6)
    late = torch.optim.swa_utils.SWALR(optimizer, swa_lr=0.03, anneal_epochs=2)
    loader = batches(x[:1400], y[:1400], size=50)

    def train() -> None:
        for epoch in range(12):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            if epoch >= 6:
                average.update_parameters(model)
                late.step()
            else:
                scheduler.step()
        torch.optim.swa_utils.update_bn(loader, average)
        average.eval()
        with torch.no_grad():
            F.cross_entropy(average(x[1400:]), y[1400:])

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def little_noise_first_and_more_of_it_later() -> Loop:
    x, y = data.pictures(1797)
    model = convnet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for epoch in range(12):
            for a, b in batches(x[:1400], y[:1400]):
                optimizer.zero_grad()
                F.cross_entropy(model(a + 0.04 * epoch * torch.randn_like(a)), b).backward()
                optimizer.step()

    return Loop(model, optimizer, train)
