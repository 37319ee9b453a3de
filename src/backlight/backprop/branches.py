"""Steps with branches: the input goes to each, the gradients that come back are added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from .steps import LeafStep, Step, Tape, walk_backward, walk_forward


class BranchStep:
    """A step whose branches, each a list of steps, all read x(i). An empty branch hands x(i) on."""

    def __init__(self, name: str, branches: Sequence[Sequence[Step]]) -> None:
        self.name = name
        self.branches = branches

    def leaves(self) -> Iterable[LeafStep]:
        """The steps without children, branch by branch."""
        return (leaf for branch in self.branches for step in branch for leaf in step.leaves())

    def skip(self, tape: Tape) -> None:
        """Take the entries of all branches off the tape unused."""
        for branch in reversed(self.branches):
            for step in reversed(branch):
                step.skip(tape)

    def _outputs(self, x: Tensor, tape: Tape) -> list[Tensor]:
        return [walk_forward(branch, x, tape) for branch in self.branches]

    def _added(self, gradients: Sequence[Tensor], tape: Tape, wants_x: bool) -> Tensor | None:
        total: Tensor | None = None
        for branch, v in zip(reversed(self.branches), reversed(gradients), strict=True):
            v_in = walk_backward(branch, v, tape, wants_x)
            if wants_x and v_in is not None:
                total = v_in if total is None else total + v_in
        return total


class SumStep(BranchStep):
    """y = Σ branches(x); every branch gets v whole (He et al. 2016, arXiv:1512.03385)."""

    def forward(self, x: Tensor, tape: Tape) -> Tensor:
        """x (n, …) → y of the branches' common shape."""
        first, *rest = self._outputs(x, tape)
        for other in rest:
            first = first + other
        return first

    def backward(self, v: Tensor, tape: Tape, wants_x: bool) -> Tensor | None:
        """∂L/∂x = Σ of the branches' ∂L/∂x."""
        return self._added([v] * len(self.branches), tape, wants_x)


class ConcatStep(BranchStep):
    """y = the branches' outputs one after the other along one axis; each branch gets its part of v."""

    def __init__(self, name: str, branches: Sequence[Sequence[Step]], *, axis: int = 1) -> None:
        super().__init__(name, branches)
        self.axis = axis

    def forward(self, x: Tensor, tape: Tape) -> Tensor:
        """x (n, …) → y (n, Σ widths, …)."""
        parts = self._outputs(x, tape)
        tape.saved.append([part.shape[self.axis] for part in parts])
        return torch.cat(parts, self.axis)

    def backward(self, v: Tensor, tape: Tape, wants_x: bool) -> Tensor | None:
        """∂L/∂x = Σ of the branches' ∂L/∂x, each from its slice of v."""
        return self._added(v.split(tape.saved.pop(), self.axis), tape, wants_x)

    def skip(self, tape: Tape) -> None:
        """Take the widths and the entries of all branches off the tape unused."""
        tape.saved.pop()
        super().skip(tape)
