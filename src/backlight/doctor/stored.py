"""The facts of a run as plain values and back, so that a diagnosis can be repeated and explained later."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from ..files import plain
from ..records import BacklightError
from .facts import RunFacts

FORMAT = 1
APART = ("signals", "losses", "sample")
"""Fields of `RunFacts` kept elsewhere: signals and losses; and rows of the data, which are not kept."""


def to_plain(run: RunFacts) -> dict[str, Any]:
    """What facts.json holds: every field but those `APART`; of the sampled rows only what two predictors made of them.

    Numbers that JSON lacks (infinity, not-a-number) are text.
    """
    kept = {field.name: plain(getattr(run, field.name)) for field in fields(run) if field.name not in APART}
    return {"format": FORMAT, **kept, "probed": plain(run.probe)}


def from_plain(values: Mapping[str, Any], **apart: Any) -> RunFacts:
    """The facts again; `apart` holds `signals` and `losses`.

    Raises:
        BacklightError: written by a newer version, or damaged.

    """
    if values.get("format") != FORMAT:
        raise BacklightError(
            f"The facts are of format {values.get('format')}, this version reads {FORMAT}; use the version that wrote"
            " them."
        )
    hints = get_type_hints(RunFacts)
    known = {key: value for key, value in values.items() if key in hints and key not in APART}
    try:
        return RunFacts(**{key: _typed(value, hints[key]) for key, value in known.items()}, **apart)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise BacklightError(f"The facts of the run are damaged ({error}); train it again.") from error


def _typed(value: Any, hint: Any) -> Any:
    """A plain value as its annotation says."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        wanted = next(one for one in inner if one is not type(None))
        return None if value is None else _typed(value, wanted)
    if origin is Literal or hint in (str, bool, int):
        return value
    if hint is Any:
        return _untyped(value)
    if hint is float:
        return float(value)
    if hint is np.ndarray:
        return np.array([float(one) for one in value])
    if is_dataclass(hint) and isinstance(hint, type):
        hints = get_type_hints(hint)
        return hint(**{key: _typed(item, hints[key]) for key, item in value.items() if key in hints})
    if origin is dict:
        return {_typed(key, inner[0]): _typed(item, inner[1]) for key, item in value.items()}
    several = inner[:1] * len(value) if inner[-1] is Ellipsis or origin is not tuple else inner
    return tuple(_typed(item, one) for item, one in zip(value, several, strict=True))


def _untyped(value: Any) -> Any:
    """Settings of modules: lists were tuples, and text that reads as no finite number was a number."""
    if isinstance(value, list):
        return tuple(_untyped(item) for item in value)
    return float(value) if value in ("inf", "-inf", "nan") else value
