"""Sound scripts that learn what is alike: contrast, prototypes, ranks, word vectors, hashes."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from . import posted_data as data
from .forum_loop import perceptron
from .loops import UNUSUAL_SOUND, Loop, batches, learn


def _changed(x: Tensor) -> Tensor:
    """A picture as a row, some pixels lost and some noise added."""
    return x * (torch.rand_like(x) > 0.2) + 0.1 * torch.randn_like(x)


@UNUSUAL_SOUND.add()
def two_views_against_all_others() -> Loop:
    x, _ = data.digits()
    body = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 32))
    model = nn.Sequential(body, nn.Sequential(nn.ReLU(), nn.Linear(32, 16)))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor) -> Tensor:
        a, b = F.normalize(model(_changed(x)), dim=1), F.normalize(model(_changed(x)), dim=1)
        likeness, same = a @ b.T / 0.2, torch.arange(len(x))
        return (F.cross_entropy(likeness, same) + F.cross_entropy(likeness.T, same)) / 2

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, size=128), loss, 20))


@UNUSUAL_SOUND.add()
def two_views_without_others() -> Loop:
    class Siamese(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 32),
                                      nn.BatchNorm1d(32, affine=False))  # fmt: skip
            self.guess = nn.Sequential(nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 32))

        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            za, zb = self.body(a), self.body(b)
            one = F.cosine_similarity(self.guess(za), zb.detach()).mean()
            return -(one + F.cosine_similarity(self.guess(zb), za.detach()).mean()) / 2

    x, _ = data.digits()
    model = Siamese()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)
    loader = batches(x, size=128)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda x: model(_changed(x), _changed(x)), 20))


@UNUSUAL_SOUND.add()
def prototypes_of_a_few_examples() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 24)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    rows = [torch.nonzero(y == k).flatten() for k in range(10)]

    def train() -> None:
        for _ in range(300):
            kinds = torch.randperm(10)[:5]
            chosen = torch.stack([rows[k][torch.randperm(len(rows[k]))[:15]] for k in kinds.tolist()])
            z = model(x[chosen.flatten()]).view(5, 15, -1)
            centres, asked = z[:, :5].mean(1), z[:, 5:].flatten(0, 1)
            loss = F.cross_entropy(-(torch.cdist(asked, centres) ** 2), torch.arange(5).repeat_interleave(10))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@UNUSUAL_SOUND.add()
def which_of_two_is_better() -> Loop:
    x = torch.randn(400, 12)
    worth = (x @ torch.randn(12)) + torch.sin(3 * x[:, 0])
    a, b = torch.randint(400, (2, 3000))
    model = perceptron(12, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    loader = batches(x[a], x[b], torch.sign(worth[a] - worth[b]))
    criterion = nn.MarginRankingLoss(margin=0.5)

    def loss(left: Tensor, right: Tensor, better: Tensor) -> Tensor:
        return criterion(model(left).squeeze(1), model(right).squeeze(1), better)

    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 10))


@UNUSUAL_SOUND.add()
def clicks_in_lists() -> Loop:
    x = torch.randn(600, 8, 6)
    clicked = (x @ torch.randn(6)).softmax(1).multinomial(1).squeeze(1)
    model = nn.Sequential(nn.Linear(6, 32), nn.ELU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(items: Tensor, click: Tensor) -> Tensor:
        return -model(items).squeeze(2).log_softmax(1).gather(1, click.unsqueeze(1)).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, clicked), loss, 15))


class _Words(nn.Module):
    """Two vectors a word; what stands together is alike."""

    def __init__(self) -> None:
        super().__init__()
        self.word, self.beside = nn.Embedding(80, 16, sparse=True), nn.Embedding(80, 16, sparse=True)
        nn.init.uniform_(self.word.weight, -0.5 / 16, 0.5 / 16)
        nn.init.zeros_(self.beside.weight)

    def forward(self, word: Tensor, beside: Tensor) -> Tensor:
        return (self.word(word).unsqueeze(1) * self.beside(beside)).sum(2)


@UNUSUAL_SOUND.add()
def word_vectors_by_sparse_steps() -> Loop:
    topic = torch.randint(8, (4000,))
    word, beside = 10 * topic + torch.randint(10, (4000,)), 10 * topic + torch.randint(10, (4000,))
    model = _Words()
    optimizer = torch.optim.SparseAdam(list(model.parameters()), 1e-2)

    def loss(word: Tensor, beside: Tensor) -> Tensor:
        asked = torch.cat([beside.unsqueeze(1), torch.randint(80, (len(word), 5))], 1)
        said = model(word, asked)
        return -F.logsigmoid(said[:, 0]).mean() - F.logsigmoid(-said[:, 1:]).sum(1).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(word, beside, size=64), loss, 12))


@UNUSUAL_SOUND.add()
def angles_with_a_margin() -> Loop:
    class Angles(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.centres = perceptron(64, 16), nn.Parameter(torch.randn(10, 16))

        def forward(self, x: Tensor, y: Tensor) -> Tensor:
            cosine = F.normalize(self.body(x)) @ F.normalize(self.centres).T
            return 12 * (cosine - 0.2 * F.one_hot(y, 10))

    model = Angles()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    loader = batches(*data.digits())
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda x, y: F.cross_entropy(model(x, y), y), 10))


@UNUSUAL_SOUND.add()
def short_hashes() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 12), nn.Tanh())
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        code, same = model(x), (y.unsqueeze(0) == y.unsqueeze(1)).float()
        return ((code @ code.T / 12 - same) ** 2).mean() + 0.1 * (1 - code.abs()).abs().mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, size=64), loss, 15))


class _Visits(IterableDataset):  # type: ignore[type-arg]
    """Endless in principle: who bought what, as it comes in."""

    def __init__(self, n: int) -> None:
        self.users, self.items, self.n = torch.randn(50, 3), torch.randn(30, 3), n

    def __iter__(self):  # type: ignore[no-untyped-def]
        for _ in range(self.n):
            user, item = int(torch.randint(50, ())), int(torch.randint(30, ()))
            chance = torch.sigmoid(2 * self.users[user] @ self.items[item])
            yield user, item, float(torch.rand(()) < chance)


@UNUSUAL_SOUND.add()
def two_towers_on_a_stream() -> Loop:
    class Towers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
            self.item = nn.Sequential(nn.Embedding(30, 8), nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))

        def forward(self, user: Tensor, item: Tensor) -> Tensor:
            return (self.user(user) * self.item(item)).sum(1)

    model = Towers()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    loader = DataLoader(_Visits(16_000), batch_size=32)

    def loss(user: Tensor, item: Tensor, bought: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(model(user, item), bought.float())

    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 1))
