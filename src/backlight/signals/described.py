"""Facts of layers, as they stand when they are first observed."""

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from ..records import Layer
from .facts import LayerFacts, ParameterFacts
from .roles import role_of
from .topology import branches, sources


def describe_layers(layers: tuple[Layer, ...], settings: dict[str, dict[str, Any]]) -> tuple[LayerFacts, ...]:
    """Facts of each layer from the first observed step."""
    source = sources(layers)
    branching = branches(layers, source)
    return tuple(
        LayerFacts(
            name=layer.name,
            kind=layer.kind,
            role=role_of(layer.kind),
            settings=settings.get(layer.name, {}) | layer.settings,
            x_shape=layer.x_shape[1:] or (tuple(layer.x.shape[1:]) if layer.x is not None else ()),
            y_shape=layer.y_shape[1:] or (tuple(layer.y.shape[1:]) if layer.y is not None else ()),
            source=source.get(layer.name, ""),
            parameters={name: describe_parameter(p) for name, p in layer.parameters.items()},
            x_rows=next(iter(layer.x_shape or (() if layer.x is None else layer.x.shape)), 0),
            branches=layer.branches or layer.name in branching,
        )
        for layer in layers
    )


def with_added(known: tuple[LayerFacts, ...], seen: tuple[LayerFacts, ...]) -> tuple[LayerFacts, ...]:
    """The known layers, with new ones behind the layer that they were seen behind; what follows a new one says so."""
    sources = {layer.name: layer.source for layer in seen}
    layers, place = {layer.name: replace(layer, source=sources.get(layer.name, layer.source)) for layer in known}, 0
    order = list(layers)
    for layer in seen:
        if layer.name in layers:
            place = order.index(layer.name) + 1
        else:
            layers[layer.name] = layer
            order.insert(place, layer.name)
            place += 1
    return tuple(layers[name] for name in order)


def describe_parameter(parameter: Tensor) -> ParameterFacts:
    """Size and spread of one parameter."""
    p = parameter.detach().float()
    several = p.dim() > 0 and len(p) > 1
    return ParameterFacts(
        shape=tuple(p.shape),
        mean=float(p.mean()),
        std=float(p.std(correction=0)),
        largest=float(p.abs().max()) if p.numel() else 0.0,
        equal_units=bool(several and (p == p[:1]).all()),
    )


def settings_by_name(model: nn.Module | None) -> dict[str, dict[str, Any]]:
    """Plain attributes of each module, by its name."""
    if model is None:
        return {}
    plain = (bool, int, float, str, tuple)
    return {
        name: {
            k: v for k, v in vars(module).items() if isinstance(v, plain) and not k.startswith("_") and k != "training"
        }
        for name, module in model.named_modules()
    }
