"""Slips that make a loop stand still: schedules, clipping, optimizers that are not the watched one."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from watched_loop import found, perceptron, rows, trained

from backlight.watch import watch

# What sets the size of the steps


def slow_start(rate=0.1):
    model = perceptron()
    return model, torch.optim.SGD(model.parameters(), rate)


@pytest.mark.parametrize(("step_size", "named"), [(5, True), (5000, False)], ids=["per batch", "slow"])
def test_a_schedule_that_collapses_the_rate_is_named_as_the_cause(step_size, named):
    model, optimizer = slow_start(0.01)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size, gamma=0.5)
    seen = trained(model, optimizer, epochs=20, after_step=scheduler.step)
    finding = found(seen, "learning-rate-too-low")
    assert (finding is not None and finding.message.startswith("The schedule took")) == named


@pytest.mark.filterwarnings("ignore")
def test_clipping_to_next_to_nothing_is_named_before_the_rate():
    model, optimizer = slow_start()
    seen = trained(model, optimizer, epochs=10, before_step=lambda: nn.utils.clip_grad_norm_(model.parameters(), 1e-4))
    finding = found(seen, "learning-rate-too-low")
    assert "clipped to a norm of 0.0001" in finding.message and finding.prescription.startswith("Clip at a larger norm")


def test_a_rate_too_low_is_not_blamed_on_clipping():
    model, optimizer = slow_start(1e-6)
    seen = trained(model, optimizer, epochs=10, before_step=lambda: nn.utils.clip_grad_norm_(model.parameters(), 100.0))
    assert found(seen, "learning-rate-too-low").message.startswith("With learning rate 1e-06")


# Optimizers


@pytest.mark.filterwarnings("ignore:The optimizer given to watch")
@pytest.mark.parametrize(("anew", "words"), [(True, "created anew"), (False, "another one")])
def test_an_optimizer_that_steps_in_place_of_the_watched_one_is_told(anew, words):
    model, (x, y) = perceptron(), rows()
    other = torch.optim.SGD(model.parameters(), 0.1)
    with watch(model, torch.optim.SGD(model.parameters(), 0.1)) as seen:
        for part, labels in zip(x.split(32), y.split(32), strict=True):
            other = torch.optim.SGD(model.parameters(), 0.1) if anew else other
            other.zero_grad()
            F.cross_entropy(model(part), labels).backward()
            other.step()
    finding = found(seen, "frozen-parameters")
    assert finding.severity == "warning" and words in finding.message and "16" in finding.message


# Warnings of PyTorch


@pytest.mark.filterwarnings("default:Using a target size")
def test_a_warning_of_a_loss_names_the_line_of_the_program():
    model = nn.Linear(8, 1)
    with watch(model, torch.optim.SGD(model.parameters(), 0.1)), pytest.warns(UserWarning, match="target size") as told:
        F.mse_loss(model(torch.randn(4, 8)), torch.randn(4))
    assert [warning.filename for warning in told] == [__file__]


# What the data has and the network does not get


@pytest.mark.parametrize("shuffled", [True, False], ids=["rows against their places", "sound"])
def test_what_a_linear_model_tells_and_the_network_does_not_is_a_finding(shuffled):
    """The network gets each row of its batch in a place of another: a row's answer is that of its neighbour."""
    (x, y), model = rows(), perceptron()
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    class Rolled(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = model

        def forward(self, x):
            return self.net(nn.Identity()(x).roll(1, 0) if shuffled else x)

    outer = nn.Sequential(nn.Identity(), Rolled())
    with watch(outer, optimizer) as seen:
        for _ in range(16):
            for part, labels in zip(x.split(32), y.split(32), strict=True):
                optimizer.zero_grad()
                F.cross_entropy(outer(part), labels).backward()
                optimizer.step()
    finding = found(seen, "not-learning")
    assert (finding is not None) == shuffled
    assert finding is None or seen.facts.inputs.distinct_rows == len(x)


# Rows of a batch that are mixed


class Sequences(nn.Module):
    """Rows of eight values read one after the other."""

    def __init__(self, *, batch_first: bool, swapped: bool = False) -> None:
        super().__init__()
        self.memory, self.head, self.swapped = nn.GRU(1, 16, batch_first=batch_first), nn.Linear(16, 3), swapped

    def forward(self, x):
        x = x.unsqueeze(2)
        states, last = self.memory(x.transpose(0, 1) if self.swapped else x)
        return self.head(last[0] if self.swapped else states[:, -1])


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"batch_first": False}, True), ({"batch_first": True}, False), ({"batch_first": False, "swapped": True}, False)],
    ids=["batch taken for time", "batch first", "time first"],
)
def test_a_recurrent_layer_that_takes_the_batch_for_time_is_named(settings, named):
    torch.manual_seed(0)
    model = Sequences(**settings)
    finding = found(trained(model, torch.optim.Adam(model.parameters(), 3e-3)), "mixed-rows")
    assert (finding is not None) == named
    assert finding is None or ("(32, 8, 1)" in finding.message and finding.layer == "memory")


class Shared(nn.Module):
    """A softmax called as a function between two layers."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.first, self.last, self.dim = nn.Linear(8, 16), nn.Linear(16, 3), dim

    def forward(self, x):
        return self.last(F.softmax(self.first(x), dim=self.dim))


@pytest.mark.parametrize(("dim", "named"), [(0, True), (-2, True), (1, False), (-1, False)])
@pytest.mark.parametrize("function", [True, False])
def test_a_softmax_over_the_batch_is_named_and_not_one_over_units(dim, named, function):
    model = Shared(dim) if function else nn.Sequential(nn.Linear(8, 32), nn.Softmax(dim=dim), nn.Linear(32, 3))
    seen = trained(model, torch.optim.Adam(model.parameters(), 1e-3))
    assert (found(seen, "mixed-rows") is not None) == named
    assert (found(seen, "vanishing-gradient") is None) == named
