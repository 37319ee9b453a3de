"""Which parameters several steps share, and which ones no step holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from torch import nn

from .steps import LeafStep


class Ties:
    """Where the parameters of a network stand in its plan; tells each leaf which of its own are `shared`.

    Attributes
    ----------
    shared:
        Parameters of several leaves: their gradients add up.
    """

    def __init__(self, module: nn.Module, leaves: Sequence[LeafStep]) -> None:
        self._counts = counts = Counter(id(p) for leaf in leaves for p in leaf.parameters.values())
        stand = {id(p) for leaf in leaves for one in leaf.parts() for p in one.parameters.values()}
        self._outside = [p for p in module.parameters() if id(p) not in stand]
        for leaf in leaves:
            leaf.shared = frozenset(k for k, p in leaf.parameters.items() if counts[id(p)] > 1)
        self.shared = [p for p in module.parameters() if counts[id(p)] > 1]

    def unreached(self, found: Sequence[nn.Parameter]) -> list[nn.Parameter]:
        """Parameters without a gradient, where each leaf that got none for one of its own has added it to `found`."""
        if not found and not self._outside:
            return []
        times = Counter(map(id, found))
        missed = {id(p): p for p in found if times[id(p)] == self._counts[id(p)]}
        return [p for p in (*self._outside, *missed.values()) if p.requires_grad]
