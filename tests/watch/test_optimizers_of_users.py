"""Optimizers of all kinds: no number changes, and what steps is told."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from watched_loop import adam, batches, compared, errors, learn, perceptron, usual

from backlight.watch import watch

# One, several, and those not given


def test_two_optimizers_in_a_list():
    model = perceptron()
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
    model = perceptron()
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
    model = perceptron()
    first, second = adam(model[0]), adam(model[2])
    with watch(model, first) as seen:
        for x, y in batches():
            model.zero_grad()
            F.cross_entropy(model(x), y).backward()
            first.step()
            second.step()
    assert "parameters-not-in-optimizer" not in errors(seen)


@pytest.mark.parametrize("several", [False, True])
def test_without_an_optimizer_those_that_step_on_the_network_are_watched(several):
    torch.manual_seed(4)
    model, other = perceptron(), nn.Linear(3, 3)
    own = [adam(model[0]), adam(model[2])] if several else [adam(model)]
    stranger = adam(other)
    with watch(model) as seen:
        for x, y in batches(8):
            for optimizer in (*own, stranger):
                optimizer.zero_grad()
            (F.cross_entropy(model(x), y) + other(x[:, :3]).square().mean()).backward()
            for optimizer in (stranger, *own):
                optimizer.step()
    facts = seen.facts
    assert facts.optimizer.kind == "Adam" and facts.optimizer.learning_rate == 3e-3
    assert facts.optimizer.missing == facts.loop.unchanged == () and facts.loop.other_steps == 0
    assert facts.loop.steps == (65 if several else 64)  # the second one is met when the first step is over
    assert len(facts.losses) == 64 and facts.loop.lost_gradients == 0
    assert errors(seen) == []


def test_the_wrong_optimizer_the_wrong_network_and_no_backward_pass_are_told():
    model, other = perceptron(), perceptron()
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


@pytest.mark.parametrize("clears", [True, False])
def test_a_head_beside_the_optimizer_does_not_hide_that_nothing_is_cleared(clears):
    """`optimizer.zero_grad()` does not reach the head; only what the optimiser holds tells whether it is called."""
    model = perceptron()
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


# Steps of other kinds


class Sharpness(torch.optim.Optimizer):
    """Sharpness-aware minimisation (Foret et al., 2021) around another optimizer, which makes the step."""

    def __init__(self, parameters, rho=0.05):
        super().__init__(parameters, {"rho": rho, "lr": 0.05})
        self.base = torch.optim.SGD(self.param_groups, lr=0.05)
        self.param_groups = self.base.param_groups

    @torch.no_grad()
    def climb(self):
        several = [p for group in self.param_groups for p in group["params"]]
        norm = torch.stack([p.grad.norm() for p in several]).norm()
        for p in several:
            self.state[p]["old"] = p.clone()
            p.add_(p.grad * (0.05 / norm))
        self.zero_grad()

    @torch.no_grad()
    def descend(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.copy_(self.state[p]["old"])
        self.base.step()
        self.zero_grad()

    def step(self, closure=None):
        self.climb()
        with torch.enable_grad():
            closure()
        self.descend()


@pytest.mark.parametrize("by_closure", [False, True])
def test_an_optimizer_around_another_one_is_that_one(by_closure):
    def loop(model, optimizer):
        for x, y in batches(8):

            def closure(x=x, y=y):
                F.cross_entropy(model(x), y).backward()

            closure()
            if by_closure:
                optimizer.step(closure)
                continue
            optimizer.climb()
            closure()
            optimizer.descend()

    seen = compared(perceptron, lambda model: Sharpness(model.parameters()), loop)
    assert (seen.facts.loop.steps, seen.facts.loop.backwards) == (64, 128)
    assert seen.facts.loop.other_steps == 0 and seen.facts.loop.unchanged == ()


def test_optimizers_that_step_while_gradients_come():
    handles = []

    def optimise(model):
        own = {p: torch.optim.SGD([p], 0.05) for p in model.parameters()}

        def step(p):
            own[p].step()
            own[p].zero_grad()

        handles.extend(p.register_post_accumulate_grad_hook(step) for p in model.parameters())
        return list(own.values())

    def loop(model, optimizers):
        for x, y in batches(8):
            F.cross_entropy(model(x), y).backward()

    seen = compared(perceptron, optimise, loop)
    assert seen.facts.loop.steps == seen.facts.loop.backwards == 64
    assert len(seen.facts.observed) > 20 and seen.recorder.table.values("v_norm", "0")
    assert seen.facts.loop.without_gradient == seen.facts.loop.unchanged == ()


def test_gradients_are_seen_as_the_programs_own_hook_of_the_optimizer_leaves_them():
    norms = []

    def loop(model, optimizer):
        norms.clear()

        def clip(*_):
            nn.utils.clip_grad_norm_(model.parameters(), 0.3)
            norms.append(torch.stack([p.grad.norm() for p in model.parameters()]).norm().item())

        optimizer.register_step_pre_hook(clip)
        usual(model, optimizer)

    seen = compared(perceptron, lambda model: torch.optim.SGD(model.parameters(), 0.05), loop)
    told = seen.recorder.table.values("total_gradient_norm", "")
    assert told[:10] == pytest.approx(norms[:10], rel=1e-4)


def test_an_optimizer_that_puts_new_numbers_in_place_of_old_ones_is_seen_to_change_them():
    class Replacing(torch.optim.Optimizer):
        def step(self, closure=None):
            for p in self.param_groups[0]["params"]:
                p.data = p.data - 0.1 * p.grad

    model = perceptron()
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

    model = perceptron()
    optimizer = OwnStep(model.parameters(), {})
    with watch(model, optimizer) as seen:
        for x, y in batches():
            learn(model, optimizer, x, y)
    assert seen.recorder.observed and errors(seen) == []
    assert (seen.save(tmp_path) / "history.csv").exists()
