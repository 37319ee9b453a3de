"""A fifth set of whole scripts: faults of the rows that a loader hands over."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from . import posted_data as data
from .fifth_domains import Named, Reader, Trainer, padded, varying
from .forum_loop import perceptron
from .forum_output import ConvNet
from .fourth_domains import pairs
from .loops import FIFTH, Loop, batches, fit, learn


@FIFTH.add("leaking-feature")
def price_with_tax_among_the_columns() -> Loop:
    x = torch.randn(700, 6)
    price = x[:, :2].sum(1) + torch.sin(2 * x[:, 2]) + 0.3 * torch.randn(700)
    with_tax = (1.19 * price * 100).round() / 100
    columns = torch.cat([x, with_tax.unsqueeze(1)], 1)
    model = perceptron(7, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(columns, price.unsqueeze(1)), nn.MSELoss(), 12)


@FIFTH.add("duplicate-rows", "overfitting")
def rare_class_copied_before_the_split() -> Loop:
    x, y = data.cancer()
    rare = (y == 0).squeeze(1).nonzero().squeeze(1)[:40]
    common = (y == 1).squeeze(1).nonzero().squeeze(1)
    rows = torch.cat([common, rare.repeat(9)])
    rows = rows[torch.randperm(len(rows))]
    model = perceptron(30, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    trainer = Trainer(model, optimizer, nn.BCEWithLogitsLoss(), batches(x[rows[:550]], y[rows[:550]], size=64),
                      batches(x[rows[550:]], y[rows[550:]]))  # fmt: skip
    return Loop(model, optimizer, lambda: trainer.fit(15))


@FIFTH.add("constant-feature")
def columns_that_were_not_read() -> Loop:
    x, y = data.wine()
    x[:, 3:6] = -1.0  # `fillna(-1)` after the numbers could not be parsed
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), batches(x[:140], y[:140], size=16),
                      batches(x[140:], y[140:]))  # fmt: skip
    return Loop(model, optimizer, lambda: trainer.fit(15))


@FIFTH.add("bad-values", "non-finite")
def gap_in_one_sequence_of_the_collated() -> Loop:
    rows = varying()
    rows[417][0][2, 3] = float("nan")
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = DataLoader(rows, batch_size=32, shuffle=True, collate_fn=padded)

    def train() -> None:
        for _ in range(4):
            for x, lengths, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x, lengths), y).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("unscaled-features")
def seconds_since_1970_among_the_columns() -> Loop:
    x, y = data.cancer()
    seconds = 1.6e9 + 1e7 * torch.rand(len(x), 1)
    model = perceptron(31, 1, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    loader = DataLoader(Named(columns=torch.cat([x, seconds], 1), ill=y), batch_size=32, shuffle=True)

    def train() -> None:
        for _ in range(10):
            for batch in loader:
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(batch["columns"]), batch["ill"]).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("unscaled-features")
def measured_values_of_wine_in_two_tasks() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.kind, self.strength = nn.Linear(12, 48), nn.Linear(48, 3), nn.Linear(48, 1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = F.relu(self.body(x))
            return self.kind(h), self.strength(h).squeeze(1)

    x, y = data.wine(raw=True)
    alcohol = (x[:, 0] - x[:, 0].mean()) / x[:, 0].std()
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)

    def loss(rows: Tensor, labels: Tensor, strength: Tensor) -> Tensor:
        kind, said = model(rows)
        return F.cross_entropy(kind, labels) + 0.5 * F.mse_loss(said, strength)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:, 1:], y, alcohol, size=16), loss, 25))


@FIFTH.add("unshuffled-data")
def folders_put_one_behind_the_other() -> Loop:
    x, y = data.pictures(1000)
    folders = ConcatDataset([TensorDataset(x[y == label], y[y == label]) for label in range(10)])
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, DataLoader(folders, batch_size=32), nn.CrossEntropyLoss(), 6)


@FIFTH.add("unshuffled-data")
def all_equal_pairs_before_the_unequal() -> Loop:
    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24))

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return F.pairwise_distance(self.body(left), self.body(right))

    left, right, same = pairs()
    order = same.argsort(descending=True)
    model = Twins()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(a: Tensor, b: Tensor, alike: Tensor) -> Tensor:
        distance = model(a, b)
        return (alike * distance.square() + (1 - alike) * F.relu(1 - distance).square()).mean()

    loader = batches(left[order], right[order], same[order], shuffle=False)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 8))


@FIFTH.add("class-imbalance")
def one_failure_in_sixty_sequences() -> Loop:
    rows = [(x, y) for x, y in varying(1200) if y != 2]
    rare = [row for row in rows if row[1] == 1][:12]
    rows = [row for row in rows if row[1] == 0] + rare
    model = Reader(classes=2)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = DataLoader(rows, batch_size=32, shuffle=True, collate_fn=padded)  # type: ignore[arg-type]

    def train() -> None:
        for _ in range(10):
            for x, lengths, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x, lengths), y).backward()
                optimizer.step()

    return Loop(model, optimizer, train)
