"""Containers: modules that only pass their input through their children."""

from torch import nn

from ...network import Concat, Residual
from ..branches import ConcatStep, SumStep
from ..opaque import OpaqueStep
from ..table import CONTAINERS, container

_IN_PLACE = "one of its branches may change in place what the others read"


@container(nn.Sequential)
def sequential(name, module, unfold):
    """One child after the other (`named_children` would pass over a module that stands twice)."""
    return [step for child, m in module._modules.items() for step in unfold(_join(name, child), m)]


@container(Residual)
def residual(name, module, unfold):
    """y = shortcut(x) + body(x), the shortcut an identity where none is given."""
    if any(map(_changes_input, module.children())):
        return [OpaqueStep(name, module, _IN_PLACE)]
    shortcut = [] if module.shortcut is None else unfold(_join(name, "shortcut"), module.shortcut)
    return [SumStep(name, [shortcut, unfold(_join(name, "body"), module.body)])]


@container(Concat)
def concat(name, module, unfold):
    """y = [branch₁(x), branch₂(x), …] along axis 1."""
    if any(map(_changes_input, module.children())):
        return [OpaqueStep(name, module, _IN_PLACE)]
    return [ConcatStep(name, [unfold(_join(name, k), m) for k, m in module.named_children()])]


def _changes_input(branch):
    """Whether a branch may change in place what the other branches read: an in-place layer before any that makes anew.

    PyTorch then gives the others the changed value, whatever was meant; so must the plan.
    """
    for layer in branch.modules():
        own = type(layer) not in CONTAINERS and next(layer.children(), None) is not None  # of unknown order
        if getattr(layer, "inplace", False) or (own and any(getattr(m, "inplace", False) for m in layer.modules())):
            return True
        if next(iter(layer.parameters(recurse=False)), None) is not None:
            return False
    return False


def _join(path, child):
    return f"{path}.{child}" if path else child
