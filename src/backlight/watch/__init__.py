"""The same signals from someone else's training loop."""

from .loop import Watch, watch
from .store import save_run

__all__ = ["Watch", "save_run", "watch"]
