"""Where a loop's batches come from, as far as it can be seen: passes over a DataLoader, or repeating rows."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from torch.utils.data import DataLoader, SubsetRandomSampler

from ..signals import TargetFacts
from ..signals.inputs import InputStatistics


@dataclass(frozen=True)
class Source:
    """What is known of a DataLoader: one that a loop makes anew for each pass is the same, and none is kept."""

    kinds: tuple[type, ...]
    """Classes of its data set and its sampler."""
    rows: int | None
    batch_size: int | None


class LoaderWatch:
    """Counts passes over the DataLoader that feeds the training steps."""

    def __init__(self) -> None:
        self._latest: Source | None = None
        self._training: Source | None = None
        self._passes: Counter[Source] = Counter()

    def began(self, loader: DataLoader[Any]) -> None:
        """A loader starts a pass over its data."""
        sampler = getattr(loader, "sampler", None)
        chosen = isinstance(sampler, SubsetRandomSampler)  # the others of the data set are kept for another purpose
        rows = _length(sampler if chosen else loader.dataset)
        self._latest = Source((type(loader.dataset), type(sampler)), rows, loader.batch_size)
        self._passes[self._latest] += 1

    def training(self) -> None:
        """A training step begins: the loader that began last feeds it, unless another fed the steps before."""
        if self._training is None:
            self._training = self._latest

    def rows(self, inputs: InputStatistics) -> int | None:
        """Rows of the training data: the loader's, or the distinct ones seen once rows repeat from batch to batch."""
        if self._training is not None and self._training.rows is not None:
            return self._training.rows
        if inputs.rows < 2 * inputs.distinct_rows or not inputs.rows or inputs.drawn:
            return None
        return inputs.distinct_rows

    def batch_size(self, targets: TargetFacts | None, inputs: InputStatistics, observations: int) -> int | None:
        """Rows of a batch."""
        if self._training is not None and self._training.batch_size is not None:
            return int(self._training.batch_size)
        if not inputs.rows or not observations:
            return targets.batch_shape[0] if targets and targets.batch_shape else None
        return round(inputs.rows / observations)

    def epoch(self, backwards: int, inputs: InputStatistics, observations: int) -> float | None:
        """Passes over the training data so far."""
        if self._training is not None:
            return float(self._passes[self._training])
        rows, batch = self.rows(inputs), self.batch_size(None, inputs, observations)
        return backwards * batch / rows if rows and batch else None


def _length(data: Any) -> int | None:
    try:
        return len(data)
    except Exception:  # noqa: BLE001 - a stream has none, and says so in its own way
        return None
