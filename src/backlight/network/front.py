"""The layers that a table enters through: columns of one kind go through one branch."""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from torch import nn

from ..records import BacklightError, Feature, TableInputs
from .layers import Concat, Embeddings, OneHot, Select, SplineTables

ONE_HOT_CODES = 12
"""Discrete columns of at most this number of codes become one-hot values. RealMLP (Holzmüller et al. 2024) draws the
line at 8 categories; a few more keep columns such as months readable and cost nothing."""


def embedding_width(size: int) -> int:
    """Length of the vector of a discrete column with `size` codes: 8 as in RealMLP, 16 above 200 codes.

    Two widths only, so that any number of columns is two lookups.
    """
    return 8 if size <= 200 else 16


def table_front(
    inputs: TableInputs, embed: Callable[[tuple[Feature, ...]], nn.Module] | None = None
) -> nn.Module | None:
    """Layers from the matrix of a table to one vector; None where it can pass unchanged.

    Args:
        inputs: the columns.
        embed: makes the layer of the continuous columns; without it they pass unchanged, next to the flags.
    """
    if not inputs.features:
        raise BacklightError("the table has no column left that a network could read; name at least one feature")
    branches = {
        name: _branch(inputs.features, columns, _layer(name, [inputs.features[c] for c in columns], embed))
        for name, columns in _kinds(inputs.features, embed is not None).items()
        if columns
    }
    if len(branches) > 1:
        return Concat(**branches)
    only = next(iter(branches.values()))
    return None if isinstance(only, nn.Identity) else only


def _kinds(features: Sequence[Feature], embedded: bool) -> dict[str, list[int]]:
    """Columns by the branch that they go through."""
    names = ["continuous", "time", "flags"] if embedded else ["numbers"]
    kinds: dict[str, list[int]] = {name: [] for name in [*names, "one_hot", "embedding", "wide_embedding"]}
    for column, feature in enumerate(features):
        if feature.kind == "discrete" and feature.size <= ONE_HOT_CODES:
            kinds["one_hot"].append(column)
        elif feature.kind == "discrete":
            kinds["embedding" if embedding_width(feature.size) == 8 else "wide_embedding"].append(column)
        elif feature.kind == "flag" or not embedded:
            kinds[names[-1]].append(column)
        elif feature.kind == "time":
            kinds["time"].append(column)
        else:
            kinds["continuous"].append(column)
    return kinds


def _layer(name: str, features: list[Feature], embed: Callable[[tuple[Feature, ...]], nn.Module] | None) -> nn.Module:
    sizes = [feature.size for feature in features]
    if name == "one_hot":
        return OneHot(sizes)
    if name in ("embedding", "wide_embedding"):
        return Embeddings(sizes, embedding_width(max(sizes)))
    if name == "time":
        return SplineTables(max(sizes), len(sizes))
    return embed(tuple(features)) if name == "continuous" and embed else nn.Identity()


def _branch(features: Sequence[Feature], columns: list[int], layer: nn.Module) -> nn.Module:
    """Select, then the layer, each only where it does something."""
    if len(columns) == len(features):
        return layer
    if isinstance(layer, nn.Identity):
        return Select(columns)
    return nn.Sequential(OrderedDict(select=Select(columns), **{type(layer).__name__.lower(): layer}))
