"""Units over all of the data: which are zero for every row, and which say the same as another up to scale.

A unit is one output of a fully connected layer or one channel of a convolution, seen where the next such layer reads
it: behind its activation, norm, pooling and flattening. Two units whose values there are equal up to a factor can be
read as one, whatever lies between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
UNIT_BY_UNIT = (
    *(nn.ReLU, nn.LeakyReLU, nn.ReLU6, nn.ELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid, nn.Softplus),
    *(nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d),
)
"""Layers without parameters that hand each unit on by itself."""

SAME = 1e-5
"""Two units are the same when what one leaves of the other, ‖hⱼ − s hᵢ‖/‖hⱼ‖ with the best factor s, is below this: the
rounding of float32 sums over a few hundred inputs."""


@dataclass(frozen=True)
class Chain:
    """A layer of units and the layer that reads them, with what lies between."""

    name: str
    """Path of the layer of units."""
    producer: Any
    """Fully connected, or a convolution."""
    between: tuple[nn.Module, ...]
    consumer: Any

    @property
    def units(self) -> int:
        """Outputs or channels of the producer."""
        return int(self.producer.weight.shape[0])


@dataclass(frozen=True)
class UnitSurvey:
    """What the units of one layer did over all rows."""

    layer: str
    units: int
    rows: int
    dead: tuple[int, ...]
    """Zero for every row (and place)."""
    groups: tuple[tuple[int, ...], ...]
    """Units that are equal up to scale; the first of each stands for the others."""
    factors: dict[int, float]
    """Unit of a group, but the first → its value as a multiple of the first's."""

    @property
    def redundant(self) -> tuple[int, ...]:
        """The units that others stand for."""
        return tuple(sorted(self.factors))

    @property
    def distinct(self) -> int:
        """How many different units there are."""
        return self.units - len(self.dead) - len(self.factors)


def chains(module: nn.Module) -> list[Chain]:
    """The layers of units that can be surveyed: within one `nn.Sequential`, read by one layer only.

    The outputs of a block with a shortcut are left alone: their places are given by what they are added to.
    """
    counts = Counter(id(child) for parent in module.modules() for child in parent._modules.values())
    owners = Counter(id(p) for layer in module.modules() for p in layer.parameters(recurse=False))
    found = []
    for name, part in module.named_modules():
        if type(part) is nn.Sequential and not _inside_sequential(module, name):
            found += list(_chains_of([(path, m) for path, m in _flat(name, part)]))
    once = [c for c in found if all(counts[id(m)] == 1 for m in (c.producer, *c.between, c.consumer))]
    return [c for c in once if all(owners[id(p)] == 1 for m in (c.producer, c.consumer) for p in m.parameters())]


def survey(module: nn.Module, batches: Iterable[Tensor]) -> list[UnitSurvey]:
    """Look at the units of every chain over all batches x (n, …), in eval mode; the module's mode is restored.

    Memory is that of one units × units matrix a layer, however many rows there are.
    """
    counts = [_Counts(chain) for chain in chains(module)]
    hooks = [c.chain.consumer.register_forward_pre_hook(c.read) for c in counts]
    training = module.training
    try:
        module.eval()
        with torch.no_grad():
            for x in batches:
                module(x)
    finally:
        module.train(training)
        for hook in hooks:
            hook.remove()
    return [c.survey() for c in counts if c.rows]


class _Counts:
    """Sums over all rows of one chain: Σ h hᵀ, and which units ever spoke."""

    def __init__(self, chain: Chain) -> None:
        self.chain, self.rows = chain, 0
        self.products = torch.zeros(chain.units, chain.units, dtype=torch.float64)
        self.spoke = torch.zeros(chain.units, dtype=torch.bool)

    def read(self, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        h = by_unit(inputs[0], self.chain)
        self.rows += len(inputs[0])
        self.spoke |= (h != 0).any(0).cpu()
        wide = h.double()
        self.products += (wide.T @ wide).cpu()

    def survey(self) -> UnitSurvey:
        dead = tuple(torch.nonzero(~self.spoke).flatten().tolist())
        groups, factors = _groups(self.products)
        return UnitSurvey(self.chain.name, self.chain.units, self.rows, dead, groups, factors)


def by_unit(x: Tensor, chain: Chain) -> Tensor:
    """What the consumer reads, x (n, …) → (rows × places, units)."""
    if isinstance(chain.consumer, CONVOLUTIONS):
        return x.movedim(1, -1).flatten(0, -2)
    if isinstance(chain.producer, CONVOLUTIONS):
        return x.unflatten(1, (chain.units, -1)).movedim(1, -1).flatten(0, -2)
    return x.flatten(0, -2)


def _groups(products: Tensor) -> tuple[tuple[tuple[int, ...], ...], dict[int, float]]:
    """Units whose best multiple of another leaves nothing: ‖hⱼ − s hᵢ‖² = Gⱼⱼ − Gᵢⱼ²/Gᵢᵢ, s = Gᵢⱼ/Gᵢᵢ."""
    size = products.diagonal()
    groups: list[list[int]] = []
    factors: dict[int, float] = {}
    for j in torch.nonzero(size > 0).flatten().tolist():
        for group in groups:
            i = group[0]
            factor = float(products[i, j] / size[i])
            if float(size[j] - products[i, j] * factor) <= SAME**2 * float(size[j]):
                group.append(j)
                factors[j] = factor
                break
        else:
            groups.append([j])
    return tuple(tuple(group) for group in groups if len(group) > 1), factors


def _chains_of(layers: list[tuple[str, nn.Module]]) -> Iterator[Chain]:
    start: tuple[str, nn.Module] | None = None
    between: list[nn.Module] = []
    for name, layer in layers:
        if _has_units(layer):
            if start is not None and _fits(start[1], between, layer):
                yield Chain(start[0], start[1], tuple(between), layer)
            start, between = (name, layer), []
        elif isinstance(layer, (*UNIT_BY_UNIT, *NORMS)) or _flattens(layer):
            between.append(layer)
        else:
            start = None


def _has_units(layer: Any) -> bool:
    if type(layer) is nn.Linear:
        return True
    return type(layer) in CONVOLUTIONS and (layer.groups, layer.padding_mode) == (1, "zeros")


def _flattens(layer: Any) -> bool:
    return type(layer) is nn.Flatten and (layer.start_dim, layer.end_dim) == (1, -1)


def _fits(producer: Any, between: list[nn.Module], consumer: Any) -> bool:
    """Whether the consumer's inputs are the producer's units, one after the other."""
    units, inputs = int(producer.weight.shape[0]), int(consumer.weight.shape[1])
    flattened = any(_flattens(layer) for layer in between)
    if isinstance(producer, CONVOLUTIONS) and isinstance(consumer, nn.Linear):
        norms_in_front = all(not isinstance(later, NORMS) for later in _behind_flatten(between))
        return flattened and inputs % units == 0 and norms_in_front
    return units == inputs and type(producer) is type(consumer)


def _behind_flatten(between: list[nn.Module]) -> list[nn.Module]:
    place = next((i for i, layer in enumerate(between) if _flattens(layer)), len(between))
    return between[place + 1 :]


def _flat(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for key, child in module.named_children():
        path = f"{name}.{key}" if name else key
        if type(child) is nn.Sequential:
            yield from _flat(path, child)
        else:
            yield path, child


def _inside_sequential(module: nn.Module, name: str) -> bool:
    parent, _, last = name.rpartition(".")
    return bool(last) and type(module.get_submodule(parent)) is nn.Sequential
