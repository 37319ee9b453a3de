"""Watching changes nothing, and leaves nothing behind."""

import csv
import json
import sys

import polars as pl
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from backlight.records import BacklightError
from backlight.watch import watch


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.norm = nn.BatchNorm2d(4)
        self.act = nn.ReLU(inplace=True)
        self.lstm = nn.LSTM(4, 8, batch_first=True)
        self.drop = nn.Dropout(0.3)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x = self.act(self.norm(self.conv(x))).flatten(2).transpose(1, 2)
        x, _ = self.lstm(x)
        return self.head(F.gelu(self.drop(x[:, -1])))


def train(watched: bool, steps: int = 25):
    torch.manual_seed(3)
    model = Net()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    loader = DataLoader(TensorDataset(torch.randn(60, 1, 6, 6), torch.randint(3, (60,))), batch_size=12, shuffle=True)
    losses = []

    def loop():
        for _ in range(steps // 5):
            for x, y in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                loss.backward()
                optimizer.step()
                losses.append(loss.item())

    seen = watch(model, optimizer)
    if watched:
        with seen:
            loop()
    else:
        loop()
    return losses, [p.detach().clone() for p in model.parameters()], torch.get_rng_state(), seen, model


def test_numbers_are_bit_for_bit_the_same():
    plain, watched = train(False), train(True)
    assert plain[0] == watched[0]
    assert all(torch.equal(a, b) for a, b in zip(plain[1], watched[1], strict=True))
    assert torch.equal(plain[2], watched[2])


def test_nothing_is_left_behind_even_after_an_error():
    before = (torch.autograd.backward, F.cross_entropy, DataLoader.__iter__)
    *_, model = train(True)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ZeroDivisionError), watch(model, optimizer):
        model(torch.randn(2, 1, 6, 6))
        raise ZeroDivisionError
    with pytest.raises(RuntimeError), watch(model, optimizer):
        model(torch.randn(2, 5, 6, 6))
    assert before == (torch.autograd.backward, F.cross_entropy, DataLoader.__iter__)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert torch.overrides._get_current_function_mode_stack() == []
    assert not optimizer._optimizer_step_pre_hooks and not optimizer._optimizer_step_post_hooks


def test_the_loop_is_understood():
    *_, seen, _ = train(True)
    facts = seen.facts
    assert (facts.loop.steps, facts.loop.rows, facts.loop.batch_size, facts.loop.epochs) == (25, 60, 12, 5.0)
    assert facts.loop.fresh_gradients and not facts.loop.stale_gradients
    assert [layer.kind for layer in facts.layers] == [
        "Conv2d", "BatchNorm2d", "ReLU", "LSTM", "Dropout", "GELU", "Linear",
    ]  # fmt: skip
    assert facts.loss.name == "cross_entropy" and facts.output.layer == "head" and facts.output.chain == ()
    assert facts.targets.classes == 3


@pytest.mark.parametrize(
    ("loss", "name", "expects", "chain"),
    [
        (lambda z, y: nn.CrossEntropyLoss()(z, y), "cross_entropy", "logits", ()),
        (lambda z, y: F.cross_entropy(z.softmax(1), y), "cross_entropy", "logits", ("Softmax",)),
        (lambda z, y: F.nll_loss(F.log_softmax(z, 1), y), "cross_entropy", "logits", ()),
        (lambda z, y: F.nll_loss(torch.log(z.softmax(1)), y), "nll", "probabilities", ("Softmax",)),
        (lambda z, y: -(F.one_hot(y, 3) * z.sigmoid().clamp(1e-7, 1).log()).sum(1).mean(), "nll", "probabilities",
         ("Sigmoid",)),
        (lambda z, y: F.binary_cross_entropy(z.sigmoid(), F.one_hot(y, 3).float()), "bce", "probabilities",
         ("Sigmoid",)),
        (lambda z, y: ((z.tanh() - F.one_hot(y, 3)) ** 2).mean(), "mse", "values", ("Tanh",)),
        (lambda z, y: (F.one_hot(y, 3) - z).abs().mean(), "mae", "values", ()),
    ],
)  # fmt: skip
def test_losses_are_recognised_however_they_are_written(loss, name, expects, chain):
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    x, y = torch.randn(16, 4), torch.randint(3, (16,))
    with watch(model, optimizer) as seen:
        for _ in range(3):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    facts = seen.facts
    assert (facts.loss.name, facts.loss.expects, facts.output.chain) == (name, expects, chain)
    assert facts.targets is not None


def test_a_target_recovered_from_a_square_written_by_hand_is_the_target():
    model, y = nn.Linear(3, 1), torch.tensor([[1.0], [2.0], [5.0], [7.0]])
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, optimizer) as seen:
        ((model(torch.randn(4, 3)) - y) ** 2).mean().backward()
        optimizer.step()
    assert sorted(seen.facts.targets.counts) == [1, 2, 5, 7]


def test_validation_losses_enter_history():
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    x, y = torch.randn(32, 3), torch.randn(32, 1)
    with watch(model, optimizer) as seen:
        for _ in range(4):
            model.train()
            optimizer.zero_grad()
            F.mse_loss(model(x), y).backward()
            optimizer.step()
            model.eval()
            with torch.no_grad():
                value = F.mse_loss(model(x), y).item()
    rows = [row for row in seen.history if row.split == "validation"]
    assert len(rows) == 4 and rows[-1].loss == pytest.approx(value)


def test_findings_can_be_read_while_training_goes_on():
    model = nn.Sequential(nn.Linear(3, 4), nn.Softmax(1))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, optimizer) as seen:
        F.cross_entropy(model(torch.randn(8, 3)), torch.randint(4, (8,))).backward()
        optimizer.step()
        assert seen.findings[0].name == "output-activation"


def test_save_writes_the_run_folder(tmp_path):
    *_, seen, _ = train(True)
    folder = seen.save(tmp_path / "run")
    with (folder / "history.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "step", "split", "loss", "accuracy", "error", "learning_rate", "seconds"]
    assert [row["step"] for row in rows] == ["5", "10", "15", "20", "25"]
    assert pl.read_parquet(folder / "signals.parquet").columns == ["step", "layer", "signal", "value"]
    keys = {"code", "name", "severity", "layer", "step", "evidence", "message", "prescription", "treatment", "verdict"}
    assert all(set(finding) == keys for finding in json.loads((folder / "findings.json").read_text()))
    assert json.loads((folder / "considered.json").read_text())


def test_the_room_can_be_called_like_its_function():
    model = nn.Linear(2, 1)
    room = sys.modules["backlight.watch"]
    with room(model, torch.optim.SGD(model.parameters(), 0.1)) as seen:
        assert seen.findings == []


def test_wrong_arguments_are_told():
    with pytest.raises(BacklightError, match=r"torch.nn.Module"):
        watch("model", None)  # type: ignore[arg-type]
