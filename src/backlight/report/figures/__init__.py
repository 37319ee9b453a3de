"""The figures of the report, the documentation and the command line: one drawing code for all of them.

Each function draws plain numbers and returns a matplotlib `Figure`; `to_svg` makes it part of a page, `save` a file.
"""

from .comparison import comparison
from .confusion import confusion
from .course import course
from .curves import curves
from .learning_curve import learning_curve
from .pair import pair
from .passage import passage
from .probabilities import calibration, right_class, roc
from .scatter import scatter
from .signals import signal_map
from .sweep import start, sweep
from .theme import save, to_svg
from .verdict import verdict

__all__ = [
    "calibration",
    "comparison",
    "confusion",
    "course",
    "curves",
    "learning_curve",
    "pair",
    "passage",
    "right_class",
    "roc",
    "save",
    "scatter",
    "signal_map",
    "start",
    "sweep",
    "to_svg",
    "verdict",
]
