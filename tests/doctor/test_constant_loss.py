"""The loss that learning has to beat is that of a constant answer, as the loss itself computes it."""

import pytest
import torch
import torch.nn.functional as F

from backlight.doctor.constant import constant_loss
from backlight.signals import LossFacts
from backlight.signals.targets import TargetStatistics


def found(target: torch.Tensor, name: str, outputs: int, **settings: float) -> float | None:
    seen = TargetStatistics()
    seen.update(target)
    facts = seen.facts()
    assert facts is not None
    return constant_loss(facts, LossFacts(name, "logits", "", dict(settings), (len(target), outputs)))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("outputs", [2, 5])
def test_the_cross_entropy_of_the_shares_of_the_classes(smoothing: float, outputs: int) -> None:
    codes = (torch.arange(200) % 20 == 0).long()
    shares = (1 - smoothing) * F.one_hot(codes, outputs).double().mean(0) + smoothing / outputs
    constant = shares.clamp_min(1e-300).log().expand(200, -1)
    expected = F.cross_entropy(constant, codes, label_smoothing=smoothing) if smoothing else F.nll_loss(constant, codes)
    assert found(codes, "cross_entropy", outputs, label_smoothing=smoothing) == pytest.approx(float(expected))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_binary_cross_entropy_of_the_share_of_ones(smoothing: float) -> None:
    y = (torch.arange(200) % 20 == 0).double()
    smooth = (1 - smoothing) * y + smoothing / 2
    expected = F.binary_cross_entropy(smooth.mean().expand(200), smooth)
    assert found(y, "bce_logits", 1, label_smoothing=smoothing) == pytest.approx(float(expected))


def test_of_soft_targets_it_is_not_known() -> None:
    soft = 0.9 * F.one_hot(torch.arange(200) % 4, 4).float() + 0.025
    assert found(soft, "cross_entropy", 4) is None
