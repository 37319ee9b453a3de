"""A fourth set of whole scripts: losses and targets."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import SequenceNet
from .fourth_domains import MaskNet, Variational, Writer, divergence, masks, sensors, steps_of_a_corridor, text
from .loops import FOURTH, FOURTH_NAMELESS, Loop, batches, fit, learn


@FOURTH.add("target-encoding")
def chosen_values_as_a_column_against_a_row() -> Loop:
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
    aim = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(s: Tensor, a: Tensor, r: Tensor, t: Tensor, d: Tensor) -> Tensor:
        chosen = model(s).gather(1, a.unsqueeze(1))
        with torch.no_grad():
            wanted = r + 0.9 * (1 - d) * aim(t).max(1).values
        return F.smooth_l1_loss(chosen, wanted)

    def train() -> None:
        for _ in range(6):
            aim.load_state_dict(model.state_dict())
            learn(optimizer, batches(*steps_of_a_corridor()), loss, 1)

    return Loop(model, optimizer, train)


@FOURTH.add("output-activation", "non-finite")
def logarithm_of_a_policys_raw_scores() -> Loop:
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    state, action, reward, _, _ = steps_of_a_corridor()

    def loss(s: Tensor, a: Tensor, r: Tensor) -> Tensor:
        return -(torch.log(model(s))[torch.arange(len(a)), a] * r).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(state, action, reward), loss, 4))


@FOURTH.add("output-activation")
def discriminator_with_a_sigmoid_too_many() -> Loop:
    model = nn.ModuleDict({
        "generator": nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64), nn.Sigmoid()),
        "discriminator": nn.Sequential(nn.Linear(64, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1), nn.Sigmoid()),
    })  # fmt: skip
    making = torch.optim.Adam(model["generator"].parameters(), 1e-3)
    judging = torch.optim.Adam(model["discriminator"].parameters(), 1e-3)
    criterion = nn.BCEWithLogitsLoss()

    def train() -> None:
        for _ in range(5):
            for (real,) in batches(data.digits()[0]):
                judge = model["discriminator"]
                fake = model["generator"](torch.randn(len(real), 8))
                judging.zero_grad()
                answers = torch.cat([judge(real), judge(fake.detach())])
                truth = torch.cat([torch.ones(len(real), 1), torch.zeros(len(real), 1)])
                criterion(answers, truth).backward()
                judging.step()
                making.zero_grad()
                criterion(judge(fake), torch.ones(len(real), 1)).backward()
                making.step()

    return Loop(model, [making, judging], train)


@FOURTH.add("class-imbalance", "target-encoding", "not-learning")
def padding_counted_as_words() -> Loop:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.rnn = nn.Embedding(40, 16), nn.GRU(16, 24, batch_first=True)
            self.out = nn.Linear(24, 5)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.rnn(self.embed(x))[0])

    words = torch.randint(1, 40, (500, 60))
    words[torch.arange(60) >= torch.randint(1, 6, (500, 1))] = 0
    tags = torch.where(words == 0, 0, 1 + (words + words.roll(1, 1)) % 4)
    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(x: Tensor, t: Tensor) -> Tensor:
        return F.cross_entropy(model(x).reshape(-1, 5), t.reshape(-1))

    return Loop(model, optimizer, lambda: learn(optimizer, batches(words, tags), loss, 6), metrics=("accuracy",))


@FOURTH.add("learning-rate-too-high", "exploding-gradient", "dead-units", "oscillating-loss")
def pixels_summed_at_a_usual_rate() -> Loop:
    model = MaskNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(*masks(), size=16), nn.BCEWithLogitsLoss(reduction="sum"), 5)


@FOURTH.add("output-activation", "loss-mismatch")
def overlap_of_raw_scores() -> Loop:
    model = MaskNet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(said: Tensor, mask: Tensor) -> Tensor:
        return 1 - (2 * (said * mask).sum() + 1) / (said.sum() + mask.sum() + 1)

    return fit(model, optimizer, batches(*masks(), size=16), loss, 5)


@FOURTH.add("output-activation", "unscaled-target", "unscaled-features")
def bytes_rebuilt_by_a_sigmoid() -> Loop:
    x, _ = data.pictures(scale=255.0)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(),
        nn.ConvTranspose2d(12, 1, 2, stride=2), nn.Sigmoid(),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, x), nn.MSELoss(), 6)


@FOURTH.add("non-finite", "bad-values", "batch-size")
def spread_of_the_last_row_alone() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(64, 48), nn.Linear(48, 10)

        def forward(self, x: Tensor) -> Tensor:
            h = self.a(x)
            return self.b(F.relu((h - h.mean(0)) / (h.std(0) + 1e-5)))

    x, y = data.digits()
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x[:1345], y[:1345], size=64), nn.CrossEntropyLoss(), 4)


@FOURTH.add("target-encoding")
def masks_of_0_and_255() -> Loop:
    x, y = masks()
    model = MaskNet(norm=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, 255 * y, size=16), nn.BCEWithLogitsLoss(), 5)


@FOURTH.add("class-imbalance", "not-learning")
def weights_of_classes_upside_down() -> Loop:
    x, y = data.wine()
    keep = (y == 0) | (torch.rand(len(y)) < 0.12)
    x, y = x[keep], y[keep]
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    criterion = nn.CrossEntropyLoss(torch.bincount(y, minlength=3).float())
    return fit(model, optimizer, batches(x, y, size=16), criterion, 15, metrics=("accuracy",))


@FOURTH.add("unscaled-features", "unscaled-target", "non-finite")
def variational_network_of_raw_measurements() -> Loop:
    x, _ = data.cancer(raw=True)
    model = Variational(30)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(some: Tensor) -> Tensor:
        rebuilt, mean, log_variance = model(some)
        return F.mse_loss(rebuilt, some) + divergence(mean, log_variance)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x), loss, 6))


@FOURTH.add("not-learning", "plateau", "capacity-too-low")  # no name of its own: what a user sees
def squared_weights_added_by_hand() -> Loop:
    model = SequenceNet(nn.GRU, 3, 24, 1)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(x: Tensor, y: Tensor) -> Tensor:
        return F.mse_loss(model(x), y) + sum(p.square().sum() for p in model.parameters())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*sensors()), loss, 12))


@FOURTH.add("loss-mismatch", "learning-rate-too-high", "exploding-gradient")
def likelihood_without_its_minus() -> Loop:
    pieces, letters = text()
    model = Writer(letters)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(some: Tensor) -> Tensor:
        log_p = F.log_softmax(model(some[:, :-1]), 2)
        return log_p.gather(2, some[:, 1:].unsqueeze(2)).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(pieces), loss, 3))


# Without a name among the findings


@FOURTH_NAMELESS.add()
def divergence_a_hundred_times_too_heavy() -> Loop:
    model = Variational(64, nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(some: Tensor) -> Tensor:
        rebuilt, mean, log_variance = model(some)
        return F.mse_loss(rebuilt, some) + 100 * divergence(mean, log_variance)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(data.digits()[0]), loss, 6))


@FOURTH_NAMELESS.add()
def places_viewed_as_classes() -> Loop:
    pieces, letters = text()
    model = Writer(letters)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def loss(some: Tensor) -> Tensor:
        scores = model(some[:, :-1])
        return F.cross_entropy(scores.reshape(len(some), letters, -1), some[:, 1:])  # transpose(1, 2) was meant

    return Loop(model, optimizer, lambda: learn(optimizer, batches(pieces), loss, 3))
