"""One offline page out of a run folder, and the figures in it.

The page is made from files alone, so that it can be made again at any time, by any version that reads the format.
"""

from .page import write_report
from .verdicts import verdict_sentence
from .words import score_names

__all__ = ["score_names", "verdict_sentence", "write_report"]
