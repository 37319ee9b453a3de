"""What a user relies on of a training: limits, best epoch, interruption, resumption, random state."""

import itertools
import math
import time

import numpy as np
import pytest
import torch
from torch import nn

from backlight.records import BacklightError, ImageInputs, TableInputs, Task
from backlight.records.config import TrainingConfig
from backlight.training import Observer, predict_outputs, resolve, resumption, train
from backlight.training.average import Average
from backlight.training.checkpoint import checkpoints, load_newest_checkpoint, save_checkpoint
from backlight.training.flat import FlatParameters
from backlight.training.resumption import state_of
from backlight.training.schedule import SCHEDULES, schedule


def problem(rows=600, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, 8)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + 0.3 * generator.normal(size=rows) > 0).astype(np.int64)
    return x, y


def network(seed=0, dropout=0.1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(dropout), nn.Linear(32, 2))


def settings(**changes):
    return TrainingConfig(
        **{"epochs": 8, "batch_size": 50, "optimizer": "adamw", "learning_rate": 0.01, "weight_decay": 0.01,
           "schedule": "cosine", "average": 0.9, "device": "cpu"} | changes
    )  # fmt: skip


def test_it_learns_and_keeps_the_best_epoch():
    x, y = problem()
    trained = train(network(), "cross-entropy", (x[:400], y[:400]), (x[400:], y[400:]), settings(epochs=40))
    rows = [r for r in trained.history if r.split == "validation"]
    best = min(rows, key=lambda r: r.loss)
    assert best.epoch == trained.best_epoch
    assert best.accuracy > 0.75
    assert math.isclose(validation_loss(trained.module, x[400:], y[400:]), best.loss, rel_tol=1e-5)


def test_the_last_epoch_is_kept_where_that_is_asked_for():
    x, y = problem(120)
    trained = train(
        network(dropout=0.0),
        "cross-entropy",
        (x[:60], y[:60]),
        (x[60:], y[60:]),
        settings(epochs=40, keep="last", schedule="constant"),
    )
    rows = [r for r in trained.history if r.split == "validation"]
    assert min(r.loss for r in rows) < rows[-1].loss and trained.best_epoch == trained.epochs == 40
    assert math.isclose(validation_loss(trained.module, x[60:], y[60:]), rows[-1].loss, rel_tol=1e-5)


def validation_loss(module, x, y):
    return float(nn.functional.cross_entropy(torch.tensor(predict_outputs(module, x)), torch.tensor(y)))


@pytest.mark.parametrize(
    ("loss", "target"),
    [("binary-cross-entropy", lambda y: y), ("mean-squared-error", lambda y: y * 2.0), ("huber", lambda y: y * 2.0)],
)
def test_other_losses_fall(loss, target):
    x, y = problem()
    module = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1))
    trained = train(module, loss, (x, target(y)), (x, target(y)), settings(epochs=30), unit=5.0)
    first, *_, last = [r for r in trained.history if r.split == "validation"]
    assert last.loss < 0.8 * first.loss
    if loss == "mean-squared-error":
        assert last.accuracy is None
        assert math.isclose(last.error, 5 * math.sqrt(last.loss), rel_tol=1e-4)


def test_the_same_seed_gives_the_same_run_and_leaves_global_state_alone():
    x, y = problem()
    torch.manual_seed(99)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    histories = []
    for _ in range(2):
        trained = train(network(), "cross-entropy", (x, y), None, settings(epochs=3), seed=4)
        histories.append([(r.epoch, r.split, r.loss) for r in trained.history])
        torch.manual_seed(99)
    assert histories[0] == histories[1]
    assert torch.equal(before, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def test_the_deadline_is_kept():
    x, y = problem(4000)
    began = time.monotonic()
    trained = train(network(), "cross-entropy", (x, y), (x, y), settings(epochs=100_000), deadline=began + 1.5)
    assert trained.stopped == "time limit"
    rates = [r.learning_rate for r in trained.history]
    assert rates[-1] < 0.05 * max(rates), "the schedule ends with the time"


def test_patience_stops_and_a_diverging_run_is_named():
    x, y = problem()
    noise = np.random.default_rng(1).integers(0, 2, len(y))
    trained = train(
        network(dropout=0), "cross-entropy", (x, noise), (x[:200], 1 - noise[:200]), settings(epochs=200, patience=3)
    )
    assert trained.stopped == "no better validation loss for 3 epochs"
    trained = train(
        nn.Sequential(nn.Linear(8, 1)),
        "mean-squared-error",
        (x, y),
        (x, y),
        settings(optimizer="sgd", learning_rate=1e6, average=0),
    )
    assert trained.stopped == "the loss is not finite"


class InterruptAfter(Observer):
    def __init__(self, epochs):
        self.left = epochs

    def on_epoch(self, rows, **kwargs):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_an_interrupted_run_keeps_the_best_and_resumes_exactly(tmp_path):
    x, y = problem()
    rows, held_out = (x[:400], y[:400]), (x[400:], y[400:])
    whole = train(network(), "cross-entropy", rows, held_out, settings(), seed=3)
    part = train(
        network(),
        "cross-entropy",
        rows,
        held_out,
        settings(),
        seed=3,
        checkpoint=tmp_path,
        observers=[InterruptAfter(3)],
    )
    assert part.stopped == "interrupted"
    assert part.epochs == 3
    rest = train(network(seed=8), "cross-entropy", rows, held_out, settings(), seed=3, checkpoint=tmp_path, resume=True)
    assert [(r.epoch, r.split, r.loss) for r in rest.history] == [(r.epoch, r.split, r.loss) for r in whole.history]
    for a, b in zip(rest.module.parameters(), whole.module.parameters(), strict=True):
        assert torch.equal(a, b)


class InterruptAtStep(Observer):
    def __init__(self, step):
        self.step = step

    def wants_step(self, step, **kwargs):
        if step == self.step:
            raise KeyboardInterrupt
        return False


def test_an_interrupt_within_an_epoch_resumes_from_the_end_of_the_last_one(tmp_path, monkeypatch):
    monkeypatch.setattr(resumption, "KEEP_SECONDS", 0.0)
    x, y = problem()
    rows, held_out = (x[:400], y[:400]), (x[400:], y[400:])
    whole = train(network(), "cross-entropy", rows, held_out, settings(), seed=3)
    middle = [InterruptAtStep(28)]  # 8 steps an epoch: in the middle of the fourth
    train(network(), "cross-entropy", rows, held_out, settings(), seed=3, checkpoint=tmp_path, observers=middle)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-24.safetensors"]
    rest = train(network(seed=8), "cross-entropy", rows, held_out, settings(), seed=3, checkpoint=tmp_path, resume=True)
    assert [(r.epoch, r.split, r.loss) for r in rest.history] == [(r.epoch, r.split, r.loss) for r in whole.history]


def test_quick_epochs_copy_their_state_once_in_a_while_and_resume_exactly(tmp_path, monkeypatch):
    taken = []
    monkeypatch.setattr(resumption, "state_of", lambda session: taken.append(session.epoch) or state_of(session))
    monkeypatch.setattr(resumption, "KEEP_SECONDS", 1e6)
    x, y = problem()
    rows, held_out = (x[:400], y[:400]), (x[400:], y[400:])
    whole = train(network(), "cross-entropy", rows, held_out, settings(), seed=3, checkpoint=tmp_path / "whole")
    assert taken == [1, 8], "at the first epoch's end, and at the end of all"
    middle = [InterruptAtStep(28)]
    train(network(), "cross-entropy", rows, held_out, settings(), seed=3, checkpoint=tmp_path, observers=middle)
    assert [path.name for path in checkpoints(tmp_path)] == ["step-8.safetensors"]
    rest = train(network(seed=8), "cross-entropy", rows, held_out, settings(), seed=3, checkpoint=tmp_path, resume=True)
    assert [(r.epoch, r.split, r.loss) for r in rest.history] == [(r.epoch, r.split, r.loss) for r in whole.history]


def test_a_torn_checkpoint_is_passed_over(tmp_path):
    for step in (1, 2, 3):
        save_checkpoint(tmp_path, step, {"a": torch.full((3,), float(step))}, {"step": step})
    newest, older = checkpoints(tmp_path)
    newest.write_bytes(newest.read_bytes()[:20])
    tensors, facts = load_newest_checkpoint(tmp_path)
    assert facts == {"step": 2} and torch.equal(tensors["a"], torch.full((3,), 2.0))
    assert older.name == "step-2.safetensors"


def test_the_flat_buffer_holds_the_parameters():
    module = network()
    values = [p.detach().clone() for p in module.parameters()]
    flat = FlatParameters(module)
    flat.values.mul_(2)
    for p, before in zip(module.parameters(), values, strict=True):
        torch.testing.assert_close(p.detach(), 2 * before)
    average = Average(flat, 0.9)
    flat.values.zero_()
    with average.in_place():
        assert float(module[0].weight.detach().abs().sum()) > 0
    assert float(module[0].weight.detach().abs().sum()) == 0


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_rise_and_stay_between_zero_and_one(name):
    factors = [schedule(name, 0.1)(i / 100) for i in range(101)]
    assert all(0 <= f <= 1 for f in factors)
    assert factors[0] < 0.05 and math.isclose(max(factors), 1.0)
    rise = factors[:11]
    assert all(a <= b for a, b in itertools.pairwise(rise))


def test_open_settings_are_filled_and_given_ones_kept():
    task = Task("binary", "t", ("a", "b"))
    for inputs in (TableInputs(()), ImageInputs(1, 8, 8, (0.0,), (1.0,))):
        for rows in (10, 1_000, 1_000_000):
            chosen = resolve(TrainingConfig(epochs=7), inputs=inputs, task=task, rows=rows)
            assert chosen.epochs == 7
            assert chosen.learning_rate and chosen.batch_size and chosen.optimizer and chosen.schedule


def test_a_network_of_the_users_own_gets_a_gentle_rate_on_images():
    task, inputs = Task("multiclass", "t", ("a", "b", "c")), ImageInputs(1, 8, 8, (0.0,), (1.0,))
    default = resolve(TrainingConfig(), inputs=inputs, task=task, rows=1000)
    own = resolve(TrainingConfig(), inputs=inputs, task=task, rows=1000, own_network=True)
    assert (default.optimizer, own.optimizer) == ("sgd", "adamw")
    assert own.learning_rate < 1e-2 < default.learning_rate
    asked = resolve(TrainingConfig(optimizer="sgd"), inputs=inputs, task=task, rows=1000, own_network=True)
    assert asked.optimizer == "sgd" and asked.learning_rate > own.learning_rate


def test_an_unknown_loss_is_named():
    with pytest.raises(BacklightError, match="hinge"):
        train(network(), "hinge", problem(), None, settings())
