"""Loops as people write them: watching changes no number, breaks nothing, and calls no healthy one an error."""

from dataclasses import dataclass

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backlight.watch import watch


@dataclass
class Output:
    """As libraries of language models answer: the loss inside, beside the logits."""

    loss: torch.Tensor
    logits: torch.Tensor


class WithLoss(nn.Module):
    def __init__(self, as_dict: bool) -> None:
        super().__init__()
        self.as_dict = as_dict
        self.body = mlp()

    def forward(self, x, labels):
        logits = self.body(x)
        loss = F.cross_entropy(logits, labels)
        return {"loss": loss, "logits": logits} if self.as_dict else Output(loss, logits)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inside = nn.Linear(2, 16)
        self.block = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.1, batch_first=True)
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.block(self.inside(x.reshape(len(x), 4, 2))).mean(1))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru, self.head = nn.GRU(2, 16, batch_first=True), nn.Linear(16, 3)

    def forward(self, x):
        return self.head(self.gru(x.reshape(len(x), 4, 2))[0][:, -1])


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))


def rows():
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(512, 8, generator=generator)
    return x, (x[:, :3] + 0.3 * torch.randn(512, 3, generator=generator)).argmax(1)


def batches(epochs: int = 6):
    x, y = rows()
    generator = torch.Generator().manual_seed(6)
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(32):
            yield x[part], y[part]


def plain(model, optimizer):
    for x, y in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def loss_inside(model, optimizer):
    for x, y in batches():
        optimizer.zero_grad()
        answer = model(x, labels=y)
        (answer["loss"] if isinstance(answer, dict) else answer.loss).backward()
        optimizer.step()


def accumulating(model, optimizer):
    for number, (x, y) in enumerate(batches(), 1):
        (F.cross_entropy(model(x), y) / 4).backward()
        if number % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()


def scaled(model, optimizer):
    scaler = torch.amp.GradScaler("cpu")
    for x, y in batches():
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()


def with_closure(model, optimizer):
    x, y = rows()
    for _ in range(8):

        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            return loss

        optimizer.step(closure)


def two_players(model, optimizer):
    """The watched network is the one that tells real from made; the maker has an optimiser of its own."""
    torch.manual_seed(9)
    maker = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 8))
    other = torch.optim.Adam(maker.parameters(), 1e-3)
    for x, _ in batches(4):
        made = maker(torch.randn(len(x), 4))
        optimizer.zero_grad()
        real, false = model(x)[:, 0], model(made.detach())[:, 0]
        loss = F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        (loss + F.binary_cross_entropy_with_logits(false, torch.zeros_like(false))).backward()
        optimizer.step()
        other.zero_grad()
        answer = model(made)[:, 0]
        F.binary_cross_entropy_with_logits(answer, torch.ones_like(answer)).backward()
        other.step()


def adam(model):
    return torch.optim.Adam(model.parameters(), 3e-3)


def lbfgs(model):
    return torch.optim.LBFGS(model.parameters(), lr=0.3, max_iter=5)


LOOPS = {
    "loss in an object": (lambda: WithLoss(False), adam, loss_inside),
    "loss in a dict": (lambda: WithLoss(True), adam, loss_inside),
    "accumulated gradients": (mlp, adam, accumulating),
    "autocast and loss scale": (mlp, adam, scaled),
    "closure": (mlp, lbfgs, with_closure),
    "two players": (mlp, adam, two_players),
    "attention": (Attention, adam, plain),
    "recurrent": (Recurrent, adam, plain),
}


def trained(name: str, watched: bool):
    make, optimise, loop = LOOPS[name]
    torch.manual_seed(4)
    model = make()
    optimizer = optimise(model)
    seen = watch(model, optimizer, overhead=None)
    if watched:
        with seen:
            loop(model, optimizer)
    else:
        loop(model, optimizer)
    return [p.detach().clone() for p in model.parameters()], seen


@pytest.mark.parametrize("name", LOOPS)
def test_no_number_changes_and_no_healthy_loop_is_called_an_error(name):
    (plain, _), (watched, seen) = trained(name, False), trained(name, True)
    assert all(torch.equal(a, b) for a, b in zip(plain, watched, strict=True))
    assert seen.recorder.observed
    assert [(f.name, f.message) for f in seen.findings if f.severity == "error"] == []


def test_gradients_summed_on_purpose_are_not_called_left_over():
    _, seen = trained("accumulated gradients", True)
    assert "gradients-accumulate" not in [finding.name for finding in seen.findings]
    assert seen.facts.loop.backwards == 4 * seen.facts.loop.steps


def test_the_loss_inside_a_model_is_recognised():
    _, seen = trained("loss in an object", True)
    assert seen.facts.loss.name == "cross_entropy"
    assert seen.facts.targets.classes == 3
