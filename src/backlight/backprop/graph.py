"""A step that is a graph of steps: a module whose own forward was split into its layers and the calls between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from .functions import Call
from .steps import LeafStep, Step, Tape, walk_backward, walk_forward


@dataclass(eq=False)
class Node:
    """One value of the graph: made by some steps, or by a call of a pure function."""

    sources: tuple[int, ...]
    """Places of the values that it is made of."""
    steps: Sequence[Step] | None = None
    call: Call | None = None

    @property
    def trained(self) -> bool:
        """Whether a parameter stands in it that is trained."""
        return self.steps is not None and any(leaf.needs_gradient for step in self.steps for leaf in step.leaves())


@dataclass(frozen=True)
class Guard:
    """A setting that the module's forward read when the plan was made."""

    module: nn.Module
    name: str
    value: Any

    @property
    def holds(self) -> bool:
        """Whether it still has that value."""
        now = getattr(self.module, self.name, None)
        return now is self.value or (type(now) is type(self.value) and now == self.value)


@dataclass(eq=False)
class GraphStep:
    """A module split into its layers.

    Values are numbered: first the inputs, then one for each node in the order of the forward pass.
    """

    name: str
    kind: str
    inputs: int
    nodes: list[Node]
    output: int
    gives_tensor: bool = True
    guards: list[Guard] = field(default_factory=list)

    @property
    def branches(self) -> list[Sequence[Step]]:
        """The lists of steps in it."""
        return [node.steps for node in self.nodes if node.steps is not None]

    def leaves(self) -> Iterable[LeafStep]:
        """The steps without children, in forward order."""
        return (leaf for steps in self.branches for step in steps for leaf in step.leaves())

    def forward(self, x: Any, tape: Tape) -> Tensor:
        """x(i), a tuple for several inputs → x(i+1)."""
        self._require(x)
        values = list(x) if isinstance(x, tuple) else [x]
        for node in self.nodes:
            if node.steps is not None:
                parts = tuple(values[place] for place in node.sources)
                values.append(walk_forward(node.steps, parts[0] if len(parts) == 1 else parts, tape))  # type: ignore[arg-type]
            else:
                assert node.call is not None
                y, saved = node.call.forward(values)
                tape.saved.append(saved)
                values.append(y)
        return values[self.output]

    def backward(self, v: Tensor, tape: Tape, wants_x: bool) -> Any:
        """v(i+1) → v(i): gradients that come back to one value from several places are added."""
        wanted = self._wanted(wants_x)
        gradients: dict[int, Tensor] = {self.output: v}
        for place in range(self.inputs + len(self.nodes) - 1, self.inputs - 1, -1):
            node, arrived = self.nodes[place - self.inputs], gradients.pop(place, None)
            for source, part in _back(node, arrived, tape, wanted).items():
                gradients[source] = gradients[source] + part if source in gradients else part
        if not wants_x:
            return None
        v_in = tuple(gradients.get(place) for place in range(self.inputs))
        return v_in[0] if self.inputs == 1 else v_in

    def skip(self, tape: Tape) -> None:
        """Take all entries off the tape unused."""
        for node in reversed(self.nodes):
            _skip(node, tape)

    def _wanted(self, wants_x: bool) -> set[int]:
        """Places of the values whose gradient is needed further back."""
        wanted = set(range(self.inputs)) if wants_x else set()
        for place, node in enumerate(self.nodes, self.inputs):
            if node.trained or not wanted.isdisjoint(node.sources):
                wanted.add(place)
        return wanted

    def _require(self, x: Any) -> None:
        given = len(x) if isinstance(x, tuple) else 1
        if given != self.inputs:
            raise TypeError(f"layer {self.name or 'the module'} ({self.kind}) takes {self.inputs} inputs, got {given}")
        for guard in self.guards:
            if not guard.holds:
                raise RuntimeError(
                    f"layer {self.name or 'the module'} ({self.kind}): its setting {guard.name!r} was {guard.value!r} "
                    "when the plan was made and has changed; make a new Plan"
                )


def _back(node: Node, v: Tensor | None, tape: Tape, wanted: set[int]) -> dict[int, Tensor]:
    """Gradients by source of one node; nothing where none arrived."""
    if v is None:
        _skip(node, tape)
        return {}
    if node.call is not None:
        return node.call.backward(tape.saved.pop(), v, wanted)
    assert node.steps is not None
    v_in: Any = walk_backward(node.steps, v, tape, not wanted.isdisjoint(node.sources))
    parts = v_in if isinstance(v_in, tuple) else (v_in,) * len(node.sources)
    added: dict[int, Tensor] = {}
    for source, part in zip(node.sources, parts, strict=True):
        if part is not None and source in wanted:
            added[source] = added[source] + part if source in added else part
    return added


def _skip(node: Node, tape: Tape) -> None:
    if node.steps is None:
        tape.saved.pop()
        return
    for step in reversed(node.steps):
        step.skip(tape)
