"""Which of a layer's parameters is its weight, and how large a good start is."""

from ..signals import LayerFacts, ParameterFacts


def main_weight(layer: LayerFacts) -> ParameterFacts | None:
    """The layer's matrix or kernel with the most numbers; None for layers without one."""
    weights = [p for p in layer.parameters.values() if len(p.shape) > 1]
    return max(weights, key=lambda p: p.fan_in * p.shape[0]) if weights else None


def relative_spread(weight: ParameterFacts) -> float:
    """√(mean square of W · fan-in): about 1.4 for He, 1 for Glorot and LeCun, 0.58 for PyTorch's default."""
    return float((weight.std**2 + weight.mean**2) * weight.fan_in) ** 0.5
