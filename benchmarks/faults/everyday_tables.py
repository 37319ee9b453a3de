"""Sound scripts over tables, as most people write them."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from . import posted_data as data
from .forum_loop import perceptron
from .loops import EVERYDAY_SOUND, Loop, batches, fit, learn


def standardised(x: Tensor) -> Tensor:
    return (x - x.mean(0)) / x.std(0)


@EVERYDAY_SOUND.add()
def skewed_amounts_by_their_logarithm() -> Loop:
    amounts = torch.exp(1.5 * torch.randn(1500, 6) + torch.tensor([0.0, 3.0, 5.0, 1.0, 8.0, 2.0]))
    cost = amounts[:, 0] * amounts[:, 1].sqrt() * torch.exp(0.2 * torch.randn(1500))
    x, y = standardised(amounts.log1p()), standardised(cost.log1p()).unsqueeze(1)
    model = perceptron(6, 1)
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, y), nn.MSELoss(), 20)


@EVERYDAY_SOUND.add()
def features_with_heavy_tails_as_they_come() -> Loop:
    x = torch.distributions.StudentT(3.0).sample((1500, 8)) / 3**0.5
    y = (x[:, 0] - x[:, 1] + torch.tanh(2 * x[:, 2]) > 0).long()
    model = perceptron(8, 2)
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, y), nn.CrossEntropyLoss(), 20)


@EVERYDAY_SOUND.add()
def one_buyer_in_ten() -> Loop:
    x = torch.randn(3000, 10)
    y = (x[:, :4].sum(1) + 0.7 * torch.randn(3000) > 2.75).float().unsqueeze(1)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, y, size=64), nn.BCEWithLogitsLoss(), 12)


@EVERYDAY_SOUND.add()
def rare_class_drawn_more_often() -> Loop:
    x = torch.randn(3000, 8)
    y = (x[:, 0] * x[:, 1] + x[:, 2] > 2.2).long()
    weights = torch.where(y == 1, 1 / y.float().mean(), 1 / (1 - y.float().mean()))
    sampler = WeightedRandomSampler(weights.tolist(), len(x))
    loader = DataLoader(TensorDataset(x, y), batch_size=64, sampler=sampler, drop_last=True)
    model = perceptron(8, 2)
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), loader, nn.CrossEntropyLoss(), 12)


class _Census(nn.Module):
    """Embeddings of the categories beside normalised numbers, as the tabular tutorials have it."""

    def __init__(self, sizes: list[int], numbers: int, outputs: int) -> None:
        super().__init__()
        self.embeds = nn.ModuleList(nn.Embedding(n, min(50, (n + 1) // 2)) for n in sizes)
        self.drop, self.norm = nn.Dropout(0.1), nn.BatchNorm1d(numbers)
        width = numbers + sum(e.embedding_dim for e in self.embeds)
        self.body = nn.Sequential(
            nn.Linear(width, 64), nn.ReLU(), nn.BatchNorm1d(64), nn.Dropout(0.1), nn.Linear(64, outputs)
        )

    def forward(self, codes: Tensor, numbers: Tensor) -> Tensor:
        embedded = torch.cat([e(codes[:, i]) for i, e in enumerate(self.embeds)], 1)
        return self.body(torch.cat([self.drop(embedded), self.norm(numbers)], 1))


@EVERYDAY_SOUND.add()
def census_with_embedded_categories() -> Loop:
    sizes = [9, 16, 7, 42]
    codes = torch.stack([(torch.rand(2500) ** 2 * n).long() for n in sizes], 1)
    numbers = torch.stack([17 + 60 * torch.rand(2500), 5 + 90 * torch.rand(2500)], 1)
    worth = torch.randn(9)[codes[:, 0]] + torch.randn(16)[codes[:, 1]] + (numbers[:, 0] - 47) / 17
    y = (worth > worth.quantile(0.76)).long()
    model = _Census(sizes, 2, 2)
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    loader = batches(codes, numbers, y, size=64)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda c, n, t: F.cross_entropy(model(c, n), t), 12))


@EVERYDAY_SOUND.add()
def returns_of_which_little_can_be_known() -> Loop:
    x = torch.randn(4000, 5)
    y = standardised(x[:, :1] * 0.23 + torch.randn(4000, 1))
    model = perceptron(5, 1, hidden=16)
    optimizer = torch.optim.Adam(model.parameters(), 5e-4, weight_decay=1e-4)
    return fit(model, optimizer, batches(x, y, size=128), nn.MSELoss(), 10)


@EVERYDAY_SOUND.add()
def coin_a_little_loaded() -> Loop:
    x = torch.randn(2500, 6)
    y = (torch.rand(2500) < torch.sigmoid(0.9 * x[:, 0] + 0.6 * x[:, 1] - 0.25)).float().unsqueeze(1)
    model = nn.Sequential(nn.Linear(6, 32), nn.Tanh(), nn.Linear(32, 1), nn.Sigmoid())
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(x, y), nn.BCELoss(), 10)


@EVERYDAY_SOUND.add()
def a_fifth_of_the_labels_wrong() -> Loop:
    x, y = data.digits()
    wrong = torch.rand(len(y)) < 0.2
    y = torch.where(wrong, torch.randint(10, (len(y),)), y)
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 10))
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    return fit(model, torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.05), batches(x, y), criterion, 12)


@EVERYDAY_SOUND.add()
def folds_from_the_same_start() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1, hidden=16)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    start = {k: v.clone() for k, v in model.state_dict().items()}
    fresh = optimizer.state_dict()

    def train() -> None:
        for fold in range(5):
            model.load_state_dict(start)
            optimizer.load_state_dict(fresh)
            held = torch.arange(len(x)) % 5 == fold
            model.train()
            learn(optimizer, batches(x[~held], y[~held], size=16),
                  lambda a, b: F.binary_cross_entropy_with_logits(model(a), b), 8)  # fmt: skip
            model.eval()
            with torch.no_grad():
                F.binary_cross_entropy_with_logits(model(x[held]), y[held])

    return Loop(model, optimizer, train)
