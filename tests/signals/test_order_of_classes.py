"""The order of features is compared with that of a measured target, and of classes not asked."""

import subprocess
import sys

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backlight.watch import watch


def watched(loss, targets):
    torch.manual_seed(0)
    x = torch.randn(256, 4)
    y = targets(x)
    model = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watch(model, optimizer) as seen:
        for rows in torch.randperm(256).split(32):
            optimizer.zero_grad()
            loss(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return seen.facts.inputs.target_order


@pytest.mark.parametrize("floating", [False, True])
def test_of_classes_it_is_not_asked(floating):
    def targets(x):
        codes = x[:, :3].argmax(1)
        return F.one_hot(codes, 3).float() if floating else codes

    assert watched(F.cross_entropy, targets).size == 0


def test_of_measured_targets_it_is_however_they_are_stored():
    for kind in (torch.float32, torch.int64):
        order = watched(lambda z, y: F.mse_loss(z[:, 0], y.float()), lambda x, kind=kind: (30 * x[:, 1]).to(kind))
        assert order[1] == pytest.approx(1, abs=1e-2) and order[0] < 0.4


def test_a_diagnosis_of_a_classifier_waits_for_no_statistics_library():
    program = """
import sys, torch, backlight as bl
model = torch.nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
with bl.watch(model, optimizer) as watch:
    for _ in range(20):
        x = torch.randn(32, 4)
        torch.nn.functional.cross_entropy(model(x), x[:, :3].argmax(1)).backward()
        optimizer.step(); optimizer.zero_grad()
assert watch.findings is not None
sys.exit("scipy.stats" in sys.modules or "sklearn" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
