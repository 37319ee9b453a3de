"""A fifth set of whole scripts: faults of the steps, of what the optimiser holds and of the schedule."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from . import posted_data as data
from .fifth_domains import Attentive, Named, Reader, ResNet, Trainer, UNet, padded, sentences, varying
from .forum_loop import perceptron
from .fourth_domains import Variational, Writer, divergence, masks, pairs, text
from .loops import FIFTH, Loop, batches, learn


@FIFTH.add("gradients-accumulate")
def packed_reader_cleared_before_each_epoch() -> Loop:
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = DataLoader(varying(), batch_size=32, shuffle=True, collate_fn=padded)

    def train() -> None:
        for _ in range(8):
            model.train()
            optimizer.zero_grad()
            for x, lengths, y in loader:
                loss = F.cross_entropy(model(x, lengths), y)
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 5.0)
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("gradients-accumulate")
def encoder_cleared_and_decoder_not() -> Loop:
    x, _ = data.digits()
    model = nn.ModuleDict({
        "encoder": nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 12)),
        "decoder": nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 64)),
    })  # fmt: skip
    first = torch.optim.Adam(model["encoder"].parameters(), 2e-3)
    second = torch.optim.Adam(model["decoder"].parameters(), 2e-3)

    def train() -> None:
        for _ in range(6):
            for (rows,) in batches(x):
                first.zero_grad()
                loss = F.mse_loss(model["decoder"](model["encoder"](rows)), rows)
                loss.backward()
                first.step()
                second.step()

    return Loop(model, [first, second], train)


@FIFTH.add("gradients-accumulate")
def stepped_each_batch_and_cleared_each_eighth() -> Loop:
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)

    def train() -> None:
        for _ in range(6):
            model.train()
            for i, (images, labels) in enumerate(batches(*data.pictures())):
                (F.cross_entropy(model(images), labels) / 8).backward()
                optimizer.step()
                if (i + 1) % 8 == 0:
                    optimizer.zero_grad()

    return Loop(model, optimizer, train)


@FIFTH.add("gradients-accumulate")
def critic_never_cleared() -> Loop:
    model = nn.ModuleDict({
        "generator": nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 64), nn.Sigmoid()),
        "critic": nn.Sequential(nn.Linear(64, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)),
    })  # fmt: skip
    makes = torch.optim.Adam(model["generator"].parameters(), 1e-3, betas=(0.5, 0.999))
    judges = torch.optim.Adam(model["critic"].parameters(), 1e-3, betas=(0.5, 0.999))
    loss = nn.BCEWithLogitsLoss()

    def train() -> None:
        for _ in range(5):
            for (real,) in batches(data.digits()[0], size=64):
                one, zero = torch.ones(len(real), 1), torch.zeros(len(real), 1)
                fake = model["generator"](torch.randn(len(real), 8))
                judged = loss(model["critic"](real), one) + loss(model["critic"](fake.detach()), zero)
                judged.backward()
                judges.step()
                makes.zero_grad()
                loss(model["critic"](fake), one).backward()
                makes.step()

    return Loop(model, [makes, judges], train)


@FIFTH.add("frozen-parameters", "not-learning")
def cleared_before_the_scaler_steps() -> Loop:
    model = UNet()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3)
    scaler = torch.amp.GradScaler("cpu")

    def train() -> None:
        for _ in range(3):
            for images, wanted in batches(*masks(), size=16):
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = F.binary_cross_entropy_with_logits(model(images), wanted)
                scaler.scale(loss).backward()
                optimizer.zero_grad(set_to_none=False)
                scaler.step(optimizer)
                scaler.update()

    return Loop(model, optimizer, train)


@FIFTH.add("stopped-too-early", "learning-rate-too-low")
def stepped_outside_of_the_inner_loop() -> Loop:
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    loader = batches(*data.digits())

    def train() -> None:
        for _ in range(12):
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("learning-rate-too-low", "stopped-too-early", "plateau")
def exponential_decay_stepped_each_batch() -> Loop:
    model = ResNet()
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)

    class Fit(Trainer):
        def train_epoch(self) -> float:
            self.model.train()
            for x, y in self.loader:
                self.optimizer.zero_grad()
                self.criterion(self.model(x), y).backward()
                self.optimizer.step()
                schedule.step()
            return 0.0

    x, y = data.pictures(800)
    trainer = Fit(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(8))


@FIFTH.add("learning-rate-too-low", "stopped-too-early")
def each_gradient_clipped_to_a_ten_thousandth() -> Loop:
    pieces, letters = text()
    model = Writer(letters)
    optimizer = torch.optim.SGD(model.parameters(), 0.5)

    def train() -> None:
        for _ in range(3):
            for (some,) in batches(pieces):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(some[:, :-1]).flatten(0, 1), some[:, 1:].flatten())
                loss.backward()
                nn.utils.clip_grad_value_(model.parameters(), 1e-4)
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("learning-rate-too-low", "frozen-parameters", "not-learning", "stopped-too-early", "plateau")
def brain_floats_too_coarse_for_the_step() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10).to(torch.bfloat16)
    optimizer = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)

    def train() -> None:
        for _ in range(8):
            for inputs, labels in batches(x.bfloat16(), y):
                optimizer.zero_grad()
                F.cross_entropy(model(inputs), labels).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("non-finite", "output-activation")
def half_precision_logarithm_by_hand() -> Loop:
    x, y = data.cancer()
    model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)

    def train() -> None:
        for _ in range(40):
            for rows, wanted in batches(x, y):
                optimizer.zero_grad()
                with torch.autocast("cpu", dtype=torch.float16):
                    p = model(rows)
                    loss = -(wanted * torch.log(p + 1e-8) + (1 - wanted) * torch.log(1 - p + 1e-8)).mean()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("capacity-too-low", "not-learning", "plateau")
def absolute_values_of_weights_added_whole() -> Loop:
    x, y = data.digits()
    model = perceptron(64, 10)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(inputs: Tensor, labels: Tensor) -> Tensor:
        penalty = sum(p.abs().sum() for p in model.parameters())
        return F.cross_entropy(model(inputs), labels) + 0.1 * penalty

    return Loop(model, optimizer, lambda: learn(optimizer, batches(x, y), loss, 8))


@FIFTH.add("learning-rate-too-low", "frozen-parameters")
def body_from_scratch_at_a_fine_tuning_rate() -> Loop:
    model = ResNet()
    head = {id(p) for p in model.fc.parameters()}
    optimizer = torch.optim.AdamW([
        {"params": [p for p in model.parameters() if id(p) not in head], "lr": 1e-7},
        {"params": model.fc.parameters(), "lr": 1e-3},
    ], weight_decay=0.01)  # fmt: skip
    x, y = data.pictures(800)
    trainer = Trainer(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(6))


@FIFTH.add("learning-rate-too-high", "oscillating-loss", "exploding-gradient", "dead-units", "saturated-units")
def transformer_of_sentences_at_a_tenth() -> Loop:
    words, padding, subject = sentences()
    model = Attentive()
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    loader = DataLoader(Named(words=words, padding=padding, subject=subject), batch_size=32, shuffle=True)

    def train() -> None:
        for _ in range(6):
            for batch in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(batch["words"], batch["padding"]), batch["subject"]).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH.add("learning-rate-too-low", "stopped-too-early")
def twins_at_a_millionth() -> Loop:
    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.fc = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24)), nn.Linear(24, 1)

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return self.fc((self.body(left) - self.body(right)).abs()).squeeze(1)

    model = Twins()
    optimizer = torch.optim.Adam(model.parameters(), 1e-6)

    def loss(left: Tensor, right: Tensor, same: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(model(left, right), same)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*pairs()), loss, 8))


@FIFTH.add("learning-rate-too-high", "exploding-gradient", "non-finite", "dead-units", "loss-mismatch")
def variational_sum_under_plain_descent() -> Loop:
    model = Variational(64, nn.Sigmoid())
    optimizer = torch.optim.SGD(model.parameters(), 0.01)

    def loss(rows: Tensor) -> Tensor:
        again, mean, log_variance = model(rows)
        return F.binary_cross_entropy(again, rows, reduction="sum") + len(rows) * divergence(mean, log_variance)

    return Loop(model, optimizer, lambda: learn(optimizer, batches(data.digits()[0], size=64), loss, 6))
