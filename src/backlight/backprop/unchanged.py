"""Look at a network without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def unchanged(module: nn.Module, *, frozen: bool = False) -> Iterator[None]:
    """Gradients (empty within), buffers and random state are afterwards as they were before.

    frozen: no parameter is trained within, so that no time goes into gradients that nobody asks for.
    """
    gradients = [(p, p.grad, p.requires_grad) for p in module.parameters()]
    buffers = [(b, b.clone()) for b in module.buffers()]
    places = {t.device for t in (*module.parameters(), *module.buffers()) if t.device.type == "cuda"}
    with torch.random.fork_rng(devices=list(places)):
        try:
            for p, _, trained in gradients:
                p.grad = None
                p.requires_grad_(trained and not frozen)
            yield
        finally:
            for p, gradient, trained in gradients:
                p.requires_grad_(trained)
                p.grad = gradient
            with torch.no_grad():
                for buffer, kept in buffers:
                    buffer.copy_(kept)
