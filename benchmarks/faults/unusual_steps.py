"""Sound scripts with steps of their own: optimisers, schedules, batches and orders that are seldom seen."""

import copy
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, houses
from .loops import UNUSUAL_SOUND, Loop, batches, fit, learn


@UNUSUAL_SOUND.add()
def sharp_valleys_avoided() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    loader = batches(*data.digits())

    def train() -> None:
        for _ in range(10):
            for x, y in loader:
                F.cross_entropy(model(x), y).backward()
                grads = [p.grad for p in model.parameters() if p.grad is not None]
                size = torch.stack([g.norm() for g in grads]).norm()
                moves = [0.05 * g / (size + 1e-12) for g in grads]
                with torch.no_grad():
                    for p, move in zip(model.parameters(), moves, strict=True):
                        p.add_(move)
                model.zero_grad()
                F.cross_entropy(model(x), y).backward()
                with torch.no_grad():
                    for p, move in zip(model.parameters(), moves, strict=True):
                        p.sub_(move)
                optimizer.step()
                optimizer.zero_grad()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def slow_weights_look_ahead() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = batches(*data.pictures(1000))
    slow = [p.detach().clone() for p in model.parameters()]

    def train() -> None:
        step = 0
        for _ in range(12):
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
                step += 1
                if step % 6 == 0:
                    with torch.no_grad():
                        for kept, p in zip(slow, model.parameters(), strict=True):
                            kept.lerp_(p, 0.5)
                            p.copy_(kept)

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def signs_of_the_whole_gradient() -> Loop:
    x, y = data.wine()
    model = nn.Sequential(nn.Linear(13, 24), nn.Tanh(), nn.Linear(24, 3))
    optimizer = torch.optim.Rprop(model.parameters(), 0.01)

    def train() -> None:
        for _ in range(60):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y, label_smoothing=0.05).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def factored_second_moments() -> Loop:
    model = perceptron(64, 10, hidden=96)
    optimizer = torch.optim.Adafactor(model.parameters(), 0.02)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 12)


@UNUSUAL_SOUND.add()
def rates_of_its_own_by_adadelta() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.Adadelta(model.parameters(), 1.0)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 10)


@UNUSUAL_SOUND.add()
def restarts_of_the_rate() -> Loop:
    x, y = houses()
    model = perceptron(10, 1, hidden=48)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=5, T_mult=2)
    loader = batches(x, (y - y.mean()) / y.std())

    def train() -> None:
        for _ in range(35):
            for inputs, targets in loader:
                optimizer.zero_grad()
                F.mse_loss(model(inputs), targets).backward()
                optimizer.step()
            schedule.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def rates_that_fall_towards_the_input() -> Loop:
    x, y = data.digits()
    body = [nn.Sequential(nn.Linear(a, b), nn.GELU()) for a, b in pairwise((64, 64, 48, 32))]
    first = nn.Sequential(*body, nn.Linear(32, 10))
    early = torch.optim.Adam(first.parameters(), 3e-3)
    for _ in range(300):
        rows = torch.randint(len(x), (64,))
        early.zero_grad()
        F.cross_entropy(first(x[rows]), y[rows]).backward()
        early.step()
    model = nn.Sequential(*body, nn.Linear(32, 5))
    groups = [{"params": part.parameters(), "lr": 3e-3 * 0.3 ** (3 - i)} for i, part in enumerate(model)]
    for part in body:
        part.requires_grad_(False)
    optimizer = torch.optim.AdamW(groups)
    loader = batches(x, y % 5)

    def train() -> None:
        for epoch in range(10):
            if epoch % 2 == 1 and epoch < 6:
                body[2 - epoch // 2].requires_grad_(True)
            learn(optimizer, loader, lambda a, b: F.cross_entropy(model(a), b), 1)

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def one_row_at_a_time() -> Loop:
    x, y = data.wine()
    model = nn.Sequential(nn.Linear(13, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    return fit(model, optimizer, batches(x, y, size=1), nn.CrossEntropyLoss(), 8)


@UNUSUAL_SOUND.add()
def a_thousand_rows_at_a_time() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.5, momentum=0.9, nesterov=True)
    return fit(model, optimizer, batches(x, y, size=1024), nn.CrossEntropyLoss(), 40)


@UNUSUAL_SOUND.add()
def sums_accumulated_with_a_small_rate() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1 / 64, momentum=0.9)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    loader = batches(x, y, size=16)

    def train() -> None:
        for _ in range(12):
            optimizer.zero_grad()
            for i, (inputs, labels) in enumerate(loader, 1):
                criterion(model(inputs), labels).backward()
                if i % 4 == 0 or i == len(loader):
                    optimizer.step()
                    optimizer.zero_grad()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def easy_rows_first() -> Loop:
    x, y = data.digits()
    centres = torch.stack([x[y == k].mean(0) for k in range(10)])
    order = (x - centres[y]).norm(dim=1).argsort()
    x, y = x[order], y[order]
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for epoch in range(12):
            known = int(len(x) * min(1.0, 0.3 + 0.1 * epoch))
            learn(optimizer, batches(x[:known], y[:known]), lambda a, b: F.cross_entropy(model(a), b), 1)

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def stream_sorted_by_time() -> Loop:
    t = torch.arange(4000) / 4000
    x = torch.randn(4000, 6)
    slow = torch.stack([torch.sin(3 * t + k) for k in range(6)], 1)
    y = (x * slow).sum(1, keepdim=True) + 0.1 * torch.randn(4000, 1)
    model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(x, y, size=8, shuffle=False), nn.MSELoss(), 1)


@UNUSUAL_SOUND.add()
def stopped_early_and_set_back() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader, criterion = batches(x[:400], y[:400]), nn.BCEWithLogitsLoss()

    def train() -> None:
        best, waited, kept = float("inf"), 0, copy.deepcopy(model.state_dict())
        for _ in range(60):
            model.train()
            learn(optimizer, loader, lambda a, b: criterion(model(a), b), 1)
            model.eval()
            with torch.no_grad():
                now = criterion(model(x[400:]), y[400:]).item()
            if now < best:
                best, waited, kept = now, 0, copy.deepcopy(model.state_dict())
            else:
                waited += 1
            if waited == 4:
                break
        model.load_state_dict(kept)

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def orthogonal_steps() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    matrices = [p for p in model.parameters() if p.dim() == 2]
    rest = [p for p in model.parameters() if p.dim() < 2]
    optimizers = [torch.optim.Muon(matrices, 0.02), torch.optim.AdamW(rest, 3e-3)]

    def loss(a: Tensor, b: Tensor) -> Tensor:
        return F.cross_entropy(model(a), b)

    def train() -> None:
        for _ in range(8):
            for a, b in batches(x, y):
                for optimizer in optimizers:
                    optimizer.zero_grad()
                loss(a, b).backward()
                for optimizer in optimizers:
                    optimizer.step()

    return Loop(model, optimizers, train)
