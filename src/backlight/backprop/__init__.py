"""Back-propagation made explicit: a table of rules by exact module type, a plan, the walk forward and the walk back.

It knows nothing of training. Start reading at `plan.py`; a rule is a pair of small functions in `rules/`.
"""

from .check import Check
from .copies import CannotBatchError, CopiesObjective, leaves_out
from .graphless import graphless
from .objective import Objective
from .plan import Plan
from .singular import OutOfTimeError, Spectrum, largest_of_block, singular_values
from .steps import LeafStep
from .table import Rule, find_loss_rule, find_rule, loss_rule, rule
from .trace import Trace, gradient_size, norm

__all__ = [
    "CannotBatchError",
    "Check",
    "CopiesObjective",
    "LeafStep",
    "Objective",
    "OutOfTimeError",
    "Plan",
    "Rule",
    "Spectrum",
    "Trace",
    "find_loss_rule",
    "find_rule",
    "gradient_size",
    "graphless",
    "largest_of_block",
    "leaves_out",
    "loss_rule",
    "norm",
    "rule",
    "singular_values",
]
