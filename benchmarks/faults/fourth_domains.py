"""What the fourth set of scripts is about: text, masks, a graph, a corridor, sensors; and networks several share."""

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data


def text(length: int = 24) -> tuple[Tensor, int]:
    """Pieces (n, length + 1) of an English description, by character, and the number of different characters."""
    words = (datasets.load_wine().DESCR + datasets.load_diabetes().DESCR).lower()
    letters = sorted(set(words))
    codes = torch.tensor([letters.index(letter) for letter in words])
    return codes.unfold(0, length + 1, 7).clone(), len(letters)


def masks(n: int = 240) -> tuple[Tensor, Tensor]:
    """Noisy pictures (n, 1, 12, 12) and the mask (n, 1, 12, 12) of 0 and 1 of their bright parts."""
    smooth = F.avg_pool2d(torch.randn(n, 1, 12, 12), 3, 1, 1)
    return smooth + 0.05 * torch.randn_like(smooth), (smooth > 0.1).float()


def graph(n: int = 240) -> tuple[Tensor, Tensor, Tensor]:
    """Nodes with features (n, 8), a symmetric adjacency (n, n) of 0 and 1, and three classes that neighbours share."""
    y = torch.randint(3, (n,))
    likely = torch.where(y.unsqueeze(0) == y.unsqueeze(1), 0.06, 0.004)
    edges = (torch.rand(n, n) < likely).float().triu(1)
    x = F.one_hot(y, 8).float() + torch.randn(n, 8)
    return x, edges + edges.T, y


def steps_of_a_corridor(n: int = 1500) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """State (n, 10), action (n,), reward (n,), next state (n, 10), whether the goal was reached (n,)."""
    place, action = torch.randint(10, (n,)), torch.randint(2, (n,))
    after = (place + 2 * action - 1).clamp(0, 9)
    done = (after == 9).float()
    return F.one_hot(place, 10).float(), action, done, F.one_hot(after, 10).float(), done


def sensors(n: int = 500, steps: int = 24) -> tuple[Tensor, Tensor]:
    """Three noisy waves (n, steps, 3) and the next value of their sum (n, 1)."""
    start, speed = 6.3 * torch.rand(n, 1, 3), 0.2 + 0.4 * torch.rand(n, 1, 3)
    wave = torch.sin(start + speed * torch.arange(steps + 1).view(1, -1, 1))
    return wave[:, :steps] + 0.05 * torch.randn(n, steps, 3), wave[:, steps].sum(1, keepdim=True)


def pairs(n: int = 800) -> tuple[Tensor, Tensor, Tensor]:
    """Two digits (n, 64) each, and whether they are of one class (n,)."""
    x, y = data.digits()
    a, b = torch.randint(len(x), (n,)), torch.randint(len(x), (n,))
    same = torch.rand(n) < 0.4
    partner = torch.stack([(y == label).nonzero().squeeze(1)[:100] for label in range(10)])
    b = torch.where(same, partner[y[a], torch.randint(100, (n,))], b)
    return x[a], x[b], (y[a] == y[b]).float()


class Writer(nn.Module):
    """Characters, embedded, through a recurrent network, to the next character."""

    def __init__(self, letters: int, dropout: float = 0.0, layers: int = 1) -> None:
        super().__init__()
        self.embed = nn.Embedding(letters, 24)
        self.rnn = nn.GRU(24, 48, num_layers=layers, dropout=dropout, batch_first=True)
        self.out = nn.Linear(48, letters)

    def forward(self, x: Tensor) -> Tensor:
        """(n, length) → (n, length, letters)"""
        return self.out(self.rnn(self.embed(x))[0])


class MaskNet(nn.Module):
    """A score for each pixel."""

    def __init__(self, norm: bool = False) -> None:
        super().__init__()
        self.down = nn.Conv2d(1, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16) if norm else nn.Identity()
        self.up, self.out = nn.Conv2d(16, 16, 3, padding=1), nn.Conv2d(16, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(n, 1, height, width) → the same"""
        return self.out(F.relu(self.up(F.relu(self.norm(self.down(x))))))


class Variational(nn.Module):
    """A variational autoencoder with two hidden numbers for each row."""

    def __init__(self, inputs: int, last: nn.Module | None = None) -> None:
        super().__init__()
        self.body, self.mean, self.log_variance = nn.Linear(inputs, 48), nn.Linear(48, 4), nn.Linear(48, 4)
        self.decoder = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, inputs), last or nn.Identity())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, inputs) → what is rebuilt (n, inputs), mean and log-variance (n, 4)"""
        h = F.relu(self.body(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        return self.decoder(z), mean, log_variance


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Of a normal distribution from the standard one, in nats a row."""
    return -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum(1).mean()
