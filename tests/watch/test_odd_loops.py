"""Optimizers, networks and losses out of the ordinary: no number changes, and nothing sound is called wrong."""

import copy
import io
import weakref

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from watched_loop import perceptron, rows

from backlight.watch import watch


def batches(epochs: int = 4):
    x, y = rows()
    generator = torch.Generator().manual_seed(6)
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(32):
            yield x[part], y[part]


def adam(model):
    return torch.optim.Adam(model.parameters(), 3e-3)


def usual(model, optimizer):
    for x, y in batches():
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()


def compared(make, optimise, loop):
    """The watch of a loop, after its parameters were found to be those of the same loop alone."""
    results = []
    for looking in (False, True):
        torch.manual_seed(4)
        model = make()
        optimizer = optimise(model)
        if not looking:
            loop(model, optimizer)
        else:
            with watch(model, optimizer) as seen:
                loop(model, optimizer)
        results.append((list(model.state_dict().items()), torch.get_rng_state()))
    (plain, generator), (watched, generator_after) = results
    assert [name for name, _ in plain] == [name for name, _ in watched]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(plain, watched, strict=True))
    assert torch.equal(generator, generator_after)
    assert [finding.name for finding in seen.findings if finding.severity == "error"] == []
    return seen


# Optimizers


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
        for x, y in batches():

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


@pytest.mark.parametrize("several", [False, True])
def test_without_an_optimizer_those_that_step_on_the_network_are_watched(several):
    torch.manual_seed(4)
    model, other = perceptron(), nn.Linear(3, 3)
    own = [adam(model[0]), adam(model[2])] if several else [adam(model)]
    stranger = adam(other)
    with watch(model) as seen:
        for x, y in batches():
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
    assert [finding.name for finding in seen.findings if finding.severity == "error"] == []


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
        for x, y in batches():
            F.cross_entropy(model(x), y).backward()

    seen = compared(perceptron, optimise, loop)
    assert seen.facts.loop.steps == seen.facts.loop.backwards == 64
    assert len(seen.facts.observed) > 20 and seen.recorder.table.values("v_norm", "0")
    assert seen.facts.loop.without_gradient == seen.facts.loop.unchanged == ()


# Networks


def test_a_layer_with_a_parametrized_weight_is_that_layer():
    def make():
        return nn.Sequential(
            spectral_norm(nn.Linear(8, 32)), nn.ReLU(), weight_norm(nn.Linear(32, 16)), nn.ReLU(),
            nn.utils.spectral_norm(nn.Linear(16, 3)),
        )  # fmt: skip

    seen = compared(make, adam, usual)
    assert [(layer.name, layer.kind) for layer in seen.facts.layers] == [
        ("0", "Linear"), ("1", "ReLU"), ("2", "Linear"), ("3", "ReLU"), ("4", "Linear"),
    ]  # fmt: skip
    assert seen.facts.loop.unused_layers == seen.facts.loop.without_gradient == seen.facts.loop.unchanged == ()


def test_parameters_that_are_added_frozen_and_replaced_midway():
    def loop(model, optimizer):
        for step, (x, y) in enumerate(batches()):
            if step == 20:
                layer = nn.Linear(32, 32)
                model.insert(2, layer)
                optimizer.add_param_group({"params": list(layer.parameters())})
            if step == 33:
                model.load_state_dict(copy.deepcopy(model.state_dict()), assign=True)
                optimizer.param_groups[0]["params"] = list(model.parameters())
                del optimizer.param_groups[1:]
            if step == 50:
                model[0].requires_grad_(False)
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()

    seen = compared(perceptron, lambda model: torch.optim.SGD(model.parameters(), 0.05), loop)
    assert seen.facts.loop.backwards >= 63
    assert seen.facts.loop.unused_layers == seen.facts.loop.unchanged == seen.facts.loop.without_gradient == ()
    assert seen.recorder.table.values("update_ratio", "3")


def test_other_types_and_devices_of_numbers_midway():
    def loop(model, optimizer):
        for step, (x, y) in enumerate(batches()):
            if step in (20, 40):
                model.to(torch.float64 if step == 20 else torch.bfloat16)
            optimizer.zero_grad()
            F.cross_entropy(model(x.to(model[0].weight.dtype)), y).backward()
            optimizer.step()

    seen = compared(perceptron, lambda model: torch.optim.SGD(model.parameters(), 0.05), loop)
    assert seen.facts.loop.backwards == len(seen.facts.losses) == 64


def test_a_network_compiled_in_place_is_seen_from_outside():
    def make():
        torch.compiler.reset()
        model = perceptron()
        model.compile(backend="eager")
        return model

    seen = compared(make, adam, usual)
    assert {layer.name for layer in seen.facts.layers} == {"", "0", "2"}
    assert seen.recorder.table.values("gradient_norm", "0")


# Losses


def test_a_network_called_inside_a_transformation_is_seen_outside_of_it():
    def loop(model, optimizer):
        for x, _ in batches():
            optimizer.zero_grad()
            slopes = torch.func.vmap(torch.func.grad(lambda row: model(row).sum()))(x)
            (F.mse_loss(model(x)[:, :1], x[:, :1]) + 0.01 * slopes.square().sum(1).mean()).backward()
            optimizer.step()

    seen = compared(perceptron, adam, loop)
    assert [layer.name for layer in seen.facts.layers] == ["0", "1", "2"]
    assert seen.facts.loop.backwards == 64


def test_an_output_of_the_network_is_no_target():
    loss_fn = nn.TripletMarginLoss()
    model, optimizer = perceptron(), None
    optimizer = adam(model)
    with watch(model, optimizer, loss_fn=loss_fn) as seen:
        for x, _ in batches(1):
            optimizer.zero_grad()
            loss_fn(model(x), model(x + 0.1), model(x.flip(0))).backward()
            optimizer.step()
    assert seen.facts.loss.called == "TripletMarginLoss" and seen.facts.targets is None


def test_gradients_of_gradients():
    def loop(critic, optimizer):
        for x, _ in batches():
            made = torch.randn_like(x)
            mixed = (x + made).div(2).requires_grad_()
            (slopes,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
            optimizer.zero_grad()
            (critic(made).mean() - critic(x).mean() + 10 * (slopes.norm(dim=1) - 1).square().mean()).backward()
            optimizer.step()

    assert compared(perceptron, adam, loop).facts.loop.backwards == 64


def test_a_batch_that_is_given_up_after_an_error():
    def loop(model, optimizer):
        for step, (x, y) in enumerate(batches()):
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


# No trace


def own_hook(module, args, output):
    """The program's own, which stays."""


def test_copies_files_and_states_of_a_watched_network_have_nothing_of_the_watch():
    model = perceptron()
    model[1].register_forward_hook(own_hook)
    optimizer, copies = adam(model), []
    keys = list(model.state_dict())
    with watch(model, optimizer) as seen:
        for step, (x, y) in enumerate(batches(1)):
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
        for x, y in batches(1):
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
