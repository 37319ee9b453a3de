"""What a program may do beside the usual, and watching does not change: asking for gradients, saving, scaling."""

import contextlib
import io
import weakref

import pytest
import torch
import torch.distributed.fsdp
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.utils.checkpoint import checkpoint
from watched_loop import adam, batches, compared, learn, perceptron

from backlight.records import BacklightError
from backlight.watch import watch


def sgd(model):
    return torch.optim.SGD(model.parameters(), 0.05)


def test_gradients_may_be_asked_for_by_a_generator_of_parameters():
    def loop(model, optimizer):
        for x, y in batches():
            for p, g in zip(
                model.parameters(), torch.autograd.grad(F.cross_entropy(model(x), y), model.parameters()), strict=True
            ):
                p.grad = g
            optimizer.step()

    assert compared(perceptron, sgd, loop).facts.loop.backwards == 16


def test_a_pass_may_begin_at_a_generator_of_losses_or_at_an_edge_of_the_graph():
    def loop(model, optimizer):
        for x, y in batches():
            optimizer.zero_grad()
            output = model(x)
            losses = (F.cross_entropy(output, y), output.square().mean())
            torch.autograd.backward(loss for loss in losses)
            torch.autograd.backward(torch.autograd.graph.get_gradient_edge(model(x).square().mean()))
            optimizer.step()

    assert compared(perceptron, sgd, loop).facts.loop.steps == 16


class Corrected(nn.Module):
    """Its layer answers with its own parameter."""

    class Correction(nn.Module):
        def __init__(self):
            super().__init__()
            self.value = nn.Parameter(torch.zeros(1, 8))

        def forward(self):
            return self.value

    def __init__(self):
        super().__init__()
        self.correction, self.last = self.Correction(), nn.Linear(8, 3)

    def forward(self, x):
        return self.last(x + self.correction())


def test_no_hook_stays_on_a_parameter_that_a_layer_hands_on_nor_on_an_output_that_is_kept():
    model, outputs = Corrected(), []
    optimizer = sgd(model)
    with watch(model, optimizer) as seen:
        for x, y in batches():
            outputs.append(model(x))
            torch.save(outputs[-1], io.BytesIO())  # without a warning of hooks
            F.cross_entropy(outputs[-1], y).backward()
            optimizer.step()
    assert seen.recorder.table.values("v_norm", "last")
    assert not any(tensor._backward_hooks for tensor in (*outputs, *model.parameters()))


class WithLoss(nn.Linear):
    def __init__(self):
        super().__init__(8, 3)
        self.loss = F.cross_entropy


def test_a_model_that_holds_a_loss_function_can_be_saved_and_losses_are_heard_afterwards():
    model, file = WithLoss(), io.BytesIO()
    optimizer = sgd(model)
    with watch(model, optimizer) as seen:
        torch.save(model, file)
        with torch.no_grad():
            x, y = next(batches())
            F.cross_entropy(model(x), y)
    assert seen.history and torch.load(io.BytesIO(file.getvalue()), weights_only=False).loss is F.cross_entropy


def test_a_compiled_layer_with_a_computed_weight_is_not_made_to_compute_it():
    def make():
        torch.compiler.reset()
        model = nn.Sequential(spectral_norm(nn.Linear(8, 32)), nn.ReLU(), nn.Linear(32, 3))
        model.compile(backend="eager")
        return model

    compared(make, sgd, lambda model, optimizer: [learn(model, optimizer, x, y) for x, y in batches()])


class Recomputing(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU())
        self.head = nn.Linear(32, 3)

    def forward(self, x):
        return self.head(checkpoint(self.body, x, use_reentrant=False))


def test_a_checkpoint_behind_a_loss_that_is_no_number_is_not_computed_once_more():
    """Its batch normalisation would move its statistics."""
    states = []
    for looking in (contextlib.nullcontext, watch):
        torch.manual_seed(4)
        model = Recomputing()
        optimizer = sgd(model)
        with looking(model):
            for step, (x, y) in enumerate(batches()):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), y)
                (loss * float("inf") if step == 5 else loss).backward()
                if step != 5:
                    optimizer.step()
        states.append(model.state_dict())
    assert all(torch.equal(a, b) for a, b in zip(*(state.values() for state in states), strict=True))


def test_a_loss_that_the_program_changes_in_place_is_recorded_as_it_was():
    model, losses = perceptron(), []
    optimizer = sgd(model)
    with watch(model, optimizer) as seen:
        for x, y in batches(8):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            loss.detach().mul_(8)  # as a sum over processes does
    assert list(seen.facts.losses) == losses


class WithCodes(nn.Module):
    """A parameter of whole numbers, one of complex ones."""

    def __init__(self):
        super().__init__()
        self.order = nn.Parameter(torch.arange(8).flip(0), requires_grad=False)
        self.waves = nn.Linear(8, 8, dtype=torch.complex64)
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        return self.last(torch.tanh(self.waves(x[:, self.order].to(torch.complex64))).abs())


def test_parameters_of_whole_and_complex_numbers_are_borne():
    seen = compared(WithCodes, adam, lambda model, optimizer: [learn(model, optimizer, x, y) for x, y in batches()])
    assert len(seen.facts.observed) == 16
    assert seen.facts.loop.without_gradient == seen.facts.loop.unchanged == ()


def test_a_batch_without_rows_is_borne():
    def loop(model, optimizer):
        for x, y in batches():
            learn(model, optimizer, x, y)
            learn(
                model, optimizer, x[:0], y[:0], lambda output, target: F.cross_entropy(output, target, reduction="sum")
            )

    seen = compared(perceptron, lambda model: torch.optim.SGD(model.parameters(), 1e-3), loop)
    assert seen.facts.loop.steps == 32 and seen.facts.inputs.rows % 32 == 0


def test_a_network_that_lies_in_parts_on_several_devices_is_refused():
    """To read one of its parameters makes all processes wait for each other."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        model = perceptron()
        torch.distributed.fsdp.fully_shard(model, mesh=torch.distributed.init_device_mesh("cpu", (1,)))
        with pytest.raises(BacklightError, match="DTensor"):
            watch(model)
    finally:
        torch.distributed.destroy_process_group()


def test_findings_can_be_read_where_a_step_without_a_finite_loss_was_left_out():
    model = perceptron()
    optimizer = sgd(model)
    with watch(model, optimizer) as seen:
        for step, (x, y) in enumerate(batches(3)):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y.roll(1))
            (loss * float("inf") if step == 5 else loss).backward()
            if step != 5:
                optimizer.step()
    assert [step for step, loss in enumerate(seen.facts.losses) if loss == float("inf")] == [5]
    assert "unlearnable-target" in {one.name for one in (*seen.findings, *seen.considered)}


# Mixed precision


@pytest.mark.parametrize("fused", [False, True])
def test_the_scale_of_mixed_precision_is_in_no_number(fused):
    told = []
    for scale in (1.0, 4096.0):
        model = perceptron()
        optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=fused)
        scaler = torch.amp.GradScaler("cpu", init_scale=scale)
        with watch(model, optimizer) as seen:
            for x, y in batches():
                optimizer.zero_grad()
                output = model(x)
                first, second = scaler.scale(F.cross_entropy(output, y)), scaler.scale(output.square().mean())
                first.backward(retain_graph=True)
                second.backward()
                scaler.step(optimizer)
                scaler.update()
        signals = [seen.recorder.table.values(name, "2") for name in ("v_norm", "v_rms", "gradient_norm")]
        told.append([*signals, list(seen.facts.losses)])
    assert len(told[0][0]) == 16 and len(told[0][3]) == 32
    for plain, scaled in zip(*told, strict=True):
        assert scaled == pytest.approx(plain, rel=1e-3)


def test_a_loss_that_was_scaled_and_given_up_is_not_kept():
    model = perceptron()
    scaler = torch.amp.GradScaler("cpu")
    with watch(model, adam(model)):
        x, y = next(batches())
        loss = F.cross_entropy(model(x), y)
        scaler.scale(loss)
        kept = weakref.ref(loss)
        del loss
        assert kept() is None


# What is told of the loop


@pytest.mark.parametrize("given", [False, True])
def test_an_optimizer_that_takes_the_place_of_the_watched_one_is_watched_from_then_on(given):
    model = perceptron()
    model[0].requires_grad_(False)
    head = torch.optim.Adam(model[2].parameters(), 1e-2)
    with watch(model, head if given else None) as seen:
        for x, y in batches(4):
            learn(model, head, x, y)
        model[0].requires_grad_(True)
        whole = sgd(model)
        for x, y in batches(8):
            learn(model, whole, x, y)
    loop = seen.facts.loop
    assert loop.steps + loop.other_steps == loop.backwards == 96 and loop.other_steps == 10
    assert loop.unchanged == seen.facts.optimizer.missing == ()
    assert seen.recorder.table.values("update_ratio", "0")


def test_of_gradients_that_several_passes_added_up_the_noise_is_not_told():
    for parts, told in ((1, 16), (2, 0)):
        model = perceptron()
        optimizer = sgd(model)
        with watch(model, optimizer) as seen:
            for x, y in batches():
                optimizer.zero_grad()
                for a, b in zip(x.chunk(parts), y.chunk(parts), strict=True):
                    (F.cross_entropy(model(a), b) / parts).backward()
                optimizer.step()
        assert len(seen.recorder.table.values("gradient_noise", "0")) == told


def test_settings_of_a_loss_may_be_given_by_their_place():
    model = perceptron()
    with watch(model, sgd(model)) as seen:
        x, y = next(batches())
        F.cross_entropy(model(x), y, torch.tensor([1.0, 2.0, 3.0]), None, 2).backward()
    assert seen.facts.loss.settings == {"weights": (1.0, 2.0, 3.0), "weighted": True, "ignore_index": 2}


def test_loaders_made_anew_for_each_pass_are_one_source_and_are_not_kept():
    x, y = torch.randn(64, 8), torch.randint(0, 3, (64,))
    model, kept = perceptron(), []
    optimizer = sgd(model)
    with watch(model, optimizer) as seen:
        for _ in range(5):
            data = torch.utils.data.TensorDataset(x, y)
            kept.append(weakref.ref(data))
            for a, b in torch.utils.data.DataLoader(data, 16, shuffle=True):
                learn(model, optimizer, a, b)
            with torch.no_grad():
                for a, b in torch.utils.data.DataLoader(data, 16):
                    F.cross_entropy(model(a), b)
            del data
            assert kept[-1]() is None
    assert (seen.facts.loop.epochs, seen.facts.loop.rows, seen.facts.loop.batch_size) == (5, 64, 16)


def test_a_last_look_that_fails_does_not_end_the_program(monkeypatch):
    model = perceptron()
    with pytest.warns(RuntimeWarning, match="stopped watching"), watch(model, adam(model)) as seen:
        x, y = next(batches())
        F.cross_entropy(model(x), y).backward()
        monkeypatch.setattr(seen.recorder, "observe", lambda *_, **__: (_ for _ in ()).throw(ValueError("broken")))
    assert seen.facts.loop.backwards == 1


def test_time_stands_still_when_the_loop_is_left():
    model = perceptron()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        learn(model, optimizer, *next(batches()))
    seconds = seen.facts.loop.seconds
    assert 0 < seconds == seen.facts.loop.seconds
