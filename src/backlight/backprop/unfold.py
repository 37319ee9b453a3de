"""How a module becomes steps: a container, a rule, a forward that can be split, or the module as it is."""

from __future__ import annotations

from torch import nn

from .split import split
from .steps import RuleStep, Step
from .table import find_container, find_rule


def unfold(name: str, module: nn.Module) -> list[Step]:
    """The steps of a module, whose path is `name`."""
    make = find_container(module)
    if make is not None:
        steps: list[Step] = make(name, module, unfold)
        return steps
    entry = find_rule(module)
    if entry is not None:
        return [RuleStep(name, module, entry)]
    return split(name, module, unfold)
