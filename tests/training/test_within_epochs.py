"""The rows of history within epochs: loss and score of the batches as training met them."""

import numpy as np
import pytest
import torch
from torch import nn

from backlight.records.config import TrainingConfig
from backlight.training import Copy, Observer, train, train_copies

ROWS = 90


def problem(kind):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(ROWS, 6)).astype(np.float32)
    if kind == "classes":
        return x, (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5)
    return x, (x[:, 0] * x[:, 1]).astype(np.float32)


def network(outputs, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, outputs))


def settings(**more):
    chosen = {"optimizer": "sgd", "learning_rate": 0.3, "epochs": 6, "batch_size": ROWS, "weight_decay": 0.0}
    return TrainingConfig(**{**chosen, "schedule": "constant", "average": 0.0, "device": "cpu", **more})


def scores(trained, split):
    return [(row.accuracy, row.error) for row in trained.history if row.split == split]


LOSSES = [("classes", "cross-entropy", 3), ("values", "mean-squared-error", 1)]


@pytest.mark.parametrize(("kind", "loss", "outputs"), LOSSES)
@pytest.mark.parametrize("many", [1, 3])
def test_a_batch_of_all_rows_scores_as_the_rows_did_at_the_end_of_the_epoch_before(kind, loss, outputs, many):
    """The batch is met before the update; the pass is plain, recorded and replayed in turn."""
    data = problem(kind)
    copies = [Copy(network(outputs, seed), settings(), seed=seed) for seed in range(many)]
    for trained in train_copies(copies, loss, data, None, unit=2.0):
        within, after = scores(trained, "batches"), scores(trained, "train")
        assert len(within) == len(after) == 6
        for met, measured in zip(within[1:], after, strict=False):
            assert met[1] == pytest.approx(measured[1], rel=1e-5)
            assert met[0] == (None if kind == "values" else pytest.approx(measured[0]))
        assert len(set(within)) > 3


def test_the_last_part_of_an_accumulated_batch_is_scored():
    trained = train(network(3), "cross-entropy", problem("classes"), None, settings(batch_size=30, accumulate=3))
    assert all(row.error == pytest.approx(1 - row.accuracy) for row in trained.history if row.split == "batches")
    assert {round(row.accuracy * 30, 4) % 1 for row in trained.history if row.split == "batches"} == {0}


def test_a_step_is_scored_by_the_outputs_that_an_observer_sees():
    class Watching(Observer):
        def __init__(self):
            self.seen = []

        def wants_step(self, step):
            return step % 3 == 0

        def on_step(self, step):
            self.seen.append(float((step.output.argmax(1) == step.target).float().mean()))

    watching = Watching()
    config = settings(batch_size=40, epochs=4)
    trained = train(network(3), "cross-entropy", problem("classes"), None, config, observers=[watching])
    within = [accuracy for accuracy, _ in scores(trained, "batches")]
    assert len(within) == 8
    assert within[::3] == pytest.approx(watching.seen)
