"""Training: how the parameters are changed, and for how long. It names no concrete layer.

Start reading at `loop.py`, then `session.py`.
"""

from .copies import Copy, train_copies
from .defaults import resolve
from .loop import train
from .observer import Observer
from .predict import predict_outputs
from .session import Trained

__all__ = ["Copy", "Observer", "Trained", "predict_outputs", "resolve", "train", "train_copies"]
