"""Training: how the parameters are changed, and for how long. It names no concrete layer.

Start reading at `loop.py`, then `session.py`.
"""

from .defaults import resolve
from .loop import train
from .observer import Observer
from .predict import predict_outputs
from .session import Trained

__all__ = ["Observer", "Trained", "predict_outputs", "resolve", "train"]
