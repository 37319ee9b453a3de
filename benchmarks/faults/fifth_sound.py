"""A fifth set of whole scripts: sound ones that look like the faulty."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Categorical
from torch.utils.data import DataLoader, WeightedRandomSampler

from . import posted_data as data
from .fifth_domains import (
    Attentive,
    Named,
    Policy,
    Reader,
    ResNet,
    Trainer,
    padded,
    pretrained,
    returns,
    sentences,
    varying,
    walked,
)
from .fourth_domains import Variational, pairs, sensors, text
from .loops import FIFTH_SOUND, Loop, batches, learn


@FIFTH_SOUND.add()
def accumulated_in_brain_floats_with_a_warm_up() -> Loop:
    words, padding, subject = sentences(640)
    model = Attentive()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.01)
    loader = DataLoader(Named(words=words, padding=padding, subject=subject), batch_size=16, shuffle=True)
    steps = 6 * len(loader) // 4
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps + 1)

    def train() -> None:
        for _ in range(6):
            model.train()
            for i, batch in enumerate(loader):
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    loss = F.cross_entropy(model(batch["words"], batch["padding"]), batch["subject"]) / 4
                loss.backward()
                if (i + 1) % 4 == 0:
                    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                    optimizer.step()
                    optimizer.zero_grad()
                    schedule.step()

    return Loop(model, optimizer, train)


@FIFTH_SOUND.add()
def norms_of_a_pretrained_body_left_in_evaluation() -> Loop:
    model = ResNet()
    model.load_state_dict(pretrained())
    for name, p in model.named_parameters():
        p.requires_grad = name.startswith("layer2")
    model.fc = nn.Linear(16, 2)
    optimizer = torch.optim.SGD([
        {"params": model.layer2.parameters(), "lr": 1e-3},
        {"params": model.fc.parameters(), "lr": 2e-2},
    ], momentum=0.9)  # fmt: skip
    x, y = data.pictures(800)
    y = (y >= 5).long()

    class Fit(Trainer):
        def train_epoch(self) -> float:
            self.model.eval()
            for rows, labels in self.loader:
                self.optimizer.zero_grad()
                self.criterion(self.model(rows), labels).backward()
                self.optimizer.step()
            return 0.0

    trainer = Fit(model, optimizer, nn.CrossEntropyLoss(), batches(x[:600], y[:600]), batches(x[600:], y[600:]))
    return Loop(model, optimizer, lambda: trainer.fit(8))


@FIFTH_SOUND.add()
def logarithms_of_probabilities_into_cross_entropy() -> Loop:
    words, padding, subject = sentences()
    model = Attentive(nn.LogSoftmax(dim=-1))
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    loader = DataLoader(Named(words=words, padding=padding, subject=subject), batch_size=32, shuffle=True)

    def train() -> None:
        for _ in range(8):
            for batch in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(batch["words"], batch["padding"]), batch["subject"]).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH_SOUND.add()
def generator_with_norms_and_a_cut_for_the_critic() -> Loop:
    model = nn.ModuleDict({
        "generator": nn.Sequential(nn.Linear(8, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 64), nn.Tanh()),
        "critic": nn.Sequential(nn.Linear(64, 48), nn.LeakyReLU(0.2), nn.Dropout(0.3), nn.Linear(48, 1)),
    })  # fmt: skip
    makes = torch.optim.Adam(model["generator"].parameters(), 1e-3, betas=(0.5, 0.999))
    judges = torch.optim.Adam(model["critic"].parameters(), 1e-3, betas=(0.5, 0.999))
    loss = nn.BCEWithLogitsLoss()

    def train() -> None:
        for _ in range(6):
            for (real,) in batches(2 * data.digits()[0] - 1, size=64):
                one, zero = torch.full((len(real), 1), 0.9), torch.zeros(len(real), 1)
                fake = model["generator"](torch.randn(len(real), 8))
                judges.zero_grad()
                (loss(model["critic"](real), one) + loss(model["critic"](fake.detach()), zero)).backward()
                judges.step()
                makes.zero_grad()
                loss(model["critic"](fake), one).backward()
                makes.step()

    return Loop(model, [makes, judges], train)


@FIFTH_SOUND.add()
def walk_by_advantages_and_entropy() -> Loop:
    model = Policy()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def train() -> None:
        for _ in range(100):
            place, chosen, values, rewards, spread = torch.randint(7, (32,)), [], [], [], []
            for _ in range(8):
                scores, value = model(F.one_hot(place, 8).float())
                ways = Categorical(logits=scores)
                way = ways.sample()
                chosen.append(ways.log_prob(way))
                spread.append(ways.entropy())
                values.append(value)
                place, reward = walked(place, way)
                rewards.append(reward)
            total, value = returns(rewards), torch.stack(values)
            gain = total - value.detach()
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            loss = -(torch.stack(chosen) * gain).mean() + 0.5 * F.mse_loss(value, total)
            loss = loss - 0.01 * torch.stack(spread).mean()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH_SOUND.add()
def rare_sequences_drawn_with_replacement() -> Loop:
    rows = varying(900)
    rows = [row for row in rows if row[1] != 2] + [row for row in rows if row[1] == 2][:40]
    share = [1.0 if y != 2 else 6.0 for _, y in rows]
    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    loader = DataLoader(rows, batch_size=32, sampler=WeightedRandomSampler(share, len(rows)), collate_fn=padded)  # type: ignore[arg-type]

    def train() -> None:
        for _ in range(10):
            for x, lengths, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(model(x, lengths), y).backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH_SOUND.add()
def variational_sum_with_a_divergence_warmed_up() -> Loop:
    model = Variational(64, nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def train() -> None:
        for epoch in range(10):
            for (rows,) in batches(data.digits()[0], size=64):
                again, mean, log_variance = model(rows)
                apart = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
                loss = F.binary_cross_entropy(again, rows, reduction="sum") + min(1.0, (epoch + 1) / 5) * apart
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    return Loop(model, optimizer, train)


@FIFTH_SOUND.add()
def twins_whose_pairs_alternate_by_margin() -> Loop:
    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 24))

        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return F.pairwise_distance(F.normalize(self.body(left)), F.normalize(self.body(right)))

    model = Twins()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def loss(a: Tensor, b: Tensor, alike: Tensor) -> Tensor:
        distance = model(a, b)
        return (alike * distance.square() + (1 - alike) * F.relu(1 - distance).square()).mean()

    return Loop(model, optimizer, lambda: learn(optimizer, batches(*pairs()), loss, 12))


@FIFTH_SOUND.add()
def forecasts_as_a_column_against_a_column_in_two_groups() -> Loop:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn, self.norm, self.fc = nn.GRU(3, 32), nn.LayerNorm(32), nn.Linear(32, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.norm(self.rnn(x.transpose(0, 1))[1][-1])).squeeze(-1)

    x, y = sensors()
    model = Net()
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}],
                                  lr=5e-3)  # fmt: skip
    trainer = Trainer(model, optimizer, nn.HuberLoss(), batches(x[:400], y[:400].squeeze(1)),
                      batches(x[400:], y[400:].squeeze(1)))  # fmt: skip
    return Loop(model, optimizer, lambda: trainer.fit(12))


@FIFTH_SOUND.add()
def letters_with_tied_tables_and_one_layer_used_twice() -> Loop:
    class Net(nn.Module):
        def __init__(self, letters: int) -> None:
            super().__init__()
            self.embed, self.layer = (
                nn.Embedding(letters, 32),
                nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=True),
            )
            self.out = nn.Linear(32, letters)
            nn.init.normal_(self.embed.weight, std=32**-0.5)
            self.out.weight = self.embed.weight
            self.places = nn.Parameter(0.02 * torch.randn(24, 32))

        def forward(self, x: Tensor) -> Tensor:
            mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1])
            h = self.embed(x) * 32**0.5 + self.places
            for _ in range(2):
                h = self.layer(h, src_mask=mask, is_causal=True)
            return self.out(h)

    pieces, letters = text()
    model = Net(letters)
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def loss(some: Tensor) -> Tensor:
        return F.cross_entropy(model(some[:, :-1]).flatten(0, 1), some[:, 1:].flatten())

    return Loop(model, optimizer, lambda: learn(optimizer, batches(pieces), loss, 4))
