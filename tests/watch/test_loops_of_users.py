"""What people do around and inside of the block: it works, or one sentence says what to do."""

import copy
import io
import pickle
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backlight.records import BacklightError
from backlight.watch import watch


def rows():
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(256, 8, generator=generator)
    return x, (x[:, :3] + 0.3 * torch.randn(256, 3, generator=generator)).argmax(1)


def batches(epochs: int = 2):
    x, y = rows()
    generator = torch.Generator().manual_seed(6)
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(32):
            yield x[part], y[part]


def mlp() -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))


def convolutional() -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
        nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip


def adam(module):
    return torch.optim.Adam(module.parameters(), 3e-3)


def learn(model, optimizer, x, y, loss=None):
    optimizer.zero_grad()
    value = (loss or F.cross_entropy)(model(x), y)
    value.backward()
    optimizer.step()
    return value.item()


def errors(seen):
    return [finding.name for finding in seen.findings if finding.severity == "error"]


# Which steps are looked at


def test_the_same_loop_is_looked_at_in_the_same_steps():
    def observed(pause):
        model = mlp()
        optimizer = adam(model)
        with watch(model, optimizer) as seen:
            for x, y in batches(8):
                learn(model, optimizer, x, y)
                pause()
        return seen.recorder.observed

    work = torch.randn(300, 300)
    quick, slow = observed(lambda: None), observed(lambda: work @ work)
    assert quick == slow


def test_layers_that_work_in_place_are_seen_as_they_were():
    model, apart = convolutional(), convolutional()
    apart[3] = nn.ReLU()
    tables = []
    for network in (model, apart):
        optimizer = adam(network)
        with watch(network, optimizer) as seen:
            for x, y in batches():
                learn(network, optimizer, x, y)
        tables.append(seen.recorder.table)
    for name in ("y_mean", "y_std", "zero_share"):
        for layer in ("2", "3"):
            assert tables[0].values(name, layer) == tables[1].values(name, layer)


def test_the_first_layer_with_an_infinite_number_is_found_in_a_large_map():
    class Grows(nn.Module):
        def forward(self, x):
            return x.exp()

    model = nn.Sequential(nn.Conv2d(1, 8, 1), nn.ReLU(), Grows(), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 32 * 32, 2))
    optimizer = adam(model)
    x = torch.zeros(32, 1, 32, 32)
    x[3, 0, 5, 7] = 1e6
    with watch(model, optimizer) as seen:
        learn(model, optimizer, x, torch.randint(2, (32,)))
    flagged = [layer for layer in "012345" if any(seen.recorder.table.values("non_finite", layer))]
    assert flagged[0] == "2"


# Optimizers


def test_two_optimizers_in_a_list():
    model = mlp()
    first, second = adam(model[0]), adam(model[2])
    with watch(model, [first, second]) as seen:
        for x, y in batches():
            for optimizer in (first, second):
                optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            second.step()
            first.step()
    assert errors(seen) == []
    assert (seen.facts.loop.steps, seen.facts.loop.unchanged) == (16, ())


def test_an_optimizer_that_steps_less_often():
    model = mlp()
    first, second = adam(model[0]), adam(model[2])
    with watch(model, [first, second]) as seen:
        for number, (x, y) in enumerate(batches()):
            model.zero_grad()
            F.cross_entropy(model(x), y).backward()
            first.step()
            if number % 4 == 3:
                second.step()
    assert seen.facts.loop.backwards == 16
    assert seen.facts.loop.steps == pytest.approx(16, abs=1)
    assert seen.facts.loop.unchanged == ()


def test_a_second_optimizer_that_was_not_given_is_noticed():
    model = mlp()
    first, second = adam(model[0]), adam(model[2])
    with watch(model, first) as seen:
        for x, y in batches():
            model.zero_grad()
            F.cross_entropy(model(x), y).backward()
            first.step()
            second.step()
    assert "parameters-not-in-optimizer" not in errors(seen)


def test_the_wrong_optimizer_the_wrong_network_and_no_backward_pass_are_told():
    model, other = mlp(), mlp()
    with pytest.warns(RuntimeWarning, match="made no step, another one did"), watch(model, adam(model)):
        optimizer = adam(model)
        for x, y in batches():
            learn(model, optimizer, x, y)
    optimizer = adam(model)
    with pytest.warns(RuntimeWarning, match="no backward pass reached"), watch(other, optimizer):
        for x, y in batches():
            learn(model, optimizer, x, y)
    with pytest.warns(RuntimeWarning, match="no backward pass"), watch(model, optimizer) as seen:
        for x, y in batches():
            F.cross_entropy(model(x), y)
            optimizer.step()
    assert "gradients-accumulate" not in errors(seen)


# Two networks in one loop


def test_the_losses_of_another_network_are_not_taken_for_its_own():
    model, other = mlp(), convolutional()
    optimizer, second = adam(model), adam(other)
    own = []
    with watch(model, optimizer) as seen, watch(other, second) as seen_other:
        for x, y in batches():
            own.append(learn(model, optimizer, x, y))
            learn(other, second, x, F.one_hot(y, 3).float(), F.mse_loss)
    assert list(seen.facts.losses) == pytest.approx(own)
    assert (seen.facts.loss.name, seen_other.facts.loss.name) == ("cross_entropy", "mse")
    assert seen.facts.loop.backwards == seen_other.facts.loop.backwards == 16
    assert errors(seen) == errors(seen_other) == []


def test_a_watch_is_entered_once_at_a_time_and_again_later():
    model = mlp()
    optimizer = adam(model)
    seen = watch(model, optimizer)
    with seen, pytest.raises(BacklightError, match="open already"), seen:
        pass
    for _ in range(2):
        with seen:
            for x, y in batches(1):
                learn(model, optimizer, x, y)
    assert seen.facts.loop.steps == 16
    assert "16 steps" in repr(seen)


# What happens inside


def test_an_error_inside_passes_through_and_the_findings_stay():
    model = nn.Sequential(mlp(), nn.Softmax(1))
    optimizer = adam(model)
    seen = watch(model, optimizer)
    with pytest.raises(IndexError), seen:
        for number, (x, y) in enumerate(batches()):
            learn(model, optimizer, x, y + 7 * (number == 6))
    assert seen.facts.loop.steps == 6
    assert errors(seen) == ["output-activation"]


def test_evaluation_in_between_is_no_training():
    model = convolutional()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for context in (torch.no_grad, torch.inference_mode, torch.enable_grad):
            model.eval()
            with context():
                for x, y in batches(1):
                    F.cross_entropy(model(x), y)
            model.train()
            for x, y in batches(1):
                learn(model, optimizer, x, y)
    assert seen.facts.loop.backwards == len(seen.facts.losses) == 24
    assert seen.facts.loop.eval_steps == 0
    assert {name for name, _ in model.named_parameters()} == seen.recorder.with_gradient


def test_copies_and_files_of_the_network_do_not_watch():
    model = mlp()
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


def test_gradients_asked_for_and_put_in_place_by_hand():
    model = mlp()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            found = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
            for p, gradient in zip(model.parameters(), found, strict=True):
                p.grad = gradient
            optimizer.step()
    assert (len(seen.facts.losses), len(seen.recorder.observed)) == (16, 16)
    assert errors(seen) == []


def test_a_loss_scaled_for_mixed_precision_or_kept_by_row_is_recorded_as_it_is():
    for scaled in (True, False):
        model = mlp()
        optimizer, scaler, own = adam(model), torch.amp.GradScaler("cpu"), []
        with watch(model, optimizer) as seen:
            for x, y in batches(1):
                optimizer.zero_grad()
                each = F.cross_entropy(model(x), y, reduction="none")
                own.append(each.mean().item())
                if scaled:
                    scaler.scale(each.mean()).backward()
                    scaler.step(optimizer)
                    scaler.update()
                else:
                    each.backward(torch.full_like(each, 1 / len(each)))
                    optimizer.step()
        assert list(seen.facts.losses) == pytest.approx(own, rel=1e-5)


def test_half_precision_and_sparse_gradients():
    model = mlp().bfloat16()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x.bfloat16(), y)
    assert errors(seen) == [] and seen.recorder.observed

    words = nn.Sequential(nn.EmbeddingBag(50, 8, sparse=True), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(words.parameters(), 0.1)
    with watch(words, optimizer) as seen:
        for _ in range(16):
            x = torch.randint(50, (32, 5))
            learn(words, optimizer, x, x[:, 0] % 3)
    assert errors(seen) == [] and seen.recorder.changed == {"0.weight", "1.weight", "1.bias"}


def test_a_network_that_yields_its_outputs():
    class Yields(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.head = nn.GRUCell(2, 16), nn.Linear(16, 3)

        def forward(self, x):
            h = None
            for part in x.split(2, 1):
                h = self.cell(part, h)
                yield self.head(h)

    model = Yields()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            optimizer.zero_grad()
            sum(F.cross_entropy(out, y) for out in model(x)).backward()
            optimizer.step()
    assert [layer.name for layer in seen.facts.layers] == ["cell", "head"]
    assert seen.facts.loop.unused_layers == ()


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (lambda z, y: -z.log_softmax(1).gather(1, y[:, None]).mean(), "cross_entropy"),
        (lambda z, y: -z.log_softmax(1)[torch.arange(len(y)), y].mean(), "cross_entropy"),
        (lambda z, y: (z.logsumexp(1) - z.gather(1, y[:, None])[:, 0]).mean(), "cross_entropy"),
        (lambda z, y: -z.softmax(1)[torch.arange(len(y)), y].log().mean(), "nll"),
    ],
)
def test_the_target_of_a_loss_written_by_hand_is_found(loss, name):
    model = mlp()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches(1):
            learn(model, optimizer, x, y, loss)
    assert (seen.facts.loss.name, seen.facts.targets.classes) == (name, 3)


# Wrapped, compiled, scripted


def test_a_data_parallel_network_is_looked_through():
    model = nn.DataParallel(mlp())
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x, y)
    assert [layer.name for layer in seen.facts.layers] == ["0", "1", "2"]
    assert errors(seen) == []


def test_a_compiled_network_is_seen_from_outside_and_computes_the_same():
    results = []
    for looking in (False, True):
        torch.compiler.reset()
        inner = mlp()
        model = torch.compile(inner, backend="eager", fullgraph=True)
        optimizer = adam(model)
        seen = watch(model, optimizer)
        if looking:
            seen.__enter__()
        results.append([learn(model, optimizer, x, y) for x, y in batches()])
        if looking:
            seen.__exit__(None, None, None)
    assert results[0] == results[1]
    assert {layer.name for layer in seen.facts.layers} == {"", "0", "2"}
    assert seen.recorder.table.values("gradient_norm", "0")
    assert errors(seen) == [] and seen.facts.loop.unused_layers == ()


def test_what_cannot_be_watched_is_told():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        scripted = torch.jit.script(mlp())
    with pytest.raises(BacklightError, match=r"torch\.jit"):
        watch(scripted, adam(scripted))
    lazy = nn.Sequential(nn.LazyLinear(3))
    with pytest.raises(BacklightError, match="one batch"):
        watch(lazy, adam(lazy))


def test_a_failure_of_watching_ends_the_watching_and_not_the_training(monkeypatch):
    model = mlp()
    optimizer = adam(model)
    with pytest.warns(RuntimeWarning, match="training goes on: ValueError: broken"), watch(model, optimizer) as seen:
        monkeypatch.setattr(seen.recorder, "observe", lambda *_, **__: (_ for _ in ()).throw(ValueError("broken")))
        losses = [learn(model, optimizer, x, y) for x, y in batches()]
    plain = mlp()
    optimizer = adam(plain)
    assert losses == [learn(plain, optimizer, x, y) for x, y in batches()]


class RowByRow(nn.Sequential):
    """Calls its layers inside of `vmap`."""

    def forward(self, x):
        return torch.vmap(super().forward)(F.relu(x))


class Sparse(nn.Module):
    def forward(self, x):
        return x.to_sparse()


class Dense(nn.Module):
    def forward(self, x):
        return x.to_dense()


class Nested(nn.Sequential):
    """Hands sequences of different lengths from layer to layer."""

    def forward(self, x):
        parts = super().forward(torch.nested.nested_tensor([x[:3], x[3:]]))
        return torch.cat(parts.unbind())


@pytest.mark.filterwarnings("error:backlight stopped watching", "ignore:The PyTorch API of nested")
@pytest.mark.parametrize(
    "network",
    [
        lambda: RowByRow(*mlp()),
        lambda: nn.Sequential(nn.Linear(8, 32), Sparse(), Dense(), nn.Linear(32, 3)),
        lambda: Nested(nn.Linear(8, 32), nn.Linear(32, 3)),
    ],
)
def test_tensors_without_plain_memory_are_passed_over(network):
    torch.manual_seed(4)
    model = network()
    plain = copy.deepcopy(model)
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        losses = [learn(model, optimizer, x, y) for x, y in batches()]
    optimizer = adam(plain)
    assert losses == [learn(plain, optimizer, x, y) for x, y in batches()]
    assert seen.recorder.observed and errors(seen) == []


def test_a_call_that_cannot_be_taken_does_not_end_the_training(monkeypatch):
    def broken(tensor):
        raise ValueError("broken")

    monkeypatch.setattr("backlight.watch.call.thinned", broken)
    model = mlp()
    optimizer = adam(model)
    with pytest.warns(RuntimeWarning, match="training goes on: ValueError: broken"), watch(model, optimizer):
        losses = [learn(model, optimizer, x, y) for x, y in batches()]
    plain = mlp()
    optimizer = adam(plain)
    assert losses == [learn(plain, optimizer, x, y) for x, y in batches()]


def test_an_optimizer_that_puts_new_numbers_in_place_of_old_ones_is_seen_to_change_them():
    class Replacing(torch.optim.Optimizer):
        def step(self, closure=None):
            for p in self.param_groups[0]["params"]:
                p.data = p.data - 0.1 * p.grad

    model = mlp()
    optimizer = Replacing(model.parameters(), {"lr": 0.1})
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x, y)
    assert seen.facts.loop.unchanged == () and seen.recorder.table.values("update_ratio", "0")


def test_an_optimizer_without_a_learning_rate_is_watched(tmp_path):
    class OwnStep(torch.optim.Optimizer):
        def step(self, closure=None):
            for p in self.param_groups[0]["params"]:
                p.data.add_(p.grad, alpha=-0.1)

    model = mlp()
    optimizer = OwnStep(model.parameters(), {})
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x, y)
    assert seen.recorder.observed and errors(seen) == []
    assert (seen.save(tmp_path) / "history.csv").exists()


@pytest.mark.parametrize("clears", [True, False])
def test_a_head_beside_the_optimizer_does_not_hide_that_nothing_is_cleared(clears):
    """`optimizer.zero_grad()` does not reach the head; only what the optimiser holds tells whether it is called."""
    model = mlp()
    optimizer = adam(model)
    model[-1] = nn.Linear(model[-1].in_features, model[-1].out_features)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            if clears:
                optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    assert "parameters-not-in-optimizer" in errors(seen)
    assert ("gradients-accumulate" in errors(seen)) != clears
