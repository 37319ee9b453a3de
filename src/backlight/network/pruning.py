"""Take out units that say nothing or nothing new, or let them begin anew; the function stays what it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .units import CONVOLUTIONS, NORMS, Chain, UnitSurvey, chains


@torch.no_grad()
def prune_(module: nn.Module, surveys: Sequence[UnitSurvey]) -> int:
    """Remove dead units and merge equal ones, in place; the number of units that are gone.

    What a redundant unit gave to the next layer is added to the unit that stands for it, times its factor. One unit
    of a layer always stays.
    """
    gone = 0
    for chain, found in _pairs(module, surveys):
        _merge(chain, found)
        removed = {*found.dead, *found.redundant}
        kept = [unit for unit in range(chain.units) if unit not in removed] or [0]
        gone += chain.units - len(kept)
        _keep(chain, torch.tensor(kept, device=chain.producer.weight.device))
    return gone


@torch.no_grad()
def revive_(module: nn.Module, surveys: Sequence[UnitSurvey], *, seed: int = 0) -> int:
    """Let dead and redundant units begin anew, in place; their number.

    Weights towards them are drawn as He et al. 2015 (arXiv:1502.01852) draw them, weights from them are zero: the
    function stays the same, and the gradient reaches them from the first step on.
    """
    generator = torch.Generator().manual_seed(seed)
    revived = 0
    for chain, found in _pairs(module, surveys):
        _merge(chain, found)
        units = sorted({*found.dead, *found.redundant})
        weight, bias = _weight_and_bias(chain.producer)
        for unit in units:
            spread = (2 / weight[unit].numel()) ** 0.5
            weight[unit] = torch.randn(weight[unit].shape, generator=generator).to(weight) * spread
            _of_unit(chain, unit).zero_()
        if bias is not None:
            bias[units] = 0
        for norm in (layer for layer in chain.between if isinstance(layer, NORMS)):
            _reset(norm, units)
        revived += len(units)
    return revived


def _pairs(module: nn.Module, surveys: Sequence[UnitSurvey]) -> list[tuple[Chain, UnitSurvey]]:
    by_name = {chain.name: chain for chain in chains(module)}
    return [(by_name[found.layer], found) for found in surveys if found.dead or found.factors]


def _merge(chain: Chain, found: UnitSurvey) -> None:
    """wᵢ ← wᵢ + s wⱼ in the next layer, for every unit j = s · i."""
    for group in found.groups:
        for unit in group[1:]:
            _of_unit(chain, group[0]).add_(_of_unit(chain, unit), alpha=found.factors[unit])


def _of_unit(chain: Chain, unit: int) -> Tensor:
    """The consumer's weights from one unit: a view."""
    weight: Tensor = chain.consumer.weight.data
    if isinstance(chain.consumer, CONVOLUTIONS):
        return weight[:, unit]
    places = weight.shape[1] // chain.units
    return weight[:, unit * places : (unit + 1) * places]


def _keep(chain: Chain, kept: Tensor) -> None:
    """Only these units, in the producer, the norms between, and the consumer."""
    units, places = chain.units, 1
    if isinstance(chain.consumer, nn.Linear):
        places = chain.consumer.in_features // units
    inputs = (kept[:, None] * places + torch.arange(places, device=kept.device)).flatten()
    _shrink(chain.producer, kept, 0)
    for layer in chain.between:
        if isinstance(layer, NORMS):
            _shrink_norm(layer, kept)
    _shrink(chain.consumer, inputs, 1)


def _shrink(layer: Any, kept: Tensor, axis: int) -> None:
    weight, bias = _weight_and_bias(layer)
    layer.weight = _like(layer.weight, weight.index_select(axis, kept))
    if axis == 0 and bias is not None:
        layer.bias = _like(layer.bias, bias.index_select(0, kept))
    names = ("out", "in")
    setattr(layer, f"{names[axis]}_{'features' if isinstance(layer, nn.Linear) else 'channels'}", len(kept))


def _shrink_norm(norm: Any, kept: Tensor) -> None:
    for name, parameter in list(norm.named_parameters(recurse=False)):
        setattr(norm, name, _like(parameter, parameter.data.index_select(0, kept)))
    for name in ("running_mean", "running_var"):
        if getattr(norm, name) is not None:
            setattr(norm, name, getattr(norm, name).index_select(0, kept))
    norm.num_features = len(kept)


def _reset(norm: Any, units: list[int]) -> None:
    """Mean 0 and variance 1 for units that begin anew."""
    for name, value in (("running_mean", 0.0), ("running_var", 1.0), ("weight", 1.0), ("bias", 0.0)):
        values = getattr(norm, name)
        if values is not None:
            values.data[units] = value


def _weight_and_bias(layer: Any) -> tuple[Tensor, Tensor | None]:
    bias = layer.bias
    return layer.weight.data, None if bias is None else bias.data


def _like(parameter: nn.Parameter, values: Tensor) -> nn.Parameter:
    return nn.Parameter(values.clone(), requires_grad=parameter.requires_grad)
