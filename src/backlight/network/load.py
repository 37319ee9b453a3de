"""Descriptions in TOML files.

Either one key with text,

    network = "128 relu, dropout 0.2, 64 relu"

or one table for each word, with its arguments by name:

    [[layer]]
    word = "conv"
    filters = 32
    kernel = "5x5"

    [[layer]]
    word = "residual"
    body = "conv 32, norm, relu"        # `branches = ["…", "…"]` for concat

Every table is written as one line of text and then read as any description, so that an error's line is its number.
"""

import tomllib
from pathlib import Path
from typing import Any

from ..records import BacklightError
from .description import Description
from .parse import parse
from .vocabulary import Entry, Group, find, nearest


def load_description(path: str | Path) -> Description:
    """Reads a TOML file.

    Raises:
        BacklightError: names the file, and the word and its place.
    """
    try:
        content = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BacklightError(f"{path} cannot be read as a network description: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BacklightError(f"{path} cannot be read as a network description: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BacklightError(f"{path} is not a TOML file: {error}") from error
    try:
        return parse(_text(content))
    except BacklightError as error:
        raise BacklightError(f"{path}: {error}") from error


def _text(content: dict[str, Any]) -> str:
    network, tables = content.get("network"), content.get("layer")
    if isinstance(network, str) and tables is None:
        return network
    if isinstance(tables, list) and network is None:
        return "\n".join(_line(table, number) for number, table in enumerate(tables, 1))
    raise BacklightError('either one key network = "…" or tables [[layer]] are expected')


def _line(table: Any, number: int) -> str:
    """One table as text."""
    given = dict(table) if isinstance(table, dict) else {}
    name = given.pop("word", None)
    if not isinstance(name, str):
        raise BacklightError(f'layer {number} names no word; write word = "conv", say')
    entry = find(name)
    if entry is None:
        guess = nearest(name)
        raise BacklightError(f"layer {number}: unknown word '{name}'" + (f"; did you mean '{guess}'?" if guess else ""))
    return " ".join([entry.name, *(_argument(entry, key, value, number) for key, value in _groups_last(entry, given))])


def _groups_last(entry: Entry, given: dict[str, Any]) -> list[tuple[str, Any]]:
    group = entry.group.name if entry.group else ""
    return sorted(given.items(), key=lambda item: item[0] == group)


def _argument(entry: Entry, key: str, value: Any, number: int) -> str:
    parameter = next((p for p in entry.parameters if p.name == key), None)
    if parameter is None:
        known = ", ".join(p.name for p in entry.parameters) or "none"
        raise BacklightError(f"layer {number}: '{entry.name}' has no argument '{key}'; it knows {known}")
    if isinstance(parameter.kind, Group):
        branches = value if isinstance(value, list) else [value]
        if not all(isinstance(branch, str) for branch in branches):
            raise BacklightError(f"layer {number}: {key} of '{entry.name}' has to be text, such as \"64 relu\"")
        return "(" + " | ".join(str(parse(branch)) if branch.strip() else "" for branch in branches) + ")"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BacklightError(f"layer {number}: {key} of '{entry.name}' has to be a number or a size such as \"3x3\"")
    return f"{key} {value}"
