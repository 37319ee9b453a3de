"""How many threads: for small work, more threads are slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ..backprop import Plan

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


def work_of_pass(plan: Plan, x: Tensor) -> float:
    """Multiply-adds of one forward pass of one row, from a trial of the few rows of x."""
    plan.forward(x, observe=True)
    layers = plan.layers()
    plan.release()
    return sum(
        layer.y.numel() / len(layer.y) * layer.parameters["weight"][0].numel()
        for layer in layers
        if layer.y is not None and "weight" in layer.parameters and layer.parameters["weight"].dim() > 1
    )
