"""What the loss compares with: statistics of the target over the observed rows."""

from collections import Counter

import numpy as np
import torch
from torch import Tensor

from .columns import RunningColumns
from .facts import TargetFacts

MOST_CLASSES = 1000
"""A target with more different values than this is a measurement, not a class."""
FEWEST_PAIRS = 20
"""Neighbours that differ from which an order is seen: 18 of them go the same way by chance once in 2,500 times."""


class TargetStatistics:
    """Accumulates `TargetFacts`."""

    def __init__(self) -> None:
        self.ignored: float | None = None
        """Code of what the loss leaves out (its `ignore_index`)."""
        self._columns = RunningColumns()
        self._deviation = 0.0
        self._counts: Counter[float] | None = Counter()
        self._integers = True
        self._one_hot = True
        self._simplex = True
        self._shape: tuple[int, ...] = ()
        self._batch_shape: tuple[int, ...] = ()
        self._dtype = torch.float32
        self._neighbours = [0, 0]
        self._ways = [0, 0]
        self._purity: list[float] = []

    def update(self, target: Tensor) -> None:
        """Add the rows of one observed batch."""
        target = target.detach()
        if target.dim() == 1 and self.ignored is not None:
            target = target[target != self.ignored]
        if target.dim() == 0 or not target.numel():
            return
        shape = tuple(target.shape[1:])
        if self._columns.rows and shape != self._shape:
            return
        self._shape, self._batch_shape, self._dtype = shape, self._batch_shape or tuple(target.shape), target.dtype
        rows = target.reshape(len(target), -1).double().cpu().numpy()
        self._columns.update(rows)
        self._deviation += float(np.nansum(np.abs(rows - self._columns.mean))) / rows.shape[1]
        finite = np.nan_to_num(rows)
        self._integers = self._integers and bool((finite == np.round(finite)).all())
        sums = bool(np.allclose(rows.sum(1), 1, atol=1e-4)) and bool((rows >= 0).all())
        self._simplex = self._simplex and rows.shape[1] > 1 and sums
        self._one_hot = self._one_hot and self._simplex and bool(np.isin(finite, (0, 1)).all())
        self._count(rows)

    def _count(self, rows: np.ndarray) -> None:
        codes = rows.argmax(1).astype(float) if self._one_hot else rows[:, 0] if rows.shape[1] == 1 else rows.ravel()
        if self._counts is not None:
            self._counts.update(codes.tolist())
            if len(self._counts) > MOST_CLASSES:
                self._counts = None
        if len(codes) > 1 and len(codes) == len(rows):
            self._neighbours[0] += int((codes[1:] == codes[:-1]).sum())
            self._neighbours[1] += len(codes) - 1
            self._ways[0] += int((codes[1:] > codes[:-1]).sum())
            self._ways[1] += int((codes[1:] < codes[:-1]).sum())
            self._purity.append(Counter(codes.tolist()).most_common(1)[0][1] / len(codes))

    @np.errstate(over="ignore", invalid="ignore")  # of numbers near the end of float64's range
    def facts(self) -> TargetFacts | None:
        """The statistics so far; None before the first batch."""
        c = self._columns
        if not c.rows:
            return None
        counts = dict(sorted(self._counts.items())) if self._counts is not None else {}
        counts.pop(self.ignored, None)  # type: ignore[arg-type]
        total = max(1, sum(counts.values()))
        same, pairs = self._neighbours
        return TargetFacts(
            shape=self._shape,
            batch_shape=self._batch_shape,
            dtype=str(self._dtype).removeprefix("torch."),
            floating=self._dtype.is_floating_point,
            rows=c.rows,
            minimum=float(c.low.min()),
            maximum=float(c.high.max()),
            mean=float(c.mean.mean()),
            std=float(np.sqrt((c.std**2).mean() + c.mean.var())),
            variance=float((c.std**2).mean()),
            deviation=self._deviation / c.rows,
            non_finite=c.non_finite,
            integers=self._integers,
            one_hot=self._one_hot,
            simplex=self._simplex,
            counts=counts,
            run_share=same / pairs if pairs and counts else float("nan"),
            run_expected=sum((k / total) ** 2 for k in counts.values()) if counts else float("nan"),
            batch_purity=float(np.mean(self._purity)) if self._purity else float("nan"),
            sorted_share=max(self._ways) / sum(self._ways) if sum(self._ways) >= FEWEST_PAIRS else float("nan"),
        )
