"""In which scores a network is clearly better or worse than a simpler model."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..records import Metric

JUDGED = {"accuracy": True, "log_loss": False, "roc_auc": True, "rmse": False, "mae": False}
"""The scores in which a network is held against its references, and whether more is better."""

FEWEST_ROWS = 20
"""Held-out rows below which nothing is called better or worse. The interval of a score is the bootstrap's, which is too
short where rows are few: for a mean by the factor √((n − 1)/n) · z/t, 9 % at 20 rows, 37 % at 5, 89 % at 2 (Hesterberg
2015, "What Teachers Should Know About the Bootstrap", section 4)."""


@dataclass(frozen=True)
class Comparison:
    """Names of the scores in which the other model lies outside the network's 95 % interval."""

    better: tuple[str, ...]
    """The network is better: even the worse end of its interval is beyond the other's score."""
    worse: tuple[str, ...]
    compared: int
    """Scores that both have; none where the rows are too few to compare on."""

    @property
    def nothing_better(self) -> bool:
        """Whether they were compared and no score shows the network to be better."""
        return self.compared > 0 and not self.better


def compare(metrics: Mapping[str, Metric], other: Mapping[str, float], *, rows: int) -> Comparison:
    """The network's scores with their intervals beside those of another model on the same `rows` held-out rows."""
    if rows < FEWEST_ROWS:
        return Comparison((), (), 0)
    names = [name for name in JUDGED if name in metrics and name in other]
    above = tuple(name for name in names if other[name] < metrics[name].low)
    below = tuple(name for name in names if other[name] > metrics[name].high)
    better = tuple(name for name in names if name in (above if JUDGED[name] else below))
    worse = tuple(name for name in names if name in (below if JUDGED[name] else above))
    return Comparison(better, worse, len(names))
