"""Recipes that are held good practice, and the faults that look like them: what is a warning in the one is none in the
other."""

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Epoch, Finding
from backlight.signals import LoopFacts
from backlight.watch import watch

RULES = all_diagnoses()


def found(name: str, run: RunFacts) -> Finding | None:
    return next((one for one in RULES[name].check(run) if isinstance(one, Finding)), None)


def severity(name: str, run: RunFacts) -> str | None:
    one = found(name, run)
    return None if one is None else one.severity


def learned(
    model: nn.Module, x: Tensor, y: Tensor, loss: Callable[[Tensor, Tensor], Tensor], *, rate=1e-2, epochs=10
) -> RunFacts:
    """A loop over batches of 50 rows; loss: of inputs and targets."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    with watch(model, optimizer) as seen:
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(50):
                optimizer.zero_grad()
                loss(x[rows], y[rows]).backward()
                optimizer.step()
    return seen.facts


def perceptron(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, 32), nn.ReLU(), nn.Linear(32, outputs))


@pytest.mark.parametrize(("last", "named"), [(nn.Identity(), False), (nn.ReLU(), True)], ids=["logits", "rectified"])
def test_of_features_and_logits_the_loss_was_told_of_the_logits(last, named):
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.out, self.last = perceptron(8, 16), nn.Linear(16, 3), last

        def forward(self, x):
            h = self.body(x)
            return h, self.last(self.out(F.relu(h)))

    torch.manual_seed(0)
    x, model = torch.randn(400, 8), Both()
    run = learned(model, x, x[:, :3].argmax(1), lambda a, b: F.cross_entropy(model(a)[1], b))
    assert (found("output-activation", run) is not None) == named
    assert run.output is not None and run.output.units == 3


def test_losses_of_steps_inside_of_a_step_are_none_of_the_run():
    torch.manual_seed(0)
    model = perceptron(1, 1)
    optimizer = torch.optim.Adam(model.parameters(), 1e-2)
    descended = []
    with watch(model, optimizer) as seen:
        for _ in range(20):
            x = torch.randn(10, 1)
            weights = dict(model.named_parameters())
            near = F.mse_loss(torch.func.functional_call(model, weights, (x[:5],)), x[:5])
            slopes = torch.autograd.grad(near, list(weights.values()))
            moved = {name: p - 0.1 * slope for (name, p), slope in zip(weights.items(), slopes, strict=True)}
            far = F.mse_loss(torch.func.functional_call(model, moved, (x[5:],)), x[5:])
            optimizer.zero_grad()
            far.backward()
            optimizer.step()
            descended.append(far.item())
    assert list(seen.facts.losses) == pytest.approx(descended)


def test_gradients_that_the_program_puts_in_place_are_those_of_the_run():
    torch.manual_seed(0)
    model, x = perceptron(4, 1), torch.randn(50, 4)
    optimizer = torch.optim.SGD(model.parameters(), 1e-2)
    with watch(model, optimizer) as seen:
        for _ in range(20):
            loss = F.mse_loss(model(x), x[:, :1])
            for p, slope in zip(model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True):
                p.grad = slope
            optimizer.step()
    assert len(seen.facts.losses) == 20


def test_sparse_rows_are_no_end_of_watching():
    class Bag(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.out = nn.Parameter(0.1 * torch.randn(30, 8)), nn.Linear(8, 2)

        def forward(self, x):
            return self.out(torch.sparse.mm(x, self.weight))

    torch.manual_seed(0)
    x, model = (torch.rand(200, 30) < 0.1).float(), Bag()
    run = learned(model, x, (x[:, 0] > 0).long(), lambda a, b: F.cross_entropy(model(a.to_sparse()), b))
    assert run.loop.steps == 40 and len(run.losses) == 40


def test_of_several_losses_the_first_values_of_the_others_count():
    torch.manual_seed(0)
    x, model = torch.randn(1000, 8), perceptron(8, 9)

    def both(x: Tensor, y: Tensor) -> Tensor:
        z = model(x)
        return F.cross_entropy(z[:, :2], y) + 20 * F.mse_loss(z[:, 2:], x[:, 1:])

    run = learned(model, x, (x[:, 0] > 0).long(), both, rate=1e-3, epochs=2)
    assert run.constant_loss == pytest.approx(0.693, abs=0.01)
    assert run.loss is not None and 15 < run.loss.beside < 30
    assert run.reference_loss == pytest.approx(min(run.first_loss, run.constant_loss + run.loss.beside))


@pytest.mark.parametrize("moved", [True, False], ids=["start moved", "large steps"])
def test_each_stretch_from_a_start_that_the_program_moves_has_a_goal_of_its_own(moved):
    torch.manual_seed(0)
    model = perceptron(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    with watch(model, optimizer) as seen:
        for _ in range(80):
            start, height = copy.deepcopy(model.state_dict()), 6 * torch.rand(()).round() - 3
            for _ in range(6):
                x = torch.rand(20, 1)
                optimizer.zero_grad()
                F.mse_loss(model(x), height.expand(20, 1) + x).backward()
                optimizer.step()
            if moved:
                model.load_state_dict({k: start[k] + 0.3 * (p - start[k]) for k, p in model.state_dict().items()})
    run = seen.facts
    assert run.loop.rewrites == (79 if moved else 0)
    assert (found("oscillating-loss", run) is not None) == (not moved)


def fitted(run: RunFacts, left: float) -> RunFacts:
    """The same run with a loss that ends at a share of its reference."""
    return replace(run, losses=[run.reference_loss] * 50 + [left * run.reference_loss] * 150)


def test_what_did_not_hinder_is_a_note():
    torch.manual_seed(0)
    x, model = 30 * torch.randn(400, 8), perceptron(8, 1)
    run = learned(model, x, 40 * x[:, :1].tanh(), lambda a, b: F.mse_loss(model(a), b), rate=1e-3, epochs=2)
    for name in ("unscaled-features", "unscaled-target"):
        assert severity(name, fitted(run, 0.05)) == "note"
        assert severity(name, fitted(run, 0.3)) == "warning"


def test_units_that_repeat_another_in_a_fitted_run_are_a_note():
    torch.manual_seed(0)
    x, model = torch.randn(400, 8), perceptron(8, 1)
    with torch.no_grad():
        model[0].weight[16:] = 2 * model[0].weight[:16]
        model[0].bias[16:] = 2 * model[0].bias[:16]
    run = learned(model, x, x[:, :1], lambda a, b: F.mse_loss(model(a), b), rate=1e-6, epochs=2)
    assert severity("redundant-units", fitted(run, 0.05)) == "note"
    assert severity("redundant-units", fitted(run, 0.3)) == "warning"


@pytest.mark.parametrize(("small", "named"), [(1e-7, False), (1e-3, True)], ids=["rounding", "measured"])
def test_a_feature_that_is_zero_but_for_rounding_has_no_scale(small, named):
    torch.manual_seed(0)
    x, model = torch.randn(400, 4), perceptron(4, 1)
    x[:, 3] *= small
    run = learned(model, x, x[:, :1], lambda a, b: F.mse_loss(model(a), b), epochs=1)
    assert (found("unscaled-features", run) is not None) == named


def test_a_rare_class_that_is_found_is_a_note():
    torch.manual_seed(0)
    y = (torch.arange(1000) % 20 == 0).long()
    x, model = torch.randn(1000, 8) + 2 * y[:, None], perceptron(8, 2)
    run = learned(model, x, y, lambda a, b: F.cross_entropy(model(a), b), epochs=2)
    assert severity("class-imbalance", replace(run, losses=[0.2] * 50 + [0.01] * 50)) == "note"
    assert severity("class-imbalance", replace(run, losses=[0.2] * 50 + [0.05] * 50)) == "warning"


@pytest.mark.parametrize(("last", "named"), [(0.2, False), (0.6, True)], ids=["good", "poor"])
def test_few_rows_were_enough_where_validation_is_good(last, named):
    torch.manual_seed(0)
    x, model = torch.randn(40, 8), perceptron(8, 2)
    run = learned(model, x, (x[:, 0] > 0).long(), lambda a, b: F.cross_entropy(model(a), b))
    rows = [Epoch(i, 1, "validation", last, None, None, 0.01, 0.0) for i in range(3)]
    run = replace(run, epochs=rows, loop=replace(run.loop, rows=40))
    assert (found("too-little-data", run) is not None) == named


def stopped(losses: list[float], **facts: object) -> RunFacts:
    return RunFacts(losses=losses, loop=LoopFacts(steps=len(losses), finished=True), **facts)  # type: ignore[arg-type]


def test_the_second_half_tells_only_of_a_schedule_that_flattened_the_end():
    run = stopped([1.0] * 100 + [0.85] * 130 + [0.65] * 170)
    assert found("stopped-too-early", run) is None
    rows = [
        Epoch(i, step, "train", 1.0, None, None, rate, 0.0) for i, (step, rate) in enumerate([(0, 0.1), (399, 1e-4)])
    ]
    assert severity("stopped-too-early", replace(run, epochs=rows)) == "warning"


def test_few_steps_by_curvature_are_enough():
    torch.manual_seed(0)
    x, model = torch.randn(200, 8), nn.Linear(8, 1)
    y = x @ torch.randn(8, 1) + 2 * torch.randn(200, 1)
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=20)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss

    with watch(model, optimizer) as seen:
        for _ in range(6):
            optimizer.step(closure)
    run = seen.facts
    assert run.loop.steps == 6 and run.left > 0.1
    assert found("stopped-too-early", run) is None
    assert run.optimizer is not None
    assert found("stopped-too-early", replace(run, optimizer=replace(run.optimizer, kind="SGD"))) is not None


def test_a_network_that_has_learned_before_need_not_take_many_steps():
    torch.manual_seed(0)
    x, model = torch.randn(400, 8), perceptron(8, 2)
    y = (x[:, 0] > 0).long()
    run = learned(model, x, y, lambda a, b: F.cross_entropy(model(a), b), epochs=1)
    run = replace(run, losses=[0.1] * 40 + [0.06] * 40)
    assert run.left > 0.5 and found("stopped-too-early", run) is None
    assert found("stopped-too-early", replace(run, losses=[0.6] * 40 + [0.4] * 40)) is not None
