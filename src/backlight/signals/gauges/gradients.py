"""What flows backward: v(i) by depth, and the gradients of the parameters."""

import math

import torch
from torch import Tensor

from ...records import Layer, Step
from ..numbers import numbers_of, whole_norm
from ..registry import Meaning, signal


@signal("v_norm", needs=("v_out",), meaning=Meaning("norm of the gradient v(i+1) that reaches the layer"))
def v_norm(layer: Layer) -> float | None:
    """How strong is the gradient that reaches the layer? Norm of v(i+1) = ∂L/∂x(i+1) over the batch."""
    v = layer.v_out
    if v is None:
        return None
    return numbers_of(layer).v_norm * ((math.prod(layer.v_shape) / v.numel()) ** 0.5 if layer.v_shape else 1.0)


@signal("v_rms", needs=("v_out",), meaning=Meaning("size of the gradient v(i+1) for one number of one row"))
def v_rms(layer: Layer) -> float | None:
    """How strong is it for one number of one row? Root mean square of v(i+1), times the rows of the batch."""
    v = layer.v_out
    if v is None or v.dim() == 0:
        return None
    rows = layer.v_shape[0] if layer.v_shape else len(v)
    return numbers_of(layer).v_norm * (rows / v.numel() ** 0.5)


@signal("gradient_norm", needs=("gradients",), meaning=Meaning("norm of the parameter gradient ∂L/∂θ(i)"))
def gradient_norm(layer: Layer) -> float | None:
    """How strong is the gradient of the layer's own parameters? Norm of ∂L/∂θ(i)."""
    return whole_norm(numbers_of(layer).gradients.values()) if layer.gradients else None


@signal(
    "gradient_share",
    needs=("gradients", "parameters"),
    meaning=Meaning(
        "parameter gradient beside its weight, by depth",
        unit="× that of the last hidden layer",
        low=1e-3,
        high=1e3,
        ends=(1e-6, 1e6),
        source="A thousandth at the first layers: it vanishes; a thousandfold: it explodes (Glorot & Bengio 2010; "
        "Pascanu et al. 2013).",
        beside_depth=True,
    ),
)
def gradient_share(layer: Layer) -> float | None:
    """How strong is it beside the weight itself? ‖∂L/∂W‖ / ‖W‖ for the layer's largest parameter; nan where W is 0."""
    if not layer.gradients:
        return None
    name = max(layer.gradients, key=lambda key: layer.gradients[key].numel())
    numbers = numbers_of(layer)
    scale = numbers.parameters[name]
    return numbers.gradients[name] / scale if scale > 0 else math.nan


@signal(
    "gradient_noise",
    needs=("x", "v_out", "gradients"),
    meaning=Meaning(
        "noise of the weight's gradient",
        unit="standard error over the rows of the batch, × its norm",
        ends=(0.01, 10),
    ),
)
def gradient_noise(layer: Layer) -> Tensor | None:
    """How much of the gradient is chance? Standard error of ∂L/∂W over the batch's rows, beside its norm.

    Above 1 the batch tells little more than chance, and a larger one, or more steps, average it (McCandlish et al.
    2018, arXiv:1812.06162). Of a fully connected layer: each row's part is v xᵀ, of norm |v| |x|, so that the variance
    of the sum over n rows is n/(n−1) (Σ |v|² |x|² − |G|²/n).
    """
    x, v, gradient = layer.x, layer.v_out, layer.gradients.get("weight")
    if layer.kind != "Linear" or x is None or v is None or gradient is None or x.dim() != 2 or v.dim() != 2:
        return None
    if x.is_complex() or layer.passes != 1:
        return None
    n, read = len(x), len(v)
    size = numbers_of(layer).gradients["weight"]
    if read < 2 or n % read or not 0 < size < math.inf:
        return None
    parts = torch.linalg.vector_norm(x[:: n // read].float(), dim=1) * torch.linalg.vector_norm(v.float(), dim=1)
    whole = torch.linalg.vector_norm(parts / size).square() * (n / read)  # divided first: squares leave float32
    return ((whole - 1 / n).clamp_min(0) * (n / (n - 1))).sqrt()


@signal("total_gradient_norm", scope="step", meaning=Meaning("norm of the whole gradient"))
def total_gradient_norm(step: Step) -> float | None:
    """How strong is the whole gradient? Norm over all parameters."""
    norms = [norm for layer in step.layers if layer.gradients for norm in numbers_of(layer).gradients.values()]
    return whole_norm(norms) if norms else None


@signal(
    "non_finite",
    needs=("y",),
    meaning=Meaning("output x(i+1) not finite", scale="flag", high=0, source="One such number spoils all that follow."),
)
def non_finite(layer: Layer) -> float | None:
    """Is anything infinite or not a number here? 1 if so in x(i+1), else 0."""
    if layer.y is None or not layer.y.is_floating_point():
        return None
    return float(not math.isfinite(numbers_of(layer).y_mean))


@signal(
    "non_finite_gradient",
    needs=("gradients",),
    meaning=Meaning(
        "parameter gradient not finite", scale="flag", high=0, source="One such number spoils the parameters."
    ),
)
def non_finite_gradient(layer: Layer) -> float | None:
    """Is anything in the layer's gradient infinite or not a number? 1 if so, else 0."""
    if not layer.gradients:
        return None
    norms = numbers_of(layer).gradients
    doubtful = [g for name, g in layer.gradients.items() if not math.isfinite(norms[name])]  # its square may be
    return float(not all(bool(torch.isfinite(g).all()) for g in doubtful))
