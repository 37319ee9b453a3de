"""A fourth set of whole scripts: faults of the steps, the optimiser and the schedule."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import posted_data as data
from .forum_loop import perceptron
from .forum_output import ConvNet, SequenceNet, rows_of_digits
from .fourth_domains import MaskNet, Writer, masks, sensors, text
from .loops import FOURTH, Loop, batches, fit, learn


def _players() -> nn.ModuleDict:
    return nn.ModuleDict({
        "generator": nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64), nn.Sigmoid()),
        "discriminator": nn.Sequential(nn.Linear(64, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)),
    })  # fmt: skip


def _game(model: nn.ModuleDict, making: torch.optim.Optimizer, judging: torch.optim.Optimizer, cut: bool) -> None:
    """Four passes of the two players over the digits; with `cut` the generator's step sees detached pictures, too."""
    generator, discriminator = model["generator"], model["discriminator"]
    for _ in range(4):
        for (real,) in batches(data.digits()[0]):
            one, zero = torch.ones(len(real), 1), torch.zeros(len(real), 1)
            fake = generator(torch.randn(len(real), 8))
            judging.zero_grad()
            judged = F.binary_cross_entropy_with_logits(discriminator(real), one)
            (judged + F.binary_cross_entropy_with_logits(discriminator(fake.detach()), zero)).backward()
            judging.step()
            making.zero_grad()
            fake = fake.detach() if cut else fake
            F.binary_cross_entropy_with_logits(discriminator(fake), one).backward()
            making.step()


@FOURTH.add("parameters-not-in-optimizer")
def both_optimizers_hold_the_generator() -> Loop:
    model = _players()
    making = torch.optim.Adam(model["generator"].parameters(), 1e-3)
    judging = torch.optim.Adam(model["generator"].parameters(), 1e-3)
    return Loop(model, [making, judging], lambda: _game(model, making, judging, cut=False))


@FOURTH.add("detached-graph", "frozen-parameters", "parameters-not-in-optimizer")
def generator_judged_on_detached_pictures() -> Loop:
    model = _players()
    making = torch.optim.Adam(model["generator"].parameters(), 1e-3)
    judging = torch.optim.Adam(model["discriminator"].parameters(), 1e-3)
    return Loop(model, [making, judging], lambda: _game(model, making, judging, cut=True))


@FOURTH.add("learning-rate-too-high", "dead-units", "saturated-units", "oscillating-loss")
def two_players_at_three_tenths() -> Loop:
    model = _players()
    making = torch.optim.Adam(model["generator"].parameters(), 0.3)
    judging = torch.optim.Adam(model["discriminator"].parameters(), 0.3)
    return Loop(model, [making, judging], lambda: _game(model, making, judging, cut=False))


@FOURTH.add("parameters-not-in-optimizer")
def the_teachers_parameters_are_optimised() -> Loop:
    x, y = data.digits()
    teacher, student = perceptron(64, 10), perceptron(64, 10, hidden=16)
    optimizer = torch.optim.Adam(teacher.parameters(), 1e-3)

    def loss(inputs: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad():
            soft = F.softmax(teacher(inputs) / 2, 1)
        scores = student(inputs)
        return F.cross_entropy(scores, labels) + F.cross_entropy(scores / 2, soft)

    return Loop(student, optimizer, lambda: learn(optimizer, batches(x, y), loss, 5))


@FOURTH.add("parameters-not-in-optimizer")
def weights_made_orthogonal_after_the_optimizer() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for layer in model:
        if isinstance(layer, nn.Linear):
            layer.weight = nn.Parameter(nn.init.orthogonal_(torch.empty_like(layer.weight)))
    return fit(model, optimizer, batches(*data.digits()), nn.CrossEntropyLoss(), 5)


@FOURTH.add("detached-graph", "frozen-parameters")
def second_task_added_as_a_number() -> Loop:
    class TwoTasks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 48), nn.ReLU())
            self.digit = nn.Linear(48, 10)
            self.ink = nn.Sequential(nn.Linear(48, 16), nn.ReLU(), nn.Linear(16, 1))

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            h = self.body(x)
            return self.digit(h), self.ink(h)

    x, y = data.digits()
    ink = x.mean(1, keepdim=True)
    model = TwoTasks()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(inputs: Tensor, labels: Tensor, amount: Tensor) -> Tensor:
        digit, said = model(inputs)
        return F.cross_entropy(digit, labels) + F.mse_loss(said, amount).item()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y, (ink - ink.mean()) / ink.std()), loss, 6))


@FOURTH.add("gradients-accumulate")
def accumulation_that_never_clears() -> Loop:
    pieces, letters = text()
    model = Writer(letters)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        for _ in range(2):
            for i, (some,) in enumerate(batches(pieces, size=16)):
                loss = F.cross_entropy(model(some[:, :-1]).flatten(0, 1), some[:, 1:].flatten()) / 4
                loss.backward()
                if (i + 1) % 4 == 0:
                    optimizer.step()

    return Loop(model, optimizer, train)


@FOURTH.add("learning-rate-too-high", "exploding-gradient", "dead-units", "oscillating-loss", "gradients-accumulate")
def sixteen_batches_added_but_not_averaged() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)

    def train() -> None:
        for _ in range(30):
            for i, (images, labels) in enumerate(batches(*data.pictures(512), size=8)):
                F.cross_entropy(model(images), labels).backward()
                if (i + 1) % 16 == 0:
                    optimizer.step()
                    optimizer.zero_grad()

    return Loop(model, optimizer, train)


@FOURTH.add("gradients-accumulate")
def closure_without_clearing() -> Loop:
    x, y = data.diabetes()
    model = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=5)

    def train() -> None:
        for _ in range(30):

            def closure() -> Tensor:
                loss = F.mse_loss(model(x), y)
                loss.backward()
                return loss

            optimizer.step(closure)

    return Loop(model, optimizer, train)


@FOURTH.add("learning-rate-too-low", "stopped-too-early")
def warm_up_of_ten_thousand_steps() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.fc = nn.Linear(8, 32), nn.Linear(32, 10)
            self.layer = nn.TransformerEncoderLayer(32, 4, 64, dropout=0.0, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.layer(self.embed(x)).mean(1))

    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-3)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 10_000))

    def train() -> None:
        for _ in range(4):
            for x, y in batches(*rows_of_digits()):
                optimizer.zero_grad()
                F.cross_entropy(model(x), y).backward()
                optimizer.step()
                schedule.step()

    return Loop(model, optimizer, train)


@FOURTH.add("learning-rate-too-low", "stopped-too-early", "plateau", "frozen-parameters")
def straight_to_zero_in_ten_batches() -> Loop:
    epochs = 10
    model = SequenceNet(nn.GRU, 3, 32, 1)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=epochs)

    def train() -> None:
        for _ in range(epochs):
            for x, y in batches(*sensors()):
                optimizer.zero_grad()
                F.mse_loss(model(x), y).backward()
                optimizer.step()
                schedule.step()

    return Loop(model, optimizer, train)


@FOURTH.add("learning-rate-too-low", "stopped-too-early", "frozen-parameters")
def clipped_before_unscaling() -> Loop:
    model = ConvNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu")

    def train() -> None:
        for _ in range(6):
            for images, labels in batches(*data.pictures()):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(images), labels)
                scaler.scale(loss).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                scaler.step(optimizer)
                scaler.update()

    return Loop(model, optimizer, train)


@FOURTH.add("learning-rate-too-high", "exploding-gradient", "non-finite", "dead-units")
def scaled_loss_and_a_plain_step() -> Loop:
    model = MaskNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    scaler = torch.amp.GradScaler("cpu")

    def train() -> None:
        for _ in range(4):
            for images, wanted in batches(*masks(), size=16):
                optimizer.zero_grad()
                scaler.scale(F.binary_cross_entropy_with_logits(model(images), wanted)).backward()
                optimizer.step()

    return Loop(model, optimizer, train)
