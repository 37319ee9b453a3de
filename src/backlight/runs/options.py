"""Options as a user names them, flat, and the `Config` that they make."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from ..records import BacklightError, OptionError
from ..records.config import FROM_SWEEP, Config

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")


def option_places() -> dict[str, tuple[str, ...]]:
    """Every option of a run → where it stands in `Config`: learning_rate → (training, learning_rate)."""
    places: dict[str, tuple[str, ...]] = {}
    for name, field in Config.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            places |= {inner: (name, inner) for inner in section.model_fields}
        else:
            places[name] = (name,)
    places["network"] = places.pop("description")
    return places


def configure(options: Mapping[str, Any], base: Config | None = None) -> Config:
    """`base` with the options that were given; one that is None was not given.

    Raises:
        BacklightError: an option that does not exist (the nearest is named), or a value it cannot have.

    """
    places = option_places()
    values: dict[str, Any] = Config.model_validate({} if base is None else base).model_dump()
    for name, value in options.items():
        if name not in places:
            raise BacklightError(unknown("option", name, places))
        if value is not None:
            *section, last = places[name]
            (values[section[0]] if section else values)[last] = _understood(name, value)
            if name == "learning_rate":
                values["training"] |= _rate(value)
    return validated(values)


def validated(values: Mapping[str, Any]) -> Config:
    """The values as a `Config`, or one sentence about the first that is wrong."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][1 if len(first["loc"]) > 1 else 0])
        name = "network" if name == "description" else name
        if first["type"] == "extra_forbidden":
            raise BacklightError(_out_of_place(name)) from error
        if first["type"] in ("model_type", "model_attributes_type"):
            raise BacklightError(
                f"{name} is a section: write [{name}], and its settings in the lines below."
            ) from error
        reason = first["msg"][0].lower() + first["msg"][1:]
        raise OptionError(name, first["input"], reason) from error


def _out_of_place(name: str) -> str:
    """One sentence on a setting that a file has where there is none of that name: where it belongs, if anywhere."""
    places = option_places()
    if name not in places:
        return unknown("option", name, places)
    *section, _ = places[name]
    return f"{name!r} stands in the wrong place: it belongs " + (
        f"into the section [{section[0]}]." if section else "to the top of the file, before all sections."
    )


def _rate(value: Any) -> dict[str, Any]:
    """A rate that is given, or "auto": left open, to be found by a sweep."""
    automatic = value == "auto"
    return {"learning_rate": None if automatic else value, "learning_rate_from": FROM_SWEEP if automatic else None}


def _understood(name: str, value: Any) -> Any:
    """The value with durations in seconds and lists of columns as tuples."""
    if name == "time_limit":
        return parse_duration(value)
    if name == "drop" and isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if name == "drop":
        return tuple(value)
    return str(value) if name in {"source", "target"} else value


def parse_duration(value: str | float) -> float:
    """Seconds in `90s`, `5m`, `1h30m`, `1.5h`; a bare number is seconds.

    Raises:
        BacklightError: the text is no duration, or not a positive one.

    """
    seconds = _seconds(value)
    if seconds is None or not 0 < seconds < float("inf"):
        raise OptionError("time_limit", value, "it is not a duration like 90s, 10m or 1h30m")
    return seconds


def _seconds(value: str | float) -> float | None:
    try:
        return float(value)
    except ValueError:
        found = _DURATION.fullmatch(str(value).strip().lower())
    if not found or not found[0]:
        return None
    return sum(float(amount) * _UNITS[unit] for amount, unit in zip(found.groups(), "hms", strict=True) if amount)


def unknown(kind: str, name: str, known: Mapping[str, object]) -> str:
    """One sentence: there is no such thing, and which one was perhaps meant."""
    near = get_close_matches(name, known, n=1)
    mend = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}."
    return f"There is no {kind} {name!r}; {mend}"
