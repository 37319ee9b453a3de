"""Train neural networks with the lights on.

The names below are loaded on first use, so that `import backlight` takes no time: neither PyTorch nor polars is
imported before something needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__
from .records.errors import BacklightError

if TYPE_CHECKING:
    from .backprop import Plan
    from .data import read
    from .network import build
    from .records.config import Config
    from .runs import (
        Classifier,
        LearningCurve,
        Regressor,
        Run,
        Sweep,
        compare,
        export,
        learning_curve,
        prune,
        resume,
        sweep,
        train,
        treat,
    )
    from .watch import watch

_ROOMS = {
    "Classifier": "runs",
    "Config": "records.config",
    "Plan": "backprop",
    "LearningCurve": "runs",
    "Regressor": "runs",
    "Run": "runs",
    "Sweep": "runs",
    "build": "network",
    "compare": "runs",
    "export": "runs",
    "learning_curve": "runs",
    "prune": "runs",
    "read": "data",
    "resume": "runs",
    "sweep": "runs",
    "train": "runs",
    "treat": "runs",
    "watch": "watch",
}
"""Public name → the room that holds it."""

__all__ = [
    "BacklightError",
    "Classifier",
    "Config",
    "LearningCurve",
    "Plan",
    "Regressor",
    "Run",
    "Sweep",
    "__version__",
    "build",
    "compare",
    "export",
    "learning_curve",
    "prune",
    "read",
    "resume",
    "sweep",
    "train",
    "treat",
    "watch",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its room on first use (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'backlight' has no attribute {name!r}")
    value = getattr(import_module(f".{_ROOMS[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
