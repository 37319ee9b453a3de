"""The command line: thin; it prints, and decides nothing.

A command is one file in `commands`; it is found by being there. Rooms that need PyTorch or polars are imported
inside the command's function, so that `backlight --help` answers at once.
"""

import os
import signal
import sys
import time
from types import FrameType

STARTED = time.monotonic()
"""When the command began; `--time-limit` counts from here."""
INTERRUPTED_STATUS = 130
"""Exit status after Ctrl-C: 128 + SIGINT, as a shell reports it."""

_STDERR = 2

__all__ = ["INTERRUPTED_STATUS", "STARTED", "main"]


def main() -> None:
    """Run the command that was typed and leave with its status: 0 success, 2 bad input, 130 interrupted."""
    signal.signal(signal.SIGINT, _interrupt)
    try:
        from .app import run

        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED_STATUS)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Answer Ctrl-C at once; the command then keeps what can be kept.

    While a module is being imported there is nothing to keep, and an exception would leave the module half made, which
    others report as errors of their own.
    """
    os.write(_STDERR, b"\nInterrupted.\n")
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(INTERRUPTED_STATUS)
        frame = frame.f_back
    raise KeyboardInterrupt
