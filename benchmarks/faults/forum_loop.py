"""Whole scripts with a fault of the data, the steps or the loop."""

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data
from .forum_output import ConvNet, SequenceNet, rows_of_digits
from .loops import FORUM, Loop, batches, fit


def perceptron(inputs: int, outputs: int, hidden: int = 64) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(),
                         nn.Linear(hidden, outputs))  # fmt: skip


# The loop


@FORUM.add("detached-graph")
def loss_made_anew_from_its_number() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader, criterion = batches(*data.pictures()), nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(4):
            for images, labels in loader:
                optimizer.zero_grad()
                loss = criterion(model(images), labels)
                loss = torch.tensor(loss.item(), requires_grad=True)
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM.add("detached-graph")
def features_detached_before_the_head() -> Loop:
    class TwoStage(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16), nn.ReLU())
            self.head = nn.Linear(16, 10)

        def forward(self, x: Tensor) -> Tensor:
            features = self.encoder(x)
            return self.head(features.detach())

    model = TwoStage()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@FORUM.add("detached-graph")
def hidden_state_through_data() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru, self.fc = nn.GRU(8, 32, batch_first=True), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            _, hidden = self.gru(x)
            return self.fc(hidden[-1].data)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FORUM.add("parameters-not-in-optimizer")
def only_the_classifier_is_handed_over() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.Adam(model.fc2.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@FORUM.add("parameters-not-in-optimizer")
def recurrent_part_replaced_after_the_optimizer() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 32, 10)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    model.rnn = nn.LSTM(8, 32, num_layers=2, batch_first=True)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FORUM.add("parameters-not-in-optimizer")
def convolutions_in_a_plain_list() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convs = [nn.Conv2d(1, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1)]
            self.fc = nn.Linear(8 * 64, 10)

        def forward(self, x: Tensor) -> Tensor:
            for conv in self.convs:
                x = F.relu(conv(x))
            return self.fc(x.flatten(1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@FORUM.add("parameters-not-in-optimizer", "frozen-parameters")
def encoder_without_an_optimizer() -> Loop:
    encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 16))
    decoder = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.Sigmoid())
    model = nn.Sequential(encoder, decoder)
    optimizer = torch.optim.Adam(decoder.parameters(), 1e-3)
    x, _ = data.digits()
    return fit(model, optimizer, batches(x, x), nn.MSELoss(), 8)


@FORUM.add("gradients-accumulate")
def convolutional_loop_without_zero_grad() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    loader, criterion = batches(*data.pictures()), nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(5):
            for images, labels in loader:
                loss = criterion(model(images), labels)
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM.add("gradients-accumulate")
def cleared_once_an_epoch() -> Loop:
    model = perceptron(30, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader, criterion = batches(*data.cancer()), nn.BCEWithLogitsLoss()

    def train() -> None:
        for _ in range(10):
            optimizer.zero_grad()
            for x, y in loader:
                criterion(model(x), y).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM.add("frozen-parameters", "not-learning")
def cleared_between_backward_and_step() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    loader, criterion = batches(*data.digits()), nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(4):
            for x, y in loader:
                loss = criterion(model(x), y)
                loss.backward()
                optimizer.zero_grad()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM.add("eval-mode-training")
def evaluation_mode_left_on() -> Loop:
    x, y = data.pictures()
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Dropout(0.3),
                          nn.Linear(576, 10))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader, held_out = batches(x[:500], y[:500]), batches(x[500:], y[500:], size=100, shuffle=False)
    criterion = nn.CrossEntropyLoss()

    def train() -> None:
        model.train()
        for _ in range(10):
            for images, labels in loader:
                optimizer.zero_grad()
                criterion(model(images), labels).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                for images, labels in held_out:
                    criterion(model(images), labels)

    return Loop(model, optimizer, train)


@FORUM.add("frozen-parameters")
def untrained_body_frozen() -> Loop:
    model = ConvNet()
    for name, p in model.named_parameters():
        if not name.startswith("fc2"):
            p.requires_grad = False
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@FORUM.add("learning-rate-too-low", "stopped-too-early", "plateau")
def rate_cut_tenfold_each_batch() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.1)
    loader, criterion = batches(*data.digits()), nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(8):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                optimizer.step()
                scheduler.step()

    return Loop(model, optimizer, train)


@FORUM.add("learning-rate-too-low", "stopped-too-early")
def loss_divided_by_the_rows_again() -> Loop:
    x, y = data.diabetes()
    model = perceptron(10, 1, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    return fit(model, optimizer, batches(x, y), lambda out, t: F.mse_loss(out, t) / len(x), 20)


@FORUM.add("learning-rate-too-low", "stopped-too-early")
def clipped_to_a_thousandth() -> Loop:
    model = SequenceNet(nn.GRU, 8, 32, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    loader, criterion = batches(*rows_of_digits()), nn.CrossEntropyLoss()

    def train() -> None:
        for _ in range(6):
            for x, y in loader:
                optimizer.zero_grad()
                criterion(model(x), y).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.001)
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM.add("learning-rate-too-high", "dead-units", "saturated-units")
def recurrent_adam_at_a_tenth() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 64, 10, num_layers=2)
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 5)


@FORUM.add("learning-rate-too-high", "dead-units", "exploding-gradient")
def convolutional_sgd_at_two() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 2.0, momentum=0.9)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@FORUM.add("learning-rate-too-low", "stopped-too-early")
def convolutional_sgd_at_a_hundred_thousandth() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 1e-5)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@FORUM.add("capacity-too-low", "not-learning", "plateau")
def decay_of_one_in_adam() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3, weight_decay=1.0)
    return fit(model, optimizer, batches(x, y), nn.BCEWithLogitsLoss(), 15)


@FORUM.add("stopped-too-early", "learning-rate-too-low")
def two_epochs_of_a_transformer() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.place = nn.Linear(8, 32), nn.Parameter(torch.zeros(8, 32))
            self.layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
            self.fc = nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.layer(self.embed(x) + self.place).mean(1))

    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    return fit(model, optimizer, batches(*rows_of_digits(), size=64), nn.CrossEntropyLoss(), 2)


@FORUM.add("batch-size")
def norm_over_two_pictures() -> Loop:
    x, y = data.pictures(400)
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(576, 32),
                          nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 10))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y, size=2), nn.CrossEntropyLoss(), 3)


@FORUM.add("vanishing-gradient", "obfuscated-gradient", "not-learning")
def plain_recurrence_over_eighty_steps() -> Loop:
    x = torch.randn(500, 80, 2)
    y = (x[:, 0, 0] > 0).long()
    model = SequenceNet(nn.RNN, 2, 16, 2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 8)


# Data


@FORUM.add("bad-values")
def a_gap_in_a_column() -> Loop:
    x, y = data.cancer()
    x[torch.randperm(len(x))[:6], 7] = float("nan")
    model = perceptron(30, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.BCEWithLogitsLoss(), 6)


@FORUM.add("bad-values", "constant-feature")
def divided_by_a_spread_of_zero() -> Loop:
    x, y = data.digits()  # the corner pixels are always empty
    x = (x - x.mean(0)) / x.std(0)
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 4)


@FORUM.add("bad-values")
def one_broken_target_late() -> Loop:
    x, y = data.diabetes()
    y = y.clone()
    y[int(torch.randint(400, ()))] = float("inf")
    model = perceptron(10, 1, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    return fit(model, optimizer, batches(x, y, size=8), nn.MSELoss(), 3)


@FORUM.add("non-finite", "exploding-gradient")
def root_of_zero_in_a_siamese_network() -> Loop:
    x, y = data.digits()
    a = torch.randint(len(x), (800,))
    b = torch.where(torch.rand(800) < 0.1, a, torch.randint(len(x), (800,)))

    class Siamese(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return ((self.body(left) - self.body(right)) ** 2).sum(1).sqrt()

    model = Siamese()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x[a], x[b], (y[a] == y[b]).float())

    def train() -> None:
        for _ in range(5):
            for left, right, same in loader:
                distance = model(left, right)
                loss = (same * distance**2 + (1 - same) * F.relu(1 - distance) ** 2).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FORUM.add("non-finite", "unscaled-features")
def logarithm_by_hand_without_a_floor() -> Loop:
    x, y = data.cancer(raw=True)
    model = nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def criterion(p: Tensor, t: Tensor) -> Tensor:
        return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean()

    return fit(model, optimizer, batches(x, y), criterion, 5)


@FORUM.add("unscaled-features")
def bytes_into_a_convolution() -> Loop:
    x, y = data.pictures(scale=255.0)
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return fit(model, optimizer, batches(x, y), nn.CrossEntropyLoss(), 8)


@FORUM.add("unscaled-features")
def measurements_as_they_come() -> Loop:
    x, y = data.wine(raw=True)
    model = nn.Sequential(nn.Linear(13, 32), nn.Tanh(), nn.Linear(32, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9)
    return fit(model, optimizer, batches(x, y, size=16), nn.CrossEntropyLoss(), 25)


@FORUM.add("unlearnable-target", "not-learning", "overfitting")
def table_reshaped_where_it_should_be_transposed() -> Loop:
    x, y = data.digits()
    scrambled = x.T.contiguous().reshape(len(x), 64)
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(scrambled, y), nn.CrossEntropyLoss(), 8)


@FORUM.add("unlearnable-target", "not-learning", "overfitting")
def only_the_inputs_were_shuffled() -> Loop:
    x, y = data.pictures()
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x[torch.randperm(len(x))], y), nn.CrossEntropyLoss(), 6)


@FORUM.add("unshuffled-data")
def pictures_sorted_by_class() -> Loop:
    x, y = data.pictures()
    order = y.argsort()
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(x[order], y[order], shuffle=False), nn.CrossEntropyLoss(), 8)


@FORUM.add("class-imbalance")
def rare_frauds() -> Loop:
    x, y = datasets.make_classification(2000, 12, n_informative=4, weights=[0.985], flip_y=0, class_sep=0.6,
                                        random_state=int(torch.randint(1000, ())))  # fmt: skip
    model = perceptron(12, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(torch.tensor(x).float(), torch.tensor(y).float().unsqueeze(1), size=64)
    return fit(model, optimizer, loader, nn.BCEWithLogitsLoss(), 6, metrics=("accuracy",))


@FORUM.add("overfitting", "too-little-data")
def noise_learned_by_heart() -> Loop:
    x, y = data.diabetes()
    model = perceptron(10, 1, hidden=256)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader, criterion = batches(x[:150], y[:150], size=16), nn.MSELoss()

    def train() -> None:
        for _ in range(80):
            model.train()
            for inputs, targets in loader:
                optimizer.zero_grad()
                criterion(model(inputs), targets).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                criterion(model(x[150:]), y[150:])

    return Loop(model, optimizer, train)


@FORUM.add("leaking-feature")
def answer_left_in_the_table() -> Loop:
    x, y = data.diabetes()
    x = torch.cat([x, 2 * y - 1], 1)
    model = perceptron(11, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y), nn.MSELoss(), 20)


@FORUM.add("not-learning", "unlearnable-target", "plateau")
def time_and_batch_exchanged() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.LSTM(8, 32), nn.Linear(32, 10)  # batch_first was forgotten

        def forward(self, x: Tensor) -> Tensor:
            out, _ = self.rnn(x.reshape(8, -1, 8))
            return self.fc(out[-1])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 5)
