"""Fills the parameters of a whole network."""

import copy
import math
from dataclasses import dataclass

import torch
from torch import nn

from .scheme import Site, read_scheme
from .sites import WEIGHTED, residual_ends, weighted


@dataclass(frozen=True)
class Start:
    """What one layer got."""

    layer: str
    """Dotted name."""
    kind: str
    start: str
    """In words, such as "normal, std 0.125"."""
    follows: str
    """Kind of the activation that the scheme reckoned with; empty for none."""


def initialise(module: nn.Module, scheme: str = "auto", *, seed: int, gain: float | None = None) -> nn.Module:
    """Draws all parameters anew, in place, and resets running statistics.

    Linear layers and convolutions follow the scheme; norms start at scale 1 and shift 0; layers with a start of their
    own (embeddings, recurrent layers, attention) take theirs. Frozen weights stay. The same seed gives the same
    numbers on every device, and the global random state is left as it is.

    Args:
        module: any network.
        scheme: a name of `schemes()`, with its number if it takes one: "normal 0.05".
        seed: of all draws.
        gain: takes the place of the gain that belongs to each layer's activation.

    Returns:
        The module.

    Raises:
        BacklightError: unknown scheme.
    """
    _start(module, scheme, seed, gain)
    return module


def describe_start(module: nn.Module, scheme: str = "auto", *, gain: float | None = None) -> tuple[Start, ...]:
    """What `initialise` would give each linear layer and convolution; the module stays as it is."""
    return _start(copy.deepcopy(module), scheme, 0, gain)


def _start(module: nn.Module, scheme: str, seed: int, gain: float | None) -> tuple[Start, ...]:
    fill = read_scheme(scheme)
    _reset(module, seed)
    if scheme.split() == ["torch"]:
        return tuple(_row(site, fill(site)) for site in _sites(module, seed, gain))
    rows = []
    for site in _sites(module, seed, gain):
        rows.append(_row(site, fill(site)))
        bias = site.layer.bias
        if isinstance(bias, nn.Parameter) and bias.requires_grad:
            nn.init.zeros_(bias)
    if scheme.split() == ["auto"]:
        _quieten_norms(module)
    return tuple(rows)


def _sites(module: nn.Module, seed: int, gain: float | None) -> list[Site]:
    generator = torch.Generator().manual_seed(seed)
    ends = {id(layer) for layer in residual_ends(module)}
    found = weighted(module)
    return [
        Site(
            name=name,
            layer=layer,
            activation=activation,
            is_output=i == len(found) - 1,
            residuals=len(ends) if id(layer) in ends else 0,
            network=module,
            generator=generator,
            gain=gain,
        )
        for i, (name, layer, activation) in enumerate(found)
    ]


def _reset(module: nn.Module, seed: int) -> None:
    """Every layer's own start, drawn from the seed, on the CPU's random state whatever the device."""
    with torch.random.fork_rng(devices=_cuda_devices(module)):
        torch.manual_seed(seed)
        for layer in module.modules():
            parameters = list(layer.parameters(recurse=False))
            reset = getattr(layer, "reset_parameters", None) or getattr(layer, "_reset_parameters", None)
            if parameters and callable(reset) and all(p.requires_grad for p in parameters):
                reset()


def _cuda_devices(module: nn.Module) -> list[int]:
    return sorted({p.device.index or 0 for p in module.parameters() if p.device.type == "cuda"})


def _quieten_norms(module: nn.Module) -> None:
    """Divides the scale of norms that end a residual body, as `auto` does with weights."""
    ends = residual_ends(module)
    for layer in ends:
        if not isinstance(layer, WEIGHTED) and isinstance(layer.weight, nn.Parameter):
            nn.init.constant_(layer.weight, 1 / math.sqrt(len(ends)))


def _row(site: Site, said: str) -> Start:
    follows = type(site.activation).__name__ if site.activation is not None else ""
    return Start(site.name, type(site.layer).__name__, said, follows)
