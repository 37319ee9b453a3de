"""A fourth set of whole scripts: faults of the modes, of what is frozen, and of what an epoch passes over."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, rows_of_digits
from .fourth_domains import pairs
from .loops import FOURTH, Loop, batches, fit


@FOURTH.add("eval-mode-training")
def norms_frozen_in_an_untrained_body() -> Loop:
    x, y = data.pictures()
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.BatchNorm2d(16),
                          nn.ReLU(), nn.Flatten(), nn.Linear(256, 10))  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)

    def train() -> None:
        for _ in range(6):
            model.train()
            for module in model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
            for images, labels in batches(x, y):
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FOURTH.add("frozen-parameters")
def all_but_the_norms_of_an_untrained_transformer_are_frozen() -> Loop:
    layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.encoder, self.fc = nn.Linear(8, 32), nn.TransformerEncoder(layer, 2), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.encoder(self.embed(x)).mean(1))

    model = Net()
    for name, p in model.named_parameters():
        p.requires_grad = "norm" in name or "fc" in name
    optimizer = torch.optim.Adam((p for p in model.parameters() if p.requires_grad), 2e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 4)


@FOURTH.add("overfitting", "duplicate-rows", "too-little-data")
def the_first_batch_over_and_over() -> Loop:
    x, y = data.pictures(500)
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    loader = batches(x[:400], y[:400], shuffle=False)

    def train() -> None:
        for _ in range(15):
            for _ in range(len(loader)):
                images, labels = next(iter(loader))
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
            with torch.no_grad():
                F.cross_entropy(model(x[400:]), y[400:])

    return Loop(model, optimizer, train)


@FOURTH.add("overfitting", "duplicate-rows", "too-little-data")
def seeded_anew_and_cut_short_each_epoch() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[:1400], y[:1400])

    def train() -> None:
        for _ in range(60):
            torch.manual_seed(0)
            for i, (inputs, labels) in enumerate(loader):
                if i == 3:
                    break
                optimizer.zero_grad()
                F.cross_entropy(model(inputs), labels).backward()
                optimizer.step()
            with torch.no_grad():
                F.cross_entropy(model(x[1400:]), y[1400:])

    return Loop(model, optimizer, train)


@FOURTH.add("frozen-parameters", "learning-rate-too-low", "not-learning", "stopped-too-early", "plateau")
def averaged_weights_written_back_each_step() -> Loop:
    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = perceptron(64, 8)

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return 2 - (F.normalize(self.body(left), dim=1) - F.normalize(self.body(right), dim=1)).square().sum(1)

    model = Twins()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    average = copy.deepcopy(model.state_dict())

    def train() -> None:
        for _ in range(6):
            for left, right, same in batches(*pairs()):
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(left, right), same).backward()
                optimizer.step()
                for name, value in model.state_dict().items():
                    average[name].mul_(0.999).add_(value, alpha=0.001)
                model.load_state_dict(average)

    return Loop(model, optimizer, train)


@FOURTH.add("not-learning", "plateau", "frozen-parameters")  # no name of its own: what a user sees
def first_state_loaded_back_each_epoch() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.02)
    best = copy.deepcopy(model.state_dict())

    def train() -> None:
        for _ in range(8):
            model.load_state_dict(best)  # never written to
            for images, labels in batches(*data.pictures()):
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()

    return Loop(model, optimizer, train)
