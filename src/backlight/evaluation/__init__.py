"""How good is it, beside a constant and a linear model?

Scores on held-out rows with their intervals, what the report's figures are drawn from, and the examples that the
network gets most wrong. Arrays in, plain numbers out: nothing here knows of networks or files.
"""

from .comparison import FEWEST_ROWS, JUDGED, Comparison, compare
from .heldout import Evaluation, evaluate
from .learning_curve import Forecast, Point
from .paired import Group, Paired, changed_groups, compare_paired, gain
from .power_law import PowerLaw, fit_power_law
from .reference import Reference, best_constant, constant_scores, reference_scores
from .scores import score
from .worst import WrongExample, worst_examples

__all__ = [
    "FEWEST_ROWS",
    "JUDGED",
    "Comparison",
    "Evaluation",
    "Forecast",
    "Group",
    "Paired",
    "Point",
    "PowerLaw",
    "Reference",
    "WrongExample",
    "best_constant",
    "changed_groups",
    "compare",
    "compare_paired",
    "constant_scores",
    "evaluate",
    "fit_power_law",
    "gain",
    "reference_scores",
    "score",
    "worst_examples",
]
