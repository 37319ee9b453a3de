"""A fifth set of whole scripts: faults of the output, the loss and the target."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.utils.data import DataLoader

from . import posted_data as data
from .fifth_domains import Attentive, Named, Policy, Trainer, UNet, returns, sentences, walked
from .forum_loop import perceptron
from .forum_output import ConvNet, SequenceNet
from .fourth_domains import masks, sensors
from .loops import FIFTH, FIFTH_NAMELESS, Loop, batches, fit, learn


@FIFTH.add("output-activation")
def attentive_classifier_that_ends_in_a_softmax() -> Loop:
    words, padding, subject = sentences()
    model = Attentive(nn.Softmax(dim=-1))
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    loader = DataLoader(Named(words=words, padding=padding, subject=subject), batch_size=32, shuffle=True)
    criterion = nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(8):
            model.train()
            for batch in loader:
                optimizer.zero_grad()
                loss = criterion(model(batch["words"], batch["padding"]), batch["subject"])
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("output-activation")
def second_head_with_a_sigmoid_too_many() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.digit, self.even = nn.Linear(64, 48), nn.Linear(48, 10), nn.Linear(48, 1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = F.relu(self.body(x))
            return torch.sigmoid(self.even(h)).squeeze(1), self.digit(h)

    x, y = data.digits()
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(rows: Tensor, labels: Tensor) -> Tensor:
        even, digit = model(rows)
        return F.binary_cross_entropy_with_logits(even, (labels % 2 == 0).float()) + F.cross_entropy(digit, labels)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), loss, 8))


@FIFTH.add("output-activation")
def softmax_over_the_width_of_masks() -> Loop:
    model = UNet(2)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(image: Tensor, mask: Tensor) -> Tensor:
        return F.nll_loss(F.log_softmax(model(image), dim=-1), mask.squeeze(1).long())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*masks(), size=16), loss, 5))


@FIFTH.add("output-activation")
def probabilities_into_a_likelihood_of_logarithms() -> Loop:
    model = ConvNet(nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.NLLLoss(), 8)


@FIFTH.add("output-activation", "dead-units")
def scores_rectified_before_cross_entropy() -> Loop:
    x, y = data.pictures(800)
    model = ConvNet(nn.ReLU())
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(8))


@FIFTH.add("output-activation", "unscaled-features", "unscaled-target")
def generator_from_minus_one_to_one_for_pictures_to_sixteen() -> Loop:
    model = nn.ModuleDict({
        "generator": nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64), nn.Tanh()),
        "critic": nn.Sequential(nn.Linear(64, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)),
    })  # fmt: skip
    makes = torch.optim.Adam(model["generator"].parameters(), 1e-3, betas=(0.5, 0.999))
    judges = torch.optim.Adam(model["critic"].parameters(), 1e-3, betas=(0.5, 0.999))

    def train() -> None:
        for _ in range(5):
            for (real,) in batches(data.digits(scale=1.0)[0], size=64):
                one, zero = torch.ones(len(real), 1), torch.zeros(len(real), 1)
                fake = model["generator"](torch.randn(len(real), 8))
                judges.zero_grad()
                judged = F.binary_cross_entropy_with_logits(model["critic"](real), one)
                (judged + F.binary_cross_entropy_with_logits(model["critic"](fake.detach()), zero)).backward()
                judges.step()
                makes.zero_grad()
                F.binary_cross_entropy_with_logits(model["critic"](fake), one).backward()
                makes.step()

    return Loop(model, [makes, judges], train)


# Losses


@FIFTH.add("target-encoding")
def column_of_answers_against_a_row_of_targets_by_hand() -> Loop:
    x, y = sensors()
    model = SequenceNet(nn.LSTM, 3, 24, 1)
    optimizer = torch.optim.Adam([
        {"params": model.rnn.parameters(), "lr": 3e-3},
        {"params": model.fc.parameters(), "lr": 1e-2},
    ])  # fmt: skip
    loader = DataLoader(Named(series=x, following=y.squeeze(1)), batch_size=32, shuffle=True)

    def train() -> None:
        for _ in range(6):
            for batch in loader:
                optimizer.zero_grad()
                loss = ((model(batch["series"]) - batch["following"]) ** 2).mean()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("target-encoding")
def values_of_a_critic_against_a_column_of_returns() -> Loop:
    model = Policy()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        for _ in range(60):
            place, chosen, values, rewards = torch.randint(7, (32,)), [], [], []
            for _ in range(8):
                scores, value = model(F.one_hot(place, 8).float())
                ways = Categorical(logits=scores)
                way = ways.sample()
                chosen.append(ways.log_prob(way))
                values.append(value)
                place, reward = walked(place, way)
                rewards.append(reward)
            total, value = returns(rewards).flatten(), torch.cat(values)
            gain = (total - value.detach()).clone()
            loss = -(torch.cat(chosen) * gain).mean() + F.mse_loss(value, total.unsqueeze(1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("target-encoding", "loss-mismatch")
def yes_and_no_as_one_and_minus_one() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    trainer = Trainer(model, optimizer, nn.BCEWithLogitsLoss(), batches(x[:450], 2 * y[:450] - 1),
                      batches(x[450:], 2 * y[450:] - 1))  # fmt: skip
    return Loop(model, optimizer, lambda: trainer.fit(10))


@FIFTH.add("loss-mismatch", "output-activation", "target-encoding")
def target_and_answer_exchanged_in_a_binary_loss() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(rows: Tensor, wanted: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(wanted, model(rows))

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), loss, 12))


@FIFTH.add("unlearnable-target", "not-learning", "overfitting", "plateau")
def labels_of_the_batch_before_the_loop() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[:1792], y[:1792])

    def train() -> None:
        _, labels = next(iter(loader))
        for _ in range(10):
            for rows, _ in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(rows), labels).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("loss-mismatch", "not-learning")
def policy_gradient_without_its_minus() -> Loop:
    model = Policy()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        for _ in range(80):
            place, chosen, rewards = torch.randint(7, (32,)), [], []
            for _ in range(8):
                ways = Categorical(logits=model(F.one_hot(place, 8).float())[0])
                way = ways.sample()
                chosen.append(ways.log_prob(way))
                place, reward = walked(place, way)
                rewards.append(reward)
            loss = (torch.stack(chosen) * returns(rewards)).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("unscaled-target")
def year_of_birth_beside_a_class() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(13, 48), nn.ReLU())
            self.year, self.kind = nn.Linear(48, 1), nn.Linear(48, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = self.body(x)
            return self.year(h), self.kind(h)

    x, y = data.wine()
    year = 1950 + 10 * x[:, :1] + 2 * torch.randn(len(x), 1)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(rows: Tensor, wanted: Tensor, labels: Tensor) -> Tensor:
        said, kind = model(rows)
        return F.mse_loss(said, wanted) + F.cross_entropy(kind, labels)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, year, y, size=16), loss, 25))


@FIFTH_NAMELESS.add()
def class_zero_ignored_as_if_it_were_padding() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(ignore_index=0), 8)
