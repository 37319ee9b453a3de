"""Words for activations: one function applied to every value."""

from collections.abc import Callable

from torch import nn

from ..vocabulary import Factor, Here, word


@word("leaky relu")
def leaky_relu(here: Here, slope: Factor = 0.01) -> nn.Module:
    """x where positive, otherwise slope · x: keeps a gradient where relu has none."""
    return nn.LeakyReLU(slope)


@word("elu")
def elu(here: Here, alpha: Factor = 1.0) -> nn.Module:
    """x where positive, otherwise alpha · (exp(x) − 1)."""
    return nn.ELU(alpha)


@word("softplus")
def softplus(here: Here, beta: Factor = 1.0) -> nn.Module:
    """log(1 + exp(beta · x)) / beta, a smooth relu."""
    return nn.Softplus(beta)


@word("prelu")
def prelu(here: Here) -> nn.Module:
    """Leaky relu whose slope is learned, one for each channel or unit; starts at 0.25."""
    return nn.PReLU(here.shape[0])


def _activation(name: str, layer: Callable[[], nn.Module], meaning: str, *aliases: str) -> None:
    def make(here: Here) -> nn.Module:
        return layer()

    make.__doc__ = meaning
    word(name, *aliases)(make)


_activation("relu", nn.ReLU, "max(x, 0).")
_activation("relu6", nn.ReLU6, "min(max(x, 0), 6).")
_activation("gelu", nn.GELU, "x · Φ(x), with the normal distribution function Φ.")
_activation("silu", nn.SiLU, "x · sigmoid(x).", "swish")
_activation("mish", nn.Mish, "x · tanh(softplus(x)).")
_activation("hard swish", nn.Hardswish, "x · min(max(x + 3, 0), 6) / 6, a cheap silu.")
_activation("selu", nn.SELU, "Scaled elu that keeps mean 0 and variance 1 (with `--init lecun` or auto).")
_activation("celu", nn.CELU, "elu with a continuous derivative.")
_activation("tanh", nn.Tanh, "Hyperbolic tangent, within ±1.")
_activation("sigmoid", nn.Sigmoid, "1 / (1 + exp(−x)), within 0 and 1.", "logistic")
_activation("hard sigmoid", nn.Hardsigmoid, "min(max(x + 3, 0), 6) / 6.")
_activation("hard tanh", nn.Hardtanh, "x cut off at ±1.")
_activation("softsign", nn.Softsign, "x / (1 + |x|).")
_activation("log sigmoid", nn.LogSigmoid, "log(sigmoid(x)).")
_activation("identity", nn.Identity, "x itself.")
