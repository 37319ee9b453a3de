"""The loss of the best constant prediction: what learning has to beat."""

import numpy as np

from ..signals import LossFacts, TargetFacts
from ..signals.losses import ONE_PER_CLASS


def constant_loss(targets: TargetFacts, loss: LossFacts) -> float | None:
    """Mean loss of the best constant prediction on the targets seen; None where these facts do not tell it.

    Variance under the squared error, mean deviation under the absolute one, entropy of the (smoothed) shares of the
    classes under a cross-entropy; of soft targets the shares are not known.
    """
    if loss.settings.get("reduction", "mean") != "mean" or targets.rows < 2:
        return None
    if loss.settings.get("weighted") and not loss.settings.get("balanced"):
        return None
    if loss.name == "mse":
        return targets.variance
    if loss.name == "mae":
        return targets.deviation
    counts = np.array(list(targets.counts.values()), dtype=float)
    shares, smoothing = counts / max(1.0, counts.sum()), float(loss.settings.get("label_smoothing") or 0.0)
    if loss.settings.get("balanced") and shares.size > 1:
        shares = np.full_like(shares, 1 / shares.size)
    if loss.name in ONE_PER_CLASS and shares.size > 1 and (targets.integers or targets.one_hot):
        outputs = max(shares.size, loss.output_shape[1] if len(loss.output_shape) > 1 else 0)
        return _entropy(_smoothed(np.pad(shares, (0, outputs - shares.size)), smoothing, outputs))
    if loss.name in ("bce", "bce_logits") and targets.minimum >= 0 and targets.maximum <= 1:
        of_ones = shares[-1] if loss.settings.get("balanced") and targets.integers else targets.mean
        p = _smoothed(shares if targets.one_hot else np.array([of_ones]), smoothing, 2)
        p = p[(p > 0) & (p < 1)]
        return sum(_entropy(np.array([one, 1 - one])) for one in p) / p.size if p.size else None
    return None


def _smoothed(shares: np.ndarray, smoothing: float, classes: int) -> np.ndarray:
    """(1 − ε) p + ε/k, as labels are smoothed over k classes (Szegedy et al. 2016, section 7)."""
    return (1 - smoothing) * shares + smoothing / classes


def _entropy(shares: np.ndarray) -> float:
    """In nats."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())
