"""What people do around and inside of the block: it works, or one sentence says what to do."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from watched_loop import adam, batches, compared, convolutional, errors, learn, perceptron

from backlight.records import BacklightError
from backlight.watch import watch

# Which steps are looked at


def test_the_same_loop_is_looked_at_in_the_same_steps():
    def observed(pause):
        model = perceptron()
        optimizer = adam(model)
        with watch(model, optimizer) as seen:
            for x, y in batches(8):
                learn(model, optimizer, x, y)
                pause()
        return seen.recorder.observed

    work = torch.randn(300, 300)
    quick, slow = observed(lambda: None), observed(lambda: work @ work)
    assert quick == slow


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


# Two networks in one loop


def test_the_losses_of_another_network_are_not_taken_for_its_own():
    model, other = perceptron(), convolutional()
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
    model = perceptron()
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
    model = nn.Sequential(perceptron(), nn.Softmax(1))
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


def test_gradients_asked_for_and_put_in_place_by_hand():
    model = perceptron()
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
        model = perceptron()
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
    model = perceptron()
    optimizer = adam(model)
    with watch(model, optimizer) as seen:
        for x, y in batches(1):
            learn(model, optimizer, x, y, loss)
    assert (seen.facts.loss.name, seen.facts.targets.classes) == (name, 3)


def test_an_output_of_the_network_is_no_target():
    loss_fn = nn.TripletMarginLoss()
    model, optimizer = perceptron(), None
    optimizer = adam(model)
    with watch(model, optimizer, loss_fn=loss_fn) as seen:
        for x, _ in batches():
            optimizer.zero_grad()
            loss_fn(model(x), model(x + 0.1), model(x.flip(0))).backward()
            optimizer.step()
    assert seen.facts.loss.called == "TripletMarginLoss" and seen.facts.targets is None


def test_gradients_of_gradients():
    def loop(critic, optimizer):
        for x, _ in batches(8):
            made = torch.randn_like(x)
            mixed = (x + made).div(2).requires_grad_()
            (slopes,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
            optimizer.zero_grad()
            (critic(made).mean() - critic(x).mean() + 10 * (slopes.norm(dim=1) - 1).square().mean()).backward()
            optimizer.step()

    assert compared(perceptron, adam, loop).facts.loop.backwards == 64


def test_a_batch_that_is_given_up_after_an_error():
    def loop(model, optimizer):
        for step, (x, y) in enumerate(batches(8)):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            if step % 5 == 3:
                loss.register_hook(lambda _: (_ for _ in ()).throw(MemoryError()))
            try:
                loss.backward()
            except MemoryError:
                continue
            optimizer.step()

    seen = compared(perceptron, adam, loop)
    assert seen.facts.loop.steps == len(seen.facts.losses) == 64 - 13
