"""Which layer feeds which, read from the tensors of one observed step."""

from torch import Tensor

from ..records import Layer, Step


def sources(layers: tuple[Layer, ...]) -> dict[str, str]:
    """layer → the layer whose output it received as it is (or as a view of it).

    Told by the layer, or the latest earlier layer whose x(i+1) occupies the memory where this layer's x(i) begins. An
    addition or a concatenation makes new memory that belongs to no layer: there the chain ends.
    """
    found: dict[str, str] = {}
    for position, layer in enumerate(layers):
        source = _source(layer, layers[:position])
        if source is not None:
            found[layer.name] = source.name
    return found


def branches(layers: tuple[Layer, ...], source: dict[str, str]) -> set[str]:
    """Layers whose v(i+1) is not what the one layer that read x(i+1) handed down: something else read it, too."""
    by_name = {layer.name: layer for layer in layers}
    found: set[str] = set()
    for reader, name in source.items():
        arrived, handed = by_name[name].v_out, by_name[reader].v_in
        if arrived is not None and handed is not None and arrived.numel() == handed.numel():
            found |= set() if bool((arrived.flatten() == handed.flatten()).all()) else {name}
    return found


def producer(x: Tensor, layers: tuple[Layer, ...]) -> Layer | None:
    """The latest of `layers` whose output holds x."""
    address = x.data_ptr()
    for layer in reversed(layers):
        if layer.y is not None and _holds(layer.y, address):
            return layer
    return None


def chain_to(step: Step) -> list[Layer]:
    """Layers that lead to the step's output, nearest first, as far as each passes its output on as it is."""
    chain: list[Layer] = []
    if step.source is not None:
        layer = _named(step.source, step.layers)
    else:
        layer = producer(step.output, step.layers) if step.output is not None else None
    while layer is not None:
        chain.append(layer)
        layer = _source(layer, step.layers[: _position(layer, step.layers)])
    return chain


def _source(layer: Layer, before: tuple[Layer, ...]) -> Layer | None:
    if layer.source is not None:
        return _named(layer.source, before)
    return producer(layer.x, before) if layer.x is not None else None


def _named(name: str, layers: tuple[Layer, ...]) -> Layer | None:
    return next((layer for layer in reversed(layers) if name and layer.name == name), None)


def _holds(y: Tensor, address: int) -> bool:
    start = y.data_ptr()
    return start <= address < start + max(1, y.numel()) * y.element_size()


def _position(layer: Layer, layers: tuple[Layer, ...]) -> int:
    """Position by identity: comparing dataclasses would compare tensors."""
    return next(i for i, other in enumerate(layers) if other is layer)
