"""Run without recording a graph, at next to no cost where none is recorded anyway."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


def graphless(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that is called at every step: `torch.no_grad()` is entered only where a graph is recorded.

    Entering it costs about 2.5 µs, as much as the activation of a small layer, and a step has half a dozen of these.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if not torch.is_grad_enabled():
            return function(*args, **kwargs)
        with torch.no_grad():
            return function(*args, **kwargs)

    return run
