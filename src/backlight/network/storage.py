"""network.json: a module as a tree of layer names and constructor settings, rebuilt without data and without pickle.

    {"format": 1, "network": {"kind": "Sequential", "layers": {"linear1": {"kind": "Linear", "in_features": 8, …}, …}}}

A setting is an argument of the layer's constructor, read from the attribute of the same name.
"""

import inspect
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ..records import BacklightError
from . import layers as own

FORMAT = 1
NOT_KEPT = ("device", "dtype", "inplace", "min_value", "max_value")
"""Arguments that change no output, and former names of Hardtanh's bounds, which it takes but does not keep."""

Json = dict[str, Any]


def to_json(module: nn.Module) -> Json:
    """The layers and their settings, without the parameters' values.

    Raises:
        BacklightError: a layer that is neither PyTorch's nor Backlight's, or whose settings cannot be read back.
    """
    _check_sharing(module)
    network = {"format": FORMAT, "network": _layer_to_json(module, "")}
    try:
        with torch.device("meta"):
            again = from_json(network)
    except BacklightError as error:
        raise BacklightError(_cannot_hold(type(module), "")) from error
    if _parameter_shapes(again) != _parameter_shapes(module):
        raise BacklightError(_cannot_hold(type(module), ""))
    return network


def from_json(network: Json) -> Any:
    """The module of `to_json`, its parameters drawn by PyTorch's default; load the stored ones over them.

    The global random state is left as it is.

    Raises:
        BacklightError: another format, or something that is not a layer of PyTorch or Backlight.
    """
    if not isinstance(network, dict) or network.get("format") != FORMAT:
        raise BacklightError(f"network.json is not of format {FORMAT}; it was written by another version, or damaged")
    with torch.random.fork_rng(devices=[]):
        return _layer_from_json(network.get("network"), "")


def settings(layer: nn.Module) -> dict[str, Any]:
    """Arguments of the layer's constructor with their values; those that hold modules are left out.

    Raises:
        AttributeError: an argument that the layer does not keep as an attribute.
    """
    found = {}
    for name in _arguments(type(layer)):
        value = getattr(layer, name)
        if name == "bias" and not isinstance(value, bool):
            value = value is not None
        if not isinstance(value, nn.Module):
            found[name] = value
    return found


def _layer_to_json(layer: nn.Module, name: str) -> Json:
    kind = type(layer)
    if _known(kind.__name__) is not kind:
        raise BacklightError(_cannot_hold(kind, name))
    json: Json = {"kind": kind.__name__}
    try:
        json |= {key: _plain(value) for key, value in settings(layer).items()}
    except (AttributeError, TypeError) as error:
        raise BacklightError(_cannot_hold(kind, name)) from error
    children = {child: _layer_to_json(part, f"{name}.{child}".strip(".")) for child, part in layer.named_children()}
    if children:
        json["layers"] = children
    frozen = [key for key, p in layer.named_parameters(recurse=False) if not p.requires_grad]
    return json | {"frozen": frozen} if frozen else json


def _layer_from_json(json: Any, name: str) -> nn.Module:
    try:
        given = dict(json)
        kind = _known(given.pop("kind"))
        children = {c: _layer_from_json(part, f"{name}.{c}".strip(".")) for c, part in given.pop("layers", {}).items()}
        frozen = given.pop("frozen", [])
        if kind is None:
            raise BacklightError(f"network.json names '{json['kind']}' at '{name}', which is no layer of this version")
        layer = kind(OrderedDict(children)) if kind is nn.Sequential else kind(**_tuples(given), **children)
        for parameter in frozen:
            layer.get_parameter(parameter).requires_grad_(False)
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise BacklightError(f"network.json is damaged at layer '{name}': {error}") from error
    return layer


def _known(kind: str) -> type[nn.Module] | None:
    """The layer class of that name, Backlight's own or PyTorch's; nothing else is ever made from a file."""
    found = getattr(own, kind, None) or getattr(nn, kind, None)
    if isinstance(found, type) and issubclass(found, nn.Module) and found is not nn.Module:
        return found
    return None


def _arguments(kind: type[nn.Module]) -> Iterator[str]:
    for name, parameter in inspect.signature(kind).parameters.items():
        variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if not variadic and name not in NOT_KEPT and not name.startswith("_"):
            yield name


def _plain(value: Any) -> Any:
    """The value in what JSON has."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    raise TypeError(f"{type(value).__name__} is no plain value")


def _tuples(value: Any) -> Any:
    """Lists as the tuples that they were."""
    if isinstance(value, dict):
        return {key: _tuples(part) for key, part in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _check_sharing(module: nn.Module) -> None:
    """A file would untie layers or parameters that stand in two places."""
    seen: dict[int, str] = {}
    for name, part in [*module.named_modules(remove_duplicate=False), *module.named_parameters(remove_duplicate=False)]:
        if id(part) in seen:
            raise BacklightError(
                f"network.json cannot hold '{name}', which is the same object as '{seen[id(part)]}'; "
                "pass the module itself when the run is loaded"
            )
        seen[id(part)] = name


def _parameter_shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in module.state_dict().items() if isinstance(value, Tensor)}


def _cannot_hold(kind: type[nn.Module], name: str) -> str:
    where = f" at '{name}'" if name else ""
    return (
        f"network.json cannot hold {kind.__name__}{where}, which is not a plain layer of PyTorch or Backlight; "
        "pass the module itself when the run is loaded"
    )
