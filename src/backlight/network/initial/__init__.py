"""Where parameters start: schemes by name, each suited to the activation that follows a layer."""

from .data import output_bias_, start_from_rows, unit_variance_
from .scheme import Site, scheme, schemes
from .start import Start, describe_start, initialise
from .taken import Taken, summary, take_parameters

__all__ = [
    "Site",
    "Start",
    "Taken",
    "describe_start",
    "initialise",
    "output_bias_",
    "scheme",
    "schemes",
    "start_from_rows",
    "summary",
    "take_parameters",
    "unit_variance_",
]
