"""Watching that fails, and what stays of a watch: training goes on, copies are plain, no memory is held."""

import copy
import io
import pickle
import weakref

import pytest
import torch
import torch.nn.functional as F
from watched_loop import adam, batches, learn, perceptron

from backlight.watch import watch

# Failures


def test_a_failure_of_watching_ends_the_watching_and_not_the_training(monkeypatch):
    model = perceptron()
    optimizer = adam(model)
    with pytest.warns(RuntimeWarning, match="training goes on: ValueError: broken"), watch(model, optimizer) as seen:
        monkeypatch.setattr(seen.recorder, "observe", lambda *_, **__: (_ for _ in ()).throw(ValueError("broken")))
        losses = [learn(model, optimizer, x, y) for x, y in batches()]
    plain = perceptron()
    optimizer = adam(plain)
    assert losses == [learn(plain, optimizer, x, y) for x, y in batches()]


def test_a_call_that_cannot_be_taken_does_not_end_the_training(monkeypatch):
    def broken(tensor):
        raise ValueError("broken")

    monkeypatch.setattr("backlight.watch.call.thinned", broken)
    model = perceptron()
    optimizer = adam(model)
    with pytest.warns(RuntimeWarning, match="training goes on: ValueError: broken"), watch(model, optimizer):
        losses = [learn(model, optimizer, x, y) for x, y in batches()]
    plain = perceptron()
    optimizer = adam(plain)
    assert losses == [learn(plain, optimizer, x, y) for x, y in batches()]


# Copies and memory


def test_copies_and_files_of_the_network_do_not_watch():
    model = perceptron()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches(1):
            learn(model, optimizer, x, y)
            best = copy.deepcopy(model)
            torch.save(model, io.BytesIO())
            again = pickle.loads(pickle.dumps(model))
        steps = len(seen.recorder.observed)
        best(x)
        again(x)
    assert len(seen.recorder.observed) == steps == 8


def own_hook(module, args, output):
    """The program's own, which stays."""


def test_copies_files_and_states_of_a_watched_network_have_nothing_of_the_watch():
    model = perceptron()
    model[1].register_forward_hook(own_hook)
    optimizer, copies = adam(model), []
    keys = list(model.state_dict())
    with watch(model, optimizer) as seen:
        for step, (x, y) in enumerate(batches()):
            optimizer.zero_grad()
            output = model(x)
            file = io.BytesIO()
            if step % 2:
                copies.append(copy.deepcopy(model))
                torch.save(model, file)
                assert b"backlight" not in file.getvalue()
                copies.append(torch.load(io.BytesIO(file.getvalue()), weights_only=False))
            F.cross_entropy(output, y).backward()
            assert list(model.state_dict()) == keys
            optimizer.step()
            average = torch.optim.swa_utils.AveragedModel(model)
        observed = list(seen.recorder.observed)
        for one in (*copies, average.module):
            F.cross_entropy(one(x), y).backward()
    assert seen.recorder.observed == observed == list(range(16))
    for one in (*copies, average.module, model):
        hooks = [
            table
            for part in one.modules()
            for name, table in vars(part).items()
            if "forward" in name and "hooks" in name and table
        ]
        assert [list(map(type, table.values())) for table in hooks] == [[type(own_hook)]]


def test_nothing_of_a_step_is_kept_beyond_it():
    model, kept, hidden = perceptron(), [], []
    model[1].register_forward_hook(lambda module, args, output: hidden.append(output))
    optimizer = adam(model)
    with watch(model, optimizer, overhead=None) as seen:
        for x, y in batches():
            optimizer.zero_grad()
            hidden.clear()
            output = model(x)
            loss = F.cross_entropy(output, y)
            loss.backward()
            optimizer.step()
            kept.append(tuple(map(weakref.ref, (x, output, loss, *hidden))))
            del x, y, output, loss, hidden[:]
            assert [one() for one in kept[-1]] == [None] * 4
    assert len(seen.recorder.observed) == 16
