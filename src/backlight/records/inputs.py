"""What a network receives, as the data room tells it to the network room."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Feature:
    """One column of the input matrix x(0) of a table."""

    name: str
    kind: Literal["continuous", "flag", "discrete", "time"]
    """continuous: scaled value; flag: 0/1 (missing indicator, boolean); discrete: category code as a float; time: place
    in the training period, from 0 (its first moment) to 1 (its last)."""
    size: int = 1
    """Number of codes of a discrete feature, code 0 (unseen at training time) included; number of distinct moments of a
    time feature; 1 otherwise."""
    edges: tuple[float, ...] = ()
    """Ascending bin edges on the scaled axis (quantiles of the training rows), for piecewise-linear embeddings."""


@dataclass(frozen=True)
class TableInputs:
    """A float32 matrix of shape (n, len(features))."""

    features: tuple[Feature, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return (len(self.features),)


@dataclass(frozen=True)
class ImageInputs:
    """A uint8 array of shape (n, channels, height, width), normalised inside the network."""

    channels: int
    height: int
    width: int
    mean: tuple[float, ...]
    """Per channel, of the training rows, on the 0–255 scale."""
    std: tuple[float, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return (self.channels, self.height, self.width)


@dataclass(frozen=True)
class ArrayInputs:
    """A float32 array that reaches the network as it is (preprocessing "none")."""

    shape: tuple[int, ...]


Inputs = TableInputs | ImageInputs | ArrayInputs
