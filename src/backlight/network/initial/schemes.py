"""The schemes. Biases start at zero in all of them but `torch`, which leaves a layer as PyTorch starts it."""

import math

import torch
from torch import nn

from .gains import gain, saturates
from .scheme import Site, scheme

OUTPUT_GAIN = 0.1
"""Of the output layer in `auto`: first predictions near zero (the mean, or even odds), so that the first steps do not
unlearn random guesses; not zero itself, so that gradients reach every layer from the first step."""


@scheme("auto")
def auto(site: Site) -> str:
    """Suited to what follows: he before relu and its kin, lecun before selu, glorot before tanh and sigmoid.

    The output layer starts small (gain 0.1), and the last layer of each of R residual blocks is divided by √R, so that
    the sum keeps its scale at any depth (Radford et al. 2019, GPT-2).
    """
    if site.is_output:
        return site.normal(site.gain_or(OUTPUT_GAIN) / math.sqrt(site.fan_in))
    said = glorot(site) if saturates(site.activation) else he(site)
    if site.residuals < 2:
        return said
    norm = site.closing_norm
    if norm is not None and isinstance(norm.weight, nn.Parameter):
        nn.init.constant_(norm.weight, site.residuals**-0.5)
        return f"{said}; the norm behind it starts at 1/√{site.residuals} for the residual sum"
    site.fill(site.weight / math.sqrt(site.residuals))
    return f"{said}, divided by √{site.residuals} for the residual sum"


@scheme("he")
def he(site: Site) -> str:
    """Normal with standard deviation gain / √fan-in (He et al. 2015); the gain is √2 for relu, 1 for none or selu."""
    return site.normal(site.gain_or(gain(site.activation)) / math.sqrt(site.fan_in))


@scheme("lecun")
def lecun(site: Site) -> str:
    """Normal with standard deviation 1 / √fan-in (LeCun et al. 1998), as selu needs it."""
    return site.normal(site.gain_or(1.0) / math.sqrt(site.fan_in))


@scheme("glorot")
def glorot(site: Site) -> str:
    """Uniform within ± gain · √(6 / (fan-in + fan-out)) (Glorot and Bengio 2010); gain 5/3 for tanh, otherwise 1."""
    suited = gain(site.activation) if saturates(site.activation) else 1.0
    return site.uniform(site.gain_or(suited) * math.sqrt(6 / (site.fan_in + site.fan_out)))


@scheme("orthogonal")
def orthogonal(site: Site) -> str:
    """Rows or columns at right angles, times the gain of the activation (Saxe et al. 2014)."""
    scale = site.gain_or(gain(site.activation))
    site.fill(nn.init.orthogonal_(torch.empty(site.weight.shape), scale, generator=site.generator))
    return f"orthogonal, gain {scale:.3g}"


@scheme("normal")
def normal(site: Site, std: float = 0.1) -> str:
    """Normal with one standard deviation for all layers: 0.1, or as told (`normal 0.05`)."""
    return site.normal(abs(std))


@scheme("uniform")
def uniform(site: Site, bound: float = 0.1) -> str:
    """Uniform within one bound for all layers: ±0.1, or as told (`uniform 0.05`)."""
    return site.uniform(abs(bound))


@scheme("constant")
def constant(site: Site, value: float = 0.1) -> str:
    """One value for all weights: 0.1, or as told. All units of a layer then stay alike; for demonstration."""
    site.fill(torch.full(site.weight.shape, value))
    return f"constant {value:g}"


@scheme("zeros")
def zeros(site: Site) -> str:
    """All weights zero. Hidden layers then receive no gradient; for demonstration."""
    site.fill(torch.zeros(site.weight.shape))
    return "zeros"


@scheme("torch")
def torch_default(site: Site) -> str:
    """PyTorch's own: weights and biases uniform within ±1 / √fan-in."""
    return f"PyTorch's default, uniform within ±{1 / math.sqrt(site.fan_in):.3g}"
