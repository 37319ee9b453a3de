"""Containers: modules that only pass their input through their children."""

from torch import nn

from ...network import Concat, Residual
from ..branches import ConcatStep, SumStep
from ..table import container


@container(nn.Sequential)
def sequential(name, module, unfold):
    """One child after the other (`named_children` would pass over a module that stands twice)."""
    return [step for child, m in module._modules.items() for step in unfold(_join(name, child), m)]


@container(Residual)
def residual(name, module, unfold):
    """y = shortcut(x) + body(x), the shortcut an identity where none is given."""
    shortcut = [] if module.shortcut is None else unfold(_join(name, "shortcut"), module.shortcut)
    return [SumStep(name, [shortcut, unfold(_join(name, "body"), module.body)])]


@container(Concat)
def concat(name, module, unfold):
    """y = [branch₁(x), branch₂(x), …] along axis 1."""
    return [ConcatStep(name, [unfold(_join(name, k), m) for k, m in module.named_children()])]


def _join(path, child):
    return f"{path}.{child}" if path else child
