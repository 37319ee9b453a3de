"""Targets that were standardised though they are labels, masks of a few pixels, one output for several values."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from backlight.watch import watch


def said(model, x, y, loss, epochs=4):
    """Findings by name of a plain loop."""
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    with watch(model, optimizer) as seen:
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(32):
                optimizer.zero_grad()
                loss(model(x[rows]), y[rows]).backward()
                optimizer.step()
    return {finding.name: finding for finding in seen.findings}


def crossentropy(p, y):
    return -(y * torch.log(p) + (1 - y) * torch.log(1 - p)).mean()


def squares(p, y):
    return ((p - y) ** 2).mean()


@pytest.fixture
def x():
    torch.manual_seed(0)
    return torch.randn(400, 6)


def test_two_values_of_a_standardised_label_are_a_matter_of_coding(x):
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
    labels = (x[:, :1] > 0).float()
    names = said(model, x, (labels - 0.3) / 0.46, crossentropy)
    assert "target-encoding" in names and "loss-mismatch" not in names
    assert "target-encoding" not in said(model, x, labels, crossentropy)


def test_measured_values_under_a_crossentropy_are_still_a_matter_of_the_loss(x):
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
    names = said(model, x, 2 * x[:, :1], F.binary_cross_entropy_with_logits)
    assert "loss-mismatch" in names and "target-encoding" not in names


@pytest.mark.parametrize(("outputs", "named"), [(1, True), (5, False)])
def test_one_output_meets_several_values_in_a_loss_by_hand(outputs, named, x):
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, outputs))
    assert ("output-units" in said(model, x, x[:, :5] + x[:, 1:6], squares)) == named


def raters(x):
    """Five noisy answers to one question, each row's own."""
    return x[:, :1] + 0.3 * torch.randn(len(x), 5)


def centres(x):
    return torch.linspace(-1, 1, 5).expand(len(x), 5)


@pytest.mark.parametrize("values", [raters, centres])
def test_one_output_may_be_meant_to_meet_several_values(values, x):
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 1))
    assert "output-units" not in said(model, x, values(x), squares)


@pytest.mark.parametrize(("share", "named"), [(0.005, True), (0.4, False)])
def test_a_mask_of_a_few_pixels_that_is_answered_with_no_everywhere(share, named):
    torch.manual_seed(0)
    x = torch.randn(256, 1, 12, 12)
    mask = (torch.rand_like(x) < share).float()
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1), nn.Sigmoid())
    assert ("class-imbalance" in said(model, x, mask, F.binary_cross_entropy, epochs=30)) == named


@pytest.mark.parametrize("rate", [1e-6, float("nan")])
def test_a_mask_that_is_not_answered_with_no_is_no_matter_of_its_size(rate):
    torch.manual_seed(0)
    x = torch.randn(256, 1, 12, 12)
    mask = (torch.rand_like(x) < 0.005).float()
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))
    weight = torch.tensor(199.0)
    assert "class-imbalance" not in said(model, x, mask, nn.BCEWithLogitsLoss(pos_weight=weight), epochs=12)
    model = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 1, 3, padding=1))
    names = said(model, x, mask, lambda p, y: F.binary_cross_entropy_with_logits(rate * p, y), epochs=12)
    assert "class-imbalance" not in names


def test_a_mask_that_is_found_is_no_matter_of_its_size():
    torch.manual_seed(0)
    x = torch.randn(256, 1, 12, 12)
    model = nn.Sequential(nn.Conv2d(1, 4, 1), nn.ReLU(), nn.Conv2d(4, 1, 1), nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 0.03)
    with watch(model, optimizer) as seen:
        for _ in range(30):
            for rows in x.split(32):
                optimizer.zero_grad()
                F.binary_cross_entropy(model(rows), (rows > 2.0).float()).backward()
                optimizer.step()
    assert all(finding.name != "class-imbalance" for finding in seen.findings)
