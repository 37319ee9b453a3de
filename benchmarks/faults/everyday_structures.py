"""Sound scripts whose networks carry more structure: graphs, routes, states, spikes, codes and pairs."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .loops import EVERYDAY_SOUND, Loop, batches, fit, learn


@EVERYDAY_SOUND.add()
def digits_by_triplets_hard_in_their_batch() -> Loop:
    model = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 16))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        z = F.normalize(model(x), dim=1)
        apart = (z.unsqueeze(1) - z).square().sum(2).clamp_min(1e-12).sqrt()
        same = y.unsqueeze(1) == y
        far = apart.masked_fill(~same, -1).amax(1)
        near = apart.masked_fill(same, 10).amin(1)
        return F.relu(far - near + 0.3).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*data.digits(), size=64), loss, 15))


class _Tagger(nn.Module):
    """A linear chain over what a recurrent network says, by hand."""

    def __init__(self, words: int, tags: int) -> None:
        super().__init__()
        self.embed, self.rnn = nn.Embedding(words, 16), nn.GRU(16, 16, batch_first=True, bidirectional=True)
        self.out, self.moves = nn.Linear(32, tags), nn.Parameter(torch.zeros(tags, tags))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        said = self.out(self.rnn(self.embed(x))[0])
        path = said.gather(2, y.unsqueeze(2)).sum((1, 2)) + self.moves[y[:, :-1], y[:, 1:]].sum(1)
        total = said[:, 0]
        for t in range(1, x.shape[1]):
            total = (total.unsqueeze(2) + self.moves).logsumexp(1) + said[:, t]
        return (total.logsumexp(1) - path).mean()


@EVERYDAY_SOUND.add()
def chain_of_tags_by_hand() -> Loop:
    x = torch.randint(24, (600, 10))
    y = ((x % 3) + (x.roll(1, 1) > 12).long()) % 3
    model = _Tagger(24, 3)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), model, 12))


@EVERYDAY_SOUND.add()
def questions_and_answers_read_together() -> Loop:
    class CrossEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.side = nn.Embedding(30, 32), nn.Embedding(2, 32)
            self.attend, self.norm = nn.MultiheadAttention(32, 4, batch_first=True), nn.LayerNorm(32)
            self.out = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1))

        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            side = torch.cat([torch.zeros_like(a), torch.ones_like(b)], 1)
            h = self.embed(torch.cat([a, b], 1)) + self.side(side)
            h = self.norm(h + self.attend(h, h, h, need_weights=False)[0])
            return self.out(h.amax(1)).squeeze(1)

    question = torch.randint(1, 30, (1200, 4))
    answer = torch.randint(1, 30, (1200, 4))
    fits = torch.rand(1200) < 0.5
    answer[fits, 0] = 29 - question[fits, 0] + 1
    answer = answer.gather(1, torch.rand(1200, 4).argsort(1))
    y = (answer.unsqueeze(2) + question.unsqueeze(1) == 30).any(2).any(1).float()
    model = CrossEncoder()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(a: Tensor, b: Tensor, y: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(model(a, b), y)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(question, answer, y), loss, 15))


@EVERYDAY_SOUND.add()
def graph_whose_nodes_attend_to_neighbours() -> Loop:
    class Attending(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.w, self.a, self.b = (
                nn.Linear(inputs, outputs, bias=False),
                nn.Linear(outputs, 1),
                nn.Linear(outputs, 1),
            )

        def forward(self, x: Tensor, edges: Tensor) -> Tensor:
            h = self.w(x)
            weight = F.leaky_relu(self.a(h) + self.b(h).T, 0.2).masked_fill(~edges, float("-inf"))
            return weight.softmax(1) @ h

    class Graph(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = Attending(12, 24), Attending(24, 3)

        def forward(self, x: Tensor, edges: Tensor) -> Tensor:
            return self.second(F.elu(self.first(F.dropout(x, 0.2, self.training), edges)), edges)

    kind = torch.randint(3, (150,))
    chance = torch.where(kind.unsqueeze(1) == kind, 0.08, 0.01)
    edges = torch.rand(150, 150) < chance
    edges = edges | edges.T | torch.eye(150, dtype=torch.bool)
    x = torch.randn(150, 12) + 0.7 * F.one_hot(kind, 12)
    known = torch.rand(150) < 0.4
    model = Graph()
    optimizer = torch.optim.Adam(model.parameters(), 0.01, weight_decay=5e-4)

    def train() -> None:
        for _ in range(150):
            model.train()
            optimizer.zero_grad()
            F.cross_entropy(model(x, edges)[known], kind[known]).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@EVERYDAY_SOUND.add()
def capsules_routed_by_agreement() -> Loop:
    class Capsules(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 32, 3, 2)
            self.weight = nn.Parameter(0.1 * torch.randn(36, 10, 8, 8))

        def forward(self, x: Tensor) -> Tensor:
            low = F.relu(self.conv(x)).view(len(x), 4, 8, 9).permute(0, 1, 3, 2).reshape(len(x), 36, 8)
            votes = torch.einsum("nid,ijde->nije", low, self.weight)
            route = torch.zeros(len(x), 36, 10)
            for _ in range(3):
                out = (route.softmax(2).unsqueeze(3) * votes).sum(1)
                square = out.square().sum(2, keepdim=True)
                out = square / (1 + square) * out / (square + 1e-8).sqrt()
                route = route + (votes * out.unsqueeze(1)).sum(3)
            return (out.square().sum(2) + 1e-8).sqrt()

    model = Capsules()

    def margin(length: Tensor, y: Tensor) -> Tensor:
        right = F.one_hot(y, 10)
        wrong = 0.5 * (1 - right) * F.relu(length - 0.1).square()
        return (right * F.relu(0.9 - length).square() + wrong).sum(1).mean()

    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(*data.pictures(800)), margin, 8)


class _Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return (x > 0).float()

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, v: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return v / (1 + 5 * x.abs()) ** 2


@EVERYDAY_SOUND.add()
def spikes_with_a_surrogate_slope() -> Loop:
    class Spiking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(64, 96), nn.Linear(96, 10)

        def forward(self, x: Tensor) -> Tensor:
            drive = self.first(2 * x)
            charge, out = torch.zeros_like(drive), torch.zeros(len(x), 10)
            for _ in range(10):
                charge = 0.9 * charge + drive
                spike = _Spike.apply(charge - 1)
                charge = charge * (1 - spike.detach())
                out = out + self.second(spike)
            return out / 10

    model = Spiking()
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(*data.digits()), nn.CrossEntropyLoss(), 8)


class _Sign(nn.Module):
    """A linear layer that shows only the signs of its weights, scaled; the slope goes straight through."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-1, 1) / inputs**0.5)

    def forward(self, x: Tensor) -> Tensor:
        sign = torch.sign(self.weight)
        scale = self.weight.abs().mean(1, keepdim=True).detach()
        return F.linear(x, scale * (self.weight + (sign - self.weight).detach()))


@EVERYDAY_SOUND.add()
def weights_of_one_bit() -> Loop:
    model = nn.Sequential(
        _Sign(64, 128), nn.BatchNorm1d(128), nn.Hardtanh(), _Sign(128, 64), nn.BatchNorm1d(64), nn.Hardtanh(),
        nn.Linear(64, 10),
    )  # fmt: skip
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(*data.digits()), nn.CrossEntropyLoss(), 12)


@EVERYDAY_SOUND.add()
def equation_of_motion_by_runge_kutta() -> Loop:
    class Motion(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 2))

        def forward(self, start: Tensor) -> Tensor:
            states, z, h = [], start, 0.2
            for _ in range(10):
                k1 = self.slope(z)
                k2 = self.slope(z + h / 2 * k1)
                k3 = self.slope(z + h / 2 * k2)
                z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + self.slope(z + h * k3))
                states.append(z)
            return torch.stack(states, 1)

    start = torch.randn(300, 2)
    turn = torch.tensor([[-0.1, 1.0], [-1.0, -0.1]])
    path = torch.stack([start @ torch.matrix_exp(turn.T * 0.2 * k) for k in range(1, 11)], 1)
    model = Motion()
    return fit(model, torch.optim.Adam(model.parameters(), 5e-3), batches(start, path), nn.MSELoss(), 20)


@EVERYDAY_SOUND.add()
def filter_with_a_learned_gain() -> Loop:
    class Filter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.move, self.look = nn.Parameter(0.9 * torch.eye(2)), nn.Parameter(torch.randn(1, 2) * 0.5)
            self.gain = nn.GRUCell(3, 16)
            self.out = nn.Linear(16, 2)

        def forward(self, seen: Tensor) -> Tensor:
            state, memory, said = torch.zeros(len(seen), 2), torch.zeros(len(seen), 16), []
            for t in range(seen.shape[1]):
                state = state @ self.move.T
                surprise = seen[:, t] - state @ self.look.T
                memory = self.gain(torch.cat([surprise, state], 1), memory)
                state = state + self.out(memory) * surprise
                said.append(state)
            return torch.stack(said, 1)

    step = torch.tensor([[0.95, 0.2], [-0.2, 0.95]])
    state, states = torch.randn(300, 2), []
    for _ in range(15):
        state = state @ step.T + 0.1 * torch.randn(300, 2)
        states.append(state)
    truth = torch.stack(states, 1)
    seen = truth[:, :, :1] + 0.3 * torch.randn(300, 15, 1)
    model = Filter()
    return fit(model, torch.optim.Adam(model.parameters(), 5e-3), batches(seen, truth), nn.MSELoss(), 20)
