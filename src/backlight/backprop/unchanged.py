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
    with torch.random.fork_rng(devices=gpus_of(module)):
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


def gpus_of(module: nn.Module) -> list[torch.device]:
    """The GPUs that parameters and buffers lie on."""
    return list({t.device for t in (*module.parameters(), *module.buffers()) if t.device.type == "cuda"})


class RandomState:
    """The random state now, of the processor and of one GPU where the device is that.

    Examples
    --------
    >>> import torch
    >>> state = RandomState(torch.device("cpu"))
    >>> first = torch.rand(1)
    >>> state.moved
    True
    >>> state.put_back()
    >>> torch.equal(torch.rand(1), first)
    True
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._states = self._now()

    @property
    def moved(self) -> bool:
        """Whether random numbers have been drawn since."""
        return not all(map(torch.equal, self._now(), self._states))

    def put_back(self) -> None:
        """Draw the same numbers again."""
        torch.set_rng_state(self._states[0])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(self._states[1], self._device)

    def _now(self) -> list[torch.Tensor]:
        gpu = [torch.cuda.get_rng_state(self._device)] if self._device.type == "cuda" else []
        return [torch.get_rng_state(), *gpu]
