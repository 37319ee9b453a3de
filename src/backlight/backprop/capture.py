"""A step on a GPU recorded as a CUDA graph: one launch in place of one for each kernel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..records import BacklightError

WARM_UP = 3
"""Runs on a side stream before the capture, as PyTorch's notes on CUDA graphs ask: kernels choose their algorithms and
allocate their workspaces then."""


class CapturedGraph:
    """A captured run of a function, to be replayed on whatever now lies in its inputs."""

    def __init__(self, graph: torch.cuda.CUDAGraph, result: Any) -> None:
        self.result = result
        self._graph = graph

    def replay(self) -> Any:
        """Run the kernels again, and return the result with its new values."""
        self._graph.replay()
        return self.result


def capture(function: Callable[[], Any], changes: Sequence[Tensor] = ()) -> tuple[Any, CapturedGraph | None]:
    """Capture the function, whose effects must all be on a GPU and the same at every call but for values.

    Parameters
    ----------
    changes:
        What the function changes and builds upon, such as the running statistics of a norm. They and the random state
        are put back after the warm-up, so that it counts once.

    Returns
    -------
    The result of one run, and the graph; None where the function does what a capture cannot hold, such as turning a
    tensor into a Python number. The function has then been run once, plainly.
    """
    state, before = torch.cuda.get_rng_state(), [tensor.clone() for tensor in changes]

    def put_back() -> None:
        torch.cuda.set_rng_state(state)
        for tensor, values in zip(changes, before, strict=True):
            tensor.copy_(values)

    graph = torch.cuda.CUDAGraph()
    try:
        _warm_up(function)
        put_back()
        with torch.cuda.graph(graph):  # records the kernels without running them
            result = function()
    except (RuntimeError, BacklightError):  # what a capture refuses, on its own or in a layer
        put_back()
        return function(), None
    captured = CapturedGraph(graph, result)
    return captured.replay(), captured


def _warm_up(function: Callable[[], Any]) -> None:
    """Raises RuntimeError where the function waits for the GPU, as turning a tensor into a number does.

    A capture that fails midway may leave PyTorch's generator of random numbers as if one were still under way, so that
    what can be known is found out before.
    """
    side, mode = torch.cuda.Stream(), torch.cuda.get_sync_debug_mode()
    side.wait_stream(torch.cuda.current_stream())
    torch.cuda.set_sync_debug_mode("error")
    try:
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                function()
    finally:
        torch.cuda.set_sync_debug_mode(mode)
        torch.cuda.current_stream().wait_stream(side)
