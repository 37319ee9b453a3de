"""How many threads: for small work, more threads are slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL_WORK = 2_000_000
"""Multiply-adds of one forward pass of a batch below which one thread is faster: waking a second one costs about 5 µs a
call, which is what the largest product of such a network takes (measured: docs/benchmarks.md)."""


@contextmanager
def suitable_threads(work: float) -> Iterator[None]:
    """Run with one thread where the work (multiply-adds a forward pass) is small; torch's setting is restored."""
    before = torch.get_num_threads()
    if work < SMALL_WORK:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
