"""A usual loop, watched."""

import torch
from torch import nn
from torch.nn import functional as F

from backlight.watch import watch


def rows(n: int = 512):
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(n, 8, generator=generator)
    return x, (x[:, :3] + 0.3 * torch.randn(n, 3, generator=generator)).argmax(1)


def perceptron() -> nn.Sequential:
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(8, 32), nn.ReLU(), nn.Linear(32, 3))


def nothing():
    pass


def trained(
    model, optimizer, *, x=None, size=32, epochs=3, loss=F.cross_entropy, before_step=nothing, after_step=nothing
):
    """The watch of a usual loop over the rows in their order."""
    inputs, targets = rows()
    with watch(model, optimizer) as seen:
        for _ in range(epochs):
            for part, y in zip((inputs if x is None else x).split(size), targets.split(size), strict=True):
                optimizer.zero_grad()
                loss(model(part), y).backward()
                before_step()
                optimizer.step()
                after_step()
    return seen


def found(seen, name):
    """The first finding of that name; None without one."""
    return next((finding for finding in seen.findings if finding.name == name), None)
