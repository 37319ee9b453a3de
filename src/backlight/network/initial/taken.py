"""Parameters of another network as the start of this one: what fits is taken, layer by layer, and the rest is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ...records import BacklightError
from .sites import weighted

_PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "member1.")
"""What wrappers put before the names of parameters: DataParallel, torch.compile, Lightning, an ensemble."""


@dataclass(frozen=True)
class Taken:
    """What became of one layer.

    Attributes
    ----------
    what:
        taken; replaced: the last layer, which has another number of outputs there; other shape; missing there.
    detail:
        In words, such as "10 outputs there, 3 here".
    """

    layer: str
    what: Literal["taken", "replaced", "other shape", "missing"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.layer}: {self.what}{f' ({self.detail})' if self.detail else ''}"


def take_parameters(module: nn.Module, tensors: Mapping[str, Tensor], *, source: str) -> list[Taken]:
    """Take every layer whose parameters and buffers fit by name and shape; the others keep their own start.

    A layer is taken whole or not at all. In place.

    Raises:
        BacklightError: nothing fits.

    """
    there = _without_prefix(tensors, module.state_dict())
    found = weighted(module)
    head = found[-1][0] if found else ""
    taken = [_take(name, layer, there, is_head=name == head) for name, layer in _layers(module)]
    if not any(one.what == "taken" for one in taken):
        first = next(iter(taken), None)
        raise BacklightError(
            f"Nothing in {source} fits this network: no layer has its name and shape there"
            f"{f' ({first})' if first else ''}; name the run of a network described alike, or leave init_from out."
        )
    return taken


def summary(taken: Iterable[Taken], source: str) -> str:
    """One paragraph: what was taken, and every layer that was not."""
    taken = list(taken)
    fits = [one for one in taken if one.what == "taken"]
    rest = "; ".join(str(one) for one in taken if one.what != "taken")
    names = ", ".join(one.layer for one in fits)
    return f"Started from {source}: {len(fits)} of {len(taken)} layers taken ({names}){f'; {rest}' if rest else ''}."


def _layers(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Modules with parameters or buffers of their own."""
    return [(name, layer) for name, layer in module.named_modules() if _own(layer)]


def _own(layer: nn.Module) -> dict[str, Tensor]:
    state = layer.state_dict()
    return {name: tensor for name, tensor in state.items() if "." not in name}


def _take(name: str, layer: nn.Module, there: Mapping[str, Tensor], *, is_head: bool) -> Taken:
    mine, before = _own(layer), f"{name}." if name else ""
    missing = [key for key in mine if before + key not in there]
    shown = name or type(layer).__name__
    if missing:
        return Taken(shown, "missing", "" if len(missing) == len(mine) else f"no {missing[0]} there")
    for key, tensor in mine.items():
        other = there[before + key]
        if other.shape != tensor.shape:
            if is_head and other.shape[1:] == tensor.shape[1:]:
                return Taken(shown, "replaced", f"{len(other)} outputs there, {len(tensor)} here")
            return Taken(shown, "other shape", f"{key} {_shape(other)} there, {_shape(tensor)} here")
    with torch.no_grad():
        for key, tensor in mine.items():
            tensor.copy_(there[before + key])
    return Taken(shown, "taken")


def _without_prefix(tensors: Mapping[str, Tensor], mine: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """The tensors under the names that fit most of this network's."""
    candidates: list[Mapping[str, Tensor]] = [tensors]
    for prefix in _PREFIXES:
        cut = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        candidates.append(cut)
    return max(candidates, key=lambda names: len(names.keys() & mine.keys()))


def _shape(tensor: Tensor) -> str:
    return "×".join(map(str, tensor.shape)) or "number"
