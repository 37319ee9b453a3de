"""Usual loops, watched."""

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


def convolutional() -> nn.Sequential:
    torch.manual_seed(4)
    return nn.Sequential(
        nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
        nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip


def adam(module):
    return torch.optim.Adam(module.parameters(), 3e-3)


def batches(epochs: int = 2):
    """Eight in each epoch, drawn anew."""
    x, y = rows(256)
    generator = torch.Generator().manual_seed(6)
    for _ in range(epochs):
        for part in torch.randperm(len(x), generator=generator).split(32):
            yield x[part], y[part]


def learn(model, optimizer, x, y, loss=F.cross_entropy):
    """The loss of one step."""
    optimizer.zero_grad()
    value = loss(model(x), y)
    value.backward()
    optimizer.step()
    return value.item()


def usual(model, optimizer):
    for x, y in batches(8):
        learn(model, optimizer, x, y)


def compared(make, optimise, loop):
    """The watch of a loop, after its parameters were found to be those of the same loop alone."""
    results = []
    for looking in (False, True):
        torch.manual_seed(4)
        model = make()
        optimizer = optimise(model)
        if not looking:
            loop(model, optimizer)
        else:
            with watch(model, optimizer) as seen:
                loop(model, optimizer)
        results.append((list(model.state_dict().items()), torch.get_rng_state()))
    (plain, generator), (watched, generator_after) = results
    assert [name for name, _ in plain] == [name for name, _ in watched]
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(plain, watched, strict=True))
    assert torch.equal(generator, generator_after)
    assert errors(seen) == []
    return seen


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


def errors(seen):
    """Names of the findings that are errors."""
    return [finding.name for finding in seen.findings if finding.severity == "error"]
