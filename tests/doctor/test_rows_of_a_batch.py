"""How many rows a batch holds: what is a fault, what has done no harm, and what the optimiser wants."""

import pytest
import torch
from torch import nn

from backlight.doctor import RunFacts, all_diagnoses
from backlight.records import Finding
from backlight.signals import LayerFacts, LoopFacts, OptimizerFacts
from backlight.watch import watch

BATCH_SIZE = all_diagnoses()["batch-size"]
POOR, LOW = [1.0] * 20 + [0.8] * 180, [1.0] * 20 + [0.02] * 180


def severity(size: int, losses: list[float], *, kind: str = "Adam", norm: bool = False) -> str | None:
    run = RunFacts(
        layers=(LayerFacts("norm", "BatchNorm1d", "normalisation", {}, (8,), (8,)),) if norm else (),
        losses=losses,
        optimizer=OptimizerFacts(kind, 1e-3),
        loop=LoopFacts(steps=200, backwards=200, rows=1000, batch_size=size, finished=True),
    )
    return next((found.severity for found in BATCH_SIZE.check(run) if isinstance(found, Finding)), None)


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_a_batch_of_one_row_or_of_all_is_a_note_where_the_data_is_fitted(size):
    assert (severity(size, POOR), severity(size, LOW)) == ("warning", "note")


def test_batch_normalisation_over_one_row_harms_however_low_the_training_loss():
    assert severity(1, LOW, norm=True) == severity(4, LOW, norm=True) == "warning"


def test_usual_batches_are_right():
    assert severity(64, POOR) is None


@pytest.mark.parametrize(("kind", "found"), [("LBFGS", False), ("SGD", True)])
def test_lbfgs_wants_the_whole_data(kind, found):
    torch.manual_seed(0)
    x = torch.randn(600, 8)
    y = (x[:, :1] * x[:, 1:2]).sin() + 0.5 * torch.randn(600, 1)
    model, loss = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1)), nn.MSELoss()
    optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=600)

    def closure(x, y):
        optimizer.zero_grad()
        value = loss(model(x), y)
        value.backward()
        return value

    with watch(model, optimizer) as seen:
        for _ in range(40):
            for a, b in loader:
                optimizer.step(lambda a=a, b=b: closure(a, b))
    assert any(one.name == "batch-size" for one in seen.findings) == found
