"""run.toml: the whole `Config` of a run with every open choice filled in, and the versions it ran with."""

import platform
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import tomli_w

from .. import files
from .._version import __version__
from ..records import BacklightError
from ..records.config import Config
from .options import validated

FORMAT = 1
"""Version of the run folder's format; see docs/architecture.md."""

_RECORDED = ("torch", "numpy", "polars", "scikit-learn")
_FACTS = {"format", "created", "name", "custom_network", "versions"}
"""Keys of run.toml that say how a run was made and are no settings of the next one."""


def save(path: Path, config: Config, *, name: str, custom_network: str | None = None) -> None:
    """Write run.toml. `custom_network`: class of a module that was passed in Python instead of a description."""
    facts = {"format": FORMAT, "created": datetime.now(UTC).isoformat(timespec="seconds"), "name": name}
    if custom_network is not None:
        facts["custom_network"] = custom_network
    _write(path, facts, config)


def change(path: Path, config: Config) -> None:
    """Write other settings into a run.toml that is there; what it says besides stays."""
    _write(path, {key: value for key, value in facts(path).items() if key in _FACTS - {"versions"}}, config)


def _write(path: Path, facts: Mapping[str, Any], config: Config) -> None:
    settings = config.model_dump(mode="json", exclude_none=True)
    top = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    sections = {key: value for key, value in settings.items() if isinstance(value, dict)}
    files.write_text(path, tomli_w.dumps({**facts, **top, **sections, "versions": _versions()}))


def _versions() -> dict[str, str]:
    found = {"backlight": __version__, "python": platform.python_version()}
    for name in _RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # installed without metadata, as some system packages are
            found[name] = "unknown"
    return found


def facts(path: Path) -> dict[str, Any]:
    """Everything that run.toml says, checked to be of a format that this version reads."""
    values = _read(path)
    if values.get("format", FORMAT) != FORMAT:
        raise BacklightError(
            f"{path} has format {values['format']}; this version of Backlight reads format {FORMAT}: "
            "open it with the version that wrote it."
        )
    return values


def load(path: str | Path) -> Config:
    """The settings in a run.toml, written by a run or by hand.

    Raises:
        BacklightError: no such file, no TOML, an unknown setting, or a value that cannot be.

    """
    return settings_of(facts(Path(path)), Path(path))


def base(path: str | Path | None, network: object) -> Config | None:
    """The settings that a new training starts from: those of `path`, None without one.

    Raises:
        BacklightError: besides what `load` raises, the run trained a module that was passed in Python, and no network
            is given now: another one would be trained unnoticed.

    """
    if path is None:
        return None
    custom = facts(Path(path)).get("custom_network")
    if custom and network is None:
        raise BacklightError(
            f"The network of {path} is the module {custom}, passed in Python: repeat the run there, with network=…, "
            "or name another network."
        )
    return load(path)


def settings_of(values: Mapping[str, Any], path: Path) -> Config:
    """The `Config` among the facts of a run.toml."""
    try:
        return validated({key: value for key, value in values.items() if key not in _FACTS})
    except BacklightError as error:
        raise BacklightError(f"{path}: {error}") from error


def _read(path: Path) -> dict[str, Any]:
    if path.is_dir():
        path = path / files.RUN
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BacklightError(f"There is no settings file {path}; give the run.toml of a run.") from error
    except (OSError, ValueError) as error:
        raise BacklightError(f"{path} cannot be read as TOML: {error}.") from error
