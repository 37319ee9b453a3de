"""The layers that PyTorch does not have. Each has an exact `forward` and keeps nothing of a batch.

Convention: every argument of a constructor is kept as an attribute of the same name, in values that JSON can hold,
or is a module. `network.json` is written from that, so a new layer needs nothing more to be stored.
"""

from .codes import Embeddings, OneHot, Select
from .combine import Concat, Residual
from .ensemble import Ensemble
from .images import Normalise, Whiten, whiten_
from .moments import SplineTables
from .numbers import Periodic, PiecewiseLinear, Scale

__all__ = [
    "Concat",
    "Embeddings",
    "Ensemble",
    "Normalise",
    "OneHot",
    "Periodic",
    "PiecewiseLinear",
    "Residual",
    "Scale",
    "Select",
    "SplineTables",
    "Whiten",
    "whiten_",
]
