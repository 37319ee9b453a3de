"""Which layer feeds which, read from the tensors of one observed step."""

from torch import Tensor

from ..records import Layer


def sources(layers: tuple[Layer, ...]) -> dict[str, str]:
    """layer → the layer whose output it received as it is (or as a view of it).

    The latest earlier layer whose x(i+1) occupies the memory where this layer's x(i) begins. An addition or a
    concatenation makes new memory that belongs to no layer: there the chain ends.
    """
    found: dict[str, str] = {}
    for position, layer in enumerate(layers):
        source = producer(layer.x, layers[:position]) if layer.x is not None else None
        if source is not None:
            found[layer.name] = source.name
    return found


def producer(x: Tensor, layers: tuple[Layer, ...]) -> Layer | None:
    """The latest of `layers` whose output holds x."""
    address = x.data_ptr()
    for layer in reversed(layers):
        if layer.y is not None and _holds(layer.y, address):
            return layer
    return None


def chain_to(x: Tensor, layers: tuple[Layer, ...]) -> list[Layer]:
    """Layers that lead to x, nearest first, as far as each passes its output on as it is."""
    chain: list[Layer] = []
    layer = producer(x, layers)
    while layer is not None:
        chain.append(layer)
        before = layers[: _position(layer, layers)]
        layer = producer(layer.x, before) if layer.x is not None else None
    return chain


def _holds(y: Tensor, address: int) -> bool:
    start = y.data_ptr()
    return start <= address < start + max(1, y.numel()) * y.element_size()


def _position(layer: Layer, layers: tuple[Layer, ...]) -> int:
    """Position by identity: comparing dataclasses would compare tensors."""
    return next(i for i, other in enumerate(layers) if other is layer)
