"""First words of a description: how the columns of a table enter the network."""

from collections.abc import Callable
from typing import Annotated

from torch import nn

from ...records import Feature, TableInputs
from ..front import table_front
from ..layers import Periodic, PiecewiseLinear
from ..vocabulary import Count, Factor, Here, Whole, word


@word("plain", takes="start")
def plain(here: Here) -> nn.Module | None:
    """Inputs as they are (what a description without a first word of this kind means).

    Of tables: continuous values and flags unchanged, discrete columns one-hot or, with many codes, embedded.
    """
    return table_front(here.inputs) if isinstance(here.inputs, TableInputs) else None


@word("piecewise", takes="start")
def piecewise(here: Here, width: Count = 16, *, bins: Count | None = None) -> nn.Module | None:
    """A learned piecewise-linear function of each continuous column, with this number of outputs.

    The edges are quantiles of the training rows; `bins` takes fewer of them. After Gorishniy, Rubachev, Babenko 2022,
    "On Embeddings for Numerical Features in Tabular Deep Learning".
    """

    def embed(features: tuple[Feature, ...]) -> nn.Module:
        return PiecewiseLinear([_thinned(feature.edges, bins) for feature in features], width)

    return _table(here, "piecewise", embed)


@word("periodic", takes="start")
def periodic(
    here: Here, width: Annotated[int, Whole(2)] = 4, *, frequencies: Count = 16, sigma: Factor = 0.1
) -> nn.Module | None:
    """Each continuous column beside learned mixtures of cosines of it, with this number of outputs altogether.

    After Holzmüller, Grinsztajn, Steinwart 2024, "Better by Default" (RealMLP), whose defaults these are.
    """

    def embed(features: tuple[Feature, ...]) -> nn.Module:
        return Periodic(len(features), width, frequencies, sigma)

    return _table(here, "periodic", embed)


def _table(here: Here, name: str, embed: Callable[[tuple[Feature, ...]], nn.Module]) -> nn.Module | None:
    if not isinstance(here.inputs, TableInputs):
        raise here.error(f"'{name}' needs the columns of a table; take it out for images and plain arrays")
    return table_front(here.inputs, embed)


def _thinned(edges: tuple[float, ...], bins: int | None) -> tuple[float, ...]:
    """At most `bins` bins, evenly taken from the given edges, the outer two always among them."""
    last = len(edges) - 1
    if bins is None or last <= bins:
        return edges
    return tuple(edges[round(i * last / bins)] for i in range(bins + 1))
