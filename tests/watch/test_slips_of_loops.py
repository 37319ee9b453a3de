"""Slips of a loop that only the loop itself can show: where gradients, parameters and data go astray."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from watched_loop import found, perceptron, rows, trained

from backlight.watch import watch

pytestmark = pytest.mark.filterwarnings("ignore:The optimizer made")  # said beside the finding


# Parameters


class Listed(nn.Module):
    """Layers that the network does not know of, in a list or made on the way."""

    def __init__(self, hidden: list[nn.Module]) -> None:
        super().__init__()
        self.hidden, self.head = hidden, nn.Linear(8, 3)

    def forward(self, x):
        for layer in self.hidden or [nn.Linear(8, 8)]:
            x = torch.relu(layer(x))
        return self.head(x)


def test_layers_in_a_plain_list_are_named_as_a_module_list_would_name_them():
    model = Listed([nn.Linear(8, 8), nn.Linear(8, 8)])
    finding = found(trained(model, torch.optim.Adam(model.parameters(), 1e-3)), "parameters-not-in-optimizer")
    assert finding.severity == "error"
    assert sorted(finding.evidence["names"]) == [f"hidden.{i}.{kind}" for i in (0, 1) for kind in ("bias", "weight")]


def test_layers_made_in_forward_are_told_by_their_shape():
    model = Listed([])
    finding = found(trained(model, torch.optim.Adam(model.parameters(), 1e-3)), "parameters-not-in-optimizer")
    assert "(8, 8)" in finding.message


def test_layers_in_a_list_that_the_optimizer_holds_are_in_order():
    hidden = [nn.Linear(8, 8)]
    model = Listed(hidden)
    optimizer = torch.optim.Adam([*model.parameters(), *hidden[0].parameters()], 1e-3)
    assert found(trained(model, optimizer), "parameters-not-in-optimizer") is None


def test_what_comes_before_the_network_is_none_of_its_own():
    before, (x, y) = nn.Linear(8, 8), rows()
    model = perceptron()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model, optimizer) as seen:
        for part, labels in zip(x.split(32), y.split(32), strict=True):
            optimizer.zero_grad()
            F.cross_entropy(model(before(part)), labels).backward()
            optimizer.step()
    assert found(seen, "parameters-not-in-optimizer") is None


# Gradients


def test_gradients_cleared_before_the_step_are_no_cut_graph():
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    seen = trained(model, optimizer, before_step=optimizer.zero_grad)
    assert seen.findings[0].name == "frozen-parameters" and "cleared" in seen.findings[0].message
    assert found(seen, "detached-graph") is None


def test_steps_without_a_gradient_are_a_cut_graph():
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    x, y = rows()
    with watch(model, optimizer) as seen:
        for part, labels in zip(x.split(32), y.split(32), strict=True):
            with torch.no_grad():
                out = model(part)
            optimizer.zero_grad()
            F.cross_entropy(out, labels).requires_grad_().backward()
            optimizer.step()
    first = seen.findings[0]
    assert (first.name, first.severity, first.evidence["idle_steps"]) == ("detached-graph", "error", 16)


def test_gradients_written_by_hand_are_no_cut_graph():
    model = perceptron()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watch(model, optimizer) as seen:
        for _ in range(16):
            for p in model.parameters():
                p.grad = torch.randn_like(p)
            optimizer.step()
    assert found(seen, "detached-graph") is None


# Mode


@pytest.mark.parametrize(("back", "severity"), [(False, "error"), (True, None)])
def test_evaluation_mode_left_on_after_the_first_validation(back, severity):
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(8, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    x, y = rows()
    with watch(model, optimizer) as seen:
        for _ in range(6):
            for part, labels in zip(x.split(32), y.split(32), strict=True):
                optimizer.zero_grad()
                F.cross_entropy(model(part), labels).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                F.cross_entropy(model(x), y)
            model.train(back)
    finding = found(seen, "eval-mode-training")
    assert (finding and finding.severity) == severity


# Data


@pytest.mark.parametrize("where", ["x", "y"])
def test_a_bad_value_in_a_batch_that_was_not_observed_is_found(where):
    x, _ = rows(4096)
    y = x[:, :1].clone()
    {"x": x, "y": y}[where][3000, 0] = float("nan")
    torch.manual_seed(4)
    model = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1))
    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    with watch(model, optimizer) as seen:
        for step, (part, target) in enumerate(zip(x.split(8), y.split(8), strict=True)):
            optimizer.zero_grad()
            F.mse_loss(model(part), target).backward()
            optimizer.step()
            if step == 3000 // 8:
                break
    assert 3000 // 8 not in seen.facts.observed
    assert (seen.findings[0].name, seen.findings[0].step, seen.facts.loop.bad_data) == ("bad-values", 375, 1)


def test_a_run_that_diverges_on_sound_data_has_no_bad_values():
    model = perceptron()
    x, _ = rows()
    seen = trained(model, torch.optim.SGD(model.parameters(), 1e12), x=x * 1e6)
    assert seen.facts.diverged and seen.facts.loop.bad_data == 0
    assert found(seen, "bad-values") is None


# Layers


def test_one_code_a_row_is_watched():
    torch.manual_seed(4)
    model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 3))
    seen = trained(model, torch.optim.Adam(model.parameters(), 1e-2), x=torch.arange(512) % 20)
    assert seen.facts.inputs.rows == 32 * len(seen.facts.observed) and seen.facts.inputs.distinct_rows == 20


class Dropping(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 32), nn.Linear(32, 3)

    def forward(self, x):
        return self.b(F.dropout(torch.relu(self.a(x)), 0.9, self.training))


@pytest.mark.parametrize(("training", "name"), [(True, "too-much-dropout"), (False, None)])
def test_the_share_of_a_functional_dropout_is_read(training, name):
    torch.manual_seed(4)
    model = Dropping().train(training)
    finding = found(trained(model, torch.optim.Adam(model.parameters(), 1e-3)), "too-much-dropout")
    assert (finding and finding.name) == name


class TwoInputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.mine, self.theirs, self.out = nn.Linear(8, 16), nn.Linear(5, 16), nn.Linear(16, 3)

    def forward(self, x, memory):
        return self.out(torch.relu(self.mine(x) + self.theirs(memory)))


@pytest.mark.parametrize("by_name", [False, True])
def test_parameters_that_made_any_of_the_inputs_belong_to_what_made_it(by_name):
    torch.manual_seed(0)
    encoder, network = nn.Linear(8, 5), TwoInputs()
    optimizers = [torch.optim.Adam(module.parameters(), lr=1e-2) for module in (encoder, network)]
    x, y = rows()
    with watch(network, optimizers[1]) as seen:
        for part, wanted in zip(x.split(32), y.split(32), strict=True):
            memory = encoder(part)
            output = network(part, memory=memory) if by_name else network(part, memory)
            for optimizer in optimizers:
                optimizer.zero_grad()
            F.cross_entropy(output, wanted).backward()
            for optimizer in optimizers:
                optimizer.step()
    assert "parameters-not-in-optimizer" not in [finding.name for finding in seen.findings]


def test_a_target_that_the_network_itself_makes_is_no_bad_data_when_the_network_is_lost():
    torch.manual_seed(0)
    network = perceptron()
    optimizer = torch.optim.SGD(network.parameters(), lr=50.0)
    with watch(network, optimizer) as seen:
        for _ in range(60):
            state, following, action = torch.randn(32, 8), torch.randn(32, 8), torch.randint(0, 3, (32, 1))
            with torch.no_grad():
                wanted = torch.randn(32) + 0.99 * network(following).max(1).values
            optimizer.zero_grad()
            F.mse_loss(network(state).gather(1, action).squeeze(1), wanted).backward()
            optimizer.step()
    assert seen.facts.diverged
    assert "bad-values" not in [finding.name for finding in seen.findings]
