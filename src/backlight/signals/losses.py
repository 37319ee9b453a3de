"""What each loss of PyTorch wants to be given.

Names are those of `torch.nn.functional`; the module forms (`CrossEntropyLoss`) call these.
"""

from .facts import Expects, LossFacts

LOSSES: dict[str, tuple[str, Expects]] = {
    "cross_entropy": ("cross_entropy", "logits"),
    "nll_loss": ("nll", "log-probabilities"),
    "binary_cross_entropy": ("bce", "probabilities"),
    "binary_cross_entropy_with_logits": ("bce_logits", "logits"),
    "mse_loss": ("mse", "values"),
    "l1_loss": ("mae", "values"),
    "smooth_l1_loss": ("huber", "values"),
    "huber_loss": ("huber", "values"),
    "poisson_nll_loss": ("poisson_nll", "values"),
    "gaussian_nll_loss": ("gaussian_nll", "values"),
    "kl_div": ("kl_div", "log-probabilities"),
    "hinge_embedding_loss": ("hinge_embedding", "values"),
    "soft_margin_loss": ("soft_margin", "logits"),
    "multi_margin_loss": ("multi_margin", "logits"),
    "multilabel_soft_margin_loss": ("multilabel_soft_margin", "logits"),
}
"""functional name → (name used here, what its first argument should be)."""

ONE_PER_CLASS = frozenset({"cross_entropy", "nll", "categorical_cross_entropy", "multi_margin"})
"""Losses that compare one output per class with one class per row."""
TWO_CLASS = frozenset({"bce", "bce_logits", "soft_margin"})
"""Losses that read each output as a yes or no of its own."""
DISTANCE = frozenset({"mse", "mae", "huber"})
"""Losses that measure how far a value is from the target."""
IGNORED = -100
"""PyTorch's default code of targets that cross-entropy leaves out."""


def ignored_by(loss: LossFacts | None) -> float | None:
    """Code of the targets that the loss leaves out; None for a loss without one."""
    if loss is None or loss.name not in ("cross_entropy", "nll"):
        return None
    return float(loss.settings.get("ignore_index", IGNORED))
