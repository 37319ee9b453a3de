"""Held-out rows of several networks measured as one: what each network alone would have measured."""

import time

import numpy as np
import pytest
import torch
from torch import nn

from backlight.records import TableInputs, Task
from backlight.records.config import TrainingConfig
from backlight.training import Copy, resolve, train, train_copies
from backlight.training.looks import Looks
from backlight.training.session import Session


def _data(rows=60):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 5)).astype(np.float32)
    return x, (x[:, 0] + x[:, 1] > 0).astype(np.int64)


def _network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 2))


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_folds_of_unequal_size_are_measured_as_alone(average):
    x, y = _data()
    config = TrainingConfig(epochs=4, batch_size=16, learning_rate=0.05, average=average)
    config = resolve(config, inputs=TableInputs(()), task=Task("binary", "y", (0, 1)), rows=40)
    held = [(x[40:53], y[40:53]), (x[50:60], y[50:60])]
    copies = [Copy(_network(i), config, i, np.arange(40), held[i]) for i in range(2)]
    together = train_copies(copies, "cross-entropy", (x, y), None)
    for i, one in enumerate(together):
        alone = train(_network(i), "cross-entropy", (x[:40], y[:40]), held[i], config, seed=i)
        ours, theirs = ([row for row in run.history if row.split == "validation"] for run in (one, alone))
        assert [row.accuracy for row in ours] == [row.accuracy for row in theirs]
        assert np.allclose([row.loss for row in ours], [row.loss for row in theirs], rtol=1e-5)
        assert one.best_epoch == alone.best_epoch


def test_the_time_of_the_common_look_is_kept_free_before_the_deadline(monkeypatch):
    x, y = _data()
    sessions, measure, end_epoch = set(), Looks.measure, Session.end_epoch
    monkeypatch.setattr(Looks, "measure", lambda self: time.sleep(0.1) or measure(self))
    monkeypatch.setattr(Session, "end_epoch", lambda self, *found: sessions.add(self) or end_epoch(self, *found))
    config = TrainingConfig(epochs=1, batch_size=16, learning_rate=0.05)
    config = resolve(config, inputs=TableInputs(()), task=Task("binary", "y", (0, 1)), rows=40)
    train_copies([Copy(_network(i), config, i) for i in range(2)], "cross-entropy", (x[:40], y[:40]), (x[40:], y[40:]))
    assert [one.course.evaluation_seconds >= 0.1 for one in sessions] == [True, True]
