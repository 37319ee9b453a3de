"""A fifth set of whole scripts: faults of the network and of its first parameters."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from . import posted_data as data
from .fifth_domains import Attentive, Named, ResNet, Trainer, UNet, sentences
from .forum_output import SequenceNet, rows_of_digits
from .fourth_domains import masks, sensors
from .loops import FIFTH, FIFTH_NAMELESS, Loop, batches, fit


@FIFTH.add("capacity-too-low")
def two_hidden_numbers_for_ten_digits() -> Loop:
    model = SequenceNet(nn.GRU, 8, 2, 10)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FIFTH.add("init-too-large", "saturated-units", "exploding-gradient")
def every_parameter_of_a_transformer_standard_normal() -> Loop:
    words, padding, subject = sentences()
    model = Attentive()
    for p in model.parameters():
        nn.init.normal_(p)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = DataLoader(Named(words=words, padding=padding, subject=subject), batch_size=32, shuffle=True)

    def train() -> None:
        for _ in range(6):
            for batch in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(batch["words"], batch["padding"]), batch["subject"]).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("symmetric-init", "redundant-units", "init-too-small")
def recurrent_parameters_filled_with_a_twentieth() -> Loop:
    model = SequenceNet(nn.LSTM, 8, 32, 10)
    for p in model.rnn.parameters():
        p.data.fill_(0.05)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FIFTH.add("zero-init")
def queries_and_keys_that_start_at_zero() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.query, self.key = nn.Parameter(torch.zeros(8, 24)), nn.Parameter(torch.zeros(8, 24))
            self.value, self.fc = nn.Linear(8, 24), nn.Linear(24, 10)

        def forward(self, x: Tensor) -> Tensor:
            scores = (x @ self.query) @ (x @ self.key).transpose(1, 2) / 24**0.5
            return self.fc((torch.softmax(scores, dim=-1) @ self.value(x))[:, -1])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FIFTH.add("init-too-small", "vanishing-gradient")
def convolutions_of_masks_drawn_from_a_thousandth() -> Loop:
    model = UNet()
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, std=1e-3)
            nn.init.zeros_(module.bias)
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    return fit(model, optimizer, batches(*masks(), size=16), nn.BCEWithLogitsLoss(), 5)


@FIFTH.add("misplaced-dropout")
def forecast_dropped_by_half() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.LSTM(3, 32, batch_first=True), nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            return F.dropout(self.fc(self.rnn(x)[0][:, -1]), 0.5, self.training)

    x, y = sensors()
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    trainer = Trainer(model, optimizer, nn.MSELoss(), batches(x[:400], y[:400]), batches(x[400:], y[400:]))
    return Loop(model, optimizer, lambda: trainer.fit(8))


@FIFTH.add("misplaced-dropout", "too-much-dropout")
def half_dropped_before_each_norm() -> Loop:
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.Dropout(0.5), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.Dropout(0.5), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x, y = data.pictures(800)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(6))


@FIFTH.add("too-much-dropout")
def share_to_keep_given_as_share_to_drop() -> Loop:
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Dropout2d(0.9), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Dropout(0.9), nn.Linear(1024, 10),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 6)


@FIFTH.add("mixed-rows", "not-learning", "unlearnable-target")
def recurrent_net_that_takes_rows_for_steps() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.LSTM(8, 32), nn.Linear(32, 10)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.rnn(x)[0][:, -1])

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*rows_of_digits()), nn.CrossEntropyLoss(), 6)


@FIFTH.add("mixed-rows", "not-learning", "unlearnable-target")
def steps_viewed_as_rows_after_a_recurrent_net() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.fc = nn.GRU(3, 32), nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            out = self.rnn(x.transpose(0, 1))[0]
            return self.fc(out.view(len(x), -1, 32)[:, -1])  # (steps, n, 32) → (n, steps, 32) without a transpose

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    return fit(model, optimizer, batches(*sensors()), nn.MSELoss(), 6)


@FIFTH.add("missing-nonlinearity")
def u_net_without_activations() -> Loop:
    model = UNet(activation=nn.Identity)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    return fit(model, optimizer, batches(*masks(), size=16), nn.BCEWithLogitsLoss(), 5)


@FIFTH.add("learning-rate-too-high", "oscillating-loss", "exploding-gradient", "dead-units")
def residual_network_at_three() -> Loop:
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), 3.0, momentum=0.9)
    return fit(model, optimizer, batches(*data.pictures()), nn.CrossEntropyLoss(), 6)


@FIFTH_NAMELESS.add()
def one_layer_four_times_in_a_list() -> Loop:
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), *[nn.Sequential(nn.Linear(48, 48), nn.ReLU())] * 4,
                          nn.Linear(48, 10))  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 6)


@FIFTH_NAMELESS.add()
def validated_in_training_mode() -> Loop:
    x, y = data.pictures(800)
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)

    class Fit(Trainer):
        def validate(self) -> float:
            with torch.no_grad():
                losses = [self.criterion(self.model(x), y).item() for x, y in self.held_out or ()]
            return sum(losses) / max(1, len(losses))

    trainer = Fit(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(6))
