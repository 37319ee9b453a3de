"""The registry of initialisation schemes, and what a scheme is told about a layer.

@scheme("lecun")
def lecun(site: Site) -> str:
    "Normal with standard deviation gain / √fan-in."
    return site.normal(site.gain_or(1.0) / site.fan_in**0.5)
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

import torch
from torch import Generator, Tensor, nn

from ...records import BacklightError


@dataclass(frozen=True)
class Site:
    """One layer whose weight is to be filled. A scheme fills it and says in words what it did."""

    name: str
    layer: nn.Module
    """Has a `weight` of two or more dimensions, the first of which counts the outputs."""
    activation: nn.Module | None
    """What follows, norms, dropout and pooling aside; None where another such layer or the end follows."""
    is_output: bool
    """Whether it is the last layer of the network."""
    residuals: int
    """Number of residual blocks in the network if this is the last such layer in the body of one, otherwise 0."""
    closing_norm: nn.Module | None
    """The norm behind it that ends that body, if there is one."""
    network: nn.Module
    generator: Generator
    gain: float | None
    """What the user asks for in place of the gain of the activation."""

    @property
    def weight(self) -> Tensor:
        """Of the layer."""
        weight = self.layer.weight
        assert isinstance(weight, Tensor)
        return weight

    @property
    def fan_in(self) -> int:
        """Inputs that one output sums over."""
        return max(1, self.weight[0].numel())

    @property
    def fan_out(self) -> int:
        """Outputs that one input reaches."""
        return self.weight.shape[0] * self.weight[0, 0].numel()

    def gain_or(self, suited: float) -> float:
        """The user's gain, or else the one given."""
        return suited if self.gain is None else self.gain

    def fill(self, values: Tensor) -> None:
        """Sets the weight, and the bias to zero."""
        with torch.no_grad():
            self.weight.copy_(values)
            if isinstance(self.layer.bias, Tensor) and self.layer.bias.requires_grad:
                self.layer.bias.zero_()

    def normal(self, std: float) -> str:
        """Fills with normal numbers of mean 0."""
        self.fill(torch.empty(self.weight.shape).normal_(0.0, std, generator=self.generator))
        return f"normal, std {std:.3g}"

    def uniform(self, bound: float) -> str:
        """Fills with uniform numbers within ±bound."""
        self.fill(torch.empty(self.weight.shape).uniform_(-bound, bound, generator=self.generator))
        return f"uniform within ±{bound:.3g}"


Fill = Callable[..., str]
_schemes: dict[str, Fill] = {}


def scheme(name: str) -> Callable[[Fill], Fill]:
    """Registers a function of a `Site` and up to one number as the scheme `name`."""

    def register(fill: Fill) -> Fill:
        _schemes[name] = fill
        return fill

    return register


def schemes() -> dict[str, Fill]:
    """All schemes by name, sorted."""
    package = import_module(__package__ or "")
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_schemes.items()))


WITH_OUTPUT_BIAS = "output bias"
"""Behind a scheme and a plus: the output begins with the average answer, from the training rows."""


def parts_of(text: str) -> tuple[str, tuple[str, ...]]:
    """The scheme of a text such as `he + output bias`, and what stands behind the plus.

    Raises:
        BacklightError: something else stands there.
    """
    name, *extras = (part.strip() for part in text.split("+"))
    found = tuple(extra.lower() for extra in extras)
    if wrong := [extra for extra in found if extra != WITH_OUTPUT_BIAS]:
        raise BacklightError(f"initialisation '{text}': '{wrong[0]}' cannot be added; '{WITH_OUTPUT_BIAS}' can")
    return name, found


def read_scheme(text: str) -> Callable[[Site], str]:
    """The scheme of a text such as `he` or `normal 0.05`.

    Raises:
        BacklightError: an unknown name, or a number where none belongs.
    """
    text, _ = parts_of(text)
    name, *numbers = text.lower().replace("=", " ").split() or [""]
    known = schemes()
    if name not in known:
        raise BacklightError(f"unknown initialisation '{text}'; known are {', '.join(known)}")
    takes = len(inspect.signature(known[name]).parameters) - 1
    try:
        values = [float(number) for number in numbers]
    except ValueError as error:
        raise BacklightError(f"initialisation '{text}': a number such as 'normal 0.05' is expected") from error
    if len(values) > takes or not all(abs(value) < 1e6 for value in values):
        raise BacklightError(f"initialisation '{text}': '{name}' takes {'one number' if takes else 'no number'}")
    return lambda site: known[name](site, *values)
