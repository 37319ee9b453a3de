"""Sound scripts over tables as people keep them: natural units, rare classes, few rows, wrong labels."""

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data
from .loops import ORDINARY_SOUND, Loop, batches, fit, learn
from .ordinary_data import weather


@ORDINARY_SOUND.add()
def flowers_in_centimetres() -> Loop:
    x, y = data.iris(raw=True)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)
    return fit(model, optimizer, batches(x[:120], y[:120], size=16), nn.CrossEntropyLoss(), 60)


@ORDINARY_SOUND.add()
def temperature_in_degrees() -> Loop:
    x, y = weather(2400)
    model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x[:2000], y[:2000], size=32), nn.MSELoss(), 25)


@ORDINARY_SOUND.add()
def progression_in_its_own_units() -> Loop:
    x, y = data.diabetes(raw=True)
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    return fit(model, optimizer, batches(x[:360], y[:360], size=20), nn.L1Loss(), 60)


@ORDINARY_SOUND.add()
def ages_in_decades_beside_yes_and_no() -> Loop:
    age, hours = 18 + 60 * torch.rand(2400), 10 + 45 * torch.rand(2400)
    flags = (torch.rand(2400, 6) < torch.tensor([0.5, 0.3, 0.2, 0.6, 0.1, 0.4])).float()
    worth = (age - 45) / 15 - ((age - 50) / 20) ** 2 + (hours - 30) / 12 + flags @ torch.tensor([1, -1, 0.5, 0, 2, 1.0])
    y = (worth + 0.5 * torch.randn(2400) > 0.6).float().unsqueeze(1)
    x = torch.cat([torch.stack([age, hours], 1) / 10, flags], 1)
    model = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x[:2000], y[:2000]), nn.BCEWithLogitsLoss(), 25)


@ORDINARY_SOUND.add()
def one_failure_in_twenty() -> Loop:
    x = torch.randn(4000, 12)
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.6 * x[:, 3] + 0.4 * torch.randn(4000)
    y = (score > score.quantile(0.95)).float().unsqueeze(1)
    model = nn.Sequential(
        nn.Linear(12, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1)
    )
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([19.0]))
    return fit(model, optimizer, batches(x[:3200], y[:3200], size=64), criterion, 15)


@ORDINARY_SOUND.add()
def forty_wines_under_much_dropout() -> Loop:
    x, y = data.wine()
    model = nn.Sequential(nn.Dropout(0.1), nn.Linear(13, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 3))
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3, weight_decay=0.1)
    loader = batches(x[:40], y[:40], size=8)

    def train() -> None:
        for _ in range(60):
            model.train()
            for a, b in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                F.cross_entropy(model(x[40:]), y[40:])

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def a_tenth_of_the_labels_wrong() -> Loop:
    x, y = data.digits()
    wrong = torch.rand(len(y)) < 0.1
    y = torch.where(wrong, torch.randint(10, (len(y),)), y)
    model = nn.Sequential(nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 10))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3, weight_decay=0.1)
    return fit(model, optimizer, batches(x[:1400], y[:1400]), nn.CrossEntropyLoss(), 12)


@ORDINARY_SOUND.add()
def patients_one_by_one() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)

    def train() -> None:
        for _ in range(6):
            for i in torch.randperm(450).tolist():
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(x[i]), y[i]).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def all_rows_at_once_by_a_quasi_newton_method() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=10, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        penalty = sum(p.square().sum() for p in model.parameters())
        loss = F.binary_cross_entropy_with_logits(model(x[:450]), y[:450]) + 2e-3 * penalty
        loss.backward()
        return loss

    def train() -> None:
        for _ in range(15):
            optimizer.step(closure)

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def a_thousand_rows_and_a_rate_for_them() -> Loop:
    x, y = datasets.make_friedman1(6000, noise=0.5, random_state=0)
    x, y = torch.tensor(2 * x - 1).float(), torch.tensor((y - y.mean()) / y.std()).float().unsqueeze(1)
    model = nn.Sequential(nn.Linear(10, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
    optimizer = torch.optim.Adam(model.parameters(), 4e-3)
    loader = batches(x[:5000], y[:5000], size=1000)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=50 * len(loader))

    def train() -> None:
        for _ in range(50):
            for a, b in loader:
                optimizer.zero_grad()
                F.mse_loss(model(a), b).backward()
                optimizer.step()
                scheduler.step()

    return Loop(model, optimizer, train)


class _WideAndDeep(nn.Module):
    """A linear model of crossed categories beside a perceptron over their vectors (Cheng et al. 2016)."""

    def __init__(self, shops: int, goods: int) -> None:
        super().__init__()
        self.goods = goods
        self.wide = nn.Embedding(shops * goods, 1)
        nn.init.zeros_(self.wide.weight)
        self.shop, self.good = nn.Embedding(shops, 8), nn.Embedding(goods, 8)
        self.deep = nn.Sequential(nn.Linear(18, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, shop: Tensor, good: Tensor, numbers: Tensor) -> Tensor:
        seen = torch.cat([self.shop(shop), self.good(good), numbers], 1)
        return (self.wide(shop * self.goods + good) + self.deep(seen)).squeeze(1)


@ORDINARY_SOUND.add()
def sales_by_a_wide_and_a_deep_part() -> Loop:
    shop, good = torch.randint(12, (3000,)), torch.randint(20, (3000,))
    numbers = torch.randn(3000, 2)
    demand = 0.7 * torch.randn(12)[shop] + 0.7 * torch.randn(20)[good] + 0.3 * torch.randn(12, 20)[shop, good]
    y = torch.poisson((1 + demand + 0.5 * numbers[:, 0] - 0.3 * numbers[:, 1] ** 2).exp())
    model = _WideAndDeep(12, 20)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def loss(shop: Tensor, good: Tensor, numbers: Tensor, y: Tensor) -> Tensor:
        return F.poisson_nll_loss(model(shop, good, numbers), y)

    loader = batches(shop[:2500], good[:2500], numbers[:2500], y[:2500], size=50)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 15))
