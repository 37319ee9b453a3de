"""Sound scripts that learn what is alike, what goes together, and what a neighbourhood says."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .loops import ORDINARY_SOUND, Loop, batches, learn


def encoder(width: int = 16) -> nn.Sequential:
    return nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, width))


@ORDINARY_SOUND.add()
def same_digit_or_another() -> Loop:
    x, y = data.digits()
    first = torch.randint(1400, (3000,))
    other = torch.randint(1400, (3000,))
    alike = torch.rand(3000) < 0.5
    partner = torch.stack([torch.randint(1400, (3000,)) for _ in range(60)])
    same = (y[partner] == y[first]).float().argmax(0)
    other = torch.where(alike, partner[same, torch.arange(3000)], other)
    model = encoder()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(i: Tensor, j: Tensor) -> Tensor:
        apart = F.pairwise_distance(model(x[i]), model(x[j]))
        same = (y[i] == y[j]).float()
        return (same * apart.square() + (1 - same) * F.relu(1.5 - apart).square()).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(first, other, size=64), loss, 15))


@ORDINARY_SOUND.add()
def anchors_nearer_than_others() -> Loop:
    x, y = data.digits()
    model = encoder()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    of_class = [torch.nonzero(y[:1400] == k).squeeze(1) for k in range(10)]

    def train() -> None:
        for _ in range(500):
            kinds = torch.randint(10, (48,))
            others = (kinds + torch.randint(1, 10, (48,))) % 10
            rows = [torch.stack([of_class[k][torch.randint(len(of_class[k]), ())] for k in some])
                    for some in (kinds, kinds, others)]  # fmt: skip
            a, p, n = (model(x[chosen]) for chosen in rows)
            optimizer.zero_grad()
            F.triplet_margin_loss(a, p, n, margin=1.0).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def all_of_a_class_together() -> Loop:
    x, y = data.digits()
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, 16))
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        z = F.normalize(model(x + 0.05 * torch.randn_like(x)), dim=1)
        alike = (z @ z.T / 0.2).fill_diagonal_(-1e4)
        same = (y[:, None] == y[None, :]).float().fill_diagonal_(0)
        log = alike - alike.logsumexp(1, keepdim=True)
        return -((same * log).sum(1) / same.sum(1).clamp_min(1)).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1400], y[:1400], size=100), loss, 20))


@ORDINARY_SOUND.add()
def classes_round_learned_centres() -> Loop:
    class Centred(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.centres = encoder(8), nn.Parameter(torch.randn(10, 8))
            self.out = nn.Linear(8, 10)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = self.body(x)
            return h, self.out(F.relu(h))

    x, y = data.digits()
    model = Centred()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        h, said = model(x)
        return F.cross_entropy(said, y) + 0.02 * (h - model.centres[y]).square().sum(1).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x[:1400], y[:1400]), loss, 12))


class _Likings(nn.Module):
    """Vectors of people and films, and how well each film is liked."""

    def __init__(self, people: int, films: int, width: int = 8) -> None:
        super().__init__()
        self.person, self.film = nn.Embedding(people, width), nn.Embedding(films, width)
        self.film_bias = nn.Embedding(films, 1)
        for table in (self.person, self.film):
            nn.init.normal_(table.weight, std=0.1)
        nn.init.zeros_(self.film_bias.weight)

    def forward(self, person: Tensor, film: Tensor) -> Tensor:
        return (self.person(person) * self.film(film)).sum(1) + self.film_bias(film).squeeze(1)


class _Tastes(_Likings):
    """The same beside the mean, and how well each person likes films."""

    def __init__(self, people: int, films: int) -> None:
        super().__init__(people, films)
        self.person_bias, self.mean = nn.Embedding(people, 1), nn.Parameter(torch.zeros(1))
        nn.init.zeros_(self.person_bias.weight)

    def forward(self, person: Tensor, film: Tensor) -> Tensor:
        return self.mean + super().forward(person, film) + self.person_bias(person).squeeze(1)


@ORDINARY_SOUND.add()
def stars_by_factors_and_biases() -> Loop:
    person, film = torch.randint(80, (6000,)), torch.randint(50, (6000,))
    taste = (torch.randn(80, 3)[person] * torch.randn(50, 3)[film]).sum(1) / 2
    y = (3.4 + 0.5 * torch.randn(80)[person] + 0.5 * torch.randn(50)[film] + taste + 0.4 * torch.randn(6000)).round()
    y = y.clamp(1, 5)
    model = _Tastes(80, 50)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2, weight_decay=1e-5)

    def loss(person: Tensor, film: Tensor, y: Tensor) -> Tensor:
        return F.mse_loss(model(person, film), y)

    loader = batches(person[:5000], film[:5000], y[:5000], size=100)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, loss, 15))


@ORDINARY_SOUND.add()
def bought_before_not_bought() -> Loop:
    likes = torch.randn(100, 4) @ torch.randn(4, 60) + 0.5 * torch.randn(60)
    bought = likes > likes.quantile(0.9, dim=1, keepdim=True)
    person, film = bought.nonzero().unbind(1)
    model = _Likings(100, 60)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def loss(person: Tensor, film: Tensor) -> Tensor:
        other = torch.randint(60, film.shape)
        return -F.logsigmoid(model(person, film) - model(person, other)).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(person, film, size=32), loss, 25))


def _communities(n: int = 400, kinds: int = 4) -> tuple[Tensor, Tensor]:
    """A sparse, normalised neighbourhood (n, n) with loops, and which community each node is of."""
    kind = torch.randint(kinds, (n,))
    share = torch.where(kind[:, None] == kind[None, :], 0.05, 0.008)
    edges = (torch.rand(n, n) < share).triu(1).float()
    edges = edges + edges.T + torch.eye(n)
    scale = edges.sum(1).rsqrt()
    return (scale[:, None] * edges * scale[None, :]).to_sparse(), kind


@ORDINARY_SOUND.add()
def nodes_of_a_graph_by_sparse_products() -> Loop:
    class Graph(nn.Module):
        def __init__(self, near: Tensor) -> None:
            super().__init__()
            self.register_buffer("near", near)
            self.first, self.second = nn.Linear(24, 16, bias=False), nn.Linear(16, 4, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            h = F.dropout(x, 0.3, self.training)
            h = F.relu(torch.sparse.mm(self.near, self.first(h)))
            return torch.sparse.mm(self.near, self.second(F.dropout(h, 0.3, self.training)))

    near, kind = _communities()
    x = torch.randn(4, 24)[kind] + 1.5 * torch.randn(400, 24)
    known = torch.rand(400) < 0.3
    model = Graph(near)
    optimizer = torch.optim.Adam(model.parameters(), 0.01, weight_decay=5e-4)

    def train() -> None:
        for _ in range(150):
            model.train()
            optimizer.zero_grad()
            F.cross_entropy(model(x)[known], kind[known]).backward()
            optimizer.step()
            model.eval()
            with torch.no_grad():
                F.cross_entropy(model(x)[~known], kind[~known])

    return Loop(model, optimizer, train)


@ORDINARY_SOUND.add()
def links_of_a_graph() -> Loop:
    near, kind = _communities(300)
    edges = near.coalesce().indices()
    edges = edges[:, edges[0] < edges[1]]
    x = torch.cat([torch.randn(4, 16)[kind] + torch.randn(300, 16), torch.randn(300, 8)], 1)

    class Links(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(24, 32), nn.Linear(32, 16)

        def forward(self, x: Tensor) -> Tensor:
            h = F.relu(torch.sparse.mm(near, self.first(x)))
            return torch.sparse.mm(near, self.second(h))

    model = Links()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def train() -> None:
        for _ in range(200):
            others = torch.randint(300, edges.shape)
            z = model(x)
            pairs = torch.cat([edges, others], 1)
            told = (z[pairs[0]] * z[pairs[1]]).sum(1)
            truth = torch.cat([torch.ones(edges.shape[1]), torch.zeros(edges.shape[1])])
            optimizer.zero_grad()
            F.binary_cross_entropy_with_logits(told, truth).backward()
            optimizer.step()

    return Loop(model, optimizer, train)
