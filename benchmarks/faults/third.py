"""A third set of whole scripts, faulty and sound, written after the rules were mended on the first two."""

import torch
import torch.nn.functional as F
from sklearn import datasets
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, SequenceNet, houses, rows_of_digits
from .loops import THIRD, THIRD_SOUND, Loop, batches, fit


class WordNet(nn.Module):
    """Embedded words, averaged, and what comes last."""

    def __init__(self, classes: int, last: nn.Module | None = None) -> None:
        super().__init__()
        self.embed, self.fc = nn.Embedding(60, 24), nn.Linear(24, classes)
        self.last = last or nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(n, words) → (n, classes)"""
        return self.last(self.fc(self.embed(x).mean(1)))


def reviews(n: int = 1000) -> tuple[Tensor, Tensor]:
    """Twelve words each; liked or not."""
    x = torch.randint(60, (n, 12))
    return x, (torch.randn(60)[x].sum(1) > 0).long()


@THIRD.add("output-activation")
def sigmoid_and_softmax_in_a_text_classifier() -> Loop:
    model = WordNet(2, nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 12)


@THIRD.add("output-activation")
def log_softmax_missing_before_a_divergence() -> Loop:
    x, y = data.digits()
    soft = F.one_hot(y, 10) * 0.8 + 0.02
    model = perceptron(64, 10)
    loss = nn.KLDivLoss(reduction="batchmean")
    return fit(model, torch.optim.Adam(model.parameters(), 1e-3), batches(x, soft), loss, 6)


@THIRD.add("target-encoding")
def column_of_targets_against_a_flat_answer() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv1d(1, 16, 5), nn.Linear(256, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(F.relu(self.conv(x.transpose(1, 2))).flatten(1)).view(-1)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.waves()), nn.SmoothL1Loss(), 12)


@THIRD.add("target-encoding", "loss-mismatch", "output-units")
def five_grades_under_a_yes_or_no_loss() -> Loop:
    x = torch.randn(800, 8)
    y = (x.sum(1) / 2 + 2).round().clamp(0, 4).unsqueeze(1)
    model = perceptron(8, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.BCEWithLogitsLoss(), 12)


@THIRD.add("unscaled-target")
def seconds_since_midnight() -> Loop:
    x = torch.randn(800, 5)
    y = 43_200 + 9_000 * (x[:, :1] + 0.3 * x[:, 1:2] ** 2)
    model = perceptron(5, 1, hidden=32)
    optimizer = torch.optim.RMSprop(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y), nn.HuberLoss(), 15)


@THIRD.add("unscaled-features")
def years_and_incomes() -> Loop:
    age, income = 20 + 50 * torch.rand(900, 1), 2e4 + 8e4 * torch.rand(900, 1)
    flags = torch.randint(2, (900, 4)).float()
    y = (age / 50 + income / 6e4 + flags[:, :1] > 2.1).float()
    model = perceptron(6, 1, hidden=32)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    return fit(model, optimizer, batches(torch.cat([age, income, flags], 1), y), nn.BCEWithLogitsLoss(), 12)


@THIRD.add("detached-graph")
def state_kept_as_an_array() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.fc = nn.GRUCell(8, 32), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            state = torch.zeros(len(x), 32)
            for step in x.unbind(1):
                state = self.cell(step, state)
            return self.fc(torch.tensor(state.tolist()))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 3)


@THIRD.add("parameters-not-in-optimizer")
def embedding_left_out() -> Loop:
    model = WordNet(2)
    optimizer = torch.optim.Adam(model.fc.parameters(), 3e-3)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 10)


@THIRD.add("parameters-not-in-optimizer")
def blocks_in_a_dictionary() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = {"left": nn.Linear(64, 32), "right": nn.Linear(64, 32)}
            self.head = nn.Linear(64, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.cat([F.relu(block(x)) for block in self.blocks.values()], 1))

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 8)


@THIRD.add("eval-mode-training")
def evaluation_mode_from_the_start() -> Loop:
    model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 1)).eval()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(*data.cancer())

    def train() -> None:
        for _ in range(8):
            for x, y in loader:
                optimizer.zero_grad()
                F.binary_cross_entropy_with_logits(model(x), y).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@THIRD.add("learning-rate-too-high", "dead-units", "oscillating-loss")
def words_at_a_rate_of_five_tenths() -> Loop:
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 0.5)
    return fit(model, optimizer, batches(*data.wine(), size=16), nn.CrossEntropyLoss(), 15)


@THIRD.add("learning-rate-too-low", "stopped-too-early")
def embedding_by_plain_descent() -> Loop:
    model = WordNet(2)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 10)


@THIRD.add("stopped-too-early", "learning-rate-too-low")
def one_pass_over_the_pictures() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures(1500), size=64), nn.CrossEntropyLoss(), 1)


@THIRD.add("vanishing-gradient", "obfuscated-gradient", "saturated-units")
def twelve_sigmoid_layers_and_adam() -> Loop:
    layers: list[nn.Module] = [nn.Linear(30, 32), nn.Sigmoid()]
    for _ in range(11):
        layers += [nn.Linear(32, 32), nn.Sigmoid()]
    model = nn.Sequential(*layers, nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.cancer()), nn.BCEWithLogitsLoss(), 6)


@THIRD.add("missing-nonlinearity")
def linear_autoencoder_of_three_layers_a_side() -> Loop:
    x, _ = datasets.make_swiss_roll(900, noise=0.05, random_state=int(torch.randint(1000, ())))
    y = torch.tensor((x[:, :1] ** 2 + x[:, 2:] ** 2) ** 0.5).float()
    x = torch.tensor((x - x.mean(0)) / x.std(0)).float()
    model = nn.Sequential(nn.Linear(3, 64), nn.Dropout(0.1), nn.Linear(64, 64), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(x, (y - y.mean()) / y.std()), nn.MSELoss(), 15)


@THIRD.add("zero-init")
def head_and_body_filled_with_zeros() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 32, 10)
    for p in model.parameters():
        nn.init.zeros_(p)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 4)


@THIRD.add("bad-values")
def gaps_read_as_infinity_late_in_the_file() -> Loop:
    x, y = houses()
    x[-3:, 4] = float("inf")
    model = perceptron(10, 1, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(x, (y - y.mean()) / y.std(), size=8, shuffle=False)
    return fit(model, optimizer, loader, nn.MSELoss(), 2)


@THIRD.add("unlearnable-target", "not-learning", "overfitting")
def answers_of_the_rows_before() -> Loop:
    x, y = data.wine()
    model = perceptron(13, 3, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(x, y.roll(1), size=16), nn.CrossEntropyLoss(), 8)


@THIRD.add("misplaced-dropout")
def dropout_after_the_last_layer_of_a_recurrent_network() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc, self.drop = nn.GRU(1, 24, batch_first=True), nn.Linear(24, 1), nn.Dropout(0.3)

        def forward(self, x: Tensor) -> Tensor:
            return self.drop(self.fc(self.rnn(x)[0][:, -1]))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(*data.waves()), nn.MSELoss(), 12)


@THIRD.add("gradients-accumulate")
def clearing_commented_out() -> Loop:
    model = WordNet(2)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = batches(*reviews())

    def train() -> None:
        for _ in range(8):
            for x, y in loader:
                F.cross_entropy(model(x), y).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@THIRD_SOUND.add()
def reviews_by_words() -> Loop:
    model = WordNet(2)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    return fit(model, optimizer, batches(*reviews()), nn.CrossEntropyLoss(), 12)


@THIRD_SOUND.add()
def roll_by_three_layers() -> Loop:
    x, t = datasets.make_swiss_roll(900, noise=0.05, random_state=4)
    x, t = torch.tensor((x - x.mean(0)) / x.std(0)).float(), torch.tensor((t - t.mean()) / t.std()).float()
    model = perceptron(3, 1)
    optimizer = torch.optim.AdamW(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(x, t.unsqueeze(1)), nn.MSELoss(), 20)


@THIRD_SOUND.add()
def grades_in_order() -> Loop:
    x = torch.randn(900, 8)
    grade = (x.sum(1) / 2 + 2).round().clamp(0, 4).long()
    passed = (grade.unsqueeze(1) > torch.arange(4)).float()
    model = perceptron(8, 4, hidden=32)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(x, passed), nn.BCEWithLogitsLoss(), 15)


@THIRD_SOUND.add()
def recurrent_cell_by_hand() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.fc = nn.GRUCell(8, 32), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            state = torch.zeros(len(x), 32)
            for step in x.unbind(1):
                state = self.cell(step, state)
            return self.fc(state)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@THIRD_SOUND.add()
def blocks_in_a_module_dictionary() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.ModuleDict({"left": nn.Linear(64, 32), "right": nn.Linear(64, 32)})
            self.head = nn.Linear(64, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.cat([F.relu(block(x)) for block in self.blocks.values()], 1))

    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), 0.2, momentum=0.9)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 10)


@THIRD_SOUND.add()
def probabilities_with_a_floor() -> Loop:
    model = nn.Sequential(nn.Linear(13, 32), nn.ReLU(), nn.Linear(32, 3), nn.Softmax(-1))
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)

    def criterion(p: Tensor, y: Tensor) -> Tensor:
        return F.nll_loss(torch.log(p.clamp(min=1e-3)), y)

    return fit(model, optimizer, batches(*data.wine(), size=16), criterion, 25)
