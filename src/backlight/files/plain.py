"""JSON of a run: values as plain ones, and back."""

import json
import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from ..records import BacklightError
from .writing import write_text


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file in one move; see `plain`."""
    write_text(path, to_json_text(value))


def to_json_text(value: Any) -> str:
    """Indented JSON; see `plain`."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """The same value as it would come back from JSON; NumPy's scalars and arrays have `tolist`.

    Infinity and not-a-number, which JSON lacks, become text: an infinite gradient is not a missing one.
    """
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def parse_json(path: Path, kind: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """What a JSON file holds: an object, or (where `kind` is list) a list of objects.

    Raises:
        OSError: it cannot be opened.
        ValueError: it holds no JSON, or something else than that.

    """
    value = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(value, kind) or not all(isinstance(one, dict) for one in value if kind is list):
        raise ValueError(f"it holds no {'list of objects' if kind is list else 'object'}")
    return value


def read_json(path: Path, kind: type[dict[str, Any]] | type[list[Any]] = dict) -> Any:
    """The same of a run's file, with a sentence for the user; also where a key is asked for that an object lacks.

    Raises:
        BacklightError: it is missing or broken.

    """
    try:
        value = parse_json(path, kind)
    except FileNotFoundError as error:
        raise BacklightError(f"The run folder {path.parent} has no {path.name}; its training did not end.") from error
    except (OSError, ValueError) as error:
        raise BacklightError(f"{path} cannot be read ({error}); the run folder is damaged.") from error
    return [_Kept(one, path) for one in value] if kind is list else _Kept(value, path)


class _Kept(dict[str, Any]):
    """An object of a run's file, which names the file where a key is missing."""

    def __init__(self, values: dict[str, Any], path: Path) -> None:
        super().__init__(values)
        self._path = path

    def __missing__(self, key: str) -> Any:
        raise BacklightError(f"{self._path} has no {key!r}; the run folder is damaged.")
