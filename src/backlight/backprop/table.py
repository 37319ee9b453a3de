"""The table of rules: how each exact module type goes forward and backward.

A rule is a pair of small functions that stand together::

    @rule(nn.Tanh)                               # of a layer with parameters: parameters=("weight", "bias")
    def tanh(m, x):
        \"\"\"y = tanh x\"\"\"
        y = torch.tanh(x)
        return y, y                              # output, and what backward needs

    @tanh.backward
    def _(m, y, v, g):
        \"\"\"∂L/∂x = v (1 − y²)\"\"\"
        return v * (1 - y * y)

`m` is the module, `x` its input, `v` = ∂L/∂y. `g` says what is asked for and where it goes: `g.wants_x` whether ∂L/∂x
is to be returned, and one attribute for each parameter of the module by its name: a tensor to be overwritten with that
gradient, or None where none is asked for.

Rules are found by **exact** type: a subclass that overrides `forward` must not inherit its parent's rule.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from torch import Tensor, nn

Forward = Callable[[Any, Tensor], tuple[Tensor, Any]]


class Slots:
    """What one backward call is asked for: `wants_x`, and a destination tensor or None by parameter name."""

    wants_x: bool

    def __init__(self, wants_x: bool, **destinations: Tensor | None) -> None:
        self.wants_x = wants_x
        self.__dict__.update(destinations)

    def __getattr__(self, name: str) -> None:
        """A parameter the module lacks (a layer without bias) asks for nothing."""
        return


@dataclass
class Rule:
    """Forward and backward of one kind of layer or loss."""

    name: str
    forward: Callable[..., tuple[Tensor, Any]]
    backward_function: Callable[..., Any] | None = None
    applies: Callable[[Any], bool] = field(default=lambda _: True)
    """Whether the rule covers this module's settings; where not, the step is opaque."""
    parameters: tuple[str, ...] = ()
    """Names of the parameters whose gradients the rule writes; a module with any other one is opaque."""
    alone: Callable[[Any], bool] = field(default=lambda _: True)
    """Whether the module's output for an example depends on that example alone, not on the rest of the batch."""
    random: bool = False
    """Whether the rule draws random numbers in train mode."""
    product: bool = False
    """In mixed precision: whether the layer multiplies matrices or convolves, which is done in the low format."""
    single: bool = False
    """In mixed precision: whether the layer works in float32 though it has no parameters."""
    copies: Rule | None = None
    """The same layer of several networks at once, see `copies.py`; None where one after the other is as good."""
    free: tuple[str, ...] = ()
    """Settings in which the copies of one batch may differ."""

    def for_copies(self, *, free: tuple[str, ...] = ()) -> Callable[[Callable[..., tuple[Tensor, Any]]], Rule]:
        """Attach a form for several networks: `(m, x) -> (y, saved)` on x (copies, n, …), with a backward of its own.

        `m.weight` is then (copies, *shape), `m.each(setting)` lists one that is `free`, and `m.generators` are the
        copies' sources of random numbers; see `Stack`.
        """

        def decorate(forward: Callable[..., tuple[Tensor, Any]]) -> Rule:
            self.copies, self.free = Rule(forward.__name__, forward), free
            return self.copies

        return decorate

    def backward(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Attach the backward function; used as a decorator."""
        self.backward_function = function
        return function

    def also(self, *kinds: type) -> None:
        """Use the rule for further exact types, such as a subclass that keeps its parent's forward."""
        table = LOSSES if self in LOSSES.values() else RULES
        for kind in kinds:
            table[kind] = self

    def when(self, applies: Callable[[Any], bool]) -> Callable[[Any], bool]:
        """Restrict the rule to modules for which `applies(module)` is true; used as a decorator."""
        self.applies = applies
        return applies


RULES: dict[type, Rule] = {}
LOSSES: dict[type, Rule] = {}
CONTAINERS: dict[type, Callable[..., Any]] = {}


def rule(*types: type, **traits: Any) -> Callable[[Forward], Rule]:
    """Register the decorated forward function `(m, x) -> (y, saved)` for these exact module types.

    `traits` are fields of `Rule`: `parameters`, `alone`, where the examples of a batch mix, `random`, and `product` or
    `single`.
    """
    return _register(RULES, types, **traits)


def loss_rule(*types: type) -> Callable[[Callable[..., tuple[Tensor, Any]]], Rule]:
    """Register `(m, y, target) -> (loss, saved)`; its backward is `(m, saved) -> ∂L/∂y`."""
    return _register(LOSSES, types)


def container(*types: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `(name, module, unfold) -> list of steps` for modules that only pass their input through their children.

    `unfold(name, child)` gives the steps of a child.
    """

    def decorate(make: Callable[..., Any]) -> Callable[..., Any]:
        for kind in types:
            CONTAINERS[kind] = make
        return make

    return decorate


def find_container(module: nn.Module) -> Callable[..., Any] | None:
    """How to unfold this module into steps, or None where it is not a known container."""
    _load_rules()
    return None if has_hooks(module) else CONTAINERS.get(type(module))


def _register(table: dict[type, Rule], types: tuple[type, ...], **traits: Any) -> Callable[[Callable[..., Any]], Rule]:
    def decorate(forward: Callable[..., Any]) -> Rule:
        entry = Rule(forward.__name__, forward, **traits)
        for kind in types:
            if kind in table:
                raise ValueError(f"{kind.__name__} has a rule already: {table[kind].name}")
            table[kind] = entry
        return entry

    return decorate


def find_rule(module: nn.Module) -> Rule | None:
    """The rule of this module, or None where the step must be opaque.

    Hooks and parametrisations change what calling a module does, so a module that carries any has no rule; nor has one
    with a parameter that the rule does not know, and would write no gradient of.
    """
    return _find(RULES, module)


def find_loss_rule(loss: nn.Module) -> Rule | None:
    """The rule of this loss module, or None where autograd must be asked."""
    return _find(LOSSES, loss)


def _find(table: dict[type, Rule], module: nn.Module) -> Rule | None:
    _load_rules()
    entry = table.get(type(module))
    if entry is None or has_hooks(module) or not entry.applies(module):
        return None
    return entry if module._parameters.keys() <= set(entry.parameters) else None


def has_hooks(module: nn.Module) -> bool:
    """Whether calling the module would run anything but its class's forward."""
    return any(hooks_of(module)) or "forward" in vars(module)


def hooks_of(module: nn.Module) -> list[dict[int, Any]]:
    """All that runs beside the forward when the module is called: dictionaries that the module goes on filling."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return [getattr(module, name) for name in names]


def is_no_batch_axis(axis: int) -> bool:
    """Whether that axis is surely not the examples', as one counted from behind may be."""
    return axis > 0 or axis == -1


@cache
def _load_rules() -> None:
    from . import rules

    for found in pkgutil.iter_modules(rules.__path__):
        importlib.import_module(f"{rules.__name__}.{found.name}")
