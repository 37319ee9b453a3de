"""Sound programs that look like a fault, and what is said of them."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, SubsetRandomSampler, TensorDataset

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Considered, Finding
from backlight.signals import LoopFacts, UnitFacts
from backlight.signals.targets import TargetStatistics
from backlight.watch import watch

RULES = all_diagnoses()


def found(name: str, run: RunFacts) -> Finding | None:
    return next((one for one in RULES[name].check(run) if isinstance(one, Finding)), None)


def loop(model: nn.Module, batches, *, rate: float = 1e-2, epochs: int = 10, loss=F.cross_entropy) -> RunFacts:
    """A plain loop; batches: a function that gives those of one epoch, or something to go over each time."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    with watch(model, optimizer) as seen:
        for _ in range(epochs):
            for x, y in batches() if callable(batches) else batches:
                optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()
    return seen.facts


def perceptron(outputs: int) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, outputs))


@pytest.mark.parametrize(("batch", "named"), [(200, False), (32, True)], ids=["whole", "stretches"])
def test_the_order_of_rows_matters_only_where_a_batch_is_a_part_of_them(batch, named):
    x = torch.linspace(-1, 1, 200).unsqueeze(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    run = loop(model, list(zip(x.split(batch), (x**3).split(batch), strict=True)), epochs=60, loss=F.mse_loss)
    assert (found("unshuffled-data", run) is not None) == named


def test_a_target_that_hardly_changes_has_no_order():
    seen = TargetStatistics()
    seen.update(torch.tensor([0.0] * 100 + [1.5, 2.5]))
    facts = seen.facts()
    assert facts is not None and math.isnan(facts.sorted_share)
    seen.update(torch.arange(30.0))
    facts = seen.facts()
    assert facts is not None and facts.sorted_share == 1


@pytest.mark.parametrize(
    ("weights", "said"),
    [(None, "makes up 9"), ((1.0, 1.0), "makes up 9"), ((1.0, 20.0), None), ((1.0, 400.0), None),
     ((20.0, 1.0), "Weights of the loss grow with the classes")],
    ids=["none", "even", "inverse", "more than inverse", "upside down"],
)  # fmt: skip
def test_weights_of_the_loss_are_to_blame_only_where_they_favour_the_large_class(weights, said):
    torch.manual_seed(0)
    y = (torch.rand(1500) < 0.05).long()
    x = torch.randn(1500, 8) + 2 * y[:, None]
    weight = None if weights is None else torch.tensor(weights)
    batches = list(zip(x.split(50), y.split(50), strict=True))
    run = loop(perceptron(2), batches, epochs=3, loss=lambda z, t: F.cross_entropy(z, t, weight=weight))
    one = found("class-imbalance", run)
    assert (one is None) if said is None else (one is not None and said in one.message)


@pytest.mark.parametrize(("biases", "named"), [("drawn", False), ("zero", True)])
def test_units_of_equal_weights_part_by_their_biases(biases, named):
    torch.manual_seed(0)
    x = torch.randn(800, 8)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = perceptron(2)
    for layer in (model[0], model[2]):
        nn.init.constant_(layer.weight, 0.1)
        if biases == "zero":
            nn.init.zeros_(layer.bias)
    run = loop(model, list(zip(x.split(50), y.split(50), strict=True)), epochs=20)
    assert (found("symmetric-init", run) is not None) == named


@pytest.mark.parametrize(("steps", "named"), [(3, False), (60, True)])
@pytest.mark.parametrize("batch_first", [True, False])
def test_steps_of_a_recurrence_are_no_rows_of_the_batch(steps, named, batch_first):
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.memory, self.head = nn.RNN(4, 16, batch_first=batch_first), nn.Linear(16, 2)

        def forward(self, x):
            h, _ = self.memory(x)
            return self.head(h[:, -1] if batch_first else h[-1])

    def batches():
        for _ in range(200):
            yield torch.randn(*((64, steps) if batch_first else (steps, 64)), 4), torch.randint(2, (64,))

    torch.manual_seed(0)
    one = found("vanishing-gradient", loop(Net(), batches, rate=1e-3, epochs=1))
    assert (one is not None) == named and (one is None or f"Over {steps} steps" in one.message)


@pytest.mark.parametrize(("kinds", "seeded", "named"), [(6, False, False), (None, False, False), (None, True, True)])
def test_rows_of_few_kinds_come_again_in_every_pass(kinds, seeded, named):
    """Passes that end after a tenth of the rows."""
    torch.manual_seed(0)
    x = torch.randn(2000, 8) if kinds is None else F.pad(torch.randint(2, (2000, kinds)).float(), (0, 8 - kinds))
    loader = DataLoader(TensorDataset(x, (x[:, 0] > 0.5).long()), 20, shuffle=True)

    def batches():
        if seeded:
            torch.manual_seed(1)
        yield from (batch for batch, _ in zip(loader, range(10), strict=False))

    run = loop(perceptron(2), batches, epochs=30)
    assert (found("duplicate-rows", run) is not None) == named


def test_rows_that_a_sampler_leaves_to_validation_are_no_part_of_the_training_data():
    torch.manual_seed(0)
    x = torch.randn(2000, 8)
    loader = DataLoader(TensorDataset(x, (x[:, 0] > 0).long()), 20, sampler=SubsetRandomSampler(range(300)))
    run = loop(perceptron(2), loader, epochs=20)
    assert run.loop.rows == 300 and found("duplicate-rows", run) is None


def test_of_older_facts_nothing_is_said_that_they_do_not_hold():
    """They count the units that were dead at the start, and not when the others fell silent."""
    units = UnitFacts("relu", "ReLU", 8, 1000, (0, 1, 2, 3, 4), 1, ())
    run = RunFacts(units={"relu": units}, losses=[1.0] * 100, observed=(0, 1, 2, 90), loop=LoopFacts(steps=100))
    one = found("dead-units", run)
    assert one is not None and one.step == 90
    assert "1 from the start, half of them silent by step 90" in one.message


def test_what_cannot_be_told_of_the_order_is_not_told_as_a_number():
    run = loop(perceptron(1), [(torch.randn(64, 8), torch.full((64, 1), 0.5))], epochs=5, loss=F.mse_loss)
    (told,) = (one for one in RULES["unshuffled-data"].check(run) if isinstance(one, Considered))
    assert "nan" not in told.reason
