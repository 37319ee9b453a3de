"""Layers that join the outputs of other layers."""

import torch
from torch import Tensor, nn


class Residual(nn.Module):
    """y = shortcut(x) + body(x), after He et al. 2016, "Deep Residual Learning for Image Recognition".

    Without a shortcut x itself is added, so that body has to keep the shape of x.
    """

    def __init__(self, body: nn.Module, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """x (n, …) → y of the shape of body(x)."""
        return (x if self.shortcut is None else self.shortcut(x)) + self.body(x)


class Concat(nn.Module):
    """y = [branch1(x), branch2(x), …], concatenated on dimension 1 (features or channels).

    Positional branches are named branch1, branch2, …; keywords name theirs.
    """

    def __init__(self, *branches: nn.Module, **named: nn.Module) -> None:
        super().__init__()
        for i, branch in enumerate(branches, 1):
            self.add_module(f"branch{i}", branch)
        for name, branch in named.items():
            self.add_module(name, branch)

    @property
    def branches(self) -> tuple[nn.Module, ...]:
        """In the order of their outputs."""
        return tuple(self.children())

    def forward(self, x: Tensor) -> Tensor:
        """x (n, …) → y (n, Σ of the branches' widths, …)."""
        return torch.cat([branch(x) for branch in self.children()], dim=1)
