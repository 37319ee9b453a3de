"""Groups of units with one output."""

import torch

from backlight.signals.units import SAME, equal_groups


def test_scaled_and_turned_copies_are_one_group():
    unit, other = torch.randn(200, generator=torch.Generator().manual_seed(0)), torch.arange(200.0)
    outputs = torch.stack([unit, other, -3 * unit, 0.5 * other, unit], 1)
    assert equal_groups(outputs, [0, 1, 2, 3, 4]) == ((0, 2, 4), (1, 3))


def test_no_unit_is_in_two_groups_where_likeness_is_a_chain():
    """Neighbours are alike within the tolerance, those two steps apart are not."""
    a, b = torch.eye(200)[:, 0] + 1, torch.randn(200, generator=torch.Generator().manual_seed(1))
    b = b - (b @ a) / (a @ a) * a
    b = b / b.norm() * a.norm()
    outputs = torch.stack([a + 0.7 * k * SAME * b for k in range(6)], 1)
    groups = equal_groups(outputs.double(), list(range(6)))
    members = [unit for group in groups for unit in group]
    assert len(groups) > 1 and len(members) == len(set(members))
