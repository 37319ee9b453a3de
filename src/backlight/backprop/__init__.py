"""Back-propagation made explicit: a table of rules by exact module type, a plan, the walk forward and the walk back.

It knows nothing of training. Start reading at `plan.py`; a rule is a pair of small functions in `rules/`.
"""

from .objective import Objective
from .plan import Plan
from .table import Rule, find_loss_rule, find_rule, loss_rule, rule

__all__ = ["Objective", "Plan", "Rule", "find_loss_rule", "find_rule", "loss_rule", "rule"]
