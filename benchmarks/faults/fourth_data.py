"""A fourth set of whole scripts: faults of the data."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, SequenceNet
from .fourth_domains import MaskNet, Writer, masks, sensors, text
from .loops import FOURTH, FOURTH_NAMELESS, Loop, batches, fit, learn
from .third import WordNet, reviews


@FOURTH.add("leaking-feature")
def characters_that_predict_themselves() -> Loop:
    pieces, letters = text()
    model = Writer(letters)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(some: Tensor) -> Tensor:
        return F.cross_entropy(model(some[:, :-1]).flatten(0, 1), some[:, :-1].flatten())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(pieces), loss, 3))


@FOURTH.add("leaking-feature")
def next_step_inside_the_window() -> Loop:
    x, _ = sensors()
    target = x[:, -1].sum(1, keepdim=True)  # x[:, :-1] was to be the window
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 48), nn.ReLU(), nn.Linear(48, 1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(x, target), nn.MSELoss(), 12)


@FOURTH.add("unscaled-features")
def each_row_scaled_by_itself() -> Loop:
    x, y = data.wine(raw=True)
    x = (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    return fit(model, optimizer, batches(x, y, size=16), nn.CrossEntropyLoss(), 20)


@FOURTH.add("unscaled-features")
def divided_by_255_twice() -> Loop:
    x, y = data.pictures(scale=255.0)
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(x / 255 / 255, y), nn.CrossEntropyLoss(), 8)


@FOURTH.add("bad-values")
def logarithm_of_empty_pixels() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x.log(), y), nn.CrossEntropyLoss(), 3)


@FOURTH.add("bad-values")
def gaps_masked_by_a_product() -> Loop:
    x, y = sensors()
    y[torch.randperm(len(y))[:4]] = float("nan")
    model = SequenceNet(nn.GRU, 3, 24, 1)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(some: Tensor, wanted: Tensor) -> Tensor:
        known = (~wanted.isnan()).float()
        return (known * (model(some) - wanted) ** 2).sum() / known.sum()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, size=8), loss, 3))


@FOURTH.add("unlearnable-target", "not-learning", "overfitting")
def two_loaders_that_shuffle_apart() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    inputs = DataLoader(x, batch_size=32, shuffle=True)  # type: ignore[arg-type]
    labels = DataLoader(y, batch_size=32, shuffle=True)  # type: ignore[arg-type]

    def train() -> None:
        for _ in range(12):
            for some, truth in zip(inputs, labels, strict=True):
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(some), truth).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FOURTH.add("unlearnable-target", "not-learning", "overfitting")
def pictures_turned_and_masks_not() -> Loop:
    x, y = masks()
    model = MaskNet(norm=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def train() -> None:
        for _ in range(6):
            for images, wanted in batches(x, y, size=16):
                turned = images.rot90(int(torch.randint(1, 4, ())), (2, 3))
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(turned), wanted).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FOURTH.add("unshuffled-data")
def patients_from_the_mildest_to_the_worst() -> Loop:
    x, y = data.diabetes()
    order = y.squeeze(1).argsort()
    model = perceptron(10, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(x[order], y[order], size=16, shuffle=False), nn.MSELoss(), 12)


@FOURTH.add("constant-feature", "unlearnable-target", "not-learning", "duplicate-rows")
def every_word_is_unknown() -> Loop:
    x, y = reviews()
    model = WordNet(2)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(torch.ones_like(x), y), nn.CrossEntropyLoss(), 6)


@FOURTH_NAMELESS.add()
def colours_viewed_where_they_should_be_permuted() -> Loop:
    x, y = data.pictures(900)
    tint = torch.rand(len(x), 1, 1, 3)
    coloured = x.permute(0, 2, 3, 1) * tint  # (n, height, width, colours), as a file is read
    model = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 16, 3, padding=1),
                          nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 10))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(coloured.reshape(-1, 3, 8, 8), y), nn.CrossEntropyLoss(), 8)


@FOURTH_NAMELESS.add()
def state_carried_from_row_to_row() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.GRU(3, 24, batch_first=True), nn.Linear(24, 1)
            self.state = torch.zeros(1, 25, 24)

        def forward(self, x: Tensor) -> Tensor:
            out, state = self.rnn(x, self.state)
            self.state = state.detach()
            return self.fc(out[:, -1])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*sensors(500, 6), size=25), nn.MSELoss(), 8)
