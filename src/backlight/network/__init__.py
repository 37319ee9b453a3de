"""Which layers, with which first parameters? An abstract description becomes an ordinary `torch.nn.Module`."""

from .build import build
from .default import default_network
from .description import Description, Place, Word
from .initial import Start, Taken, describe_start, initialise, schemes, start_from_rows, take_parameters
from .layers import (
    Concat,
    Embeddings,
    Normalise,
    OneHot,
    Periodic,
    PiecewiseLinear,
    Residual,
    Scale,
    Select,
    Whiten,
    whiten_,
)
from .load import load_description
from .parse import parse
from .storage import from_json, to_json
from .summary import LayerRow, summarise
from .vocabulary import vocabulary

__all__ = [
    "Concat",
    "Description",
    "Embeddings",
    "LayerRow",
    "Normalise",
    "OneHot",
    "Periodic",
    "PiecewiseLinear",
    "Place",
    "Residual",
    "Scale",
    "Select",
    "Start",
    "Taken",
    "Whiten",
    "Word",
    "build",
    "default_network",
    "describe_start",
    "from_json",
    "initialise",
    "load_description",
    "parse",
    "schemes",
    "start_from_rows",
    "summarise",
    "take_parameters",
    "to_json",
    "vocabulary",
    "whiten_",
]
