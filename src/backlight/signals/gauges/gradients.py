"""What flows backward: v(i) by depth, and the gradients of the parameters."""

import math

import torch
from torch import Tensor

from ...records import Layer, Step
from ..registry import Meaning, signal


@signal("v_norm", needs=("v_out",), meaning=Meaning("norm of the gradient v(i+1) that reaches the layer"))
def v_norm(layer: Layer) -> Tensor | None:
    """How strong is the gradient that reaches the layer? Norm of v(i+1) = ∂L/∂x(i+1) over the batch."""
    v = layer.v_out
    if v is None:
        return None
    size = torch.linalg.vector_norm(v)
    return size * (math.prod(layer.v_shape) / v.numel()) ** 0.5 if layer.v_shape else size


@signal("v_rms", needs=("v_out",), meaning=Meaning("size of the gradient v(i+1) for one number of one row"))
def v_rms(layer: Layer) -> Tensor | None:
    """How strong is it for one number of one row? Root mean square of v(i+1), times the rows of the batch."""
    v = layer.v_out
    if v is None or v.dim() == 0:
        return None
    rows = layer.v_shape[0] if layer.v_shape else len(v)
    return torch.linalg.vector_norm(v) * (rows / v.numel() ** 0.5)


@signal("gradient_norm", needs=("gradients",), meaning=Meaning("norm of the parameter gradient ∂L/∂θ(i)"))
def gradient_norm(layer: Layer) -> Tensor | None:
    """How strong is the gradient of the layer's own parameters? Norm of ∂L/∂θ(i)."""
    norms = [torch.linalg.vector_norm(g) for g in layer.gradients.values()]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else None


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
def gradient_share(layer: Layer) -> Tensor | None:
    """How strong is it beside the weight itself? ‖∂L/∂W‖ / ‖W‖ for the layer's largest parameter; nan where W is 0."""
    if not layer.gradients:
        return None
    name = max(layer.gradients, key=lambda key: layer.gradients[key].numel())
    scale = torch.linalg.vector_norm(layer.parameters[name])
    return torch.linalg.vector_norm(layer.gradients[name]) / torch.where(scale > 0, scale, torch.nan)


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
    if read < 2 or n % read:
        return None
    parts = x[:: n // read].float().square().sum(1) * v.float().square().sum(1)
    size = gradient.float().square().sum()
    variance = (parts.sum() * (n / read) - size / n).clamp_min(0) * (n / (n - 1))
    return (variance / torch.where(size > 0, size, torch.nan)).sqrt()


@signal("total_gradient_norm", scope="step", meaning=Meaning("norm of the whole gradient"))
def total_gradient_norm(step: Step) -> Tensor | None:
    """How strong is the whole gradient? Norm over all parameters."""
    norms = [torch.linalg.vector_norm(g) for layer in step.layers for g in layer.gradients.values()]
    return torch.linalg.vector_norm(torch.stack(norms)) if norms else None


@signal(
    "non_finite",
    needs=("y",),
    meaning=Meaning("output x(i+1) not finite", scale="flag", high=0, source="One such number spoils all that follow."),
)
def non_finite(layer: Layer) -> Tensor | None:
    """Is anything infinite or not a number here? 1 if so in x(i+1), else 0."""
    if layer.y is None or not layer.y.is_floating_point():
        return None
    return 1.0 - torch.isfinite(layer.y.sum()).float()


@signal(
    "non_finite_gradient",
    needs=("gradients",),
    meaning=Meaning(
        "parameter gradient not finite", scale="flag", high=0, source="One such number spoils the parameters."
    ),
)
def non_finite_gradient(layer: Layer) -> Tensor | None:
    """Is anything in the layer's gradient infinite or not a number? 1 if so, else 0."""
    if not layer.gradients:
        return None
    return 1.0 - torch.isfinite(torch.stack([g.sum() for g in layer.gradients.values()])).all().float()
