"""Where parameters start: schemes by name, each suited to the activation that follows a layer."""

from .scheme import Site, scheme, schemes
from .start import Start, describe_start, initialise

__all__ = ["Site", "Start", "describe_start", "initialise", "scheme", "schemes"]
