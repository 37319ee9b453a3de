"""Where the training stands in its course."""

from ...records import Step
from ..registry import Meaning, signal


@signal("learning_rate", scope="step", meaning=Meaning("learning rate"))
def learning_rate(step: Step) -> float:
    """How large is the step length just now? Learning rate of the optimiser's first group."""
    return step.learning_rate
