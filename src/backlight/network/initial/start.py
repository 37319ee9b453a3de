"""Fills the parameters of a whole network."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from .scheme import Site, read_scheme
from .sites import residual_ends, weighted

_APART = 0x9E3779B9
"""Keeps weights apart from numbers that someone draws from the same seed for data, which would equal them."""


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
    own (embeddings, recurrent layers, attention) take theirs. Layers with frozen weights stay as they are. The global
    random state is left as it is.

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
    return tuple(_row(site, fill(site)) for site in _sites(module, seed, gain))


def _sites(module: nn.Module, seed: int, gain: float | None) -> Iterator[Site]:
    generator = torch.Generator().manual_seed(seed ^ _APART)
    blocks, ends = residual_ends(module)
    found = weighted(module)
    for name, layer, activation in found:
        yield Site(
            name=name,
            layer=layer,
            activation=activation,
            is_output=layer is found[-1][1],
            residuals=blocks if layer in ends else 0,
            closing_norm=ends.get(layer),
            network=module,
            generator=generator,
            gain=gain,
        )


def _reset(module: nn.Module, seed: int) -> None:
    """Every layer's own start, as PyTorch or the layer defines it, drawn from the seed."""
    devices = sorted({p.device.index or 0 for p in module.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        for device in devices:
            torch.cuda.default_generators[device].manual_seed(seed)
        for layer in module.modules():
            parameters = list(layer.parameters(recurse=False))
            reset = getattr(layer, "reset_parameters", None) or getattr(layer, "_reset_parameters", None)
            if parameters and callable(reset) and all(p.requires_grad for p in parameters):
                reset()


def _row(site: Site, said: str) -> Start:
    follows = type(site.activation).__name__ if site.activation is not None else ""
    return Start(site.name, type(site.layer).__name__, said, follows)
