"""A fourth set of whole scripts: gradients cut on their way, rows mixed, first parameters, what a layer is given."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_output import rows_of_digits
from .fourth_domains import MaskNet, Writer, graph, masks, pairs, sensors, steps_of_a_corridor, text
from .loops import FOURTH, Loop, batches, fit, learn


@FOURTH.add("detached-graph")
def best_values_kept_in_a_list() -> Loop:
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    state, action, reward, after, done = steps_of_a_corridor()

    def loss(s: Tensor, a: Tensor, r: Tensor, t: Tensor, d: Tensor) -> Tensor:
        chosen = torch.tensor([values[i].item() for values, i in zip(model(s), a, strict=True)], requires_grad=True)
        with torch.no_grad():
            wanted = r + 0.9 * (1 - d) * model(t).max(1).values
        return F.smooth_l1_loss(chosen, wanted)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(state, action, reward, after, done), loss, 4))


@FOURTH.add("detached-graph")
def untrained_encoder_inside_no_grad() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.GRU(24, 32, batch_first=True)
            self.embed, self.decoder = nn.Embedding(12, 24), nn.GRU(24, 32, batch_first=True)
            self.out = nn.Linear(32, 12)

        def forward(self, source: Tensor, target: Tensor) -> Tensor:
            with torch.no_grad():
                state = self.encoder(self.embed(source))[1]
            return self.out(self.decoder(self.embed(target), state)[0])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    source = torch.randint(2, 12, (600, 6))
    target = torch.cat([torch.zeros(600, 1, dtype=torch.long), source.flip(1)], 1)

    def loss(words: Tensor, answer: Tensor) -> Tensor:
        return F.cross_entropy(model(words, answer[:, :-1]).flatten(0, 1), answer[:, 1:].flatten())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(source, target), loss, 6))


class _Quantise(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return (x * 4).round() / 4

    @staticmethod
    def backward(ctx: object, v: Tensor) -> Tensor:  # type: ignore[override]
        return torch.zeros_like(v)


@FOURTH.add("vanishing-gradient", "detached-graph", "frozen-parameters")
def custom_function_that_gives_zeros_back() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Linear(64, 48), nn.Linear(48, 32), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            h = _Quantise.apply(torch.tanh(self.a(x)))
            return self.c(F.relu(self.b(h)))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 6)


@FOURTH.add("detached-graph", "vanishing-gradient", "frozen-parameters", "not-learning")
def overlap_of_rounded_masks() -> Loop:
    model = MaskNet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(image: Tensor, mask: Tensor) -> Tensor:
        said = torch.round(torch.sigmoid(model(image)))
        return 1 - (2 * (said * mask).sum() + 1) / (said.sum() + mask.sum() + 1)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*masks(), size=16), loss, 4))


@FOURTH.add("mixed-rows")
def attention_softmax_over_the_batch() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v = (nn.Linear(8, 24) for _ in range(3))
            self.fc = nn.Linear(24, 10)

        def forward(self, x: Tensor) -> Tensor:
            scores = self.q(x) @ self.k(x).transpose(1, 2) / 24**0.5
            return self.fc((torch.softmax(scores, dim=0) @ self.v(x)).mean(1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FOURTH.add("mixed-rows")
def transformer_that_takes_rows_for_places() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.fc = nn.Linear(3, 24), nn.Linear(24, 1)
            self.encoder = nn.TransformerEncoderLayer(24, 2, 48, dropout=0.0)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.encoder(self.embed(x))[:, -1])  # (n, time, 3): batch_first was forgotten

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*sensors(400, 12)), nn.MSELoss(), 6)


@FOURTH.add("constant-feature", "not-learning", "plateau", "vanishing-gradient", "frozen-parameters")
def layer_norm_over_one_number() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm, self.rnn, self.fc = nn.LayerNorm(1), nn.LSTM(1, 24, batch_first=True), nn.Linear(24, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.rnn(self.norm(x))[0][:, -1])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(*data.waves()), nn.MSELoss(), 10)


@FOURTH.add("too-much-dropout")
def recurrent_layers_that_drop_nine_tenths() -> Loop:
    pieces, letters = text()
    model = Writer(letters, dropout=0.9, layers=3)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(some: Tensor) -> Tensor:
        return F.cross_entropy(model(some[:, :-1]).flatten(0, 1), some[:, 1:].flatten())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(pieces), loss, 3))


@FOURTH.add("missing-nonlinearity")
def norms_between_linear_layers_and_nothing_else() -> Loop:
    left, right, same = pairs()
    model = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.Linear(64, 32), nn.BatchNorm1d(32),
                          nn.Linear(32, 1))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(left - right, same.unsqueeze(1)), nn.BCEWithLogitsLoss(), 10)


# First parameters


@FOURTH.add("zero-init")
def both_factors_start_at_zero() -> Loop:
    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user, self.item = nn.Parameter(torch.zeros(60, 8)), nn.Parameter(torch.zeros(40, 8))

        def forward(self, users: Tensor, items: Tensor) -> Tensor:
            return (self.user[users] * self.item[items]).sum(1)

    users, items = torch.randint(60, (1500,)), torch.randint(40, (1500,))
    rating = (torch.randn(60, 3)[users] * torch.randn(40, 3)[items]).sum(1)
    model = Factors()
    optimizer = torch.optim.SGD(model.parameters(), 0.5)
    loader = batches(users, items, rating, size=64)
    return Loop(model, optimizer, lambda: learn(optimizer, loader, lambda u, i, r: F.mse_loss(model(u, i), r), 6))


class _GraphNet(nn.Module):
    """Two graph convolutions of one's own."""

    def __init__(self, mixing: Tensor) -> None:
        super().__init__()
        self.register_buffer("mixing", mixing)
        self.a, self.b = nn.Parameter(torch.empty(8, 24)), nn.Parameter(torch.empty(24, 3))
        nn.init.xavier_uniform_(self.a)
        nn.init.xavier_uniform_(self.b)

    def forward(self, x: Tensor) -> Tensor:
        """(nodes, 8) → (nodes, 3)"""
        return self.mixing @ (F.relu(self.mixing @ (x @ self.a)) @ self.b)


@FOURTH.add("symmetric-init", "redundant-units")
def graph_convolutions_of_ones() -> Loop:
    x, edges, y = graph()
    joined = edges + torch.eye(len(x))
    model = _GraphNet(joined / joined.sum(1, keepdim=True))
    nn.init.constant_(model.a, 0.3)
    nn.init.constant_(model.b, 0.3)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def train() -> None:
        for _ in range(80):
            optimizer.zero_grad()
            F.cross_entropy(model(x)[:180], y[:180]).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FOURTH.add("non-finite", "bad-values")
def lonely_nodes_behind_a_where() -> Loop:
    x, edges, y = graph()
    edges[:5], edges[:, :5] = 0, 0

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.gate, self.b = nn.Linear(8, 24), nn.Linear(8, 1), nn.Linear(32, 3)

        def forward(self, x: Tensor) -> Tensor:
            weight = edges * torch.sigmoid(self.gate(x)).T
            total = weight.sum(1, keepdim=True)
            mean = torch.where(total > 0, weight @ F.relu(self.a(x)) / total, 0.0)
            return self.b(torch.cat([x, mean], 1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def train() -> None:
        for _ in range(40):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FOURTH.add("init-too-large", "saturated-units")
def layers_of_ones_own_by_randn() -> Loop:
    class Dense(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.w, self.b = nn.Parameter(torch.randn(inputs, outputs)), nn.Parameter(torch.zeros(outputs))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.w + self.b

    model = nn.Sequential(Dense(64, 96), nn.Tanh(), Dense(96, 96), nn.Tanh(), Dense(96, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 6)


@FOURTH.add("exploding-gradient", "init-too-large", "non-finite", "saturated-units")
def recurrence_by_hand_that_grows() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = nn.Parameter(0.4 * torch.randn(32, 32)), nn.Linear(3, 32)
            self.fc = nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            h = torch.zeros(len(x), 32)
            for step in x.unbind(1):
                h = F.relu(h @ self.inner + self.outer(step))
            return self.fc(h)

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*sensors()), nn.MSELoss(), 5)
