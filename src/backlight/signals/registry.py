"""Where signals are kept: a decorator in the signal's own file adds it, nothing else lists them."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Scope = Literal["layer", "step"]
Cost = Literal["low", "high"]


@dataclass(frozen=True)
class SignalRule:
    """One number that is read from a layer or from the whole network at an observed step."""

    name: str
    scope: Scope
    needs: tuple[str, ...]
    """Fields of `Layer` (or `Step`) that must be there."""
    every: int
    """Read at every n-th observed step."""
    cost: Cost
    question: str
    """The question that the signal answers: the first line of its docstring."""
    read: Callable[[Any], Any]
    """Layer or Step → a float, a tensor of one number, or None where it has no meaning."""


SIGNALS: dict[str, SignalRule] = {}


def signal(
    name: str, *, scope: Scope = "layer", needs: tuple[str, ...] = (), every: int = 1, cost: Cost = "low"
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a function as the signal `name`."""

    def add(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if name in SIGNALS:
            raise ValueError(f"the signal {name!r} is registered twice")
        question = (read.__doc__ or "").strip().splitlines()[0]
        SIGNALS[name] = SignalRule(name, scope, needs, every, cost, question, read)
        return read

    return add


def all_signals() -> dict[str, SignalRule]:
    """Every registered signal by name; imports the files of `gauges` on first use."""
    from . import gauges

    for module in pkgutil.iter_modules(gauges.__path__):
        importlib.import_module(f"{gauges.__name__}.{module.name}")
    return SIGNALS
