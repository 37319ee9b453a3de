"""Packages that only some users need, imported when asked for."""

from importlib import import_module
from types import ModuleType

from ..records import BacklightError


def extra(module: str, name: str, purpose: str) -> ModuleType:
    """The module of an extra of this package.

    Raises:
        BacklightError: it is not installed; the sentence says how to mend that.

    """
    try:
        return import_module(module)
    except ImportError as error:
        missing = (error.name or module).partition(".")[0]
        raise BacklightError(
            f"{purpose} needs the package {missing}, which is not installed: pip install 'backlight[{name}]'."
        ) from error
