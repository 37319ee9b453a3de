"""One training from data to folder: train, open, predict, resume; and the scikit-learn estimators.

Names are loaded on first use: listing the runs of a folder needs no PyTorch. Start reading at `start.py`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparison import RunComparison, compare
    from .comparison_figure import draw_comparison
    from .continuation import resume
    from .estimators import Classifier, Regressor
    from .exports import export
    from .learning_curve_folder import LearningCurve
    from .learning_curve_run import learning_curve
    from .overview import show
    from .pruning import Pruned, prune
    from .run import Run, check_frame_name, save_frame
    from .start import train
    from .sweep_folder import Sweep
    from .sweep_run import sweep
    from .treating import treat

_FILES = {
    "Classifier": "estimators",
    "RunComparison": "comparison",
    "check_frame_name": "run",
    "compare": "comparison",
    "draw_comparison": "comparison_figure",
    "export": "exports",
    "LearningCurve": "learning_curve_folder",
    "Pruned": "pruning",
    "Regressor": "estimators",
    "Run": "run",
    "Sweep": "sweep_folder",
    "learning_curve": "learning_curve_run",
    "prune": "pruning",
    "resume": "continuation",
    "save_frame": "run",
    "show": "overview",
    "sweep": "sweep_run",
    "train": "start",
    "treat": "treating",
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
