"""Sound scripts in which networks teach, fight or share with each other, or only a small part is trained."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet
from .loops import EVERYDAY_SOUND, Loop, batches, fit, learn


def _taught(x: Tensor, y: Tensor, hidden: int = 64, epochs: int = 15) -> nn.Sequential:
    model = perceptron(64, 10, hidden)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    learn(optimizer, batches(x, y), lambda a, b: F.cross_entropy(model(a), b), epochs)
    return model


@EVERYDAY_SOUND.add()
def small_student_at_a_temperature() -> Loop:
    x, y = data.digits()
    teacher = _taught(x, y, 128).eval()
    student = perceptron(64, 10, hidden=16)
    optimizer = torch.optim.Adam(student.parameters(), 3e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        with torch.no_grad():
            soft = F.softmax(teacher(x) / 4, 1)
        out = student(x)
        hard = F.cross_entropy(out, y)
        return 0.3 * hard + 0.7 * 16 * F.kl_div(F.log_softmax(out / 4, 1), soft, reduction="batchmean")

    return Loop(student, optimizer, lambda: learn(optimizer, batches(x, y), loss, 15))


class _LowRank(nn.Module):
    def __init__(self, layer: nn.Linear, rank: int = 4) -> None:
        super().__init__()
        self.layer = layer
        self.a = nn.Parameter(torch.randn(rank, layer.in_features) / layer.in_features**0.5)
        self.b = nn.Parameter(torch.zeros(layer.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x) + 2 * F.linear(F.linear(x, self.a), self.b)


@EVERYDAY_SOUND.add()
def corrections_of_low_rank_to_a_frozen_network() -> Loop:
    x, y = data.digits()
    model = _taught(x, y)
    for p in model.parameters():
        p.requires_grad_(False)
    for i, layer in enumerate(model):
        if isinstance(layer, nn.Linear):
            model[i] = _LowRank(layer)
    turned = x.view(-1, 8, 8).transpose(1, 2).flip(2).reshape(-1, 64)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 5e-3)
    return fit(model, optimizer, batches(turned, y), nn.CrossEntropyLoss(), 12)


@EVERYDAY_SOUND.add()
def prompt_before_a_frozen_transformer() -> Loop:
    class Prompted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.place = nn.Embedding(20, 32), nn.Parameter(0.1 * torch.randn(1, 12, 32))
            self.body = nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=True)
            self.head = nn.Linear(32, 3)
            self.prompt: nn.Parameter | None = None

        def forward(self, x: Tensor) -> Tensor:
            h = self.embed(x) + self.place
            if self.prompt is not None:
                h = torch.cat([self.prompt.expand(len(x), -1, -1), h], 1)
            return self.head(self.body(h).mean(1))

    x = torch.randint(20, (800, 12))
    most = torch.stack([(x < 5).sum(1), ((x >= 5) & (x < 10)).sum(1), ((x >= 10) & (x < 15)).sum(1)], 1)
    y = most.argmax(1)
    model = Prompted()
    first = torch.optim.Adam(model.parameters(), 3e-3)
    learn(first, batches(x, y), lambda a, b: F.cross_entropy(model(a), b), 10)
    for p in model.parameters():
        p.requires_grad_(False)
    model.prompt = nn.Parameter(0.5 * torch.randn(1, 6, 32))
    optimizer = torch.optim.Adam([model.prompt], 0.02)
    new = (most * torch.tensor([1.0, 0.6, 0.6])).argmax(1)
    return fit(model, optimizer, batches(x, new), nn.CrossEntropyLoss(), 12)


@EVERYDAY_SOUND.add()
def adapters_between_frozen_layers() -> Loop:
    class Adapter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down, self.up = nn.Linear(64, 8), nn.Linear(8, 64)
            nn.init.normal_(self.up.weight, std=1e-3)
            nn.init.zeros_(self.up.bias)

        def forward(self, x: Tensor) -> Tensor:
            return x + self.up(F.gelu(self.down(x)))

    x, y = data.digits()
    old = _taught(x[y < 5], y[y < 5])
    old.requires_grad_(False)
    model = nn.Sequential(*old[:2], Adapter(), nn.Linear(64, 10))
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 3e-3)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 12)


@EVERYDAY_SOUND.add()
def mean_of_the_student_is_the_teacher() -> Loop:
    x, y = data.pictures(1200)
    student = ConvNet()
    teacher = copy.deepcopy(student).requires_grad_(False)
    optimizer = torch.optim.Adam(student.parameters(), 2e-3)

    def train() -> None:
        for _ in range(12):
            for a, b in batches(x, y):
                known = slice(0, 12)
                seen = student(a + 0.1 * torch.randn_like(a))
                with torch.no_grad():
                    guess = teacher(a + 0.1 * torch.randn_like(a)).softmax(1)
                loss = F.cross_entropy(seen[known], b[known]) + F.mse_loss(seen.softmax(1), guess)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                with torch.no_grad():
                    for slow, p in zip(teacher.parameters(), student.parameters(), strict=True):
                        slow.lerp_(p, 0.03)

    return Loop(student, optimizer, train)


@EVERYDAY_SOUND.add()
def small_changes_that_fool() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10, hidden=96)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        shift = torch.zeros_like(x, requires_grad=True)
        (slope,) = torch.autograd.grad(F.cross_entropy(model(x + shift), y), shift)
        attacked = (x + 0.06 * slope.sign()).clamp(0, 1)
        return 0.5 * (F.cross_entropy(model(x), y) + F.cross_entropy(model(attacked), y))

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), loss, 12))


class _Reverse(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: object, v: Tensor) -> Tensor:
        return -0.3 * v


@EVERYDAY_SOUND.add()
def domains_that_shall_not_be_told_apart() -> Loop:
    class Domains(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())
            self.label, self.domain = nn.Linear(24, 3), perceptron(24, 2, hidden=24)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = self.body(x)
            return self.label(h), self.domain(_Reverse.apply(h))

    x = torch.randn(1600, 10)
    y = (x @ torch.randn(10, 3)).argmax(1)
    domain = torch.arange(1600) % 2
    x = x + domain.unsqueeze(1) * torch.tensor([1.0, -0.5] + [0.0] * 8)
    model = Domains()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(x: Tensor, y: Tensor, domain: Tensor) -> Tensor:
        said, where = model(x)
        first = domain == 0
        return F.cross_entropy(said[first], y[first]) + F.cross_entropy(where, domain)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, domain, size=64), loss, 15))


@EVERYDAY_SOUND.add()
def four_clients_and_their_average() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    parts = [batches(x[i::4], y[i::4]) for i in range(4)]

    def train() -> None:
        for _ in range(10):
            start = copy.deepcopy(model.state_dict())
            ends = []
            for part in parts:
                model.load_state_dict(start)
                for _ in range(2):
                    for a, b in part:
                        optimizer.zero_grad()
                        F.cross_entropy(model(a), b).backward()
                        optimizer.step()
                ends.append(copy.deepcopy(model.state_dict()))
            model.load_state_dict({k: torch.stack([e[k] for e in ends]).mean(0) for k in start})

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def best_of_ten_mutants_then_descent() -> Loop:
    x, y = data.wine()
    model = perceptron(13, 3, hidden=24)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def train() -> None:
        for _ in range(25):
            with torch.no_grad():
                flat = nn.utils.parameters_to_vector(model.parameters())
                tries = [flat] + [flat + 0.02 * torch.randn_like(flat) for _ in range(9)]
                scores = []
                for some in tries:
                    nn.utils.vector_to_parameters(some.clone(), model.parameters())
                    scores.append(F.cross_entropy(model(x), y).item())
                nn.utils.vector_to_parameters(tries[scores.index(min(scores))].clone(), model.parameters())
            for a, b in batches(x, y, size=16):
                optimizer.zero_grad()
                F.cross_entropy(model(a), b).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def start_moved_towards_each_task() -> Loop:
    model = nn.Sequential(nn.Linear(1, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.02)

    def train() -> None:
        for _ in range(250):
            start = copy.deepcopy(model.state_dict())
            high, phase = 0.5 + 2 * torch.rand(()), 3.14 * torch.rand(())
            for _ in range(6):
                x = 10 * torch.rand(20, 1) - 5
                optimizer.zero_grad()
                F.mse_loss(model(x / 5), high * torch.sin(x / 2 + phase)).backward()
                optimizer.step()
            after = model.state_dict()
            model.load_state_dict({k: start[k] + 0.3 * (after[k] - start[k]) for k in start})

    return Loop(model, optimizer, train)
