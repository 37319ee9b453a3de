"""Split a module with a forward of its own into its layers, where that is exactly the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.fx.proxy import TraceError

from .functions import FUNCTIONS, METHODS, VIEWS, Call, Place, as_module, changes_input, name_of
from .graph import GraphStep, Node
from .opaque import OpaqueStep
from .readable import Reader, UnreadableError, of_torch
from .steps import RuleStep, Step
from .table import find_rule, has_hooks

Unfold = Callable[[str, nn.Module], list[Step]]

_FRESH = (
    nn.Linear,
    nn.modules.conv._ConvNd,
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AvgPoolNd,
    nn.modules.pooling._AdaptiveAvgPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
)
"""Layers whose output never shares memory with their input."""

_SEVERAL = "it is called with several inputs, and its rule takes one"

_MAY_RETURN_SEVERAL = (
    nn.RNNBase,
    nn.modules.rnn.RNNCellBase,
    nn.MultiheadAttention,
    nn.AdaptiveLogSoftmaxWithLoss,
    nn.modules.pooling._MaxPoolNd,
    nn.modules.pooling._AdaptiveMaxPoolNd,
)


def split(name: str, module: nn.Module, unfold: Unfold) -> list[Step]:
    """The steps of a module with a forward of its own; one `OpaqueStep`, which says why, where it runs as it is.

    `unfold(path, child)` gives the steps of a child. The result is a chain of steps where the forward is one.
    """
    if has_hooks(module):
        return [OpaqueStep(name, module, "it has a hook, which only its own call runs")]
    if of_torch(module):
        return [OpaqueStep(name, module, "PyTorch's own module, for which there is no rule")]
    if type(module).forward is nn.Sequential.forward and type(module).__iter__ is nn.Sequential.__iter__:  # type: ignore[attr-defined]
        return [step for child, m in module._modules.items() if m is not None for step in unfold(_join(name, child), m)]
    reader = Reader(module)
    try:
        reader.read()
        graph = _with_flattening(_Tracer().trace(module))
        return _Maker(name, module, graph, unfold, reader).make()
    except UnreadableError as error:
        reason = str(error)
    except (TraceError, *_TRACING) as error:
        told = str(error).strip().partition("\n")[0] or type(error).__name__
        reason = f"its forward cannot be followed without numbers: {told}"
    return [OpaqueStep(name, module, reason)]


_TRACING = (
    TypeError,
    RuntimeError,
    AttributeError,
    ValueError,
    IndexError,
    KeyError,
    NotImplementedError,
    AssertionError,
)
"""What a forward may raise when it meets a stand-in for a tensor."""


class _Tracer(fx.Tracer):
    """Looks into no child: each is unfolded by itself."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return True


class _Maker:
    """From the traced graph to steps."""

    def __init__(self, name: str, module: nn.Module, graph: fx.Graph, unfold: Unfold, reader: Reader) -> None:
        self.name, self.module, self.graph, self.unfold, self.reader = name, module, graph, unfold, reader
        self.children = dict(module.named_modules(remove_duplicate=False))
        self.places: dict[fx.Node, int] = {}
        self.steps: dict[fx.Node, Sequence[Step]] = {}
        self.calls: dict[str, int] = {}

    def make(self) -> list[Step]:
        """Raises UnreadableError where the graph holds something that cannot be split exactly."""
        inputs = [node for node in self.graph.nodes if node.op == "placeholder"]
        made = [node for node in self.graph.nodes if node.op not in ("placeholder", "output")]
        self.places = {node: place for place, node in enumerate([*inputs, *made])}
        nodes = [self._node(node) for node in made]
        for node in made:
            self._require_exact(node)
        (output,) = next(node for node in self.graph.nodes if node.op == "output").args
        if not isinstance(output, fx.Node):
            raise UnreadableError("it returns no tensor")
        chain = self._chain(nodes, len(inputs), self.places[output])
        if chain is not None:
            return chain
        kind = type(self.module).__name__
        sure = self._gives_tensor(output)
        return [GraphStep(self.name, kind, len(inputs), nodes, self.places[output], sure, self.reader.guards)]

    def _node(self, node: fx.Node) -> Node:
        if node.op == "call_module":
            if node.kwargs or not all(isinstance(a, fx.Node) for a in node.args):
                raise UnreadableError(f"layer {node.target} is called with more than tensors")
            self.steps[node] = self._unfolded(str(node.target), len(node.args))
            return Node(self._sources(node.args), steps=self.steps[node])
        if node.op == "call_function" and node.target is getattr:
            return Node(self._sources(node.args), call=Call(getattr, *_placed(node, self.places)))
        known = node.target in (METHODS if node.op == "call_method" else FUNCTIONS)
        if node.op not in ("call_function", "call_method") or not known:
            raise UnreadableError(f"{node.op} {node.target}")
        module = as_module(node.target, node.args[1:], dict(node.kwargs))
        if module is not None and isinstance(node.args[0], fx.Node):
            rule = find_rule(module)
            if rule is not None:
                self.steps[node] = [RuleStep(_join(self.name, self._free(node.name)), module, rule)]
                return Node(self._sources(node.args[:1]), steps=self.steps[node])
        call = Call(node.target, *_placed(node, self.places))
        return Node(call.sources, call=call)

    def _unfolded(self, path: str, arguments: int) -> Sequence[Step]:
        child = self.children[path]
        self.calls[path] = self.calls.get(path, 0) + 1
        again = self.calls[path]
        name = _join(self.name, path if again == 1 else f"{path}#{again}")
        found = self.unfold(name, child)
        takes_one = arguments > 1 and any(isinstance(step, RuleStep) for step in found[:1])
        return [OpaqueStep(name, child, _SEVERAL)] if takes_one or (arguments > 1 and len(found) != 1) else found

    def _sources(self, args: Any) -> tuple[int, ...]:
        return tuple(self.places[a] for a in args if isinstance(a, fx.Node))

    def _free(self, name: str) -> str:
        return f"{name}_call" if name in self.children else name

    def _chain(self, nodes: Sequence[Node], inputs: int, output: int) -> list[Step] | None:
        """The steps one after the other, where each reads nothing but the one before."""
        if inputs != 1 or self.reader.guards or output != len(nodes):
            return None
        if any(node.steps is None or node.sources != (place,) for place, node in enumerate(nodes)):
            return None
        return [step for node in nodes for step in node.steps or ()]

    # -- what would make the split differ from the module itself ----------------------------------------------------

    def _require_exact(self, node: fx.Node) -> None:
        changed = self._changed(node)
        if changed is not None and not self._exclusive(changed):
            raise UnreadableError(f"{node.name} changes a value in place that is used elsewhere")
        if node.op == "call_module" and not self._gives_tensor(node):
            for user in node.users:
                if not self._needs_tensor(user):
                    raise UnreadableError(f"layer {node.target} may return something else than one tensor")

    def _changed(self, node: fx.Node) -> fx.Node | None:
        """The value that the node changes in place."""
        if node.op == "call_module":
            leaves = (leaf for step in self.steps[node] for leaf in step.leaves())
            if any(getattr(m, "inplace", False) for leaf in leaves for m in leaf.module.modules()):
                return next(a for a in node.args if isinstance(a, fx.Node))
            return None
        adds = name_of(node.target) == "add" and self.reader.adds_in_place
        first = node.args[0] if node.args else None
        return first if (adds or changes_input(node)) and isinstance(first, fx.Node) else None

    def _exclusive(self, node: fx.Node) -> bool:
        """Whether nobody else sees the memory of this value."""
        if len(node.users) > 1:
            return False
        if node.op == "placeholder":
            return True
        if node.op == "call_module" and isinstance(self.children[str(node.target)], _FRESH):
            return True
        if node.op != "call_module" and name_of(node.target) not in VIEWS and not changes_input(node):
            return True
        return all(self._exclusive(a) for a in node.all_input_nodes)

    def _gives_tensor(self, node: fx.Node) -> bool:
        if node.op != "call_module":
            return True
        last = self.steps[node][-1] if self.steps[node] else None
        if isinstance(last, OpaqueStep):
            return of_torch(last.module) and not isinstance(last.module, _MAY_RETURN_SEVERAL)
        return last.gives_tensor if isinstance(last, GraphStep) else True

    def _needs_tensor(self, user: fx.Node) -> bool:
        if user.op == "output":
            return True
        if user.op == "call_module":
            first = self.steps[user][0] if self.steps[user] else None
            return isinstance(first, RuleStep)
        return name_of(user.target) not in ("getitem", "getattr")


def _with_flattening(graph: fx.Graph) -> fx.Graph:
    """The graph with a flatten in the place of `x.view(x.size(0), -1)` and its kin."""
    for node in list(graph.nodes):
        if _flattens(node):
            with graph.inserting_before(node):
                flat = graph.call_function(torch.flatten, (node.args[0], 1))
            node.replace_all_uses_with(flat)
            graph.erase_node(node)
    for node in reversed(list(graph.nodes)):
        if node.op not in ("placeholder", "output", "call_module") and not node.users and not _may_change_input(node):
            graph.erase_node(node)  # pure, so that nobody misses it
    return graph


def _may_change_input(node: fx.Node) -> bool:
    """Whether the call works in place; `+=` looks like any other addition here."""
    return name_of(node.target) == "add" or changes_input(node)


def _flattens(node: fx.Node) -> bool:
    if node.op != "call_method" and node.target is not torch.reshape:
        return False
    if name_of(node.target) not in ("view", "reshape") or len(node.args) != 3 or node.args[2] != -1 or node.kwargs:
        return False
    x, rows = node.args[:2]
    asked = isinstance(rows, fx.Node) and rows.op == "call_method" and rows.target == "size" and rows.args == (x, 0)
    shape = rows.args[0] if isinstance(rows, fx.Node) and name_of(rows.target) == "getitem" else None
    read = isinstance(shape, fx.Node) and shape.target is getattr and shape.args == (x, "shape") and rows.args[1] == 0  # type: ignore[union-attr]
    return bool(asked or read)


def _placed(node: fx.Node, places: dict[fx.Node, int]) -> tuple[Any, dict[str, Any]]:
    """The arguments with a `Place` for each value computed before."""
    return tuple(_swap(a, places) for a in node.args), {key: _swap(a, places) for key, a in node.kwargs.items()}


def _swap(value: Any, places: dict[fx.Node, int]) -> Any:
    """fx keeps lists and tuples in kinds of its own, which become plain ones."""
    if isinstance(value, fx.Node):
        return Place(places[value])
    if isinstance(value, tuple):
        return tuple(_swap(part, places) for part in value)
    return [_swap(part, places) for part in value] if isinstance(value, list) else value


def _join(path: str, child: str) -> str:
    return f"{path}.{child}" if path else child
