"""Words for layers of vectors."""

from torch import nn

from ..layers import Scale
from ..vocabulary import Count, Here, word


@word("linear", "dense", "fully connected", takes="vector")
def linear(here: Here, units: Count) -> nn.Module:
    """y = x Wᵀ + b with this number of outputs. A number at the start of an item means the same: `128 relu`."""
    return nn.Linear(here.shape[0], units)


@word("scale", takes="vector")
def scale(here: Here) -> nn.Module:
    """One learned factor for each value, which starts at 1."""
    return Scale(here.shape[0])


@word("flatten")
def flatten(here: Here) -> nn.Module:
    """All values in one vector. `linear` and the output layer do this by themselves."""
    return nn.Flatten()
