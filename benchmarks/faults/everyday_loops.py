"""Sound scripts whose loops are written in the ways that one meets most."""

import copy
from itertools import count
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet
from .loops import EVERYDAY_SOUND, Loop, batches, learn


@EVERYDAY_SOUND.add()
def waits_for_a_better_validation() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[:1300], y[:1300])

    def train() -> None:
        best, bad, kept = float("inf"), 0, model.state_dict()
        for _ in range(60):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                loss = F.cross_entropy(model(x[1300:]), y[1300:]).item()
            if loss < best:
                best, bad, kept = loss, 0, copy.deepcopy(model.state_dict())
            else:
                bad += 1
                if bad >= 4:
                    break
        model.load_state_dict(kept)

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def rates_up_and_down_in_triangles() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CyclicLR(optimizer, 0.01, 0.08, step_size_up=60)
    loader = batches(*data.pictures(1000))

    def train() -> None:
        for _ in range(12):
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
                scheduler.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def schedules_one_after_another() -> Loop:
    x, y = data.wine()
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    schedule = torch.optim.lr_scheduler
    scheduler = schedule.SequentialLR(
        optimizer,
        [
            schedule.LinearLR(optimizer, 0.1, 1.0, 5), schedule.ExponentialLR(optimizer, 0.97),
            schedule.PolynomialLR(optimizer, 15, 2.0),
        ],
        [5, 25],
    )  # fmt: skip

    def train() -> None:
        for _ in range(40):
            for a, b in batches(x, y, size=16):
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            scheduler.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def mixed_precision_with_a_scaler() -> Loop:
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, 10))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    loader = batches(*data.digits())

    def train() -> None:
        for _ in range(8):
            for x, y in loader:
                optimizer.zero_grad(set_to_none=True)
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = F.cross_entropy(model(x), y)
                scaler.scale(loss).backward()
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()

    return Loop(model, optimizer, train)


class _Estimator:
    """A class around a network, with `fit` and a history."""

    def __init__(self, inputs: int, outputs: int) -> None:
        self.net = nn.Sequential(nn.Linear(inputs, 48), nn.LeakyReLU(0.1), nn.Linear(48, outputs), nn.LogSoftmax(dim=1))
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=2e-3)
        self.criterion = nn.NLLLoss()
        self.history: list[float] = []

    def fit(self, x: Tensor, y: Tensor, epochs: int) -> Self:
        for _ in range(epochs):
            self.net.train()
            total = torch.zeros(())
            for a, b in batches(x, y, size=16):
                self.optimizer.zero_grad(set_to_none=True)
                loss = self.criterion(self.net(a), b)
                loss.backward()
                self.optimizer.step()
                total += loss.detach() * len(a)
            self.history.append(total.item() / len(x))
        return self


@EVERYDAY_SOUND.add()
def a_class_with_fit_over_irises() -> Loop:
    x, y = data.iris()
    estimator = _Estimator(4, 3)
    return Loop(estimator.net, estimator.optimizer, lambda: estimator.fit(x, y, 60) and None)


@EVERYDAY_SOUND.add()
def rates_tried_one_after_another() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10, hidden=48)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    start, fresh = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())

    def train() -> None:
        for rate in (0.01, 0.03, 0.1):
            model.load_state_dict(start)
            optimizer.load_state_dict(fresh)
            for group in optimizer.param_groups:
                group["lr"] = rate
            learn(optimizer, batches(x, y), lambda a, b: F.cross_entropy(model(a), b), 8)

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def one_epoch_over_many_rows() -> Loop:
    teacher = nn.Sequential(nn.Linear(12, 16), nn.Tanh(), nn.Linear(16, 1))
    model = perceptron(12, 1)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for _ in range(1200):
            x = torch.randn(64, 12)
            with torch.no_grad():
                y = 3 * teacher(x) + 0.1 * torch.randn(64, 1)
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def exclusive_or_for_two_thousand_epochs() -> Loop:
    x, y = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]]), torch.tensor([[0.0], [1], [1], [0]])
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 0.01)

    def train() -> None:
        for _ in range(2000):
            optimizer.zero_grad()
            F.binary_cross_entropy(model(x), y).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def resumed_from_a_checkpoint() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x, y)

    def loss(a: Tensor, b: Tensor) -> Tensor:
        return F.cross_entropy(model(a), b)

    learn(optimizer, loader, loss, 40)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 6))


@EVERYDAY_SOUND.add()
def one_shared_body_and_three_losses() -> Loop:
    x, y = data.digits()
    body = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
    heads = nn.ModuleDict({"digit": nn.Linear(64, 10), "even": nn.Linear(64, 1), "ink": nn.Linear(64, 1)})
    model = nn.ModuleDict({"body": body, "heads": heads})
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    ink = x.mean(1, keepdim=True)
    ink = (ink - ink.mean()) / ink.std()
    even = (y % 2 == 0).float().unsqueeze(1)

    def loss(x: Tensor, y: Tensor, even: Tensor, ink: Tensor) -> Tensor:
        seen = body(x)
        return (
            F.cross_entropy(heads["digit"](seen), y)
            + 0.5 * F.binary_cross_entropy_with_logits(heads["even"](seen), even)
            + 0.1 * F.mse_loss(heads["ink"](seen), ink)
        )

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, even, ink), loss, 10))


@EVERYDAY_SOUND.add()
def while_with_a_step_count_and_endless_batches() -> Loop:
    x, y = data.diabetes()
    model = nn.Sequential(nn.Linear(10, 24), nn.SiLU(), nn.Linear(24, 1))
    optimizer = torch.optim.Adamax(model.parameters(), 3e-3)
    average = torch.optim.swa_utils.AveragedModel(model)

    def train() -> None:
        loader = batches(x[:350], y[:350], size=25)
        steps = iter(loader)
        for step in count():
            try:
                a, b = next(steps)
            except StopIteration:
                steps = iter(loader)
                a, b = next(steps)
            optimizer.zero_grad()
            loss = F.smooth_l1_loss(model(a), b) + 1e-3 * sum(p.square().sum() for p in model.parameters())
            loss.backward()
            optimizer.step()
            if step > 200:
                average.update_parameters(model)
            if step == 500:
                break

    return Loop(model, optimizer, train)
