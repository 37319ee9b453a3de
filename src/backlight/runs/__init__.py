"""One training from data to folder: train, open, predict, resume; and the scikit-learn estimators.

Names are loaded on first use: listing the runs of a folder needs no PyTorch. Start reading at `start.py`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparisons.comparison import RunComparison, compare
    from .comparisons.figure import draw_comparison
    from .continuation import resume
    from .estimators import Classifier, Regressor
    from .exports.export import export
    from .learning_curves.folder import LearningCurve
    from .learning_curves.learning_curve import learning_curve
    from .overview import show
    from .proofs.treating import treat
    from .pruning import Pruned, prune
    from .run import Run, check_frame_name, save_frame
    from .start import train
    from .sweeps.folder import Sweep
    from .sweeps.sweep import sweep

_FILES = {
    "Classifier": "estimators",
    "RunComparison": "comparisons.comparison",
    "check_frame_name": "run",
    "compare": "comparisons.comparison",
    "draw_comparison": "comparisons.figure",
    "export": "exports.export",
    "LearningCurve": "learning_curves.folder",
    "Pruned": "pruning",
    "Regressor": "estimators",
    "Run": "run",
    "Sweep": "sweeps.folder",
    "learning_curve": "learning_curves.learning_curve",
    "prune": "pruning",
    "resume": "continuation",
    "save_frame": "run",
    "show": "overview",
    "sweep": "sweeps.sweep",
    "train": "start",
    "treat": "proofs.treating",
}

__all__ = [
    "Classifier",
    "LearningCurve",
    "Pruned",
    "Regressor",
    "Run",
    "RunComparison",
    "Sweep",
    "check_frame_name",
    "compare",
    "draw_comparison",
    "export",
    "learning_curve",
    "prune",
    "resume",
    "save_frame",
    "show",
    "sweep",
    "train",
    "treat",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its file on first use (PEP 562)."""
    if name not in _FILES:
        raise AttributeError(f"module 'backlight.runs' has no attribute {name!r}")
    value = getattr(import_module(f".{_FILES[name]}", __name__), name)
    globals()[name] = value
    return value
