"""The same signals from someone else's training loop."""

from .loop import Watch, watch

__all__ = ["Watch", "watch"]
