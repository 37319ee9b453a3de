"""What the fifth set of scripts is about, and the networks and classes that several of them share."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

from . import posted_data as data


class Named(Dataset[dict[str, Tensor]]):
    """Rows as dicts: what `__getitem__` of a data set of one's own returns."""

    def __init__(self, **columns: Tensor) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, i: int) -> dict[str, Tensor]:
        return {name: column[i] for name, column in self.columns.items()}


class Trainer:
    """The class that a script grows: an epoch of training, and one of validation."""

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        criterion: Callable[..., Tensor],
        loader: DataLoader[Any],
        held_out: DataLoader[Any] | None = None,
    ) -> None:
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.loader, self.held_out = loader, held_out

    def train_epoch(self) -> float:
        """Mean loss of the batches."""
        self.model.train()
        total = 0.0
        for x, y in self.loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            total += loss.item()
        return total / len(self.loader)

    def validate(self) -> float:
        """Mean loss of the held-out batches."""
        self.model.eval()
        with torch.no_grad():
            losses = [self.criterion(self.model(x), y).item() for x, y in self.held_out or ()]
        return sum(losses) / max(1, len(losses))

    def fit(self, epochs: int) -> None:
        """Train, and validate after each epoch."""
        for _ in range(epochs):
            self.train_epoch()
            self.validate()


# Sequences of several lengths


def varying(n: int = 600) -> list[tuple[Tensor, Tensor]]:
    """Sequences of 4 to 12 steps with 5 numbers each; the class is which of the first three sums to the most."""
    found = []
    for steps in torch.randint(4, 13, (n,)).tolist():
        x = torch.randn(steps, 5)
        found.append((x, x[:, :3].sum(0).argmax()))
    return found


def padded(rows: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor, Tensor]:
    """`collate_fn`: sequences (n, longest, 5), their lengths (n,) and classes (n,)."""
    lengths = torch.tensor([len(x) for x, _ in rows])
    return pad_sequence([x for x, _ in rows], batch_first=True), lengths, torch.stack([y for _, y in rows])


class Reader(nn.Module):
    """A GRU over packed sequences, whose last state tells the class."""

    def __init__(self, hidden: int = 32, classes: int = 3) -> None:
        super().__init__()
        self.rnn, self.fc = nn.GRU(5, hidden, batch_first=True), nn.Linear(hidden, classes)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        """(n, longest, 5) and (n,) → (n, classes)"""
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        return self.fc(self.rnn(packed)[1][-1])


def sentences(n: int = 700, words: int = 40) -> tuple[Tensor, Tensor, Tensor]:
    """Words (n, 12) with 0 after the end, which places are padding, and one of three subjects."""
    subject = torch.randint(3, (n,))
    x = torch.randint(1, words, (n, 12))
    told = torch.rand(n, 12) < 0.3
    x = torch.where(told, 1 + 3 * (x % 4) + subject.unsqueeze(1), x)
    padding = torch.arange(12) >= torch.randint(5, 13, (n, 1))
    return x.masked_fill(padding, 0), padding, subject


class Attentive(nn.Module):
    """A transformer that does not look at padding."""

    def __init__(self, last: nn.Module | None = None, words: int = 40) -> None:
        super().__init__()
        self.embed, self.places = nn.Embedding(words, 32, padding_idx=0), nn.Parameter(0.02 * torch.randn(12, 32))
        self.encoder = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True)
        self.fc, self.last = nn.Linear(32, 3), last or nn.Identity()

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """(n, 12) and (n, 12) → (n, 3)"""
        h = self.encoder(self.embed(x) + self.places, src_key_padding_mask=padding)
        kept = (~padding).unsqueeze(2).float()
        return self.last(self.fc((h * kept).sum(1) / kept.sum(1)))


# Pictures


class Block(nn.Module):
    """Two convolutions with normalisation around an identity."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        self.short = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """(n, inputs, h, w) → (n, outputs, h / stride, w / stride)"""
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.short(x))


class ResNet(nn.Module):
    """A stem, two blocks and a head."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU())
        self.layer1, self.layer2 = Block(8, 8), Block(8, 16, 2)
        self.fc = nn.Linear(16, classes)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, 8, 8) → (n, classes)"""
        return self.fc(self.layer2(self.layer1(self.stem(x))).mean((2, 3)))


def pretrained() -> dict[str, Tensor]:
    """Parameters of a ResNet after three passes over the digits."""
    model = ResNet()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    x, y = data.pictures(1200)
    for _ in range(3):
        for rows in torch.randperm(len(x)).split(64):
            optimizer.zero_grad()
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return model.state_dict()


class DoubleConv(nn.Sequential):
    """Two convolutions with an activation after each."""

    def __init__(self, inputs: int, outputs: int, activation: type[nn.Module] = nn.ReLU) -> None:
        super().__init__(nn.Conv2d(inputs, outputs, 3, padding=1), activation(),
                         nn.Conv2d(outputs, outputs, 3, padding=1), activation())  # fmt: skip


class UNet(nn.Module):
    """One way down, one way up, and the path between them."""

    def __init__(self, outputs: int = 1, activation: type[nn.Module] = nn.ReLU) -> None:
        super().__init__()
        self.down, self.bottom = DoubleConv(1, 8, activation), DoubleConv(8, 16, activation)
        self.up, self.fuse = nn.ConvTranspose2d(16, 8, 2, 2), DoubleConv(16, 8, activation)
        self.out = nn.Conv2d(8, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, h, w) → (n, outputs, h, w)"""
        wide = self.down(x)
        h = self.up(self.bottom(F.max_pool2d(wide, 2)))
        return self.out(self.fuse(torch.cat([wide, h], 1)))


# Policies


class Policy(nn.Module):
    """A body with a score for each way and a value."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.ways, self.value = nn.Linear(8, 32), nn.Linear(32, 2), nn.Linear(32, 1)

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """(n, 8) → (n, 2), (n,)"""
        h = torch.tanh(self.body(state))
        return self.ways(h), self.value(h).squeeze(-1)


def walked(place: Tensor, way: Tensor) -> tuple[Tensor, Tensor]:
    """Where a step to the left (0) or right (1) leads in a corridor of eight places, and 1 for standing at its end."""
    place = (place + 2 * way - 1).clamp(0, 7)
    return place, (place == 7).float()


def returns(rewards: Sequence[Tensor], discount: float = 0.9) -> Tensor:
    """Discounted sums (steps, n) of the rewards from each step on."""
    found, total = [], torch.zeros_like(rewards[0])
    for reward in reversed(rewards):
        total = reward + discount * total
        found.append(total)
    return torch.stack(found[::-1])
