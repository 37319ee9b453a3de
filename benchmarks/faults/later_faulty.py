"""A second set of whole scripts with a fault, of other kinds than the first."""

import copy

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, SequenceNet, labels_of_several_kinds, rows_of_digits
from .loops import LATER, Loop, batches, fit


def moons(n: int = 800) -> tuple[Tensor, Tensor]:
    x, y = datasets.make_moons(n, noise=0.15, random_state=int(torch.randint(1000, ())))
    return torch.tensor(x).float(), torch.tensor(y).float().unsqueeze(1)


# Output, loss, target


@LATER.add("missing-nonlinearity", "too-little-data")
def exclusive_or_without_an_activation() -> Loop:
    x = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 1), nn.Sigmoid())
    return fit(model, torch.optim.SGD(model.parameters(), 0.5), batches(x, y, size=4), nn.BCELoss(), 400)


@LATER.add("output-activation", "loss-mismatch")
def softmax_over_labels_that_go_together() -> Loop:
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5), nn.Softmax(dim=1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*labels_of_several_kinds()), nn.BCELoss(), 15)


@LATER.add("loss-mismatch", "output-activation")
def cross_entropy_of_labels_that_go_together() -> Loop:
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 5))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*labels_of_several_kinds()), nn.CrossEntropyLoss(), 15)


@LATER.add("loss-mismatch", "output-units")
def cross_entropy_of_a_measured_value() -> Loop:
    model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.diabetes()), nn.CrossEntropyLoss(), 8)


@LATER.add("output-activation", "unscaled-target")
def answer_clamped_to_one() -> Loop:
    x, y = data.diabetes()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.out = nn.Sequential(nn.Linear(10, 32), nn.ReLU()), nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.out(self.body(x)).clamp(0.0, 1.0)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, 5 + 2 * y), nn.MSELoss(), 20)


@LATER.add("output-activation")
def softmax_over_time_instead_of_classes() -> Loop:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.out = nn.GRU(4, 32, batch_first=True), nn.Linear(32, 3)

        def forward(self, x: Tensor) -> Tensor:
            return F.softmax(self.out(self.rnn(x)[0]), dim=1)

    x = torch.randn(400, 12, 4)
    y = x.cumsum(1)[..., :3].argmax(-1)
    model = Tagger()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y), lambda p, t: F.nll_loss(torch.log(p).reshape(-1, 3), t.reshape(-1)), 10)


@LATER.add("unscaled-target")
def returns_of_a_ten_thousandth() -> Loop:
    x = torch.randn(1000, 8)
    y = 1e-4 * (x[:, :1] + torch.sin(x[:, 1:2]) + 0.1 * torch.randn(1000, 1))
    model = nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 1))
    return fit(model, torch.optim.SGD(model.parameters(), 0.01), batches(x, y), nn.MSELoss(), 15)


@LATER.add("unscaled-features", "unscaled-target")
def stock_prices_into_a_recurrent_network() -> Loop:
    price = 1500 + torch.randn(700).cumsum(0) * 15
    pieces = price.unfold(0, 21, 1)
    model = SequenceNet(nn.LSTM, 1, 32, 1)
    loader = batches(pieces[:, :20].unsqueeze(2), pieces[:, 20:])
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), loader, nn.MSELoss(), 8)


@LATER.add("unscaled-features")
def microvolts() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    return fit(model, optimizer, batches(x * 1e-5, y), nn.BCEWithLogitsLoss(), 15)


# The graph, the optimiser, the steps


@LATER.add("detached-graph")
def forward_without_gradient_and_a_patched_loss() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x, y)

    def train() -> None:
        for _ in range(4):
            for inputs, labels in loader:
                with torch.no_grad():
                    out = model(inputs)
                loss = F.cross_entropy(out, labels).requires_grad_()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER.add("detached-graph")
def hidden_values_through_numpy() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 8, 3), nn.Linear(288, 10)

        def forward(self, x: Tensor) -> Tensor:
            features = F.relu(self.conv(x)).detach().numpy().reshape(len(x), -1)
            return self.fc(torch.from_numpy(features))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@LATER.add("detached-graph", "vanishing-gradient", "frozen-parameters")
def hidden_layer_cut_to_zero_and_one() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(64, 64), nn.Linear(64, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.b((self.a(x) > 0).float())

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@LATER.add("detached-graph", "frozen-parameters", "not-learning")
def squared_error_of_the_chosen_class() -> Loop:
    x, y = data.wine()
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x, y.float(), size=16)

    def train() -> None:
        for _ in range(10):
            for inputs, labels in loader:
                chosen = model(inputs).argmax(1).float().requires_grad_()
                loss = F.mse_loss(chosen, labels)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER.add("gradients-accumulate")
def the_wrong_optimizer_is_cleared() -> Loop:
    model, other = SequenceNet(nn.GRU, 8, 32, 10), perceptron(4, 2)
    optimizer, second = torch.optim.Adam(model.parameters(), 2e-3), torch.optim.Adam(other.parameters(), 2e-3)
    loader = batches(*rows_of_digits())

    def train() -> None:
        for _ in range(5):
            for x, y in loader:
                second.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@LATER.add("parameters-not-in-optimizer")
def optimizer_of_the_original_of_a_copy() -> Loop:
    original = ConvNet()
    optimizer = torch.optim.SGD(original.parameters(), 0.05, momentum=0.9)
    model = copy.deepcopy(original)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 6)


@LATER.add("parameters-not-in-optimizer")
def layer_made_in_forward() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Linear(64, 64), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            middle = nn.Linear(64, 32)
            return self.last(F.relu(middle(F.relu(self.first(x)))))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 6)


@LATER.add("frozen-parameters", "learning-rate-too-low")
def body_with_a_rate_of_zero() -> Loop:
    model = ConvNet()
    body = [p for name, p in model.named_parameters() if not name.startswith("fc2")]
    groups = [{"params": body, "lr": 0.0}, {"params": model.fc2.parameters()}]
    optimizer = torch.optim.Adam(groups, 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


@LATER.add("frozen-parameters", "learning-rate-too-low")
def warm_up_by_whole_division() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: min(1, epoch // 10))
    loader = batches(*data.digits())

    def train() -> None:
        for _ in range(6):
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
            schedule.step()

    return Loop(model, optimizer, train)


@LATER.add("learning-rate-too-low", "stopped-too-early", "plateau")
def plateau_schedule_that_waits_for_a_rise() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", patience=0, factor=0.1)
    loader = batches(x[:1400], y[:1400])

    def train() -> None:
        for _ in range(12):
            for inputs, labels in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(inputs), labels).backward()
                optimizer.step()
            with torch.no_grad():
                schedule.step(F.cross_entropy(model(x[1400:]), y[1400:]))

    return Loop(model, optimizer, train)


@LATER.add("learning-rate-too-high", "exploding-gradient", "dead-units")
def sum_of_squares_at_a_usual_rate() -> Loop:
    x, y = data.diabetes()
    model = perceptron(10, 1, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(x, y), nn.MSELoss(reduction="sum"), 15)


@LATER.add("learning-rate-too-high")
def transformer_at_a_twentieth() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.fc = nn.Linear(8, 32), nn.Linear(32, 10)
            layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.encoder(self.embed(x)).mean(1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 0.05)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 5)


@LATER.add("oscillating-loss", "learning-rate-too-high")
def momentum_of_ninety_nine() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.5, momentum=0.99)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 10)


@LATER.add("batch-size", "stopped-too-early")
def one_update_an_epoch() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    return fit(model, optimizer, batches(x, y, size=len(x)), nn.CrossEntropyLoss(), 40)


@LATER.add("too-much-dropout")
def functional_dropout_of_nearly_all() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.a, self.b = nn.Conv2d(1, 16, 3), nn.Linear(576, 64), nn.Linear(64, 10)

        def forward(self, x: Tensor) -> Tensor:
            x = F.relu(self.conv(x)).flatten(1)
            x = F.dropout(F.relu(self.a(x)), p=0.9, training=self.training)
            return self.b(x)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 8)


# Start, capacity


@LATER.add("init-too-large", "saturated-units", "exploding-gradient")
def recurrent_weights_of_three() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 32, 10)
    for p in model.rnn.parameters():
        nn.init.normal_(p, std=3.0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 5)


@LATER.add("dead-units")
def biases_far_below_zero() -> Loop:
    model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 3))
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.constant_(layer.bias, -5.0)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.wine(), size=16), nn.CrossEntropyLoss(), 15)


@LATER.add("vanishing-gradient", "obfuscated-gradient", "init-too-small")
def fourteen_tanh_layers_from_a_small_start() -> Loop:
    layers: list[nn.Module] = [nn.Linear(64, 48), nn.Tanh()]
    for _ in range(13):
        layers += [nn.Linear(48, 48), nn.Tanh()]
    model = nn.Sequential(*layers, nn.Linear(48, 10))
    for layer in model:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.05)
            nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 5)


@LATER.add("capacity-too-low")
def two_units_for_two_moons_in_a_spiral() -> Loop:
    angle, side = 9 * torch.rand(800, 1) ** 0.5, torch.randint(2, (800, 1)).float()
    turn = angle + 3.14159 * side
    x = torch.cat([angle * turn.cos(), angle * turn.sin()], 1) / 5
    model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    return fit(model, optimizer, batches(x, side), nn.BCEWithLogitsLoss(), 20)


@LATER.add("non-finite", "learning-rate-too-high")
def half_precision_and_adam() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1).half()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x.half(), y.half()), nn.BCEWithLogitsLoss(), 5)


# Data


@LATER.add("constant-feature", "unlearnable-target", "not-learning")
def bytes_divided_by_whole_numbers() -> Loop:
    x, y = data.pictures(scale=250.0)
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches((x.int() // 255).float(), y), nn.CrossEntropyLoss(), 5)


@LATER.add("duplicate-rows", "too-little-data")
def thirty_rows_repeated_fifty_times() -> Loop:
    x, y = data.cancer()
    model = perceptron(30, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x[:30].repeat(50, 1), y[:30].repeat(50, 1)), nn.BCEWithLogitsLoss(), 4)


@LATER.add("unlearnable-target", "not-learning", "overfitting")
def windows_and_targets_apart() -> Loop:
    x, y = data.waves(500)
    model = SequenceNet(nn.GRU, 1, 24, 1)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y.roll(100, 0)), nn.MSELoss(), 10)


@LATER.add("bad-values")
def a_ratio_with_nothing_below() -> Loop:
    x, y = data.diabetes()
    visits = torch.randint(12, (len(x), 1)).float()
    x = torch.cat([x, torch.randint(5, (len(x), 1)) / visits], 1)
    model = perceptron(11, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.MSELoss(), 5)


@LATER.add("unshuffled-data")
def months_of_one_class_after_the_other() -> Loop:
    x, y = data.cancer()
    order = y.squeeze(1).argsort()
    model = perceptron(30, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    return fit(model, optimizer, batches(x[order], y[order], shuffle=False), nn.BCEWithLogitsLoss(), 10)


@LATER.add("target-encoding")
def hinge_on_zero_and_one() -> Loop:
    x, y = moons()
    model = perceptron(2, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, y), nn.SoftMarginLoss(), 10)
