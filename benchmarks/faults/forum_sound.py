"""Whole scripts without a fault, of the kinds that forums and tutorials show."""

import copy
import math

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, SegNet, SequenceNet, _blobs, houses, labels_of_several_kinds, rows_of_digits
from .loops import FORUM_SOUND, Loop, batches, fit


@FORUM_SOUND.add()
def convolutions_with_norm_and_a_schedule() -> Loop:
    x, y = data.pictures(1000)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1),
        nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 4, 0.5)
    loader, held_out = batches(x[:800], y[:800]), batches(x[800:], y[800:], size=100, shuffle=False)

    def train() -> None:
        for _ in range(10):
            model.train()
            for images, labels in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
            scheduler.step()
            model.eval()
            with torch.no_grad():
                for images, labels in held_out:
                    F.cross_entropy(model(images), labels)

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def clipped_lstm() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 48, 10)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader, criterion = batches(*rows_of_digits()), nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(8):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def transformer_with_cosine_schedule() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.place = nn.Linear(8, 32), nn.Parameter(0.02 * torch.randn(8, 32))
            layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.1, batch_first=True, norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.fc = nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.encoder(self.embed(x) + self.place).mean(1))

    model, epochs = Net(), 10
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    loader = batches(*rows_of_digits())

    def train() -> None:
        for _ in range(epochs):
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            scheduler.step()

    return Loop(model, optimizer, train)


class _Embedder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


@FORUM_SOUND.add()
def contrastive_pairs() -> Loop:
    x, y = data.digits()
    a, b = torch.randint(len(x), (2, 1500))
    b = torch.where(torch.rand(1500) < 0.4, y.argsort()[(y.argsort().argsort()[a] + 1) % len(x)], b)
    model = _Embedder()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[a], x[b], (y[a] == y[b]).float())

    def train() -> None:
        for _ in range(10):
            for left, right, same in loader:
                distance = F.pairwise_distance(model(left), model(right))
                loss = (same * distance**2 + (1 - same) * F.relu(1 - distance) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def triplets() -> Loop:
    x, y = data.digits()
    anchor = torch.randint(len(x), (1500,))
    order = y.argsort()
    positive = order[(order.argsort()[anchor] + 5) % len(x)]
    negative = torch.randint(len(x), (1500,))
    model, criterion = _Embedder(), nn.TripletMarginLoss(margin=1.0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    keep = (y[positive] == y[anchor]) & (y[negative] != y[anchor])
    loader = batches(x[anchor][keep], x[positive][keep], x[negative][keep])

    def train() -> None:
        for _ in range(8):
            for parts in loader:
                optimizer.zero_grad()
                criterion(*(model(part) for part in parts)).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def multi_label_with_weights() -> Loop:
    x, y = labels_of_several_kinds()
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 5))
    criterion = nn.BCEWithLogitsLoss(pos_weight=(1 - y.mean(0)) / y.mean(0))
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(x, y), criterion, 20)


@FORUM_SOUND.add()
def dice_and_binary_loss() -> Loop:
    x, y = _blobs()
    model = SegNet(1)

    def criterion(out: Tensor, mask: Tensor) -> Tensor:
        p = torch.sigmoid(out)
        dice = 1 - (2 * (p * mask).sum() + 1) / (p.sum() + mask.sum() + 1)
        return F.binary_cross_entropy_with_logits(out, mask) + dice

    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y.float().unsqueeze(1), size=16), criterion, 12)


@FORUM_SOUND.add()
def pixels_by_cross_entropy() -> Loop:
    model = SegNet(2)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    return fit(model, optimizer, batches(*_blobs(), size=8), nn.CrossEntropyLoss(), 10)


@FORUM_SOUND.add()
def denoising_autoencoder() -> Loop:
    x, _ = data.pictures(800)
    encoder = nn.Sequential(nn.Conv2d(1, 16, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1))
    decoder = nn.Sequential(
        nn.ReLU(), nn.ConvTranspose2d(16, 16, 2, stride=2), nn.ReLU(), nn.Conv2d(16, 1, 3, padding=1)
    )
    model = nn.Sequential(encoder, decoder)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x + 0.2 * torch.randn_like(x), x), nn.MSELoss(), 10)


@FORUM_SOUND.add()
def forecast_by_convolutions() -> Loop:
    x, y = data.waves(600)
    model = nn.Sequential(nn.Conv1d(1, 16, 5), nn.ReLU(), nn.Conv1d(16, 16, 5), nn.ReLU(), nn.Flatten(),
                          nn.Linear(192, 1))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(x.transpose(1, 2), y), nn.HuberLoss(), 12)


@FORUM_SOUND.add()
def two_tasks_at_once() -> Loop:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 64), nn.ReLU())
            self.kind, self.ink = nn.Linear(64, 10), nn.Linear(64, 1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = self.body(x)
            return self.kind(h), self.ink(h)

    x, y = data.digits()
    ink = x.mean(1, keepdim=True)
    model = Shared()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    loader = batches(x, y, (ink - ink.mean()) / ink.std())

    def train() -> None:
        for _ in range(10):
            for inputs, kinds, inks in loader:
                kind, amount = model(inputs)
                loss = F.cross_entropy(kind, kinds) + 0.5 * F.mse_loss(amount, inks)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def body_trained_before_and_frozen() -> Loop:
    x, y = data.digits()
    body = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU())
    first = nn.Sequential(body, nn.Linear(32, 10))
    early = torch.optim.Adam(first.parameters(), 3e-3)
    for _ in range(300):
        rows = torch.randint(len(x), (64,))
        early.zero_grad()
        F.cross_entropy(first(x[rows]), y[rows]).backward()
        early.step()
    for p in body.parameters():
        p.requires_grad = False
    model = nn.Sequential(body, nn.Linear(32, 2))
    optimizer = torch.optim.Adam(model[1].parameters(), 1e-2)
    return fit(model, optimizer, batches(x, (y % 2)), nn.CrossEntropyLoss(), 8)


@FORUM_SOUND.add()
def logarithm_of_prices() -> Loop:
    x, y = houses()
    y = torch.log1p(y)
    model = perceptron(10, 1)
    loader = batches(x, (y - y.mean()) / y.std())
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), loader, nn.MSELoss(), 20)


@FORUM_SOUND.add()
def rare_class_weighed() -> Loop:
    x, y = datasets.make_classification(1500, 12, n_informative=6, weights=[0.9], class_sep=1.5, random_state=3)
    model = perceptron(12, 1, hidden=32)
    loader = batches(torch.tensor(x).float(), torch.tensor(y).float().unsqueeze(1))
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([9.0]))
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), loader, criterion, 12)


@FORUM_SOUND.add()
def smoothed_labels() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    return fit(model, optimizer, batches(*data.pictures(1200)), criterion, 12)


@FORUM_SOUND.add()
def encoder_and_decoder_with_their_own_optimizers() -> Loop:
    x, _ = data.digits()
    encoder = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 12))
    decoder = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 64))
    model = nn.Sequential(encoder, decoder)
    first, second = torch.optim.Adam(encoder.parameters(), 2e-3), torch.optim.Adam(decoder.parameters(), 2e-3)
    loader = batches(x)

    def train() -> None:
        for _ in range(12):
            for (inputs,) in loader:
                first.zero_grad()
                second.zero_grad()
                F.mse_loss(model(inputs), inputs).backward()
                first.step()
                second.step()

    return Loop(model, [first, second], train)


@FORUM_SOUND.add()
def policy_gradient_of_a_bandit() -> Loop:
    model = perceptron(6, 4, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    best = torch.randn(6, 4)

    def train() -> None:
        for _ in range(400):
            state = torch.randn(64, 6)
            choice = torch.distributions.Categorical(logits=model(state))
            action = choice.sample()
            reward = ((state @ best).argmax(1) == action).float()
            loss = -(choice.log_prob(action) * (reward - reward.mean())).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def values_with_a_target_network() -> Loop:
    model = perceptron(4, 3, hidden=32)
    target = copy.deepcopy(model)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    world = torch.randn(3, 4)

    def train() -> None:
        for step in range(500):
            state = torch.randn(64, 4)
            action = torch.randint(3, (64, 1))
            reward = torch.tanh((state * world[action[:, 0]]).sum(1, keepdim=True))
            with torch.no_grad():
                goal = reward + 0.5 * target(0.5 * state + 0.5 * torch.randn_like(state)).max(1, keepdim=True).values
            loss = F.smooth_l1_loss(model(state).gather(1, action), goal)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 50 == 0:
                target.load_state_dict(model.state_dict())

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def double_precision() -> Loop:
    x, y = data.diabetes()
    model = perceptron(10, 1, hidden=32).double()
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x.double(), y.double()), nn.MSELoss(), 15)


@FORUM_SOUND.add()
def mean_and_spread() -> Loop:
    class Gauss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.mean, self.spread = perceptron(1, 32, 32), nn.Linear(32, 1), nn.Linear(32, 1)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = F.relu(self.body(x))
            return self.mean(h), F.softplus(self.spread(h)) + 1e-3

    x = torch.randn(1000, 1)
    y = torch.sin(2 * x) + (0.05 + 0.2 * x.abs()) * torch.randn(1000, 1)
    model, criterion = Gauss(), nn.GaussianNLLLoss()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = batches(x, y)

    def train() -> None:
        for _ in range(20):
            for inputs, targets in loader:
                mean, spread = model(inputs)
                optimizer.zero_grad()
                criterion(mean, targets, spread).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def next_letter() -> Loop:
    text = torch.tensor([ord(c) - 97 for c in "thequickbrownfoxjumpsoverthelazydog" * 40])
    pieces = text.unfold(0, 21, 3)

    class Letters(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.gru, self.out = nn.Embedding(26, 16), nn.GRU(16, 48, batch_first=True), nn.Linear(48, 26)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.gru(self.embed(x))[0])

    model = Letters()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def criterion(out: Tensor, t: Tensor) -> Tensor:
        return F.cross_entropy(out.transpose(1, 2), t)

    return fit(model, optimizer, batches(pieces[:, :-1], pieces[:, 1:]), criterion, 8)


@FORUM_SOUND.add()
def mixed_pictures_and_soft_labels() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    x, y = data.pictures(1000)
    loader = batches(x, F.one_hot(y, 10).float())

    def train() -> None:
        for _ in range(12):
            for images, labels in loader:
                share = float(torch.distributions.Beta(0.2, 0.2).sample())
                other = torch.randperm(len(images))
                mixed = share * images + (1 - share) * images[other]
                loss = F.cross_entropy(model(mixed), share * labels + (1 - share) * labels[other])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def taught_by_another_network() -> Loop:
    x, y = data.digits()
    teacher = perceptron(64, 10, hidden=128)
    early = torch.optim.Adam(teacher.parameters(), 2e-3)
    for _ in range(300):
        rows = torch.randint(len(x), (64,))
        early.zero_grad()
        F.cross_entropy(teacher(x[rows]), y[rows]).backward()
        early.step()
    model = perceptron(64, 10, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = batches(x, y)

    def train() -> None:
        for _ in range(10):
            for inputs, labels in loader:
                with torch.no_grad():
                    said = F.softmax(teacher(inputs) / 2, 1)
                out = model(inputs)
                soft = F.kl_div(F.log_softmax(out / 2, 1), said, reduction="batchmean") * 4
                optimizer.zero_grad()
                (0.7 * soft + 0.3 * F.cross_entropy(out, labels)).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def differential_equation() -> Loop:
    model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        for _ in range(600):
            t = (2 * torch.rand(64, 1)).requires_grad_()
            u = model(t)
            slope = torch.autograd.grad(u.sum(), t, create_graph=True)[0]
            loss = ((slope + u) ** 2).mean() + ((model(torch.zeros(1, 1)) - 1) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def ratings_by_factors() -> Loop:
    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user, self.item = nn.Embedding(60, 6), nn.Embedding(40, 6)
            self.bias = nn.Parameter(torch.zeros(1))

        def forward(self, pair: Tensor) -> Tensor:
            return (self.user(pair[:, 0]) * self.item(pair[:, 1])).sum(1) / math.sqrt(6) + self.bias

    pair = torch.stack([torch.randint(60, (3000,)), torch.randint(40, (3000,))], 1)
    rating = (torch.randn(60, 3)[pair[:, 0]] * torch.randn(40, 3)[pair[:, 1]]).sum(1)
    model = Factors()
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    return fit(model, optimizer, batches(pair, rating / rating.std(), size=64), nn.MSELoss(), 15)


@FORUM_SOUND.add()
def quasi_newton() -> Loop:
    x, y = data.wine()
    model = nn.Sequential(nn.Linear(13, 16), nn.Tanh(), nn.Linear(16, 3))
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=10)

    def train() -> None:
        for _ in range(15):

            def closure() -> Tensor:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y) + 1e-3 * sum((p**2).sum() for p in model.parameters())
                loss.backward()
                return loss

            optimizer.step(closure)

    return Loop(model, optimizer, train)


@FORUM_SOUND.add()
def words_pooled() -> Loop:
    x = torch.randint(1, 50, (1200, 12))
    x[torch.rand(1200, 12) < 0.2] = 0
    meaning = torch.randn(50)
    meaning[0] = 0
    y = (meaning[x].sum(1) > 0).long()

    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(50, 16, padding_idx=0)
            self.fc = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 2))

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.embed(x).sum(1))

    model = Bag()
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(x, y), nn.CrossEntropyLoss(), 12)


@FORUM_SOUND.add()
def small_batches_with_norm_and_nesterov() -> Loop:
    model = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9, nesterov=True, weight_decay=1e-4)
    return fit(model, optimizer, batches(*data.digits(), size=16), nn.CrossEntropyLoss(), 6)
