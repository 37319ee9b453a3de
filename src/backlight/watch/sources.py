"""Where a loop's batches come from, as far as it can be seen: passes over a DataLoader, or repeating rows."""

from typing import Any

from torch.utils.data import DataLoader, SequentialSampler, SubsetRandomSampler

from ..signals import TargetFacts
from ..signals.inputs import InputStatistics


class LoaderWatch:
    """Counts passes over the DataLoader that feeds the training steps."""

    def __init__(self) -> None:
        self._latest: DataLoader[Any] | None = None
        self._training: DataLoader[Any] | None = None
        self._passes: dict[int, int] = {}

    def began(self, loader: DataLoader[Any]) -> None:
        """A loader starts a pass over its data."""
        self._latest = loader
        self._passes[id(loader)] = self._passes.get(id(loader), 0) + 1

    def training(self) -> None:
        """A training step begins: the loader that began last feeds it, unless another fed the steps before."""
        if self._training is None:
            self._training = self._latest

    @property
    def shuffled(self) -> bool | None:
        """Whether the training loader draws rows in random order; None without a loader."""
        if self._training is None or not hasattr(self._training, "sampler"):
            return None
        return None if self._training.sampler is None else not isinstance(self._training.sampler, SequentialSampler)

    def rows(self, inputs: InputStatistics) -> int | None:
        """Rows of the training data: the loader's, or the distinct ones seen once rows repeat from batch to batch."""
        if isinstance(sampler := getattr(self._training, "sampler", None), SubsetRandomSampler):
            return len(sampler)  # the others of the data set are kept for another purpose
        dataset = getattr(self._training, "dataset", None)
        if dataset is not None and hasattr(dataset, "__len__"):
            return len(dataset)
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
            return float(self._passes.get(id(self._training), 0))
        rows, batch = self.rows(inputs), self.batch_size(None, inputs, observations)
        return backwards * batch / rows if rows and batch else None
