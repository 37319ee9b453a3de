"""Several trainings at once are the trainings themselves."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from backlight.network.layers import PiecewiseLinear
from backlight.records.config import TrainingConfig
from backlight.training import Copy, Observer, train, train_copies
from backlight.training.together import Together

INIT = Together.__init__
RATES = (1e-4, 1e-2, 1e9)


def network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(6, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3))


def rows(n, seed):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 6)).astype(np.float32)
    return x, (x[:, 0] > 0).astype(np.int64) + (x[:, 1] > 0.5)


def settings(rate=1e-2, **more):
    chosen = {"optimizer": "sgd", "epochs": 4, "batch_size": 16, "schedule": "cosine", "weight_decay": 0.0}
    return TrainingConfig(learning_rate=rate, **{**chosen, **more})


def losses(trained):
    return [(row.split, row.loss) for row in trained.history]


@pytest.mark.parametrize("average", [0.0, 0.9])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_each_copy_is_its_single_run_even_beside_one_that_diverges(optimizer, average):
    data, held_out = rows(100, 0), rows(40, 1)
    configs = [settings(rate, optimizer=optimizer, average=average) for rate in RATES]
    together = train_copies(
        [Copy(network(), c, seed=i) for i, c in enumerate(configs)], "cross-entropy", data, held_out
    )
    for i, (config, copied) in enumerate(zip(configs, together, strict=True)):
        alone = train(network(), "cross-entropy", data, held_out, config, seed=i)
        assert copied.stopped == alone.stopped
        assert [split for split, _ in losses(copied)] == [split for split, _ in losses(alone)]
        if i == 2:
            assert not copied.history[-1].loss < 1e3  # and what becomes of a diverged copy is chaotic
            continue
        np.testing.assert_allclose([v for _, v in losses(copied)], [v for _, v in losses(alone)], rtol=1e-4)
        for mine, theirs in zip(copied.module.parameters(), alone.module.parameters(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)


def test_a_copy_may_see_its_own_rows_and_be_measured_on_its_own():
    data, held_out, own = rows(100, 0), rows(40, 1), rows(30, 2)
    part = np.arange(10, 60)
    first, second = train_copies(
        [Copy(network(), settings(), rows=part), Copy(network(), settings(), validation=own)],
        "cross-entropy",
        data,
        held_out,
    )
    alone = train(network(), "cross-entropy", (data[0][part], data[1][part]), held_out, settings())
    np.testing.assert_allclose([v for _, v in losses(first)], [v for _, v in losses(alone)], rtol=1e-4)
    alone = train(network(), "cross-entropy", data, own, settings())
    np.testing.assert_allclose([v for _, v in losses(second)], [v for _, v in losses(alone)], rtol=1e-4)


def test_the_judge_sees_every_copy_and_stops_those_it_names():
    seen = []

    def judge(latest):
        seen.append([rows[-1].epoch for rows in latest])
        return {1} if len(seen) == 2 else ()

    copies = [Copy(network(), settings(rate)) for rate in (1e-2, 1e-3)]
    kept, stopped = train_copies(copies, "cross-entropy", rows(100, 0), rows(40, 1), judge=judge)
    assert (kept.epochs, kept.stopped) == (4, "all epochs done")
    assert (stopped.epochs, stopped.stopped) == (2, "stopped early: others do better")
    assert seen[1] == [2, 2] and seen[3] == [4, 2]


class Interrupts(Observer):
    """Ctrl-C in the middle of the second epoch."""

    def on_epoch(self, rows, **kwargs):
        if rows[-1].epoch == 2:
            raise KeyboardInterrupt


def test_ctrl_c_keeps_what_every_copy_has():
    copies = [Copy(network(), settings(rate)) for rate in (1e-2, 1e-3)]
    before = copy.deepcopy(copies[1].module)
    watching = [[Interrupts()], []]
    first, second = train_copies(copies, "cross-entropy", rows(100, 0), rows(40, 1), observers=watching)
    assert first.stopped == second.stopped == "interrupted"
    assert second.epochs in (1, 2) and second.best_epoch == 1
    assert not torch.equal(second.module[0].weight, before[0].weight)


def test_the_global_random_state_is_left_as_it_was():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    train_copies([Copy(network(), settings(), seed=1)], "cross-entropy", rows(50, 0), None)
    torch.manual_seed(7)
    assert torch.equal(torch.rand(3), expected)
    assert train_copies([], "cross-entropy", rows(5, 0), None) == []


def table_network():
    torch.manual_seed(3)
    edges = [[-2.0, -0.5, 0.0, 0.5, 2.0]] * 6
    return nn.Sequential(PiecewiseLinear(edges, 4), nn.Linear(24, 16), nn.ReLU(), nn.Linear(16, 3))


def image_network():
    torch.manual_seed(3)
    return nn.Sequential(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 4, 2), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))


@pytest.mark.parametrize("make", [table_network, image_network])
def test_copies_with_their_own_order_of_rows_and_different_lengths_of_training(make):
    data, held_out = rows(100, 0), rows(40, 1)
    configs = [settings(1e-2, optimizer="adamw", epochs=epochs) for epochs in (1, 3, 2, 3)]
    together = train_copies(
        [Copy(make(), c, seed=i % 3) for i, c in enumerate(configs)], "cross-entropy", data, held_out
    )
    for i, (config, copied) in enumerate(zip(configs, together, strict=True)):
        alone = train(make(), "cross-entropy", data, held_out, config, seed=i % 3)
        assert copied.epochs == config.epochs
        np.testing.assert_allclose([v for _, v in losses(copied)], [v for _, v in losses(alone)], rtol=1e-4)


class Shape(nn.Module):
    """A layer that the engine knows nothing of."""

    def forward(self, x):
        return x + torch.rand_like(x) if self.training else x


def test_networks_of_several_structures_train_side_by_side():
    def of_width(width):
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 3))

    def unknown():
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(6, 4), Shape(), nn.Linear(4, 3))

    makes = [lambda: of_width(4), lambda: of_width(8), unknown, lambda: of_width(4), unknown]
    data, held_out = rows(60, 0), rows(40, 1)
    together = train_copies(
        [Copy(make(), settings(), seed=i) for i, make in enumerate(makes)], "cross-entropy", data, held_out
    )
    for i, (make, copied) in enumerate(zip(makes, together, strict=True)):
        alone = train(make(), "cross-entropy", data, held_out, settings(), seed=i)
        np.testing.assert_allclose([v for _, v in losses(copied)], [v for _, v in losses(alone)], rtol=1e-4)


class Watches(Observer):
    """Keeps what it is shown of every third step."""

    def __init__(self):
        self.seen, self.moved = [], []

    def wants_step(self, step, **_):
        return step % 3 == 1

    def on_step(self, step, **_):
        layers = [part.clone() for layer in step.layers for part in (layer.y, layer.v_out) if part is not None]
        gradients = [pair[1].clone() for layer in step.layers for pair in layer.parameters.values()]
        self.seen.append((step.step, step.loss, step.output.clone(), layers, gradients))

    def on_update(self, step, **_):
        self.moved.append(step)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_copy_that_is_watched_shows_the_steps_of_its_single_run_and_trains_with_the_others(optimizer, monkeypatch):
    parties = []
    monkeypatch.setattr(
        Together, "__init__", lambda self, sessions: parties.append(len(sessions)) or INIT(self, sessions)
    )
    data, held_out, config = rows(100, 0), rows(40, 1), settings(optimizer=optimizer)
    watchers = Watches(), Watches()
    copies = [Copy(network(), config, seed=i) for i in range(3)]
    together = train_copies(copies, "cross-entropy", data, held_out, observers=[[], [watchers[0]], []])
    assert parties == [3]
    for seed, copied in enumerate(together):
        watching = [watchers[1]] if seed == 1 else []
        alone = train(network(), "cross-entropy", data, held_out, config, seed=seed, observers=watching)
        np.testing.assert_allclose([v for _, v in losses(copied)], [v for _, v in losses(alone)], rtol=1e-4)
        for mine, theirs in zip(copied.module.state_dict().values(), alone.module.state_dict().values(), strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-5)
    assert watchers[0].moved == watchers[1].moved == list(range(1, 24, 3))
    for mine, theirs in zip(watchers[0].seen, watchers[1].seen, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


class Hangs(Watches):
    """Hangs a hook on a layer in the fifth step."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def on_step(self, step, **_):
        if step.step == 4:
            self.module[0].register_forward_hook(lambda module, args, output: None)


def test_a_hook_that_an_observer_hangs_on_one_copy_leaves_each_its_single_run():
    def made():
        return network().double()

    data, held_out = [(x.astype(np.float64), y) for x, y in (rows(100, 0), rows(40, 1))]
    copies = [Copy(made(), settings(optimizer="adamw"), seed=i) for i in range(3)]
    together = train_copies(copies, "cross-entropy", data, held_out, observers=[[], [Hangs(copies[1].module)], []])
    for seed, copied in enumerate(together):
        alone = train(made(), "cross-entropy", data, held_out, settings(optimizer="adamw"), seed=seed)
        np.testing.assert_allclose([v for _, v in losses(copied)], [v for _, v in losses(alone)], rtol=1e-9)
