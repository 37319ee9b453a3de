"""A fifth set of whole scripts: what the optimiser is not told of, paths that are cut, modes, passes over the data."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.utils.data import DataLoader

from . import posted_data as data
from .fifth_domains import Policy, Reader, ResNet, Trainer, padded, pretrained, returns, varying, walked
from .forum_loop import perceptron
from .loops import FIFTH, Loop, batches, fit, learn
from .third import reviews

# Paths that are cut


@FIFTH.add("detached-graph")
def losses_of_steps_gathered_as_numbers() -> Loop:
    class Teller(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.fc = nn.LSTMCell(1, 24), nn.Linear(24, 1)

        def forward(self, x: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, tuple[Tensor, Tensor]]:
            state = self.cell(x, state)
            return self.fc(state[0]), state

    x, _ = data.waves()
    model = Teller()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(rows: Tensor) -> Tensor:
        state, losses = (torch.zeros(len(rows), 24), torch.zeros(len(rows), 24)), []
        for now, following in zip(rows.unbind(1)[:-1], rows.unbind(1)[1:], strict=True):
            said, state = model(now, state)
            losses.append(F.mse_loss(said, following).item())
        return torch.tensor(losses, requires_grad=True).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x), loss, 4))


@FIFTH.add("detached-graph", "frozen-parameters")
def policy_that_acts_inside_no_grad() -> Loop:
    model = Policy()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        for _ in range(60):
            place, chosen, values, rewards = torch.randint(7, (32,)), [], [], []
            for _ in range(10):
                state = F.one_hot(place, 8).float()
                with torch.no_grad():
                    ways = Categorical(logits=model(state)[0])
                    way = ways.sample()
                    chosen.append(ways.log_prob(way))
                values.append(model(state)[1])
                place, reward = walked(place, way)
                rewards.append(reward)
            total, value = returns(rewards), torch.stack(values)
            loss = -(torch.stack(chosen) * (total - value.detach())).mean() + F.mse_loss(value, total)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("detached-graph", "frozen-parameters")
def words_looked_up_in_the_data_of_the_table() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(60, 24)
            self.fc = nn.Sequential(nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 2))

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.embed.weight.data[x].mean(1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 10)


@FIFTH.add("detached-graph", "frozen-parameters", "output-units")
def loss_of_the_features_in_place_of_the_scores() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU())
            self.head = nn.Linear(32, 10)

        def forward(self, x: Tensor) -> dict[str, Tensor]:
            features = self.body(x)
            return {"features": features, "scores": self.head(features)}

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        features, _ = model(x).values()
        return F.cross_entropy(features, y)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*data.digits()), loss, 5))


# What the optimiser is not told of


@FIFTH.add("parameters-not-in-optimizer")
def new_head_after_the_optimizer_of_a_frozen_body() -> Loop:
    model = ResNet()
    model.load_state_dict(pretrained())
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith("fc")
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), 1e-3)
    model.fc = nn.Linear(16, 2)
    x, y = data.pictures()
    return fit(model, optimizer, batches(x, y % 2), nn.CrossEntropyLoss(), 5)


@FIFTH.add("parameters-not-in-optimizer")
def block_thawed_after_the_optimizer() -> Loop:
    model = ResNet()
    model.load_state_dict(pretrained())
    model.layer2, model.fc = ResNet().layer2, nn.Linear(16, 2)
    model.layer2.requires_grad_(False)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], 1e-3)
    x, y = data.pictures()
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), batches(x[:400], y[:400] % 2),
                      batches(x[400:], y[400:] % 2))  # fmt: skip

    def train() -> None:
        trainer.fit(2)
        model.layer2.requires_grad_(True)
        trainer.fit(3)

    return Loop(model, optimizer, train)


@FIFTH.add("parameters-not-in-optimizer")
def weights_of_two_tasks_learned_by_nobody() -> Loop:
    class Weighed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_variances = nn.Parameter(torch.zeros(2))

        def forward(self, losses: Tensor) -> Tensor:
            return (losses * (-self.log_variances).exp() + self.log_variances).sum()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.digit, self.ink = nn.Linear(64, 48), nn.Linear(48, 10), nn.Linear(48, 1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = F.relu(self.body(x))
            return self.digit(h), self.ink(h).squeeze(1)

    x, y = data.digits()
    ink = (x.mean(1) - x.mean()) / x.mean(1).std()
    model, criterion = Net(), Weighed()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(rows: Tensor, labels: Tensor, amount: Tensor) -> Tensor:
        digit, said = model(rows)
        return criterion(torch.stack([F.cross_entropy(digit, labels), F.mse_loss(said, amount)]))

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, ink), loss, 6))


@FIFTH.add("frozen-parameters")
def checkpoint_with_other_names_and_a_frozen_body() -> Loop:
    model = ResNet()
    model.load_state_dict({f"module.{name}": value for name, value in pretrained().items()}, strict=False)
    for p in model.parameters():
        p.requires_grad = False
    model.fc = nn.Linear(16, 10)
    optimizer = torch.optim.Adam(model.fc.parameters(), 3e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 6)


# Modes and passes


@FIFTH.add("eval-mode-training")
def trainer_that_validates_and_does_not_turn_back() -> Loop:
    class Fit(Trainer):
        def train_epoch(self) -> float:
            for x, y in self.loader:
                self.optimizer.zero_grad()
                self.criterion(self.model(x), y).backward()
                self.optimizer.step()
            return 0.0

    x, y = data.pictures(800)
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    trainer = Fit(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(6))


@FIFTH.add("eval-mode-training")
def training_mode_named_and_not_called() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def train() -> None:
        for _ in range(10):
            model.train  # noqa: B018 - the fault
            for rows, wanted in batches(x[:450], y[:450]):
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(rows), wanted).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                F.binary_cross_entropy_with_logits(model(x[450:]), y[450:])

    return Loop(model, optimizer, train)


@FIFTH.add("stopped-too-early", "learning-rate-too-low")
def patience_with_accuracy_taken_for_a_loss() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.02)

    def train() -> None:
        best, waited = float("inf"), 0
        while waited < 2:
            for rows, labels in batches(x[:1400], y[:1400], size=64):
                optimizer.zero_grad()
                F.cross_entropy(model(rows), labels).backward()
                optimizer.step()
            with torch.no_grad():
                accuracy = (model(x[1400:]).argmax(1) == y[1400:]).float().mean().item()
            waited = 0 if accuracy < best else waited + 1
            best = min(best, accuracy)

    return Loop(model, optimizer, train)


@FIFTH.add("too-little-data", "overfitting")
def slice_for_debugging_left_in() -> Loop:
    rows = varying(700)
    train_set, held_out = rows[:500][:32], rows[500:]
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    loader = DataLoader(train_set, batch_size=16, shuffle=True, collate_fn=padded)
    validation = DataLoader(held_out, batch_size=100, collate_fn=padded)

    def train() -> None:
        for _ in range(60):
            for x, lengths, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x, lengths), y).backward()
                optimizer.step()
            with torch.no_grad():
                for x, lengths, y in validation:
                    F.cross_entropy(model(x, lengths), y)

    return Loop(model, optimizer, train)
