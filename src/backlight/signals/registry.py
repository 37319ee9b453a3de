"""Where signals are kept: a decorator in the signal's own file adds it, nothing else lists them."""

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

Scope = Literal["layer", "step"]
Cost = Literal["low", "high"]
Scale = Literal["share", "log", "even", "flag"]


@dataclass(frozen=True)
class Meaning:
    """How the numbers of a signal are to be read, for whoever draws them."""

    title: str
    """What it is, as a reader says it."""
    unit: str = ""
    scale: Scale = "log"
    """share: from 0 to 1. flag: 0 or 1, and of interest only where it is not 0."""
    low: float = -math.inf
    high: float = math.inf
    """Ends of the healthy range; infinite where there is none."""
    usual: float | None = None
    ends: tuple[float, float] | None = None
    """Of the scale, where they do not depend on the data."""
    source: str = ""
    """Where the healthy range comes from."""
    beside: tuple[str, ...] = ()
    """By what a number is divided before it is held against the range: the root of the sum of squares of these signals
    of the same layer and step."""
    beside_depth: bool = False
    """Whether it is divided by the number of the last hidden layer at the same step."""


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
    meaning: Meaning


MEANINGS: dict[str, Meaning] = {}
"""Signal → how it is read; also of signals that the recorder makes itself."""

SIGNALS: dict[str, SignalRule] = {}


def signal(
    name: str,
    *,
    scope: Scope = "layer",
    needs: tuple[str, ...] = (),
    every: int = 1,
    cost: Cost = "low",
    meaning: Meaning | None = None,
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a function as the signal `name`."""

    def add(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if name in SIGNALS:
            raise ValueError(f"the signal {name!r} is registered twice")
        question = (read.__doc__ or "").strip().splitlines()[0]
        read_as = meaning or Meaning(name.replace("_", " "))
        SIGNALS[name] = SignalRule(name, scope, needs, every, cost, question, read, read_as)
        MEANINGS[name] = read_as
        return read

    return add


def all_signals() -> dict[str, SignalRule]:
    """Every registered signal by name; imports the files of `gauges` on first use."""
    from . import gauges

    for module in pkgutil.iter_modules(gauges.__path__):
        importlib.import_module(f"{gauges.__name__}.{module.name}")
    return SIGNALS


def all_meanings() -> dict[str, Meaning]:
    """How every signal is to be read, by name."""
    all_signals()
    return MEANINGS
