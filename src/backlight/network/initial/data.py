"""Starts that need rows: unit variance behind every layer, and an output that begins at the average answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .scheme import WITH_OUTPUT_BIAS, Site, parts_of, scheme
from .schemes import orthogonal
from .sites import weighted

UNIT = 0.02
"""A variance within this of 1 is left as it is …"""
ROUNDS = 10
"""… or after so many rescalings (both as in Mishkin and Matas 2016)."""
ROWS = 1000
"""Rows that the variance is measured on."""


@scheme("lsuv")
def lsuv(site: Site) -> str:
    """Orthogonal, then scaled from training rows until the outputs have variance 1 (Mishkin and Matas 2016).

    The output layer starts small, as in `auto`. Without rows at hand it stays orthogonal.
    """
    if site.is_output:
        return site.normal(site.gain_or(0.1) / site.fan_in**0.5)
    return f"{orthogonal(site)}, then scaled to unit variance on training rows"


def start_from_rows(module: nn.Module, scheme: str, x: Tensor, y: Tensor | None = None) -> nn.Module:
    """The part of a scheme that needs rows, in place; nothing where the scheme needs none.

    x: training rows, batch first. y (n,): class codes (int64), or values; for the bias of the output.
    """
    name, extras = parts_of(scheme)
    if name.split()[:1] == ["lsuv"]:
        unit_variance_(module, x[:ROWS])
    if WITH_OUTPUT_BIAS in extras and y is not None:
        output_bias_(module, y)
    return module


def unit_variance_(module: nn.Module, x: Tensor) -> nn.Module:
    """Scale the weight of every layer but the last, from input to output, so that its output has variance 1 on x."""
    training = module.training
    module.eval()
    for _, layer, _ in weighted(module)[:-1]:
        for _ in range(ROUNDS):
            variance = _variance_behind(module, layer, x)
            if not variance > 0 or abs(variance - 1) < UNIT:
                break
            with torch.no_grad():
                layer.weight.div_(variance**0.5)  # type: ignore[operator]
    module.train(training)
    return module


def output_bias_(module: nn.Module, y: Tensor) -> nn.Module:
    """Set the bias of the last layer so that it begins with the average answer: the log-odds or logarithms of the
    classes' shares, or the mean of the values.

    A class without rows counts as half a row. A last layer without a bias stays as it is.
    """
    found = weighted(module)
    bias = found[-1][1].bias if found else None
    if not isinstance(bias, nn.Parameter):
        return module
    with torch.no_grad():
        if y.is_floating_point():
            bias.fill_(float(y.double().mean()))
            return module
        counts = torch.bincount(y.long(), minlength=max(2, len(bias))).double().clamp(min=0.5)
        logs = (counts / counts.sum()).log()
        bias.copy_(logs[1:] - logs[:1] if len(bias) == 1 else logs)
    return module


def _variance_behind(module: nn.Module, layer: nn.Module, x: Tensor) -> float:
    """Variance of the layer's output over rows and units, in eval mode."""
    seen: list[float] = []
    handle = layer.register_forward_hook(lambda _, __, y: seen.append(float(y.double().var())))
    try:
        with torch.no_grad():
            module(x)
    finally:
        handle.remove()
    return seen[-1] if seen else 0.0
