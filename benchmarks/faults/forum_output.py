"""Whole scripts with a fault of the output, the loss, the target or the network."""

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data
from .loops import FORUM, Loop, batches, fit


class ConvNet(nn.Module):
    """Two convolutions for pictures of 8 × 8, and what comes last."""

    def __init__(self, last: nn.Module | None = None, activation: bool = True) -> None:
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.fc1, self.fc2 = nn.Linear(64, 32), nn.Linear(32, 10)
        self.last, self.act = last or nn.Identity(), F.relu if activation else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(n, …) → what the loss receives."""
        x = F.max_pool2d(self.act(self.conv1(x)), 2)
        x = F.max_pool2d(self.act(self.conv2(x)), 2)
        return self.last(self.fc2(self.act(self.fc1(x.flatten(1)))))


class SequenceNet(nn.Module):
    """A recurrent network that answers at the last step."""

    def __init__(self, kind: type[nn.RNNBase], inputs: int, hidden: int, outputs: int, **settings: object) -> None:
        super().__init__()
        self.rnn = kind(inputs, hidden, batch_first=True, **settings)
        self.fc = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(n, …) → what the loss receives."""
        return self.fc(self.rnn(x)[0][:, -1, :])


def rows_of_digits() -> tuple[Tensor, Tensor]:
    """A digit as eight steps of eight pixels."""
    x, y = data.digits()
    return x.reshape(-1, 8, 8), y


def houses() -> tuple[Tensor, Tensor]:
    """Friedman's function as prices (n, 1) around 300,000."""
    x, y = datasets.make_friedman1(800, noise=0.5, random_state=int(torch.randint(1000, ())))
    return torch.tensor(x).float() * 2 - 1, torch.tensor(y).float().unsqueeze(1) * 2e4


def labels_of_several_kinds() -> tuple[Tensor, Tensor]:
    """Five labels a row, any number of them at once."""
    x, y = datasets.make_multilabel_classification(800, 20, n_classes=5, random_state=int(torch.randint(1000, ())))
    x = torch.tensor(x).float()
    return (x - x.mean(0)) / x.std(0), torch.tensor(y).float()


@FORUM.add("output-activation")
def conv_with_softmax_in_forward() -> Loop:
    model = ConvNet(nn.Softmax(dim=1))
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(*data.pictures()), nn.CrossEntropyLoss(), 10)


@FORUM.add("output-activation")
def softmax_over_rows_and_a_log_by_hand() -> Loop:
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

    def criterion(out: Tensor, y: Tensor) -> Tensor:
        p = F.softmax(out, dim=0)
        return -torch.log(p[torch.arange(len(y)), y] + 1e-9).mean()

    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(*data.digits()), criterion, 10)


@FORUM.add("output-activation")
def multi_label_sigmoid_twice() -> Loop:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Sequential(nn.Linear(20, 64), nn.ReLU()), nn.Linear(64, 5)

        def forward(self, x: Tensor) -> Tensor:
            return torch.sigmoid(self.head(self.body(x)))

    model = Tagger()
    loader = batches(*labels_of_several_kinds())
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), loader, nn.BCEWithLogitsLoss(), 20)


@FORUM.add("target-encoding")
def binary_labels_one_and_two() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, 1))
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, y + 1), nn.BCEWithLogitsLoss(), 15)


@FORUM.add("target-encoding", "output-units")
def labels_from_one_and_one_more_output() -> Loop:
    x, y = data.wine()
    model = nn.Sequential(nn.Linear(13, 32), nn.Tanh(), nn.Linear(32, 4))
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(x, y + 1, size=16), nn.CrossEntropyLoss(), 30)


@FORUM.add("output-activation")
def recurrent_logits_into_nll() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 32, 10)
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(*rows_of_digits()), nn.NLLLoss(), 6)


@FORUM.add("target-encoding")
def forecast_against_a_row_of_targets() -> Loop:
    x, y = data.waves()
    model = SequenceNet(nn.LSTM, 1, 24, 1)
    return fit(model, torch.optim.Adam(model.parameters(), 5e-3), batches(x, y.squeeze(1)), nn.MSELoss(), 12)


@FORUM.add("target-encoding")
def transformer_squared_error_by_hand() -> Loop:
    class Regressor(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Linear(1, 16)
            layer = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
            self.encoder, self.head = nn.TransformerEncoder(layer, 1), nn.Linear(16, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.encoder(self.embed(x)).mean(1)).squeeze(-1)

    x, y = data.waves()
    model = Regressor()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), lambda out, t: ((out - t) ** 2).mean(), 8)


@FORUM.add("output-activation", "dead-units")
def rectified_answer_for_signed_values() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(10, 32), nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            return F.relu(self.b(F.relu(self.a(x))))

    model = Net()
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), batches(*data.diabetes()), nn.MSELoss(), 25)


@FORUM.add("output-activation", "unscaled-target")
def tanh_for_ratings() -> Loop:
    users, items = torch.randint(60, (1500,)), torch.randint(40, (1500,))
    taste, kind = torch.randn(60, 3), torch.randn(40, 3)
    rating = (3 + (taste[users] * kind[items]).sum(1)).clamp(1, 5).unsqueeze(1)

    class Recommender(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user, self.item = nn.Embedding(60, 8), nn.Embedding(40, 8)
            self.head = nn.Sequential(nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, 1), nn.Tanh())

        def forward(self, pair: Tensor) -> Tensor:
            return self.head(torch.cat([self.user(pair[:, 0]), self.item(pair[:, 1])], 1))

    model = Recommender()
    loader = batches(torch.stack([users, items], 1), rating, size=64)
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), loader, nn.MSELoss(), 12)


@FORUM.add("unscaled-target")
def prices_of_houses() -> Loop:
    model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(*houses()), nn.L1Loss(), 20)


@FORUM.add("unscaled-target")
def incomes_without_a_logarithm() -> Loop:
    x = torch.randn(1000, 6)
    y = torch.exp(8 + 1.5 * x[:, :1] + 0.5 * torch.sin(x[:, 1:2]))
    model = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 1))
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, y), nn.MSELoss(), 15)


@FORUM.add("output-activation")
def autoencoder_ending_in_a_sigmoid() -> Loop:
    x, _ = data.cancer()

    class AutoEncoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 6))
            self.decoder = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 30), nn.Sigmoid())

        def forward(self, x: Tensor) -> Tensor:
            return self.decoder(self.encoder(x))

    model = AutoEncoder()
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(x, x), nn.MSELoss(), 20)


def _blobs(n: int = 200) -> tuple[Tensor, Tensor]:
    """Noisy pictures (n, 1, 12, 12) and the mask (n, 12, 12) of their bright parts."""
    smooth = F.avg_pool2d(torch.randn(n, 1, 12, 12), 3, 1, 1)
    return smooth + 0.05 * torch.randn_like(smooth), (smooth > 0.1).long().squeeze(1)


class SegNet(nn.Module):
    """A small network that labels each pixel."""

    def __init__(self, classes: int, softmax: bool = False) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(1, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.out, self.softmax = nn.Conv2d(16, classes, 1), softmax

    def forward(self, x: Tensor) -> Tensor:
        """(n, …) → what the loss receives."""
        x = self.out(F.relu(self.up(F.relu(self.down(x)))))
        return F.softmax(x, 1) if self.softmax else x


@FORUM.add("output-units", "loss-mismatch")
def one_channel_for_two_kinds_of_pixels() -> Loop:
    x, y = _blobs()
    model = SegNet(1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, torch.zeros_like(y), size=16), nn.CrossEntropyLoss(), 4)


@FORUM.add("output-activation")
def softmax_of_pixels_before_cross_entropy() -> Loop:
    model = SegNet(2, softmax=True)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*_blobs(), size=16), nn.CrossEntropyLoss(), 8)


@FORUM.add("loss-mismatch", "output-activation")
def divergence_of_plain_probabilities() -> Loop:
    x, y = data.digits()
    soft = F.one_hot(y, 10) * 0.9 + 0.01
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(1))
    loss = nn.KLDivLoss(reduction="batchmean")
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, soft), loss, 8)


@FORUM.add("loss-mismatch")
def squared_error_of_a_yes_or_no() -> Loop:
    model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
    return fit(model, torch.optim.SGD(model.parameters(), 0.1), batches(*data.cancer()), nn.MSELoss(), 20)


@FORUM.add("missing-nonlinearity")
def forgotten_rectifiers() -> Loop:
    model = ConvNet(activation=False)
    return fit(model, torch.optim.Adam(model.parameters(), 2e-3), batches(*data.pictures()), nn.CrossEntropyLoss(), 10)


@FORUM.add("missing-nonlinearity")
def linear_layers_only_on_two_moons() -> Loop:
    x, y = datasets.make_moons(800, noise=0.15, random_state=int(torch.randint(1000, ())))
    model = nn.Sequential(nn.Linear(2, 64), nn.Linear(64, 64), nn.Linear(64, 1))
    loader = batches(torch.tensor(x).float(), torch.tensor(y).float().unsqueeze(1))
    return fit(model, torch.optim.Adam(model.parameters(), 3e-3), loader, nn.BCEWithLogitsLoss(), 15)


@FORUM.add("vanishing-gradient", "saturated-units", "obfuscated-gradient", "missing-nonlinearity")
def eight_sigmoid_layers() -> Loop:
    layers: list[nn.Module] = [nn.Linear(64, 32), nn.Sigmoid()]
    for _ in range(7):
        layers += [nn.Linear(32, 32), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@FORUM.add("too-much-dropout")
def nine_tenths_dropped() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Linear(64, 128), nn.Linear(128, 64), nn.Linear(64, 10)
            self.drop = nn.Dropout(p=0.9)

        def forward(self, x: Tensor) -> Tensor:
            x = self.drop(F.relu(self.a(x)))
            return self.c(self.drop(F.relu(self.b(x))))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@FORUM.add("misplaced-dropout")
def logits_dropped() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.drop = nn.Linear(13, 64), nn.Linear(64, 3), nn.Dropout(0.5)

        def forward(self, x: Tensor) -> Tensor:
            return self.drop(self.b(torch.relu(self.a(x))))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*data.wine(), size=16), nn.CrossEntropyLoss(), 25)


@FORUM.add("capacity-too-low", "dead-units")  # its one unit is dead from the start in some seeds
def bottleneck_of_one() -> Loop:
    model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.ReLU(), nn.Linear(1, 10))
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 15)


# First parameters


@FORUM.add("zero-init")
def all_layers_started_at_zero() -> Loop:
    model = ConvNet()
    for layer in (model.conv1, model.conv2, model.fc1, model.fc2):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 5)


@FORUM.add("symmetric-init", "redundant-units")
def all_weights_a_tenth() -> Loop:
    model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 3))

    def start(layer: nn.Module) -> None:
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.weight, 0.1)
            nn.init.zeros_(layer.bias)

    model.apply(start)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.wine(), size=16), nn.CrossEntropyLoss(), 20)


@FORUM.add("init-too-large")
def standard_normal_convolutions() -> Loop:
    model = ConvNet()
    for p in model.parameters():
        nn.init.normal_(p, 0.0, 1.0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@FORUM.add("init-too-small", "vanishing-gradient")
def weights_of_a_ten_thousandth() -> Loop:
    layers: list[nn.Module] = []
    for a, b in ((64, 64), (64, 64), (64, 32)):
        layers += [nn.Linear(a, b), nn.Tanh()]
    model = nn.Sequential(*layers, nn.Linear(32, 10))
    for p in model.parameters():
        nn.init.normal_(p, std=1e-4)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)
