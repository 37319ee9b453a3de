"""Where a walk adds: the sum of each residual block, between the last layer of its body and what follows."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn

from ...backprop import Plan, Spectrum, Trace, largest_of_block, norm
from ...network import Residual
from .effort import TIME_UP, Effort, Found, sought
from .layer import WalkedLayer

KIND = "sum"
"""Stands for a sum where layers have their class."""
METHOD = "exact: decomposition of the whole block, x + body(x)"
QUICK, FULL, MEMORY = 128**2, 1024**2, 2**29
"""Numbers in the Jacobian of a whole block up to which all its singular values are found: always, where someone waits
for the answer, and where no time is set. Of larger ones the largest few are, or the largest one alone."""


def with_sums(
    layers: tuple[WalkedLayer, ...], plan: Plan, trace: Trace, x: Tensor, *, effort: Effort
) -> tuple[WalkedLayer, ...]:
    """The walked layers, and behind those of each residual block its sum.

    x(i) of a sum is what the body gives, its v(i) the gradient that reaches the sum, which passes on unchanged to the
    body and to the path beside it. Its Jacobian is that of the whole block; for each there is an equal share of
    the time that is left.
    """
    until = time.monotonic() + effort.seconds
    blocks = {name: block for name, block in plan.modules[0].named_modules() if isinstance(block, Residual)}
    if not blocks:
        return layers
    bodies = _outputs_of_bodies(plan.modules[0], blocks, x)
    behind: dict[int, list[WalkedLayer]] = {}
    inner_first = sorted(blocks, key=lambda one: -one.count("."))  # of blocks that end together
    for done, name in enumerate(inner_first):
        places = [place for place, layer in enumerate(layers) if layer.layer.startswith(f"{name}.")]
        if places and name in bodies:
            share = (until - time.monotonic()) / (len(blocks) - done)
            passed = bodies[name], trace.layers[places[-1]].v_out
            found = _sum(name, plan, x, passed, replace(effort, seconds=share))
            behind.setdefault(places[-1], []).append(found)
    return tuple(_interleaved(layers, behind))


def _interleaved(layers: tuple[WalkedLayer, ...], behind: dict[int, list[WalkedLayer]]) -> Iterator[WalkedLayer]:
    for place, layer in enumerate(layers):
        yield layer
        yield from behind.get(place, ())


def _outputs_of_bodies(module: nn.Module, blocks: dict[str, Residual], x: Tensor) -> dict[str, Tensor]:
    """What the body of each block gives; the module is in eval mode."""
    found: dict[str, Tensor] = {}

    def keep(name: str) -> torch.utils.hooks.RemovableHandle:
        return blocks[name].body.register_forward_hook(lambda _module, _inputs, output: found.update({name: output}))

    handles = [keep(name) for name in blocks]
    try:
        with torch.no_grad():
            module(x)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _sum(name: str, plan: Plan, x: Tensor, passed: tuple[Tensor, Tensor | None], effort: Effort) -> WalkedLayer:
    body, v = passed
    return WalkedLayer(
        layer=name,
        kind=KIND,
        shape=tuple(body.shape[1:]),
        x_norm=norm(body),
        v_norm=norm(v),
        parameter_gradient_norm=None,
    ).with_singular_values(_spectrum(name, plan, x, body.numel(), effort))


def _spectrum(name: str, plan: Plan, x: Tensor, outputs: int, effort: Effort) -> Found:
    """All singular values of a small block; of another one the largest, and those next to it where time allows."""
    until = time.monotonic() + effort.seconds
    limit = MEMORY if effort.seconds == math.inf else FULL if effort.most > 1 else QUICK
    if outputs**2 <= limit and (outputs**2 <= QUICK or effort.seconds > 0):
        jacobian = plan.jacobian(name, x).detach().double().reshape(outputs, -1)
        values = torch.linalg.svdvals(jacobian).numpy()
        return Spectrum((outputs, jacobian.shape[1]), values, True, METHOD, float((values**2).sum()))
    if effort.seconds <= 0:
        return TIME_UP
    first = sought(largest_of_block, plan, name, x, most=1, until=until) if until < math.inf else None
    if effort.most == 1:
        return first
    more = sought(largest_of_block, plan, name, x, most=effort.most, until=until)
    return more if isinstance(more, Spectrum) else first
