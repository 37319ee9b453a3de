"""Training: how the parameters are changed, and for how long. It names no concrete layer.

Start reading at `loop.py`.
"""

from .defaults import resolve
from .loop import Trained, train
from .observer import Observer
from .predict import predict_outputs

__all__ = ["Observer", "Trained", "predict_outputs", "resolve", "train"]
