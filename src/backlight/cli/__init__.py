"""The command line: thin; it prints, and decides nothing.

A command is one file in `commands`; it is found by being there. Rooms that need PyTorch or polars are imported
inside the command's function, so that `backlight --help` answers at once.
"""

import time

STARTED = time.monotonic()
"""When the command began; `--time-limit` counts from here."""

from .app import main  # noqa: E402  (the clock starts before anything is imported)

__all__ = ["STARTED", "main"]
