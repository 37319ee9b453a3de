"""In which settings runs differ, told in a few words for a legend."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from .words import spaced

MOST = 3
"""Settings that are named; the rest is counted."""
LONGEST = 40
"""Letters of a value."""
FIRST = ("network.description", "training.learning_rate", "training.optimizer", "training.batch_size", "data.source")
"""Settings that tell most, before those that often follow from them."""
LAST = ("training.epochs", "training.average", "training.warmup", "training.momentum", "training.weight_decay")
"""What differs because something else does, or is seen in the picture."""
SILENT = ("format", "created", "name", "diagnose", "treat", "versions", "batch")
"""What tells nothing of a training."""


def differences(folders: Sequence[str | Path]) -> list[str]:
    """For each run what sets it apart from the others, as `64 relu, learning rate 0.3`; empty where nothing does.

    A folder without run.toml, such as that of a watched loop, is told apart by nothing.
    """
    settings = [dict(_flat(_settings(Path(folder)))) for folder in folders]
    known = [one for one in settings if one]
    names = dict.fromkeys(name for one in known for name in one)
    differ = sorted((name for name in names if len({_text(name, one.get(name)) for one in known}) > 1), key=_rank)
    return [_told(one, differ) if one else "" for one in settings]


def _settings(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "run.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the curves can be drawn without
        return {}


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if not prefix and key in SILENT:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _rank(name: str) -> tuple[int, int]:
    if name in FIRST:
        return 0, FIRST.index(name)
    return (2, LAST.index(name)) if name in LAST else (1, 0)


def _told(one: Mapping[str, Any], differ: Sequence[str]) -> str:
    parts = [_text(name, one.get(name)) for name in differ[:MOST]]
    more = len(differ) - MOST
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def _text(name: str, value: Any) -> str:
    """A setting with its name; those that speak for themselves without."""
    if name == "data.source" and isinstance(value, str):
        return PurePath(value).name
    if value is None:
        return f"no {spaced(name.rpartition('.')[2])}"
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    text = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return text if name in FIRST and isinstance(value, str) else f"{spaced(name.rpartition('.')[2])} {text}"
