"""Shuffled batches of arrays that fit into memory, with augmentation of images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from .augment import Augmentation

CHUNK_BYTES = 1 << 19
"""Rows are gathered for several batches at once, up to about this many bytes: one indexing call costs about as much as
one small layer, and a chunk of this size still fits a core's cache (64 batches of 128 × 23 numbers in one call took
1.5 µs a batch; one call a batch 9 µs, one of all rows 4 µs)."""


class Batches:
    """Rows in batches, in another order each epoch.

    Parameters
    ----------
    x, y:
        Examples and targets with the same first axis.
    size:
        Rows in a batch. A last batch of less than half of that is left out, unless it is the only one: a step as large
        as the others on few rows throws the parameters about just before they are measured (and batch normalisation
        has no variance in a single row). Other rows fall into it in each epoch.
    seed:
        The order of epoch e depends on (seed, e) alone, so that a resumed run sees the same batches.
    augmentation:
        Applied to each batch of images, with random numbers from the same source.
    device:
        Where the rows are kept and the batches appear.
    shuffle:
        Without it the rows come as they stand, in every epoch.
    """

    def __init__(
        self,
        x: np.ndarray | Tensor,
        y: np.ndarray | Tensor,
        *,
        size: int,
        seed: int = 0,
        augmentation: Augmentation | None = None,
        device: torch.device | str = "cpu",
        shuffle: bool = True,
    ) -> None:
        self.x = place(x, device)
        self.y = torch.as_tensor(y).to(device)
        self.size = min(size, max(1, len(self.y)))
        self.seed = seed
        self.augmentation = augmentation
        self.shuffle = shuffle

    def __len__(self) -> int:
        """Batches in an epoch."""
        full, rest = divmod(len(self.y), self.size)
        return full + (2 * rest >= self.size or full == 0)

    @property
    def rows(self) -> int:
        """Rows in the source."""
        return len(self.y)

    def epoch(self, number: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The batches of one epoch, numbered from 0."""
        generator = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        order = torch.randperm(self.rows, generator=generator) if self.shuffle else torch.arange(self.rows)
        order = order[: len(self) * self.size]
        row_bytes = max(1, self.x[0].numel() * self.x.element_size()) if self.rows else 1
        per_chunk = max(1, CHUNK_BYTES // (row_bytes * self.size)) * self.size
        for chunk in order.split(per_chunk):
            rows = chunk.to(self.x.device)
            inputs = (
                self.x[rows] if self.x.dim() == 4 else self.x.index_select(0, rows)
            )  # the first keeps channels last
            for x, y in zip(inputs.split(self.size), self.y.index_select(0, rows).split(self.size), strict=True):
                yield (x if self.augmentation is None else self.augmentation(x, generator)), y


def place(x: np.ndarray | Tensor, device: torch.device | str) -> Tensor:
    """The array as a tensor on the device; images (n, c, h, w) in channels-last order, which convolutions prefer."""
    tensor = torch.as_tensor(x).to(device)
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor
